"""Path templates, compiled once into data, and the ids in a path.

Nothing is normalised: `/a//b`, `/a/./b`, `/a/b/` and `/%61/b` are four paths that are not `/a/b`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from libs.streaming.errors import InvalidPathParams
from libs.streaming.url_encoding import percent_decoded

ID_PATTERN: Final = r"[A-Za-z0-9_-]{1,64}"
_ID: Final = re.compile(ID_PATTERN)
_STATIC: Final = re.compile(r"[A-Za-z0-9._~-]+")
_PARAM: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


@dataclass(frozen=True, slots=True)
class Param:
    """A segment that is an id, known by `name`."""

    name: str


type Segment = str | Param


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled path template: static segments are text, the others parameters."""

    text: str
    segments: tuple[Segment, ...]

    @property
    def param_names(self) -> tuple[str, ...]:
        return tuple(segment.name for segment in self.segments if isinstance(segment, Param))


def is_id(text: str) -> bool:
    """Return whether `text` can be an id in a path, a token or a key."""
    return _ID.fullmatch(text) is not None


def compile_template(text: str) -> Template:
    """Return the template that `text` spells, as in `/users/{userId}/export`.

    Raises  ValueError: no leading slash, an empty or odd segment, or one parameter twice
    """
    if not text.startswith("/"):
        raise ValueError(f"template {text!r} does not begin with '/'")
    template = Template(text, tuple(_segment(part, text) for part in text[1:].split("/")))
    if len(set(template.param_names)) < len(template.param_names):
        raise ValueError(f"template {text!r} names a parameter twice")
    return template


def _segment(part: str, text: str) -> Segment:
    if param := _PARAM.fullmatch(part):
        return Param(param[1])
    if _STATIC.fullmatch(part) or text == "/":
        return part
    raise ValueError(f"template {text!r} has an odd segment {part!r}")


def split_path(path: str) -> tuple[str, ...]:
    """Return the segments of a path, still encoded; none at all for what is not a path."""
    return tuple(path[1:].split("/")) if path.startswith("/") else ()


def match_template(template: Template, segments: Sequence[str]) -> dict[str, str] | None:
    """Return the parameters, or None where the path is of another shape. Linear in the segments.

    Raises  InvalidPathParams: the shape is right and a parameter, decoded once, is not an id
    """
    if len(segments) != len(template.segments):
        return None
    pairs = list(zip(template.segments, segments, strict=True))
    if any(isinstance(wanted, str) and wanted != segment for wanted, segment in pairs):
        return None
    return {wanted.name: _id(wanted, segment) for wanted, segment in pairs if isinstance(wanted, Param)}


def _id(param: Param, segment: str) -> str:
    text = percent_decoded(segment)
    if not is_id(text):
        raise InvalidPathParams(param.name)
    return text
