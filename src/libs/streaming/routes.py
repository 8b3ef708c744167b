"""The route table: what can be asked, as data that serves requests and documents itself."""

from collections.abc import Iterable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from itertools import combinations
from typing import Literal

from libs.streaming.errors import MethodNotAllowed, RouteNotFound
from libs.streaming.path_params import Param, Template, compile_template, match_template, split_path

type Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
type Auth = Literal["jwt", "jwt_or_ticket", "none"]
type Model = type[object] | str
"""A model, or the name of one that only the API document knows: serving must not import it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One way in which a route succeeds; without a model there is no body.

    Shape   `headers` are names of headers that it adds to those of every answer of its status
    """

    status: int
    meaning: str
    model: Model | None = None
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path. `name` is its identity; what follows `auth` is for the API document.

    Shape   `parameters` are names of query parameters and headers; those of the path are in the template
            `errors` are the codes that this work adds to those of every route of its kind
    """

    method: Method
    template: str
    _: KW_ONLY
    name: str
    auth: Auth
    summary: str
    tags: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    request_model: Model | None = None
    request_required: bool = True
    answers: tuple[Answer, ...] = ()
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RouteMatch:
    """The route that a request asks for, with the ids from its path."""

    route: Route
    params: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    """All that can be done at one template."""

    template: Template
    by_method: dict[str, Route] = field(default_factory=dict)


class RouteTable:
    """Finds the route of a request; a static segment wins over a parameter.

    Raises  ValueError: two routes share a name, or some path could mean either of two templates
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        _refuse_repeated_names(self.routes)
        self._by_length: dict[int, list[_Entry]] = {}
        for entry in _entries(self.routes):
            self._by_length.setdefault(len(entry.template.segments), []).append(entry)
        for entries in self._by_length.values():
            for one, other in combinations(entries, 2):
                _refuse_ambiguity(one.template, other.template)
            entries.sort(
                key=lambda entry: [isinstance(segment, Param) for segment in entry.template.segments]
            )

    def match(self, method: str, path: str) -> RouteMatch:
        """Return the route of `method` and `path`, a path as sent: still encoded, without its query.

        Raises  RouteNotFound; MethodNotAllowed; InvalidPathParams: a path of a known shape with
                something else than an id where an id belongs
        """
        entry, params = self._find(path)
        route = entry.by_method.get(method)
        if route is None:
            raise MethodNotAllowed(method, allowed=tuple(entry.by_method))
        return RouteMatch(route, params)

    def _find(self, path: str) -> tuple[_Entry, Mapping[str, str]]:
        segments = split_path(path)
        for entry in self._by_length.get(len(segments), ()):
            params = match_template(entry.template, segments)
            if params is not None:
                return entry, params
        raise RouteNotFound(path)


def _entries(routes: Iterable[Route]) -> Iterable[_Entry]:
    entries: dict[str, _Entry] = {}
    for route in routes:
        entry = entries.setdefault(route.template, _Entry(compile_template(route.template)))
        if route.method in entry.by_method:
            raise ValueError(f"{route.method} {route.template} is in the table twice")
        entry.by_method[route.method] = route
    return entries.values()


def _refuse_repeated_names(routes: tuple[Route, ...]) -> None:
    for one, other in combinations(routes, 2):
        if one.name == other.name:
            raise ValueError(f"two routes are named {one.name!r}")


def _refuse_ambiguity(one: Template, other: Template) -> None:
    """Allow two templates that can match one path only if one is the more static wherever they differ."""
    pairs = list(zip(one.segments, other.segments, strict=True))
    if any(isinstance(a, str) and isinstance(b, str) and a != b for a, b in pairs):
        return
    only_one_static = any(isinstance(a, str) and isinstance(b, Param) for a, b in pairs)
    only_other_static = any(isinstance(a, Param) and isinstance(b, str) for a, b in pairs)
    if only_one_static == only_other_static:
        raise ValueError(f"some path could be {one.text!r} or {other.text!r}")
