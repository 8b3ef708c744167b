"""The word probe: a sentence, word by word, that shows whether a path buffers what it should stream."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from libs.streaming.errors import InvalidProbeOptions, shown
from libs.streaming.json_object import is_storable

type ProbeFormat = Literal["json", "text"]

DEFAULT_SENTENCE: Final = "Hello this is a streaming Lambda function response"
MAX_DELAY_S: Final = 10.0
MAX_TOTAL_S: Final = 240.0
MAX_SENTENCE_BYTES: Final = 4_096
MAX_WORDS: Final = 200
CONTENT_TYPES: Final[Mapping[ProbeFormat, str]] = {
    "json": "application/x-ndjson; charset=utf-8",
    "text": "text/plain; charset=utf-8",
}
_OPTIONS: Final = frozenset({"delay", "format", "sentence"})
_DECIMAL: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?|\.[0-9]{1,9}")


@dataclass(frozen=True, slots=True)
class ProbeOptions:
    """What to say, and how slowly. Units  `delay_s` between two words"""

    delay_s: float = 0.5
    format: ProbeFormat = "json"
    sentence: str = DEFAULT_SENTENCE


def is_probe(payload: Mapping[str, object]) -> bool:
    """Return whether a direct invocation asks for the probe: it names an option and no action."""
    return "action" not in payload and not _OPTIONS.isdisjoint(payload)


def parse_options(values: Mapping[str, object]) -> ProbeOptions:
    """Return the options that a query or a JSON object names; other names are left alone.

    Raises  InvalidProbeOptions: an option is of a wrong kind or out of range, or all would take too long
    """
    options = ProbeOptions(
        delay_s=_delay(values.get("delay", ProbeOptions().delay_s)),
        format=_format(values.get("format", ProbeOptions().format)),
        sentence=_sentence(values.get("sentence", ProbeOptions().sentence)),
    )
    count = len(options.sentence.split())
    if (count - 1) * options.delay_s > MAX_TOTAL_S:
        raise InvalidProbeOptions(
            f"{count} words at a delay of {options.delay_s:g} s take too long; "
            f"stay under {MAX_TOTAL_S:g} s in all"
        )
    return options


def words(
    options: ProbeOptions,
    *,
    request_id: str,
    sleep: Callable[[float], None],
    now: Callable[[], datetime],
) -> Iterator[bytes]:
    """Yield the probe's writes: one a word, each to be sent at once, with the delay between two words.

    Shape   json: a start line, a line a word, a complete line; text: the words alone, then a newline
    Units   `now` gives an aware datetime
    """
    said = options.sentence.split()
    as_json = options.format == "json"
    if as_json:
        head = {"status": "start", "request_id": request_id, "word_count": len(said)}
        yield _line({**head, "timestamp": _timestamp(now())})
    for sequence, word in enumerate(said, start=1):
        if sequence > 1:
            sleep(options.delay_s)
        if as_json:
            numbered = {"type": "word", "data": word, "sequence": sequence, "total": len(said)}
            yield _line({**numbered, "timestamp": _timestamp(now())})
        else:
            yield f"{word}{' ' if sequence < len(said) else '\n'}".encode()
    if as_json:
        yield _line({"status": "complete", "word_count": len(said), "timestamp": _timestamp(now())})


def _line(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _delay(value: object) -> float:
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = float(value)
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_DELAY_S:
        return float(value)
    raise InvalidProbeOptions(f"'delay' is not a number of seconds; use 0 to {MAX_DELAY_S:g}")


def _format(value: object) -> ProbeFormat:
    match value:
        case "json":
            return "json"
        case "text":
            return "text"
        case str():
            raise InvalidProbeOptions(f"there is no 'format' {shown(value)}; use 'json' or 'text'")
        case _:
            raise InvalidProbeOptions("'format' is not text; use 'json' or 'text'")


def _sentence(value: object) -> str:
    if not isinstance(value, str) or not is_storable(value):
        raise InvalidProbeOptions("'sentence' is not text; send a string")
    if len(value.encode()) > MAX_SENTENCE_BYTES:
        raise InvalidProbeOptions(f"'sentence' is too long; send at most {MAX_SENTENCE_BYTES} bytes")
    if not 1 <= len(value.split()) <= MAX_WORDS:
        raise InvalidProbeOptions(f"'sentence' must have 1 to {MAX_WORDS} words")
    return value
