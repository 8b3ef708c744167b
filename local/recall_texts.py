"""What `coach recall-index` and `coach recall` read: one JSON object a line."""

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt, ValidationError, field_validator
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from libs.memory.tokens import sentences
from local.errors import WrongLine

# A longer text would not be read to its end by the sentence model (256 tokens).
PIECE_WORDS: Final = 150
# The vector of a shorter text is not blurred by its other sentences.
SHORT_TEXT_WORDS: Final = 20
LEAST_WORDS: Final = 4
_NUMBERED: Final = re.compile(r"(\D*)([0-9]{1,18}|$)")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "it is blank; leave the line out")
    return text


type Id = Annotated[str, Field(min_length=1)] | StrictInt
type Said = Annotated[str, AfterValidator(_not_blank)]


class Line(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, alias_generator=to_camel, populate_by_name=True)

    @field_validator("*")
    @classmethod
    def _whole(cls, value: object) -> object:
        """Let half a character, as cut texts have it, be a question mark."""
        return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value

    @classmethod
    def names(cls) -> frozenset[str]:
        """Return what a line may hold, under each of its names."""
        return frozenset({*cls.model_fields, *map(to_camel, cls.model_fields)})


class TextLine(Line):
    """A text to index.

    Shape   `follows` the id of the text said before it; `neighbour` what was said around it, where that is
            no text of its own; `speaker` who said it; `type` as in libs/memory, or none
    """

    id: Id
    text: Said
    type: str = ""
    created_at: datetime | None = None
    neighbour: str = ""
    speaker: str = ""
    follows: Id | None = None

    @property
    def key(self) -> str:
        """The id as text."""
        return str(self.id)

    @field_validator("created_at")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class QueryLine(Line):
    """A question to answer from the index. Shape: `k` None for the command's own."""

    query: Said
    id: Id | None = None
    k: Annotated[int | None, Field(ge=1)] = None


def parse_lines[T: Line](
    lines: Iterable[str], shape: type[T], ignored: Callable[[Collection[str]], None] = lambda _names: None
) -> Iterator[T]:
    """Yield what each line says; blank ones are skipped.

    Shape   `ignored` hears of the names in a line that mean nothing
    Raises  WrongLine, naming the line and its fault
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            told = json.loads(line.removeprefix("\ufeff"))
            read = shape.model_validate(told)
            ignored(told.keys() - shape.names())
            yield read
        except ValidationError as error:
            first: Any = error.errors(include_url=False, include_context=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or "the line"
            raise WrongLine(f"line {number}: {where}: {first['msg']}") from error
        except (ValueError, RecursionError) as error:
            raise WrongLine(f"line {number}: invalid JSON: {error}") from error


def orders(texts: Sequence[TextLine]) -> Iterator[list[int]]:
    """Yield the orders in which texts may have been said: as they come, by their times, by their ids.

    Shape   places of the texts; in ids numbers count as such: `D2:9` comes before `D10:1`
    """
    places = range(len(texts))
    numbered = [_numbered(text.key) for text in texts]
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
