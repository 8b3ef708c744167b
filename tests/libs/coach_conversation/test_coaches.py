import pytest

from libs.coach_conversation import coaches
from libs.coach_conversation.errors import CoachConfigNotFound, InvalidCursor
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store import items
from libs.coach_conversation.types import CoachConfig, CoachId
from tests.fakes.ports import ALICE, ATLAS, make_ports

NOVA = CoachConfig(coach_id=CoachId("nova"), name="Nova", persona="Brisk.", goals=("5k",))


def test_everybody_has_the_starter_coach() -> None:
    assert coaches.find(ALICE, ATLAS, make_ports()).name == "Atlas"


def test_a_coach_that_was_saved_is_found_as_it_was() -> None:
    ports = make_ports()
    coaches.save(ALICE, NOVA, ports)
    assert coaches.find(ALICE, NOVA.coach_id, ports) == NOVA


def test_a_changed_starter_coach_is_the_persons_own() -> None:
    ports = make_ports()
    mine = CoachConfig(coach_id=ATLAS, name="Mine", persona="Kind.")
    coaches.save(ALICE, mine, ports)
    assert coaches.find(ALICE, ATLAS, ports) == mine


def test_a_coach_is_replaced_whole() -> None:
    ports = make_ports()
    coaches.save(ALICE, NOVA, ports)
    plain = CoachConfig(coach_id=NOVA.coach_id, name="Nova", persona="Brisk.")
    coaches.save(ALICE, plain, ports)
    assert coaches.find(ALICE, NOVA.coach_id, ports) == plain
    key = items.coach_key(ALICE, NOVA.coach_id)
    assert ports.table.read([key])[key]["coachId"] == "nova"


def _pages(ports: Ports, *, limit: int) -> list[list[str]]:
    """Return the names of the person's coaches, page by page."""
    page = coaches.page(ALICE, ports, after=None, limit=limit)
    pages = [page]
    while page.next_id is not None:
        page = coaches.page(ALICE, ports, after=page.next_id, limit=limit)
        pages.append(page)
    return [[coach.name for coach in page.coaches] for page in pages]


def test_the_starter_coach_is_listed_before_anything_was_saved() -> None:
    assert _pages(make_ports(), limit=1) == [["Atlas"]]


def test_where_there_is_no_starter_coach_nobody_has_coaches() -> None:
    assert _pages(make_ports(starter_coach=None), limit=1) == [[]]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("changed", [False, True], ids=["the starter as it is", "the starter changed"])
def test_coaches_are_listed_by_their_ids_each_once(limit: int, changed: bool) -> None:
    ports = make_ports()
    for coach_id in ("zed", "Zed", "about", "nova"):
        coaches.save(ALICE, CoachConfig(coach_id=CoachId(coach_id), name=coach_id, persona="A coach."), ports)
    starter = "Atlas"
    if changed:
        starter = "Mine"
        coaches.save(ALICE, CoachConfig(coach_id=ATLAS, name=starter, persona="Kind."), ports)
    names = ["Zed", "about", starter, "nova", "zed"]
    assert _pages(ports, limit=limit) == [names[at : at + limit] for at in range(0, len(names), limit)]


@pytest.mark.parametrize("after", ["", "a b", "x" * 65, "COACH#atlas", "../atlas"])
def test_what_is_no_id_is_no_cursor(after: str) -> None:
    with pytest.raises(InvalidCursor, match="leave it out"):
        coaches.page(ALICE, make_ports(), after=after, limit=1)


@pytest.mark.parametrize("starter", [None, {"coachId": "atlas", "name": "Atlas", "persona": "Calm."}])
def test_any_other_coach_is_not_found(starter: dict[str, str] | None) -> None:
    with pytest.raises(CoachConfigNotFound, match="'nova'"):
        coaches.find(ALICE, NOVA.coach_id, make_ports(starter_coach=starter))


def test_where_there_is_no_starter_coach_nobody_has_one() -> None:
    with pytest.raises(CoachConfigNotFound):
        coaches.find(ALICE, ATLAS, make_ports(starter_coach=None))
