import re
from collections.abc import Iterator

from libs.coach_conversation import errors
from libs.coach_conversation.errors import TaskFailed, TurnError


def descendants(kind: type[Exception], depth: int = 0) -> Iterator[tuple[int, str]]:
    yield depth, kind.__name__
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from descendants(child, depth + 1)


def drawn() -> list[tuple[int, str]]:
    """Return the tree that the docstring draws: depth and name, line by line."""
    lines = [re.match(r"([├└│─ ]*)([A-Z]\w+)", line) for line in (errors.__doc__ or "").splitlines()[2:]]
    return [(len(line[1]) // 4, line[2]) for line in lines if line is not None]


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert drawn() == [*descendants(TurnError), *descendants(TaskFailed)]


def test_every_class_says_itself_in_one_sentence() -> None:
    kinds = [getattr(errors, name) for _, name in drawn()]
    assert all(re.fullmatch(r"[A-Z`][^.]+\.", kind.__doc__ or "") for kind in kinds[1:])


def test_a_busy_conversation_names_its_turn() -> None:
    busy = errors.ConversationBusy("t-1")
    assert busy.turn_id == "t-1"
    assert "'t-1'" in str(busy)


def test_a_limit_says_when_to_come_again() -> None:
    limited = errors.RateLimited(retry_after_s=17)
    assert limited.retry_after_s == 17
    assert str(limited) == "too many messages within a minute; try again in 17 s"
