from collections import Counter
from typing import Any, Final

import pytest

from libs.coach_conversation import conversations
from libs.coach_conversation.errors import (
    CoachConfigNotFound,
    ConversationNotFound,
    InvalidCursor,
    StoreUnavailable,
)
from libs.coach_conversation.store import ids, items
from libs.coach_conversation.store.table import Put, Update
from libs.coach_conversation.types import CoachId, ConversationId, ConversationRef
from libs.streaming.events import Chunk
from tests.fakes.clock import START_MS
from tests.fakes.faults import Fault, lost, preceded_by, refused
from tests.fakes.ports import ALICE, ATLAS, REF, STARTER, asked
from tests.fakes.table import FakeTable
from tests.libs.coach_conversation.scenes import Scene

NOVA: Final = CoachId("nova")
OTHER_COACH: Final = ConversationRef(ALICE, NOVA, REF.conversation_id)
ELSEWHERE: Final = ConversationRef(ALICE, ATLAS, ConversationId("c-9"))


def empty() -> Scene:
    """Return a person who has nothing yet."""
    return Scene(stored=FakeTable())


def spoken(count: int) -> Scene:
    """Return a conversation with this many answered messages."""
    scene = Scene()
    for number in range(1, count + 1):
        scene.finish(scene.admit(asked(f"q{number}", key=f"k-{number}")), f"a{number}")
    return scene


# Create


def test_a_new_conversation_is_empty() -> None:
    scene = empty()
    ref = conversations.create(ALICE, ATLAS, scene.ports)
    assert ref == ConversationRef(ALICE, ATLAS, ConversationId(ids.next_ulid(now_ms=START_MS, random_80=0)))
    key = items.meta_key(ref)
    assert scene.stored.read([key])[key] == {
        "pk": key.pk,
        "sk": "META",
        "conversationId": ref.conversation_id,
        "coachId": "atlas",
        "lastId": "",
        "messageCount": 0,
        "createdAt": "2026-11-21T08:00:00.000Z",
        "schemaVersion": 1,
        "gsi1pk": "U#alice",
        "gsi1sk": f"K#atlas#{START_MS}#{ref.conversation_id}",
    }


def test_a_new_person_gets_the_starter_coach() -> None:
    scene = empty()
    conversations.create(ALICE, ATLAS, scene.ports)
    key = items.coach_key(ALICE, ATLAS)
    assert scene.stored.read([key])[key]["name"] == STARTER["name"]


def test_a_coach_that_a_person_has_stays_as_it_is() -> None:
    scene = empty()
    key = items.coach_key(ALICE, ATLAS)
    scene.stored.commit([Put(key, {**STARTER, "name": "Mine"})])
    conversations.create(ALICE, ATLAS, scene.ports)
    assert scene.stored.read([key])[key]["name"] == "Mine"


def test_a_coach_that_a_person_does_not_have_is_not_found() -> None:
    scene = empty()
    with pytest.raises(CoachConfigNotFound, match="'nova'"):
        conversations.create(ALICE, NOVA, scene.ports)
    assert scene.stored.all() == {}


def test_two_who_begin_at_once_both_get_a_conversation_and_one_coach() -> None:
    scene = empty()
    theirs: list[ConversationRef] = []
    once = preceded_by(
        lambda: theirs.append(conversations.create(ALICE, ATLAS, Scene(stored=scene.stored).ports))
    )
    scene.table.next("commit", once)
    scene.ports.ulid("")  # so that the two draw different ids
    ours = conversations.create(ALICE, ATLAS, scene.ports)
    kinds = Counter(key.sk.partition("#")[0] for key in scene.stored.all())
    assert kinds == {"COACH": 1, "CONV": 2, "META": 2}
    assert len({ours, *theirs}) == 2


@pytest.mark.parametrize("has_coach", [True, False])
def test_a_conversation_whose_answer_was_lost_is_tried_again_without_a_second_one(*, has_coach: bool) -> None:
    scene = empty()
    if has_coach:
        scene.stored.commit([Put(items.coach_key(ALICE, ATLAS), STARTER)])

    def twice(operation: Any) -> Any:
        operation()
        scene.stored.forget_tokens()
        return operation()

    scene.table.next("commit", twice)
    conversations.create(ALICE, ATLAS, scene.ports)
    assert len([key for key in scene.stored.all() if key.sk == "META"]) == 1


