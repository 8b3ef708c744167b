import pytest

from libs.coach_conversation import coaches
from libs.coach_conversation.errors import CoachConfigNotFound
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


@pytest.mark.parametrize("starter", [None, {"coachId": "atlas", "name": "Atlas", "persona": "Calm."}])
def test_any_other_coach_is_not_found(starter: dict[str, str] | None) -> None:
    with pytest.raises(CoachConfigNotFound, match="'nova'"):
        coaches.find(ALICE, NOVA.coach_id, make_ports(starter_coach=starter))


def test_where_there_is_no_starter_coach_nobody_has_one() -> None:
    with pytest.raises(CoachConfigNotFound):
        coaches.find(ALICE, ATLAS, make_ports(starter_coach=None))
