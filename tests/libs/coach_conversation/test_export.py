"""All that is kept of a person comes out, once, page by page."""

import base64
from collections import Counter
from typing import Any, Final

import pytest

from libs.coach_conversation import coaches, conversations
from libs.coach_conversation.errors import DataBeingDeleted, InvalidCursor, StoreUnavailable
from libs.coach_conversation.personal_data import erasure, export
from libs.coach_conversation.personal_data.export import MAX_BYTES, MAX_READS
from libs.coach_conversation.store import items
from libs.coach_conversation.store.table import Put
from libs.coach_conversation.types import CoachConfig, CoachId, ConversationId, ConversationRef, UserId
from libs.streaming.events import Chunk
from tests.fakes.faults import preceded_by, refused
from tests.fakes.ports import ALICE, ATLAS, REF, asked, conversation_items
from tests.fakes.table import FakeTable
from tests.libs.coach_conversation.scenes import Scene

BOB: Final = UserId("bob")
BOBS: Final = ConversationRef(BOB, ATLAS, ConversationId("c-1"))
MEMORIES: Final = [f"01M7YHX30000000000000000{number:02d}" for number in range(30)]


def page(
    scene: Scene, *, after: str | None = None, limit: int = 100, user: UserId = ALICE
) -> export.ExportPage:
    return export.page(user, scene.ports, after=after, limit=limit)


def exported(scene: Scene, *, limit: int = 100, user: UserId = ALICE) -> list[dict[str, Any]]:
    """Return the records of all pages."""
    records: list[dict[str, Any]] = []
    after = None
    while True:
        found = page(scene, after=after, limit=limit, user=user)
        assert len(found.records) <= limit
        records += found.records
        if found.next is None:
            return records
        after = found.next


def keeping(scene: Scene) -> None:
    """Keep thirty memories, a workout, a profile and a count for the limit."""
    stored = scene.stored
    for memory_id in MEMORIES:
        stored.commit([Put(items.memory_key(ALICE, memory_id), {"memoryId": memory_id})])
    stored.commit(
        [Put(items.workout_key(ALICE, "2026-11-21T08:00:00.000Z", MEMORIES[0]), {"workoutId": "w-1"})]
    )
    stored.commit([Put(items.profile_key(ALICE), {"name": "Alice"})])
    stored.commit([Put(items.rate_key(ALICE, 1), {"turns": 1})])


def talked() -> Scene:
    """Return a person of whom everything is kept, beside another."""
    scene = Scene(stored=FakeTable([*conversation_items(), *conversation_items(BOBS)]))
    keeping(scene)
    admitted = scene.admit()
    scene.keep(admitted, [Chunk("So deep.")])
    scene.finish(admitted, "So deep.")
    scene.stored.commit([Put(items.summary_key(REF, MEMORIES[0]), {"narrative": "It is about squats."})])
    conversations.create(ALICE, ATLAS, scene.ports)
    return scene


def test_everything_is_in_it_in_order() -> None:
    records = exported(talked())
    assert [record["kind"] for record in records] == [
        "coach",
        *["memory"] * 30,
        "profile",
        "workout",
        "conversation",
        "conversation",
        "message",
        "message",
        "summary",
        "turn",
    ]
    assert [record.get("memoryId") for record in records[1:31]] == MEMORIES


def test_records_are_as_the_other_routes_show_them_and_name_their_conversation() -> None:
    records = exported(talked())
    said, answer, summary, turn = records[-4:]
    assert {record["conversationId"] for record in records[-5:]} == {"c-1"}
    assert (said["content"], answer["content"]) == ("How do I squat deeper?", "So deep.")
    assert answer["parts"] == [{"type": "answer", "text": "So deep."}]
    assert summary["narrative"] == "It is about squats."
    assert (turn["turnId"], turn["status"], turn["stopReason"]) == (asked().turn_id, "completed", "end_turn")
    assert records[0] == {**items.coach_item(coaches.find(ALICE, ATLAS, talked().ports)), "kind": "coach"}