@pytest.mark.parametrize("fault", [refused, lost])
def test_a_conversation_of_unknown_outcome_is_an_unavailable_store(fault: Fault) -> None:
    scene = empty()
    scene.table.next("commit", fault)
    with pytest.raises(StoreUnavailable):
        conversations.create(ALICE, ATLAS, scene.ports)


# Show and list


def test_a_conversation_is_shown() -> None:
    scene = spoken(1)
    assert conversations.show(REF, scene.ports) == {
        "conversationId": "c-1",
        "coachId": "atlas",
        "messageCount": 2,
        "createdAt": "2026-11-21T08:00:00.000Z",
        "lastActivityAt": "2026-11-21T08:00:00.000Z",
    }


def test_a_conversation_names_its_active_turn() -> None:
    scene = Scene()
    scene.admit()
    assert conversations.show(REF, scene.ports)["activeTurnId"] == asked().turn_id


@pytest.mark.parametrize("ref", [OTHER_COACH, ELSEWHERE])
def test_a_conversation_that_is_not_there_is_not_shown(ref: ConversationRef) -> None:
    with pytest.raises(ConversationNotFound):
        conversations.show(ref, Scene().ports)


def begun(count: int) -> tuple[Scene, list[str]]:
    """Return a person with these conversations, the latest first."""
    scene = empty()
    found: list[str] = []
    for _ in range(count):
        found.append(conversations.create(ALICE, ATLAS, scene.ports).conversation_id)
        scene.clock.advance(1)
    return scene, found[::-1]


def listed(scene: Scene, *, before: str | None = None, limit: int = 10) -> tuple[list[str], str | None]:
    page = conversations.page(ALICE, ATLAS, scene.ports, before=before, limit=limit)
    return [one["conversationId"] for one in page.conversations], page.cursor


def test_conversations_are_listed_latest_activity_first() -> None:
    scene, found = begun(3)
    assert listed(scene) == (found, None)


def test_conversations_are_listed_by_pages() -> None:
    scene, found = begun(5)
    first, cursor = listed(scene, limit=2)
    second, then = listed(scene, limit=2, before=cursor)
    third, end = listed(scene, limit=2, before=then)
    assert (first, second, third, end) == (found[:2], found[2:4], found[4:], None)


def test_the_conversations_of_another_coach_are_not_listed() -> None:
    scene, _ = begun(1)
    assert conversations.page(ALICE, NOVA, scene.ports, before=None, limit=10).conversations == ()


CURSOR: Final = f"{START_MS}.{ids.next_ulid(now_ms=START_MS, random_80=0)}"


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "1795248000000",
        "1795248000000.x",
        f"17.{CURSOR[14:]}",
        f"{CURSOR}#",
        f"{CURSOR} ",
        "١" * 13 + CURSOR[13:],
    ],
)
def test_a_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        listed(Scene(), before=cursor)


# History


def said(scene: Scene, *, before: str | None = None, limit: int = 10) -> tuple[list[str], str | None]:
    page = conversations.history(REF, scene.ports, before=before, limit=limit)
    return [message.content for message in page.messages], page.cursor


def test_a_history_is_oldest_first() -> None:
    assert said(spoken(2)) == (["q1", "a1", "q2", "a2"], None)


def test_a_history_is_read_backwards_by_pages() -> None:
    scene = spoken(3)
    latest, cursor = said(scene, limit=4)
    earlier, beginning = said(scene, limit=4, before=cursor)
    assert (latest, earlier, beginning) == (["q2", "a2", "q3", "a3"], ["q1", "a1"], None)


@pytest.mark.parametrize(("limit", "has_more"), [(3, True), (4, False), (5, False)])
def test_a_page_has_a_cursor_when_there_is_more(limit: int, *, has_more: bool) -> None:
    assert (said(spoken(2), limit=limit)[1] is not None) is has_more


