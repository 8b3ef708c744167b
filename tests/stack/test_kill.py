"""`kill -9` at every point of a turn: nothing acknowledged is lost, nothing is said twice, life goes on.

A relay counts what a turn asks of the store and the models, and kills its process before one of these
operations, or when it was answered and the process does not know yet.
"""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Literal

import pytest

from tests.conftest import Figures
from tests.stack.client import Conversation, Stream, eventually
from tests.stack.conftest import RELAYED_PROCESSES, Relayed
from tests.stack.processes import TCP
from tests.stack.relay import MODEL_CALLS, Kill
from tests.stack.sse import TERMINAL, check_stream
from tests.stack.stored import Item
from tests.stack.watching import watch

pytestmark = [
    pytest.mark.stack,
    pytest.mark.skipif(not TCP.exists(), reason="who has a socket is read from /proc"),
]

type Return = Literal["at once", "later"]

WORDS: Final = " ".join(f"word-{number}" for number in range(20))
SLOW: Final = {"routerMs": 150, "firstTokenMs": 150, "interTokenMs": 100}
CLOCK_SKEW_S: Final = 2.0
KEY: Final = "the-same-key"
TRIES: Final = 3
MOST_ENDS: Final = 2
"""The end of what was kept may have the id of an event that was told and not kept: it is told once more."""

POINTS: Final = (
    Kill("T1", "before"),
    Kill("T1", "after"),
    Kill("BatchGetItem", "before"),
    Kill("BatchGetItem", "after"),
    Kill("Query", "before"),
    Kill("Query", "after"),
    Kill("Converse", "before"),
    Kill("Converse", "after"),
    Kill("ConverseStream", "before"),
    Kill("ConverseStream", "after"),
    Kill("ConverseStream", "after", pieces=8),
    Kill("log", "before"),
    Kill("log", "after"),
    Kill("log", "before", nth=2),
    Kill("log", "after", nth=2),
    Kill("flush", "before"),
    Kill("flush", "after"),
    Kill("T2", "before"),
    Kill("T2", "after"),
)
LATER: Final = (
    Kill("T1", "after"),
    Kill("Converse", "after"),
    Kill("ConverseStream", "after"),
    Kill("log", "after"),
)
CASES: Final[list[tuple[Kill, Return]]] = [
    *((kill, "at once") for kill in POINTS),
    *((kill, "later") for kill in LATER),
]


@dataclass(frozen=True, slots=True)
class State:
    """What the table held right after the kill, before anybody came back."""

    messages: list[Item]
    turn: Item | None
    kept: str
    model_calls: int


@dataclass(frozen=True, slots=True)
class Killed:
    """A turn whose process was killed, and what became of it.

    Shape   `told` until the kill; `seen` by the same client behind the last id that it had, if it had any;
            `again` under the same key; `following` the next message
    """

    kill: Kill
    comes_back: Return
    conversation: Conversation
    told: Stream
    then: State
    seen: Stream | None
    ends: int
    again: Stream
    messages: list[Item]
    model_calls: int
    heard: list[str]
    following: Stream

    @property
    def acknowledged(self) -> bool:
        return bool(self.told.events)


type Cases = dict[tuple[Kill, Return], Killed]


def _text(conversation: Conversation, words: str = WORDS) -> str:
    return f"/say {conversation.person.user} {words}"


def _say(conversation: Conversation, key: str, words: str = WORDS) -> Stream:
    with conversation.stream(_text(conversation, words), key=key) as stream:
        stream.read()
    return stream


def _state(relayed: Relayed, conversation: Conversation) -> State:
    table, where = relayed.stack.table, conversation.where
    turn_id = table.meta(*where).get("activeTurn")
    messages = conversation.stored()
    turn_id = turn_id or (messages[0]["turnId"] if messages else None)
    turn = table.turn(*where, turn_id) if turn_id is not None else None
    entries = table.log(*where, turn_id) if turn_id is not None else []
    events: Iterator[dict[str, Any]] = (one for entry in entries for one in json.loads(entry["events"]))
    kept = "".join(one["content"] for one in events if one["type"] in ("contextual", "chunk"))
    return State(messages, turn, kept, _model_calls(relayed, conversation))


def _model_calls(relayed: Relayed, conversation: Conversation) -> int:
    return sum(one.name in MODEL_CALLS for one in relayed.ledger.heard(conversation.person.user))


def _lease_ends(turn: Item) -> None:
    """Wait until everybody may take the turn for abandoned."""
    until_s = float(turn["leaseUntil"]) / 1000 + CLOCK_SKEW_S
    eventually(lambda: time.time() > until_s)


def _get_to(relayed: Relayed, kill: Kill) -> tuple[Conversation, Stream]:
    """Have a turn killed; one that does not get to its point, on a machine without time for it, is let go."""
    for _ in range(TRIES):
        conversation = relayed.stack.person().begin()
        user = conversation.person.user
        relayed.ledger.expect(user, kill)
        told = _say(conversation, KEY)
        if user in relayed.ledger.killed:
            return conversation, told
    raise AssertionError(f"no turn got to {kill}; the last one was {told.types}")


