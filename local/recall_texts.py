"""What `coach recall-index` and `coach recall` read: one JSON object a line."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from libs.memory.tokens import sentences
from local.errors import WrongLine

# A longer text would not be read to its end by the sentence model (256 tokens).
PIECE_WORDS: Final = 150
# The vector of a shorter text is not blurred by its other sentences.
SHORT_TEXT_WORDS: Final = 20
LEAST_WORDS: Final = 4
_NUMBERED: Final = re.compile(r"(\D*)([0-9]{1,18}|$)")


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class TextLine(Line):
    """A text to index.

    Shape   `follows` the id of the text said before it; `neighbour` what was said around it, where that is
            no text of its own; `speaker` who said it; `type` as in libs/memory, or none
    """

    id: Annotated[str, Field(min_length=1)]
    text: Annotated[str, Field(pattern=r"\S")]
    type: str = ""
    created_at: datetime | None = None
    neighbour: str = ""
    speaker: str = ""
    follows: str | None = None

    @field_validator("created_at")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


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


def orders(texts: Sequence[TextLine]) -> Iterator[list[int]]:
    """Yield the orders in which texts may have been said: as they come, by their times, by their ids.

    Shape   places of the texts; in ids numbers count as such: `D2:9` comes before `D10:1`
    """
    places = range(len(texts))
    numbered = [_numbered(text.id) for text in texts]
    yield [*places]
    moments = [text.created_at for text in texts if text.created_at is not None]
    if len(moments) == len(texts):
        yield sorted(places, key=lambda place: (moments[place], numbered[place]))
    yield sorted(places, key=lambda place: numbered[place])


def _numbered(id_: str) -> list[tuple[str, int]]:
    """Return an id as its numbers, each with what stands in front of it."""
    return [(name, int(digits or 0)) for name, digits in _NUMBERED.findall(id_)]


def in_order(texts: Sequence[TextLine], order: Sequence[int] | None = None) -> list[TextLine]:
    """Return the texts of a conversation, each following the one before it in `order`, or as they come."""
    said = [texts[place] for place in order] if order is not None else [*texts]
    earlier = {text.id: before.id for before, text in pairwise(said)}
    return [text.model_copy(update={"follows": earlier.get(text.id)}) for text in texts]


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return a text in passages that a sentence model reads to their end, and in its sentences.

    Shape   each piece with whether it is a passage, those first; of a short text no sentences, and never
            those that only say wow
    """
    told = sentences(text) or [text]
    passages = _passages(told)
    found = [(passage, True) for passage in passages]
    if len(text.split()) > SHORT_TEXT_WORDS and len(told) > 1:
        found += [(sentence, False) for sentence in told if len(sentence.split()) >= LEAST_WORDS]
    return found


def _passages(told: Iterable[str]) -> list[str]:
    found: list[list[str]] = [[]]
    words = 0
    for sentence in told:
        length = len(sentence.split())
        if found[-1] and words + length > PIECE_WORDS:
            found.append([])
            words = 0
        found[-1].append(sentence)
        words += length
    return [" ".join(piece) for piece in found]
