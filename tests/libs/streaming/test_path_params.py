import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.streaming.errors import InvalidPathParams
from libs.streaming.path_params import Param, Template, compile_template, is_id, match_template, split_path

STREAM = compile_template("/users/{userId}/coaches/{coachId}/conversations/{conversationId}/stream")


def matched(path: str, template: Template = STREAM) -> dict[str, str] | None:
    return match_template(template, split_path(path))


def test_a_template_is_compiled_into_data() -> None:
    assert compile_template("/users/{userId}/export") == Template(
        "/users/{userId}/export", ("users", Param("userId"), "export")
    )


@pytest.mark.parametrize(
    "text",
    ["", "users", "/users/", "//", "/users//x", "/{a}/{a}", "/{}", "/{a-b}", "/x{a}", "/a b", "/%61", "/{a"],
)
def test_an_odd_template_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="template"):
        compile_template(text)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("/users/u/coaches/c/conversations/v/stream", {"userId": "u", "coachId": "c", "conversationId": "v"}),
        (
            "/users/A-_9/coaches/%63/conversations/v%2D1/stream",
            {"userId": "A-_9", "coachId": "c", "conversationId": "v-1"},
        ),
        ("/users/u/coaches/c/conversations/v", None),
        ("/users/u/coaches/c/conversations/v/stream/", None),
        ("/users/u/coaches/c/conversations/v/stream/x", None),
        ("//users/u/coaches/c/conversations/v/stream", None),
        ("/Users/u/coaches/c/conversations/v/stream", None),
        ("/%75sers/u/coaches/c/conversations/v/stream", None),
        ("/./users/u/coaches/c/conversations/v/stream", None),
        ("users/u/coaches/c/conversations/v/stream", None),
        ("", None),
    ],
)
def test_a_path_matches_as_it_stands(path: str, params: dict[str, str] | None) -> None:
    assert matched(path) == params


@pytest.mark.parametrize(
    "segment",
    [
        "",
        ".",
        "..",
        "%2e%2e",
        "a%2Fb",
        "a%5Cb",
        "a b",
        "a%20b",
        "a+b",
        "a.b",
        "a:b",
        "a;b",
        "a%",
        "%zz",
        "%2561",
        "%00",
        "a%0A",
        "ä",
        "%C3%A4",
        "%ff",
        "\uff21",
        "\ud800",
        "x" * 65,
        "{userId}",
        "undefined?",
    ],
)
def test_a_segment_that_is_no_id_is_refused_by_name(segment: str) -> None:
    with pytest.raises(InvalidPathParams) as caught:
        matched(f"/users/u/coaches/{segment}/conversations/v/stream")
    assert caught.value.name == "coachId"
    assert str(caught.value) == "coachId in the path is not an id: use 1 to 64 letters, digits, '_' or '-'"


def test_the_root_has_a_template_too() -> None:
    root = compile_template("/")
    assert (matched("/", root), matched("//", root), matched("", root)) == ({}, None, None)


@given(st.text(max_size=70))
def test_an_id_in_a_path_is_the_id_that_was_meant(text: str) -> None:
    if is_id(text):
        path = f"/users/{text}/coaches/c/conversations/v/stream"
        assert matched(path) == {"userId": text, "coachId": "c", "conversationId": "v"}


@given(st.text("/%2eF.a{", max_size=40))
def test_any_path_matches_or_does_not(path: str) -> None:
    try:
        params = matched("/users" + path)
    except InvalidPathParams:
        return
    assert params is None or all(is_id(value) for value in params.values())
