import pytest

from libs.streaming.errors import InvalidPathParams, MethodNotAllowed, RouteNotFound
from libs.streaming.routes import Method, Route, RouteMatch, RouteTable

CONVERSATION = "/users/{userId}/coaches/{coachId}/conversations/{conversationId}"


def route(method: Method, template: str) -> Route:
    return Route(method, template, name=f"{method} {template}", auth="jwt", summary="")


TABLE = RouteTable(
    [
        Route("GET", "/", name="root", auth="none", summary="Show the root."),
        Route("GET", "/health", name="health", auth="none", summary="Tell whether the function is alive."),
        route("GET", "/health/stream"),
        route("POST", "/health/stream"),
        route("GET", "/openapi.json"),
        route("POST", f"{CONVERSATION}/stream"),
        route("GET", f"{CONVERSATION}/stream"),
        route("GET", f"{CONVERSATION}/turns/{{turnId}}"),
        route("POST", f"{CONVERSATION}/turns/{{turnId}}/cancel"),
        route("GET", CONVERSATION),
        route("DELETE", CONVERSATION),
        route("GET", "/users/{userId}/coaches/{coachId}"),
        route("GET", "/users/{userId}/memories"),
        route("DELETE", "/users/{userId}/memories/{memoryId}"),
        route("GET", "/users/me/memories/{memoryId}"),
        route("GET", "/users/me/memories/latest"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "template", "params"),
    [
        ("GET", "/", "/", {}),
        ("GET", "/health", "/health", {}),
        ("POST", "/health/stream", "/health/stream", {}),
        ("GET", "/openapi.json", "/openapi.json", {}),
        (
            "POST",
            "/users/u/coaches/c/conversations/v/turns/t/cancel",
            "/users/{userId}/coaches/{coachId}/conversations/{conversationId}/turns/{turnId}/cancel",
            {"userId": "u", "coachId": "c", "conversationId": "v", "turnId": "t"},
        ),
        (
            "DELETE",
            "/users/u/memories/m",
            "/users/{userId}/memories/{memoryId}",
            {"userId": "u", "memoryId": "m"},
        ),
        ("GET", "/users/me/memories/m", "/users/me/memories/{memoryId}", {"memoryId": "m"}),
        ("GET", "/users/me/memories/latest", "/users/me/memories/latest", {}),
        ("GET", "/users/me/memories", "/users/{userId}/memories", {"userId": "me"}),
    ],
)
def test_a_request_finds_its_route(method: str, path: str, template: str, params: dict[str, str]) -> None:
    match = TABLE.match(method, path)
    assert (match.route.method, match.route.template, match.params) == (method, template, params)


def test_a_match_holds_the_route_itself() -> None:
    assert TABLE.match("GET", "/health") == RouteMatch(
        Route("GET", "/health", name="health", auth="none", summary="Tell whether the function is alive."), {}
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "health",
        "*",
        "//",
        "/health/",
        "//health",
        "/HEALTH",
        "/%68ealth",
        "/health/./stream",
        "/health%2Fstream",
        "/health?",
        "/x/../health",
        "/users",
        "/users/u/unknown",
        "http://host/health",
        pytest.param("/" * 100_000, id="100,000 slashes"),
        pytest.param("/users/" + "a/" * 100_000, id="100,000 segments"),
    ],
)
def test_a_path_without_a_route_is_not_found(path: str) -> None:
    with pytest.raises(RouteNotFound) as caught:
        TABLE.match("GET", path)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/health", ("GET",)),
        ("HEAD", "/health", ("GET",)),
        ("OPTIONS", "/health/stream", ("GET", "POST")),
        ("get", "/health", ("GET",)),
        ("", "/health", ("GET",)),
        ("PATCH", "/users/u/coaches/c/conversations/v", ("GET", "DELETE")),
        ("DELETE", "/users/me/memories/m", ("GET",)),
    ],
)
def test_a_method_that_a_path_has_not_is_told_which_it_has(
    method: str, path: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(MethodNotAllowed) as caught:
        TABLE.match(method, path)
    assert caught.value.allowed == allowed


def test_the_message_names_the_allowed_methods() -> None:
    with pytest.raises(MethodNotAllowed, match=r"^'PUT' is not allowed here; use GET or POST$"):
        TABLE.match("PUT", "/health/stream")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/users/a%2Fb/memories", "userId"),
        ("/users//memories", "userId"),
        ("/users/u/coaches/", "coachId"),
        ("/users/../coaches/c", "userId"),
        ("/users/me/memories/a.b", "memoryId"),
    ],
)
def test_a_path_with_something_else_than_an_id_is_refused(path: str, name: str) -> None:
    with pytest.raises(InvalidPathParams) as caught:
        TABLE.match("DELETE", path)
    assert caught.value.name == name


@pytest.mark.parametrize(
    ("templates", "message"),
    [
        (("/a/{x}", "/a/{y}"), r"some path could be '/a/\{x\}' or '/a/\{y\}'"),
        (("/a/{x}/c", "/a/b/{y}"), r"some path could be '/a/\{x\}/c' or '/a/b/\{y\}'"),
        (("/{x}/b", "/a/{y}"), r"some path could be '/\{x\}/b' or '/a/\{y\}'"),
        (("/a", "/a"), "GET /a is in the table twice"),
    ],
)
def test_an_ambiguous_table_is_refused(templates: tuple[str, ...], message: str) -> None:
    routes = [
        Route("GET", text, name=str(number), auth="none", summary="") for number, text in enumerate(templates)
    ]
    with pytest.raises(ValueError, match=message):
        RouteTable(routes)


def test_two_routes_of_one_name_are_refused() -> None:
    routes = [Route("GET", text, name="same", auth="none", summary="") for text in ("/a", "/b")]
    with pytest.raises(ValueError, match="two routes are named 'same'"):
        RouteTable(routes)


def test_the_order_of_the_table_does_not_matter() -> None:
    reverse = RouteTable(reversed(TABLE.routes))
    assert reverse.match("GET", "/users/me/memories/latest").route.template == "/users/me/memories/latest"
