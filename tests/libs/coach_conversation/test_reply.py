import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.coach_conversation.reply import fold
from libs.coach_conversation.types import Part
from libs.streaming.events import Chunk, Contextual, Notice, Progress, Recall, Start, TurnEvent

START = Start("t-1", "c-1", "m-2")


@pytest.mark.parametrize(
    ("events", "parts"),
    [
        ([], ()),
        ([START, Progress("routing", "r"), Notice("fallback", "n"), Recall(())], ()),
        ([Chunk("a"), Chunk("b"), Chunk(" c")], (Part("answer", "ab c"),)),
        ([Contextual("x", "Hi\n"), Chunk("a")], (Part("update", "Hi\n", "x"), Part("answer", "a"))),
        (
            [Contextual("x", "1"), Contextual("y", "2"), Chunk("a")],
            (Part("update", "1", "x"), Part("update", "2", "y"), Part("answer", "a")),
        ),
        (
            [Chunk("a"), Contextual("x", "1"), Chunk("b")],
            (Part("answer", "a"), Part("update", "1", "x"), Part("answer", "b")),
        ),
        (
            [Chunk("a"), Progress("saving", "s"), Notice("truncated", "n"), Chunk("b")],
            (Part("answer", "ab"),),
        ),
        ([Chunk(" "), Chunk("\n")], (Part("answer", " \n"),)),
    ],
)
def test_what_was_told_becomes_parts(events: list[TurnEvent], parts: tuple[Part, ...]) -> None:
    assert fold(events) == parts


SHOWN = st.one_of(
    st.builds(Chunk, st.text()),
    st.builds(Contextual, st.sampled_from(["x", "y"]), st.text()),
    st.just(Progress("routing", "not shown")),
)


@given(st.lists(SHOWN))
def test_the_parts_joined_are_what_was_streamed(events: list[TurnEvent]) -> None:
    streamed = "".join(event.content for event in events if isinstance(event, Chunk | Contextual))
    assert "".join(part.text for part in fold(events)) == streamed
