"""Several who come back at the same instant to a turn whose process was killed: all see one same end."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Barrier
from typing import Final

import pytest

from tests.stack.client import Conversation, Stream
from tests.stack.conftest import Relayed
from tests.stack.hearing import text_for
from tests.stack.processes import TCP
from tests.stack.relay import MODEL_CALLS, Kill
from tests.stack.sse import TERMINAL, check_stream
from tests.stack.watching import Turn, watch

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not TCP.exists(), reason="who has a socket is read from /proc"),
]

WORDS: Final = 20
SLOW: Final = {"routerMs": 150, "firstTokenMs": 150, "interTokenMs": 100}
READERS: Final = 3


def _say(conversation: Conversation) -> Stream:
    with conversation.stream(text_for(conversation, WORDS), key="k") as stream:
        stream.read()
    return stream


def _killed(relayed: Relayed, kill: Kill) -> tuple[Turn, Stream]:
    conversation = relayed.stack.person().begin()
    relayed.ledger.expect(conversation.person.user, kill)
    told = _say(conversation)
    assert conversation.person.user in relayed.ledger.killed
    turn_id = relayed.stack.table.meta(*conversation.where)["activeTurn"]
    return Turn(conversation, turn_id), told


def _model_calls(relayed: Relayed, turn: Turn) -> int:
    heard = relayed.ledger.heard(turn.conversation.person.user)
    return sum(one.name in MODEL_CALLS for one in heard)


def _together(turn: Turn) -> list[Stream]:
    """Come back in both ways: by the same message, and to watch."""
    instant = Barrier(READERS)

    def back(number: int) -> Stream:
        instant.wait()
        return watch(turn.conversation, turnId=turn.id) if number else _say(turn.conversation)

    with ThreadPoolExecutor(READERS) as threads:
        return list(threads.map(back, range(READERS)))


@dataclass(frozen=True, slots=True)
class Scene:
    """A turn whose process was killed, and what several saw who came back for it together.

    Shape   `model_calls` until the kill, and in all
    """

    turn: Turn
    told: Stream
    first: Stream
    others: list[Stream]
    model_calls: tuple[int, int]
    heard: list[str]

    @property
    def messages(self) -> list[tuple[str, str]]:
        return [(item["role"], item["status"]) for item in self.turn.conversation.stored()]


def _scene(relayed: Relayed, kill: Kill, *, stopped: bool) -> Scene:
    turn, told = _killed(relayed, kill)
    calls = _model_calls(relayed, turn)
    if stopped:
        assert turn.cancel().status_code == 202
    first, *others = _together(turn)
    heard = [one.name for one in relayed.ledger.heard(turn.conversation.person.user)]
    return Scene(turn, told, first, others, (calls, _model_calls(relayed, turn)), heard)


@pytest.fixture(scope="module")
def scenes(shared_relayed: Relayed) -> dict[str, Scene]:
    shared_relayed.stack.emulator.play(**SLOW)
    with ThreadPoolExecutor() as threads:
        playing = {
            "kept": threads.submit(_scene, shared_relayed, Kill("log", "after", nth=2), stopped=False),
            "not begun": threads.submit(_scene, shared_relayed, Kill("T1", "after"), stopped=False),
            "stopped": threads.submit(_scene, shared_relayed, Kill("T1", "after"), stopped=True),
        }
        return {name: scene.result() for name, scene in playing.items()}


@pytest.mark.parametrize("name", ["kept", "not begun", "stopped"])
def test_all_see_the_same_and_one_end(name: str, scenes: dict[str, Scene]) -> None:
    scene = scenes[name]
    assert [kind for kind in scene.first.types if kind in TERMINAL] == [scene.first.types[-1]]
    assert all(other.replay() == scene.first.replay() for other in scene.others)


def test_what_was_kept_is_not_said_again(scenes: dict[str, Scene]) -> None:
    scene = scenes["kept"]
    check_stream(scene.first.events)
    assert scene.first.last["code"] == "MODEL_STREAM_INTERRUPTED"
    assert scene.told.replay()[: len(scene.first.events) - 1] == scene.first.replay()[:-1]
    assert scene.model_calls[0] == scene.model_calls[1]
    assert scene.messages == [("user", "complete"), ("assistant", "partial")]


def test_what_nobody_had_begun_is_run_once_for_all(scenes: dict[str, Scene]) -> None:
    scene = scenes["not begun"]
    check_stream(scene.first.events)
    assert scene.first.last["type"] == "complete"
    assert scene.model_calls == (0, 2), " ".join(scene.heard)
    assert scene.messages == [("user", "complete"), ("assistant", "complete")]


def test_what_was_stopped_is_not_begun_again(scenes: dict[str, Scene]) -> None:
    scene = scenes["stopped"]
    assert scene.first.last["type"] == "error"
    assert scene.model_calls == (0, 0)
    assert scene.messages == [("user", "complete")]