def test_nothing_of_the_table_s_own_is_in_it() -> None:
    names = {name for record in exported(talked()) for name in record}
    assert not names & {"pk", "sk", "gsi1pk", "gsi1sk", "ttl", "bodyHash", "leaseUntil", "lastId"}


def test_nothing_of_another_person_is_in_it() -> None:
    scene = talked()
    conversations.create(BOB, ATLAS, scene.ports)
    assert Counter(record["kind"] for record in exported(scene, user=BOB)) == {"coach": 1, "conversation": 2}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_pages_of_any_size_together_are_the_whole(limit: int) -> None:
    scene = talked()
    assert exported(scene, limit=limit) == exported(scene)


def test_whoever_has_nothing_gets_an_empty_page() -> None:
    assert page(Scene(stored=FakeTable())) == export.ExportPage((), None)


def test_what_arrives_meanwhile_neither_repeats_nor_hides_anything() -> None:
    scene = talked()
    before = exported(scene)
    records: list[dict[str, Any]] = []
    after = None
    for number in range(100):
        found = page(scene, after=after, limit=2)
        records += found.records
        if found.next is None:
            break
        after = found.next
        if number > 20:
            continue
        scene.finish(scene.admit(asked(f"And {number}?", key=f"n-{number}")), "Yes.")
        conversations.create(ALICE, ATLAS, scene.ports)
        coach = CoachConfig(coach_id=CoachId(f"a-{number}"), name="Nova", persona="Brisk.")
        coaches.save(ALICE, coach, scene.ports)
    keys = Counter(str(sorted(record.items())) for record in records if record["kind"] != "conversation")
    assert max(keys.values()) == 1
    known = [record for record in before if record["kind"] != "conversation"]
    assert [record for record in records if record in known] == known


def test_a_page_is_bounded_by_its_bytes() -> None:
    scene = talked()
    for memory_id in MEMORIES:
        scene.stored.commit([Put(items.memory_key(ALICE, memory_id), {"content": "x" * 300_000})])
    found = page(scene)
    sizes = [len(str(record)) for record in found.records]
    assert sum(sizes) - sizes[-1] < MAX_BYTES < sum(sizes)
    assert len(exported(scene)) == 39


def test_a_page_is_bounded_by_its_reads() -> None:
    scene = Scene(stored=FakeTable(conversation_items()))
    for _ in range(100):
        conversations.create(ALICE, ATLAS, scene.ports)
    scene.table.done.clear()
    found = page(scene)
    assert found.next is not None
    assert len(scene.table.done) < 3 * MAX_READS
    assert len(exported(scene)) == 102


def test_a_conversation_that_is_being_deleted_is_not_in_it() -> None:
    scene = talked()
    scene.table.next("commit", preceded_by(lambda: None), refused)
    with pytest.raises(StoreUnavailable):
        conversations.delete(REF, scene.ports)
    assert not [record for record in exported(scene) if record.get("conversationId") == "c-1"]


def test_while_all_is_being_deleted_nothing_is_exported() -> None:
    scene = talked()
    erasure.begin(ALICE, scene.ports)
    with pytest.raises(DataBeingDeleted):
        page(scene)


def test_the_cursor_of_another_person_shows_one_s_own_data_only() -> None:
    scene = talked()
    after = None
    own = exported(scene, user=BOB)
    while (found := page(scene, after=after, limit=1)).next is not None:
        after = found.next
        for record in page(scene, after=after, user=BOB).records:
            assert record in own


def made(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "…",
        "=",
        made(""),
        made("/"),
        made("c-1"),
        made("U#bob/!"),
        made("../bob/M#"),
        made("c-1#C#c-2/M#"),
        made("c-1/M#\x00"),
        made("c-1/\ud800"),
        made("c-1/" + "x" * 5000),
        made(f"{'c' * 65}/M#"),
    ],
)
def test_what_is_no_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        page(talked(), after=cursor)


def test_a_cursor_behind_everything_is_the_end() -> None:
    assert page(talked(), after=made("zzz/~")) == export.ExportPage((), None)