def test_pages_are_stable_while_messages_arrive() -> None:
    scene = spoken(2)
    _, cursor = said(scene, limit=2)
    scene.finish(scene.admit(asked("q3", key="k-3")), "a3")
    assert said(scene, limit=2, before=cursor) == (["q1", "a1"], None)


def test_an_empty_conversation_has_an_empty_history() -> None:
    assert said(Scene()) == ([], None)


@pytest.mark.parametrize(
    "cursor", ["", "x", "01ARZ3NDEK000000000000000", "../META", "01arz3ndek0000000000000000"]
)
def test_a_history_cursor_that_is_none_of_ours_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        said(Scene(), before=cursor)


@pytest.mark.parametrize("ref", [OTHER_COACH, ELSEWHERE])
def test_a_conversation_that_is_not_there_has_no_history(ref: ConversationRef) -> None:
    with pytest.raises(ConversationNotFound):
        conversations.history(ref, Scene().ports, before=None, limit=10)


# Delete


def partition(scene: Scene) -> list[str]:
    return [key.sk for key in scene.stored.all() if key.pk == items.partition(REF)]


def test_a_deleted_conversation_leaves_nothing() -> None:
    scene = spoken(2)
    conversations.delete(REF, scene.ports)
    assert partition(scene) == []
    assert [key.sk for key in scene.stored.all()] == ["COACH#atlas"]


def test_a_long_conversation_is_deleted_whole() -> None:
    scene = Scene()
    admitted = scene.admit()
    scene.keep(admitted, *[[Chunk("x")] for _ in range(250)])
    scene.finish(admitted, "a")
    conversations.delete(REF, scene.ports)
    assert partition(scene) == []


def test_a_deleted_conversation_is_not_found() -> None:
    scene = spoken(1)
    conversations.delete(REF, scene.ports)
    with pytest.raises(ConversationNotFound):
        conversations.delete(REF, scene.ports)


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("fault", [refused, lost])
def test_a_deletion_that_broke_off_is_finished_by_the_next(number: int, fault: Fault) -> None:
    scene = spoken(2)
    scene.table.next("commit", *[preceded_by(lambda: None)] * (number - 1), fault)
    with pytest.raises(StoreUnavailable):
        conversations.delete(REF, scene.ports)
    if partition(scene):
        conversations.delete(REF, scene.ports)
    assert partition(scene) == []


def test_a_conversation_that_is_being_deleted_is_found_by_nobody() -> None:
    scene = spoken(1)
    scene.table.next("commit", preceded_by(lambda: None), refused)
    with pytest.raises(StoreUnavailable):
        conversations.delete(REF, scene.ports)
    assert partition(scene) != []
    with pytest.raises(ConversationNotFound):
        conversations.show(REF, scene.ports)
    with pytest.raises(ConversationNotFound):
        scene.admit(asked("more", key="k-9"))
    assert listed(scene) == ([], None)


def test_the_running_turn_is_cancelled_first() -> None:
    scene = Scene()
    scene.admit()
    seen: list[bool] = []
    look = preceded_by(lambda: seen.append(scene.record().cancel_requested))
    scene.table.next("commit", preceded_by(lambda: None), look)
    conversations.delete(REF, scene.ports)
    assert seen == [True]


@pytest.mark.parametrize("ref", [OTHER_COACH, ELSEWHERE])
def test_a_conversation_that_is_not_there_is_not_deleted(ref: ConversationRef) -> None:
    scene = Scene()
    before = scene.stored.all()
    with pytest.raises(ConversationNotFound):
        conversations.delete(ref, scene.ports)
    assert scene.stored.all() == before


def test_an_index_that_is_behind_shows_no_conversation_that_is_gone() -> None:
    scene, (found,) = begun(1)
    ref = ConversationRef(ALICE, ATLAS, ConversationId(found))
    conversations.delete(ref, scene.ports)
    scene.stored.commit([Update(items.coach_key(ALICE, ATLAS), set={"name": "Still here"})])
    assert listed(scene) == ([], None)
