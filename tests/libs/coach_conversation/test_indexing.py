"""Indexing: the index says what the table says, whoever dies, whatever is away, however often it is told."""

from dataclasses import replace
from functools import partial
from random import Random
from typing import Any

import pytest

from libs.coach_conversation import conversations, sweeping
from libs.coach_conversation.errors import MemoryNotFound, StoreUnavailable
from libs.coach_conversation.kept import entries, indexing, memories, notes, workouts
from libs.coach_conversation.kept.summaries import SavedSummary
from libs.coach_conversation.regeneration import regeneration
from libs.coach_conversation.store import items
from libs.coach_conversation.types import TurnId
from libs.memory.errors import IndexUnavailable
from libs.memory.vectors import Vectors
from tests.fakes.embedder import FakeEmbedder
from tests.fakes.faults import Fault, Operation, lost, preceded_by, refused
from tests.fakes.index import FakeIndex
from tests.fakes.model import routing
from tests.fakes.ports import ALICE, REF
from tests.libs.coach_conversation.follow_up_scenes import LOGGED, SQUATS, FollowedUp

QUESTION = routing(userIntent="question")
LOGGING = routing(userIntent="workout_logging", workoutDetection={"isWorkoutLog": True, "confidence": 0.9})
KEEPING = routing(userIntent="memory_request", memoryProcessing={"isMemoryRequest": True})
SUMMING = routing(userIntent="question", conversationComplexity={"needsSummary": True})
WISH = "Remember that my left knee hurts when I squat deep"
KNEE = {"content": "My left knee hurts when I squat deep", "type": "constraint", "importance": "high"}
SUMMED: dict[str, Any] = {
    "narrative": "They asked about squats.",
    **{name: [] for name in SavedSummary.model_fields if name != "narrative"},
}


class Indexed(FollowedUp):
    """A conversation whose person's texts are indexed; `index` and `embedder` are its fakes."""

    def __init__(self, router: Any = QUESTION, **extracted: list[object]) -> None:
        self.index, self.embedder = FakeIndex(), FakeEmbedder()
        super().__init__(router, **extracted)
        self.overrides["vectors"] = Vectors(self.index, self.embedder, "fake/64")
        self.__post_init__()

    @property
    def texts(self) -> dict[str, str]:
        """What the index holds of Alice, by id."""
        return {text.id: text.text for text in self.index.texts.get(ALICE, {}).values()}

    def sweep(self) -> None:
        """Let the notes come due, and sweep."""
        self.clock.advance(61)
        sweeping.sweep(self.ports)

    def exchange_of(self, *, answer: int = 1) -> str:
        messages = self.messages()
        return f"exchange:c-1:{messages[0].message_id}:{messages[answer].message_id}"


def kept_knee(**extracted: list[object]) -> Indexed:
    scene = Indexed(KEEPING, save_memory=[KNEE], **extracted)
    scene.do("memory", scene.say(WISH))
    return scene


def test_an_exchange_is_planned_for_a_turn_whose_texts_are_indexed_and_not_for_what_becomes_a_memory() -> (
    None
):
    scene = Indexed()
    scene.say("How deep should I squat?")
    assert [task for *_, task in scene.queue.tasks] == ["exchange"]
    asked_to_remember = Indexed(KEEPING)
    asked_to_remember.say(WISH)
    assert [task for *_, task in asked_to_remember.queue.tasks] == ["memory"]


def test_question_and_answer_are_one_text() -> None:
    scene = Indexed()
    scene.do("exchange", scene.say("How deep should I squat?"))
    assert scene.texts == {scene.exchange_of(): "How deep should I squat?\nNoted."}
    [found] = scene.index.texts[ALICE].values()
    assert found.type == "exchange"
    assert found.metadata == {
        "coachId": "atlas",
        "createdAt": "2026-11-21T08:00:00.000Z",
        "conversationId": "c-1",
        "embeddedBy": "fake/64",
    }
    assert scene.kept(notes.PREFIX) == []


@pytest.mark.parametrize(
    ("said", "embedded"),
    [
        ("How deep should I squat on Mondays?", "How deep should I squat on Mondays?"),
        ("Why?", "Why?\nNoted."),
    ],
)
def test_an_exchange_s_vector_is_that_of_what_the_person_said_if_it_says_enough(
    said: str, embedded: str
) -> None:
    scene = Indexed()
    scene.do("exchange", scene.say(said))
    assert scene.embedder.asked == [embedded]


def test_memories_workouts_and_summaries_are_indexed_each_with_its_type() -> None:
    scene = kept_knee(save_workout=[SQUATS], save_summary=[SUMMED])
    scene.do("workout", scene.say(LOGGED, key="k-2"))
    scene.do("summary", scene.say("What now?", key="k-3"))
    assert {text.type: text.text for text in scene.index.texts[ALICE].values()} == {
        "memory": KNEE["content"],
        "workout": f"2026-11-21 strength: squat {' '.join(['5x100kg'] * 5)}",
        "summary": "narrative: They asked about squats.",
    }
    assert scene.kept(notes.PREFIX) == []


