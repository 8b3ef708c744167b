"""What the coach keeps, over real sockets: logged and remembered by the worker, used by later answers."""

from typing import Any, Final

import pytest

from tests.stack.client import Person, Stack, eventually

pytestmark = pytest.mark.stack

LOG: Final = "I did 5x5 squats at 100 kg today"
KNEE: Final = "my left knee hurts when I squat deep"


def _get(person: Person, what: str) -> list[dict[str, Any]]:
    response = person.stack.http.get(f"/users/{person.user}/{what}", headers=person.headers)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()[what]
    return found


def _remembered(person: Person) -> dict[str, Any]:
    """Let the person have their knee remembered, and wait for it."""
    person.begin().say(f"Remember that {KNEE}")
    [memory] = eventually(lambda: _get(person, "memories") or None)
    return memory


def _answer_request(stack: Stack) -> str:
    """Return the request of the latest answer."""
    calls = [call for call in stack.emulator.calls() if call["operation"] == "ConverseStream"]
    return str(calls[-1]["request"])


def test_a_workout_that_is_told_is_in_the_log(stack: Stack) -> None:
    person = stack.person()
    conversation = person.begin()
    told = conversation.say(f"{LOG}, signed {person.user}")
    [workout] = eventually(lambda: _get(person, "workouts") or None)
    assert workout["discipline"] == "strength"
    assert workout["exercises"] == [
        {"name": "squat", "sets": [{"reps": 5, "load": {"value": 100, "unit": "kg"}}] * 5}
    ]
    assert (workout["turnId"], workout["conversationId"]) == (told.turn_id, conversation.id)
    record = stack.table.turn(*conversation.where, told.turn_id)
    assert "done_workout" in record
    [_] = [call for call in stack.emulator.extractions() if person.user in str(call["request"])]
    eventually(
        lambda: not {"followUps", "dueAt"} & stack.table.turn(*conversation.where, told.turn_id).keys()
    )


def test_a_logged_workout_is_in_the_prompt_of_who_asks_about_progress(stack: Stack) -> None:
    person = stack.person()
    person.begin().say(LOG)
    eventually(lambda: _get(person, "workouts") or None)
    person.begin().say("Am I getting stronger?")
    request = _answer_request(stack)
    assert request.count("squat 5x100kg 5x100kg 5x100kg 5x100kg 5x100kg") == 1
    assert "<workouts>" in request


def test_a_workout_can_be_deleted(stack: Stack) -> None:
    person = stack.person()
    person.begin().say(f"/log-workout {LOG}")
    [workout] = eventually(lambda: _get(person, "workouts") or None)
    address = f"/users/{person.user}/workouts/{workout['workoutId']}"
    statuses = [stack.http.delete(address, headers=person.headers).status_code for _ in range(2)]
    assert statuses == [204, 404]
    assert _get(person, "workouts") == []


def test_what_was_remembered_in_one_conversation_is_known_in_another_until_it_is_forgotten(
    stack: Stack,
) -> None:
    person = stack.person()
    memory = _remembered(person)
    told = person.begin().say("What should I watch for on leg day?")
    [recall] = told.of("recall")
    [receipt] = recall.data["memories"]
    assert (receipt["memoryId"], receipt["snippet"]) == (memory["memoryId"], memory["content"])
    request = _answer_request(stack)
    assert request.count("left knee hurts when I squat deep") == 1
    fenced = request.partition("<memories>")[2].partition("</memories>")[0]
    assert "left knee hurts when I squat deep" in fenced
    address = f"/users/{person.user}/memories/{memory['memoryId']}"
    assert stack.http.delete(address, headers=person.headers).status_code == 204
    told = person.begin().say("What should I watch for on leg day?")
    assert told.of("recall") == []
    assert "knee hurts" not in _answer_request(stack)
    assert _get(person, "memories") == []


def test_a_memory_that_was_corrected_is_used_as_it_is_now(stack: Stack) -> None:
    person = stack.person()
    memory = _remembered(person)
    address = f"/users/{person.user}/memories/{memory['memoryId']}"
    changed = stack.http.patch(address, json={"content": "My right hip clicks"}, headers=person.headers)
    assert (changed.status_code, changed.json()["content"]) == (200, "My right hip clicks")
    refused = stack.http.patch(address, json={"importance": "huge"}, headers=person.headers)
    assert (refused.status_code, refused.json()["code"]) == (400, "INVALID_MEMORY")
    person.begin().say("What should I watch for on leg day?")
    assert _answer_request(stack).count("My right hip clicks") == 1


def test_nobody_reads_or_changes_what_is_kept_of_another(stack: Stack) -> None:
    person, other = stack.person(), stack.person()
    memory = _remembered(person)
    assert _get(other, "memories") == []
    for user, status in ((person.user, 403), (other.user, 404)):
        address = f"/users/{user}/memories/{memory['memoryId']}"
        assert stack.http.delete(address, headers=other.headers).status_code == status
    told = other.begin().say("What should I watch for on leg day?")
    assert told.of("recall") == []
    assert len(_get(person, "memories")) == 1


def test_a_conversation_is_summed_up_and_goes_on_with_its_summary(stack: Stack) -> None:
    conversation = stack.person().begin()
    conversation.say("My goal is a first pull-up by summer.")
    for number in range(2):
        conversation.say(f"/say Point {number} is noted.")
    eventually(lambda: stack.table.meta(*conversation.where).get("summary"))
    for number in range(2, 5):
        conversation.say(f"/say Point {number} is noted.")
    request = _answer_request(stack)
    summary = request.partition("<summary>")[2].partition("</summary>")[0]
    assert "My goal is a first pull-up by summer" in summary
    assert request.count("My goal is a first pull-up by summer") == 1
