"""All of a person's data goes, and nothing of it comes back."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from libs.coach_conversation import coaches, conversations
from libs.coach_conversation.admission import claim, enqueue
from libs.coach_conversation.chats import jobs
from libs.coach_conversation.chats.chats import chat_of
from libs.coach_conversation.endings import Meter, Told
from libs.coach_conversation.errors import DataBeingDeleted, JobNotFound, StoreUnavailable
from libs.coach_conversation.kept import follow_ups
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.personal_data import erasure, tombstones
from libs.coach_conversation.ports import Ports, PromptMessage
from libs.coach_conversation.saving import save
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Key, Put
from libs.coach_conversation.sweeping import sweep
from libs.coach_conversation.types import CoachConfig, CoachId, ConversationId, ConversationRef, UserId
from libs.memory.errors import MemoryUnavailable
from libs.memory.ports import IndexedText
from libs.memory.vectors import Vectors
from libs.streaming.events import Chunk, Error
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.faults import lost, preceded_by, refused
from tests.fakes.index import FakeIndex
from tests.fakes.model import routing
from tests.fakes.ports import ALICE, ATLAS, REF, asked, conversation_items
from tests.fakes.table import FakeTable
from tests.libs.coach_conversation.follow_up_scenes import LOGGED, SQUATS, FollowedUp
from tests.libs.coach_conversation.scenes import Scene

KEEPING: Final = routing(userIntent="memory_request", memoryProcessing={"isMemoryRequest": True})
KNEE: Final = {"content": "My left knee hurts.", "type": "constraint", "importance": "high"}
BOB: Final = UserId("bob")
NOVA: Final = CoachConfig(coach_id=CoachId("nova"), name="Nova", persona="Brisk.")
HERS: Final = [
    Put(items.memory_key(ALICE, "01M7YHX3000000000000000000"), {"content": "left knee"}),
    Put(items.workout_key(ALICE, "2026-11-21T08:00:00.000Z", "01M7YHX3000000000000000000"), {"notes": "x"}),
    Put(items.profile_key(ALICE), {"name": "Alice"}),
]


def erase(ports: Ports, *, within_s: float = 60) -> bool:
    return erasure.go_on(erasure.begin(ALICE, ports), ports, until_s=ports.clock.monotonic_s() + within_s)


def spoken() -> Scene:
    """Return a person of whom everything is kept, beside another."""
    bobs = ConversationRef(BOB, ATLAS, ConversationId("c-1"))
    scene = Scene(stored=FakeTable([*conversation_items(), *conversation_items(bobs)]))
    scene.stored.commit([Put(items.memory_key(BOB, "01M7YHX3000000000000000000"), {"content": "hip"})])
    scene.stored.commit(HERS)
    conversations.create(ALICE, ATLAS, scene.ports)
    scene.finish(scene.admit(), "So deep.")
    return scene


def kept(scene: Scene) -> list[Key]:
    """Return what of Alice is left, the tombstone included where it names her."""
    stored = scene.stored.all()
    return [key for key, item in stored.items() if "alice" in f"{key} {item}"]


def test_nothing_of_the_person_is_left_and_all_of_another() -> None:
    scene = spoken()
    bobs = [key for key in scene.stored.all() if key.pk.startswith("U#bob")]
    assert erase(scene.ports)
    assert kept(scene) == []
    assert [key for key in scene.stored.all() if key.pk != tombstones.key(ALICE).pk] == bobs
    assert len(bobs) == 4


def test_whoever_has_nothing_is_deleted_all_the_same() -> None:
    scene = Scene(stored=FakeTable())
    assert erase(scene.ports)
    assert erase(scene.ports)


def test_a_conversation_that_is_half_deleted_goes_too() -> None:
    scene = spoken()
    scene.table.next("commit", preceded_by(lambda: None), refused)
    with pytest.raises(StoreUnavailable):
        conversations.delete(REF, scene.ports)
    assert erase(scene.ports)
    assert kept(scene) == []


def test_while_it_goes_on_nothing_is_begun_saved_or_kept() -> None:
    scene = spoken()
    enqueue(asked(key="k-2"), "queued", scene.ports)
    waiting = scene.record(asked(key="k-2"))
    before = scene.stored.all()
    erasure.begin(ALICE, scene.ports)
    refused_ones: list[Any] = [
        lambda: scene.admit(asked("more", key="k-9")),
        lambda: enqueue(asked("more", key="k-9"), "queued", scene.ports),
        lambda: conversations.create(ALICE, ATLAS, scene.ports),
        lambda: coaches.save(ALICE, NOVA, scene.ports),
        lambda: erasure.refuse(ALICE, scene.ports),
    ]
    for one in refused_ones:
        with pytest.raises(DataBeingDeleted):
            one()
    assert claim(waiting, scene.ports) is None
    assert {key: item for key, item in scene.stored.all().items() if key.pk.startswith("U#")} == before


def test_what_was_said_before_is_still_answered_with_its_turn() -> None:
    scene = spoken()
    erasure.begin(ALICE, scene.ports)
    with pytest.raises(AssertionError):  # the record of the turn, which is not ours to run
        scene.admit()


def test_another_person_is_not_refused() -> None:
    scene = spoken()
    erasure.begin(ALICE, scene.ports)
    assert conversations.create(BOB, ATLAS, scene.ports)


def test_a_running_turn_cannot_save_and_says_so() -> None:
    scene = spoken()
    admitted = scene.admit(asked("And how wide?", key="k-2"))
    erasure.begin(ALICE, scene.ports)
    log = TurnLog(admitted.lease, scene.ports, lambda failure: None)
    said = [Chunk("Shoulder width.")]
    log.append(said[0])
    told = save(
        admitted,
        Told(stop_reason="end_turn"),
        told_events=said,
        meter=Meter(0.0),
        log=log,
        ports=scene.ports,
    )
    assert isinstance(told, Error)
    assert (told.code, told.retryable) == ("CANCELLED", False)
    assert [message.content for message in scene.messages()][-1] == "And how wide?"


def test_a_follow_up_does_nothing_and_asks_no_model() -> None:
    scene = FollowedUp(
        routing(workoutDetection={"isWorkoutLog": True, "confidence": 0.9}), save_workout=[SQUATS]
    )
    turn_id = scene.say(LOGGED)
    asked_before = len(scene.model.prompts)
    erasure.begin(ALICE, scene.ports)
    scene.do("workout", turn_id)
    assert (scene.kept("WKT#"), len(scene.model.prompts)) == ([], asked_before)


def test_a_follow_up_that_began_before_keeps_nothing() -> None:
    scene = FollowedUp(
        routing(workoutDetection={"isWorkoutLog": True, "confidence": 0.9}), save_workout=[SQUATS]
    )
    turn_id = scene.say(LOGGED)
    scene.table.next("commit", preceded_by(lambda: erasure.begin(ALICE, scene.ports)))
    follow_ups.run("workout", REF, turn_id, scene.ports)
    assert scene.kept("WKT#") == []
    assert "done_workout" not in scene.turn(turn_id)


def test_the_person_may_come_back_at_once() -> None:
    scene = spoken()
    assert erase(scene.ports)
    assert conversations.create(ALICE, ATLAS, scene.ports)
    coaches.save(ALICE, NOVA, scene.ports)


def test_a_process_that_stood_still_brings_nothing_back() -> None:
    scene = spoken()

    def meanwhile() -> None:
        erase(scene.ports)

    scene.table.next("commit", preceded_by(meanwhile))
    with pytest.raises(DataBeingDeleted):
        coaches.save(ALICE, NOVA, scene.ports)
    assert kept(scene) == []


def test_a_conversation_that_a_process_which_stood_still_begins_is_refused() -> None:
    scene = spoken()

    def meanwhile() -> None:
        erase(scene.ports)

    scene.table.next("commit", preceded_by(meanwhile))
    with pytest.raises(DataBeingDeleted):
        conversations.create(ALICE, ATLAS, scene.ports)
    assert kept(scene) == []


def test_whoever_began_while_it_went_on_keeps_nothing_behind_it() -> None:
    scene = spoken()
    begun = erasure.begin(ALICE, scene.ports)
    finish = preceded_by(lambda: erasure.go_on(begun, scene.ports, until_s=scene.clock.monotonic_s() + 60))
    scene.table.next("commit", finish)
    with pytest.raises(DataBeingDeleted):
        coaches.save(ALICE, NOVA, scene.ports)


def test_what_is_left_of_the_tombstone_names_nobody_and_expires() -> None:
    scene = spoken()
    erase(scene.ports)
    key = tombstones.key(ALICE)
    item = scene.stored.read([key])[key]
    assert item.keys() == {"pk", "sk", "since", "times", "ttl"}
    assert item["ttl"] == scene.clock.now_ms() // 1000 + 3600


def test_when_time_is_up_the_sweeper_goes_on() -> None:
    scene = spoken()
    assert not erase(scene.ports, within_s=0)
    assert kept(scene) != []
    assert sweep(scene.ports) == 0
    scene.clock.advance(46)
    sweep(scene.ports)
    assert kept(scene) == []
    assert erasure.find(ALICE, scene.ports) is None


def test_two_who_delete_share_one_tombstone() -> None:
    scene = spoken()
    first = erasure.begin(ALICE, scene.ports)
    scene.clock.advance(5)
    assert erasure.begin(ALICE, scene.ports) == first


def test_a_late_one_does_not_end_the_next_deletion() -> None:
    scene = spoken()
    first = erasure.begin(ALICE, scene.ports)
    erasure.go_on(first, scene.ports, until_s=scene.clock.monotonic_s() + 60)
    scene.clock.advance(5)
    second = erasure.begin(ALICE, scene.ports)
    erasure.go_on(first, scene.ports, until_s=scene.clock.monotonic_s() + 60)
    assert erasure.find(ALICE, scene.ports) == second


@pytest.mark.parametrize("fault", [refused, lost])
@pytest.mark.parametrize("kind", ["read", "query", "commit"])
def test_a_deletion_that_broke_off_anywhere_is_finished_by_the_sweeper(kind: Any, fault: Any) -> None:
    number = 0
    while True:
        number += 1
        scene = spoken()
        scene.table.at(kind, scene.table.done.count(kind) + number, fault)
        try:
            done = erase(scene.ports)
        except StoreUnavailable:
            done = False
        if done and kept(scene) == []:
            break
        if erasure.find(ALICE, scene.ports) is None:
            continue  # nothing had begun, and the person was told so
        scene.clock.advance(46)
        sweep(scene.ports)
        assert kept(scene) == []
    assert number > 2


# The vector index


class SlowIndex(FakeIndex):
    """Lets something happen before the next texts are written."""

    def __init__(self) -> None:
        super().__init__()
        self.before_next: list[Callable[[], object]] = []

    def upsert(self, user_id: str, texts: Sequence[IndexedText]) -> None:
        while self.before_next:
            self.before_next.pop()()
        super().upsert(user_id, texts)


def indexed() -> tuple[FollowedUp, SlowIndex]:
    """Return a person with a text in the index, beside another."""
    index = SlowIndex()
    scene = FollowedUp(KEEPING, save_memory=[KNEE, KNEE])
    scene.ports = replace(scene.ports, vectors=Vectors(index, FakeEmbedder(), "fake/64"))
    index.upsert(BOB, [IndexedText("memory:b", "memory", "My hip clicks.", [1.0, 0.0], {})])
    scene.do("memory", scene.say("Remember that my left knee hurts"))
    return scene, index


def test_nothing_of_the_person_is_left_in_the_index_and_all_of_another() -> None:
    scene, index = indexed()
    assert set(index.texts) == {ALICE, BOB}
    assert erase(scene.ports)
    assert set(index.texts) == {BOB}
    assert kept(scene) == []


def test_an_index_that_is_down_keeps_the_tombstone_up_until_it_is_back() -> None:
    scene, index = indexed()
    index.down = True
    with pytest.raises(MemoryUnavailable):
        erase(scene.ports)
    assert erasure.find(ALICE, scene.ports)
    scene.clock.advance(46)
    sweep(scene.ports)
    assert erasure.find(ALICE, scene.ports)
    index.down = False
    sweep(scene.ports)
    assert erasure.find(ALICE, scene.ports) is None
    assert set(index.texts) == {BOB}


def test_whoever_stood_still_before_writing_a_vector_takes_it_back() -> None:
    scene, index = indexed()
    turn_id = scene.say("Remember that my left knee hurts", key="k-2")
    index.before_next.append(lambda: erase(scene.ports))
    scene.do("memory", turn_id)
    assert not index.texts.get(ALICE)


# Jobs


def test_no_job_is_begun_while_it_goes_on_nor_by_a_process_that_stood_still() -> None:
    scene = spoken()
    chat = chat_of([PromptMessage("user", "How deep?")], system="", temperature=None)
    job = jobs.begin(ALICE, chat, key="k-1", ports=scene.ports)
    scene.table.next("commit", preceded_by(lambda: erase(scene.ports)))
    with pytest.raises(DataBeingDeleted):
        jobs.begin(ALICE, chat, key="k-2", ports=scene.ports)
    assert kept(scene) == []
    with pytest.raises(JobNotFound):
        jobs.find(ALICE, job.turn_id, scene.ports)
    erasure.begin(ALICE, scene.ports)
    with pytest.raises(DataBeingDeleted):
        jobs.begin(ALICE, chat, key="k-3", ports=scene.ports)