def test_a_newer_summary_takes_the_older_one_s_place() -> None:
    scene = Indexed(SUMMING, save_summary=[SUMMED, {**SUMMED, "narrative": "They squat deeper now."}])
    for number in range(2):
        scene.do("summary", scene.say("How deep?", key=f"k-{number}"))
    assert scene.texts == {"summary:c-1": "narrative: They squat deeper now."}


OPERATIONS: list[tuple[Operation, int]] = [
    *(("read", number) for number in range(1, 5)),
    ("commit", 1),
    ("commit", 2),
]


@pytest.mark.parametrize("fault", [refused, lost])
@pytest.mark.parametrize(("operation", "number"), OPERATIONS)
@pytest.mark.parametrize("task", ["memory", "exchange"])
def test_one_vector_stays_wherever_the_worker_dies(
    task: Any, operation: Operation, number: int, fault: Fault
) -> None:
    scene = Indexed(KEEPING if task == "memory" else QUESTION, save_memory=[KNEE])
    turn_id = scene.say(WISH)
    scene.table.at(operation, scene.table.done.count(operation) + number, fault)
    for _ in range(5):
        _deliver(scene, task, turn_id)
    scene.sweep()
    assert len(scene.texts) == 1
    assert scene.kept(notes.PREFIX) == []
    assert f"done_{task}" in scene.turn(turn_id)


def _deliver(scene: Indexed, task: Any, turn_id: TurnId) -> None:
    try:
        scene.do(task, turn_id)
    except StoreUnavailable:
        scene.clock.advance(1)


def test_tasks_in_any_order_five_times_each_leave_one_vector_each() -> None:
    scene = Indexed()
    turns = [scene.say(f"Question {number}?", key=f"k-{number}") for number in range(4)]
    deliveries = turns * 5
    Random(3).shuffle(deliveries)
    for turn_id in deliveries:
        scene.do("exchange", turn_id)
    assert sorted(text.splitlines()[0] for text in scene.texts.values()) == [
        f"Question {number}?" for number in range(4)
    ]


@pytest.mark.parametrize("away", ["index", "embedder"])
def test_what_could_not_be_indexed_is_indexed_by_the_sweeper(away: str) -> None:
    scene = Indexed()
    getattr(scene, away).down = True
    turn_id = scene.say("How deep should I squat?")
    scene.do("exchange", turn_id)
    assert "done_exchange" in scene.turn(turn_id)
    scene.sweep()
    assert scene.texts == {}
    getattr(scene, away).down = False
    scene.clock.advance(60)
    scene.sweep()
    assert list(scene.texts) == [scene.exchange_of()]
    assert scene.kept(notes.PREFIX) == []


def test_an_index_that_stays_away_is_asked_ever_more_rarely_and_twice_a_sweep() -> None:
    scene = Indexed()
    scene.index.down = True
    for number in range(3):
        scene.do("exchange", scene.say(f"Question {number}?", key=f"k-{number}"))
    scene.embedder.asked.clear()
    swept = []
    for _ in range(30):
        scene.sweep()
        swept.append(len(scene.embedder.asked))
    assert swept[0] == 2
    assert swept[-1] < 20
    scene.index.down = False
    scene.clock.advance(3600)
    sweeping.sweep(scene.ports)
    assert len(scene.texts) == 3


def test_a_corrected_memory_is_embedded_anew() -> None:
    scene = kept_knee()
    [item] = scene.kept("MEM#")
    memories.correct(ALICE, item["memoryId"], {"content": "My right hip clicks"}, scene.ports)
    assert list(scene.texts.values()) == ["My right hip clicks"]
    [found] = scene.index.texts[ALICE].values()
    assert list(found.vector) == list(scene.embedder.embed("About me: My right hip clicks"))


@pytest.mark.parametrize("is_away", [False, True])
def test_a_forgotten_memory_s_vector_is_gone_soon_even_where_the_index_was_away(is_away: bool) -> None:
    scene = kept_knee()
    [item] = scene.kept("MEM#")
    scene.index.down = is_away
    memories.forget(ALICE, item["memoryId"], scene.ports)
    assert len(scene.texts) == is_away
    scene.index.down = False
    scene.sweep()
    assert scene.texts == {}
    assert scene.kept(notes.PREFIX) == []
    with pytest.raises(MemoryNotFound):
        memories.forget(ALICE, item["memoryId"], scene.ports)


def test_what_is_forgotten_while_it_is_being_indexed_does_not_linger() -> None:
    scene = Indexed(KEEPING, save_memory=[KNEE])
    turn_id = scene.say(WISH)
    [said, _] = scene.messages()
    reads = scene.table.done.count("read")
    # turn, message, the entry; then somebody forgets it; then the entry again
    forgetting = preceded_by(lambda: _forget_past_the_index(scene, said.message_id))
    scene.table.at("read", reads + 4, forgetting)
    scene.do("memory", turn_id)
    assert scene.kept("MEM#") == []
    assert scene.texts == {}