def _killed(relayed: Relayed, kill: Kill, comes_back: Return) -> Killed:
    conversation, told = _get_to(relayed, kill)
    then = _state(relayed, conversation)
    if comes_back == "later" and then.turn is not None:
        _lease_ends(then.turn)
    seen = watch(conversation, after=told.events[-1].id) if comes_back == "at once" and told.events else None
    ends = _ends(conversation, seen) if seen is not None else 1
    again = _say(conversation, KEY)
    messages, model_calls = conversation.stored(), _model_calls(relayed, conversation)
    heard = [one.name for one in relayed.ledger.heard(conversation.person.user)]
    following = _say(conversation, "another-key", "goes on")
    return Killed(
        kill, comes_back, conversation, told, then, seen, ends, again, messages, model_calls, heard, following
    )


def _ends(conversation: Conversation, seen: Stream) -> int:
    """Return how many ends an EventSource sees, which comes back by itself until it gets a 204."""
    ends = 1
    while seen.status == 200 and ends <= MOST_ENDS:
        seen = watch(conversation, after=seen.events[-1].id)
        ends += seen.status == 200
    return ends


@pytest.fixture(scope="module")
def killed(shared_relayed: Relayed) -> Cases:
    shared_relayed.stack.emulator.play(**SLOW)
    with ThreadPoolExecutor(RELAYED_PROCESSES) as threads:
        found = threads.map(lambda case: _killed(shared_relayed, *case), CASES)
        return dict(zip(CASES, found, strict=True))


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}, back {case[1]}")
def one(request: pytest.FixtureRequest, killed: Cases) -> Killed:
    return killed[request.param]


def test_what_was_acknowledged_is_in_the_table(one: Killed) -> None:
    said = [item["content"] for item in one.then.messages if item["role"] == "user"]
    assert said == ([_text(one.conversation)] if one.then.turn is not None else [])
    assert one.then.turn is not None or not one.acknowledged


def test_the_client_sees_that_its_stream_broke(one: Killed) -> None:
    assert one.told.broken or one.told.status == 502
    assert not TERMINAL & set(one.told.types)


def test_whoever_comes_back_gets_what_was_kept_and_one_end(killed: Cases) -> None:
    for one in killed.values():
        if one.seen is not None:
            _check_seen(one, one.seen)


def _check_seen(one: Killed, seen: Stream) -> None:
    kept = len(one.again.events) - 1
    assert [kind for kind in seen.types if kind in TERMINAL] == [seen.types[-1]]
    if len(one.told.events) <= kept:
        assert one.told.replay() + seen.replay() == one.again.replay(), str(one.kill)
    else:
        [error] = seen.events
        assert one.again.replay()[:-1] == one.told.replay()[:kept], str(one.kill)
        assert error.data["code"] == "MODEL_STREAM_INTERRUPTED"
        assert error.data.get("savedContent") == one.again.last.get("savedContent")


def test_whoever_has_seen_the_end_is_soon_let_go(one: Killed) -> None:
    assert one.ends <= MOST_ENDS


def test_the_same_key_again_says_nothing_new_where_anything_was_kept(killed: Cases) -> None:
    kept = [one for one in killed.values() if one.then.kept]
    assert kept
    for one in kept:
        check_stream(one.again.events)
        assert one.again.text == one.then.kept, str(one.kill)
        assert one.model_calls == one.then.model_calls, str(one.kill)


def test_there_is_one_message_and_at_most_one_answer_which_is_what_was_kept(one: Killed) -> None:
    user, *answers = one.messages
    assert user["role"] == "user"
    assert [item["role"] for item in answers] in ([], ["assistant"])
    assert [item["content"] for item in answers] == ([one.again.text] if one.again.text else [])
    assert one.again.last.get("savedContent", one.again.text) == one.again.text
    shown, saved = one.told.text, one.again.text
    assert shown.startswith(saved) or saved.startswith(shown)


def test_the_conversation_goes_on(one: Killed) -> None:
    check_stream(one.following.events)
    assert one.following.last["type"] == "complete"
    assert len(one.conversation.stored()) == len(one.messages) + 2


def test_a_turn_of_which_nothing_was_kept_is_run_again_for_who_has_seen_nothing_of_it(killed: Cases) -> None:
    anew = [one for one in killed.values() if one.then.turn and not one.then.kept and one.seen is None]
    assert (Kill("T1", "after"), "at once") in [(one.kill, one.comes_back) for one in anew]
    assert (Kill("T1", "after"), "later") in [(one.kill, one.comes_back) for one in anew]
    for one in anew:
        check_stream(one.again.events)
        assert one.again.last["type"] == "complete"
        assert one.model_calls == one.then.model_calls + 2, f"{one.kill}, {one.comes_back}: {one.heard}"


def test_a_turn_that_was_saved_is_complete_although_nobody_heard_of_it(killed: Cases) -> None:
    one = killed[Kill("T2", "after"), "at once"]
    assert one.seen is not None
    assert (one.seen.types, one.again.last["type"]) == (["complete"], "complete")
    assert one.model_calls == 2


def test_a_message_that_never_arrived_is_answered_when_it_is_sent_again(killed: Cases) -> None:
    one = killed[Kill("T1", "before"), "at once"]
    assert (one.then.messages, one.told.status, one.again.last["type"]) == ([], 502, "complete")


def test_every_point_was_reached(killed: Cases, figures: Figures) -> None:
    assert len({str(kill) for kill, _ in killed}) == len(POINTS)
    figures(f"SIGKILL of {len(killed)} real processes at {len(POINTS)} points:")
    for (kill, how), one in killed.items():
        acknowledged = "acknowledged" if one.acknowledged else "not acknowledged"
        figures(
            f"  {kill}, back {how}: {acknowledged}, {len(one.told.events)} events seen, "
            f"{len(one.then.kept)} characters kept, the same key gives {one.again.types[-1]}"
        )
