"""What `coach recall-index` and `coach recall` read: one JSON object a line."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from libs.memory.candidates import Candidate
from libs.memory.tokens import sentences
from local.errors import WrongLine

# A longer text would not be read to its end by the sentence model (256 tokens).
PIECE_WORDS: Final = 150


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class TextLine(Line):
    """A text to index.

    Shape   `neighbour` what was said before and after it; `type` as in libs/memory, or none
    """

    id: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(pattern=r"\S")]
    type: str = ""
    created_at: datetime | None = None
    neighbour: str = ""

    @field_validator("created_at")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value

    def candidate(self, similarity: float) -> Candidate:
        return Candidate(
            self.id, self.type, self.text, similarity, created_at=self.created_at, neighbour=self.neighbour
        )


class QueryLine(Line):
    """A question to answer from the index. Shape: `k` None for the command's own."""

    query: Annotated[str, Field(pattern=r"\S")]
    id: str | None = None
    k: Annotated[int | None, Field(ge=1)] = None


def parse_lines[T: Line](lines: Iterable[str], shape: type[T]) -> Iterator[T]:
    """Yield what each line says; blank ones are skipped. Raises WrongLine, naming the line and its fault."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield shape.model_validate_json(line)
        except ValidationError as error:
            first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise WrongLine(f"line {number}: {where}: {first['msg']}") from error


def with_neighbours(texts: Iterable[TextLine]) -> list[TextLine]:
    """Return the texts of a conversation in order, each with those before and after it as its neighbours."""
    told = list(texts)
    return [
        text.model_copy(
            update={
                "neighbour": "\n".join(
                    other.text for other in (*told[max(at - 1, 0) : at], *told[at + 1 : at + 2])
                )
            }
        )
        for at, text in enumerate(told)
    ]


def pieces(text: str) -> list[str]:
    """Return a text in pieces of whole sentences that a sentence model reads to their end."""
    found: list[list[str]] = [[]]
    words = 0
    for sentence in sentences(text):
        length = len(sentence.split())
        if found[-1] and words + length > PIECE_WORDS:
            found.append([])
            words = 0
        found[-1].append(sentence)
        words += length
    return [" ".join(piece) for piece in found]