def _forget_past_the_index(scene: Indexed, memory_id: str) -> None:
    scene.remove(items.memory_key(ALICE, memory_id))


def test_a_vector_written_by_who_read_before_a_deletion_goes_a_minute_later() -> None:
    scene = kept_knee()
    [item] = scene.kept("MEM#")
    [stale] = scene.index.texts[ALICE].values()
    memories.forget(ALICE, item["memoryId"], scene.ports)
    scene.index.upsert(ALICE, [stale])
    scene.sweep()
    assert scene.texts == {}


def test_an_answer_written_anew_takes_its_exchange_s_place_in_whatever_order_the_tasks_come() -> None:
    for order in ("first", "second"):
        scene = Indexed()
        first = scene.say("How deep should I squat?")
        [said, answer] = scene.messages()
        again = regeneration(
            REF, client_message_id=said.message_id, answer_id=answer.message_id, ports=scene.ports
        )
        if order == "first":
            scene.do("exchange", first)
        second = scene.run(again)
        scene.do("exchange", second)
        scene.do("exchange", first)
        assert list(scene.texts) == [scene.exchange_of()]
        assert answer.message_id not in str(scene.texts)


def test_a_deleted_conversation_takes_its_exchanges_and_summary_along_and_leaves_memories() -> None:
    scene = kept_knee(save_summary=[SUMMED])
    scene.model._router = SUMMING
    turn_id = scene.say("How deep should I squat?", key="k-2")
    scene.do("summary", turn_id)
    scene.do("exchange", turn_id)
    assert len(scene.texts) == 3
    conversations.delete(REF, scene.ports)
    assert list(scene.texts.values()) == [KNEE["content"]]
    scene.sweep()
    assert scene.kept(notes.PREFIX) == []


def test_a_conversation_is_deleted_while_the_index_is_away() -> None:
    scene = Indexed()
    scene.do("exchange", scene.say("How deep should I squat?"))
    scene.index.down = True
    conversations.delete(REF, scene.ports)
    assert scene.messages() == []
    scene.index.down = False
    scene.sweep()
    assert scene.texts == {}


def test_a_deleted_workout_s_vector_is_gone() -> None:
    scene = Indexed(LOGGING, save_workout=[SQUATS])
    scene.do("workout", scene.say(LOGGED))
    [item] = scene.kept("WKT#")
    workouts.delete(ALICE, item["workoutId"], scene.ports)
    assert scene.texts == {}


def test_the_summary_of_where_a_forgotten_memory_was_told_is_for_that_conversation_only() -> None:
    scene = kept_knee(save_summary=[SUMMED, SUMMED])
    scene.do("summary", scene.say("What now?", key="k-2"))
    [item] = scene.kept("MEM#")
    memories.correct(ALICE, item["memoryId"], {"importance": "low"}, scene.ports)
    assert "summary:c-1" in scene.texts
    memories.forget(ALICE, item["memoryId"], scene.ports)
    assert scene.texts == {}
    scene.do("summary", scene.say("What now?", key="k-3"))
    assert scene.texts == {}
    assert scene.meta["summary"]["narrative"] == SUMMED["narrative"]


def test_without_an_index_nothing_is_noted_and_old_notes_wait() -> None:
    scene = Indexed()
    scene.index.down = True
    scene.do("exchange", scene.say("How deep should I squat?"))
    scene.ports = replace(scene.ports, vectors=None)
    scene.sweep()
    assert len(scene.kept(notes.PREFIX)) == 1
    assert notes.of(ALICE, ["memory:x"], scene.ports) == []


def test_an_embedding_model_s_name_is_told_with_its_vectors_and_others_are_not_found() -> None:
    scene = Indexed()
    scene.do("exchange", scene.say("How deep should I squat?"))
    other = Vectors(scene.index, scene.embedder, "another/64")
    assert len(_found(scene.ports.vectors)) == 1
    assert _found(other) == []


def _found(vectors: Vectors | None) -> list[Any]:
    assert vectors is not None
    return vectors.search(ALICE, "How deep?", types=["exchange"], limit=5)


@pytest.mark.parametrize(
    "forged",
    ["", "memory", "memory:x", "memory:../../PROFILE", "workout:1-2", "exchange:c-1", "summary:a#b", "x:y"],
)
def test_an_id_that_is_not_one_of_ours_names_nothing(forged: str) -> None:
    assert entries.keys(ALICE, forged) == ()
    assert entries.read(ALICE, forged, Indexed().stored) is None


def test_what_never_stands_still_is_left_for_later() -> None:
    scene = kept_knee()
    [item] = scene.kept("MEM#")
    reads = scene.table.done.count("read")
    for number in range(1, 20):
        change = preceded_by(partial(_reword, scene, item, f"wording {number}"))
        scene.table.at("read", reads + number, change)
    with pytest.raises(IndexUnavailable):
        indexing.settle(ALICE, f"memory:{item['memoryId']}", scene.ports)


def _reword(scene: Indexed, item: dict[str, Any], content: str) -> None:
    scene.change(items.memory_key(ALICE, item["memoryId"]), content=content)
