"""What is kept of a person, on the page: workouts as cards, and notes to see, correct and forget."""

import json
from typing import Any

import pytest

from tests.stack.client import Stack, eventually
from tests.stack.web.browser import Opens, Window

pytestmark = pytest.mark.stack

REMEMBERED = "Please remember that I train before work, at six in the morning."


def _memories(shown: Window) -> list[dict[str, Any]]:
    person = shown.person
    response = person.stack.http.get(f"/users/{person.user}/memories", headers=person.headers)
    found: list[dict[str, Any]] = response.json()["memories"]
    return found


def test_a_workout_that_is_logged_becomes_a_card(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play()
    shown.say("/log-workout Bench press 3x5 at 80 kg, RPE 8")
    shown.until_state("complete")
    card = shown.last_answer().locator(".workout")
    card.wait_for()
    assert "3 × 5 · 80 kg" in card.inner_text()
    shown.page.reload()
    shown.last_answer().locator(".workout").wait_for()
    shown.page.get_by_role("button", name="Notes on you").click()
    shown.page.locator("dialog .workout").wait_for()
    shown.page.locator("dialog").get_by_role("button", name="Delete the Strength session").click()
    shown.page.get_by_role("button", name="Yes, delete").click()
    shown.page.get_by_text("No sessions yet.").wait_for()


def test_a_memory_is_seen_corrected_recalled_and_forgotten(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play()
    shown.say(REMEMBERED)
    shown.until_state("complete")
    shown.last_answer().locator(".remembered").wait_for()

    shown.page.get_by_role("button", name="Notes on you").click()
    drawer = shown.page.get_by_role("dialog", name="Notes on you")
    drawer.get_by_role("button", name="Correct").click()
    drawer.get_by_label("Correct this note").fill("I train before work, at seven.")
    drawer.get_by_role("button", name="Save").click()
    drawer.get_by_text("I train before work, at seven.").first.wait_for()
    assert [memory["content"] for memory in _memories(shown)] == ["I train before work, at seven."]
    shown.page.keyboard.press("Escape")

    shown.say("Do you remember when I train?")
    shown.until_state("complete", count=2)
    receipt = shown.last_answer().locator(".receipts")
    receipt.locator("summary").click()
    assert "at seven" in receipt.inner_text()

    shown.page.get_by_role("button", name="Notes on you").click()
    drawer.get_by_role("button", name="Forget").click()
    drawer.get_by_role("button", name="Keep it").click()
    assert len(_memories(shown)) == 1
    drawer.get_by_role("button", name="Forget").click()
    drawer.get_by_role("button", name="Yes, forget").click()
    drawer.get_by_text("Nothing yet.").wait_for()
    eventually(lambda: _memories(shown) == [])


def test_a_coach_is_set_up_and_another_one_made(opened: Opens) -> None:
    shown = opened()
    shown.page.get_by_role("button", name="Set up Atlas").click()
    dialog = shown.page.get_by_role("dialog")
    dialog.get_by_label("Your goals").fill("Squat 140 kg\nRun 10 km")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="hidden")
    person = shown.person
    path = f"/users/{person.user}/coaches/atlas"
    saved = person.stack.http.get(path, headers=person.headers).json()
    assert saved["goals"] == ["Squat 140 kg", "Run 10 km"]

    shown.page.get_by_label("Coach", exact=True).select_option("New coach…")
    dialog.get_by_label("Name").fill("Mira")
    dialog.get_by_label("Persona").fill("A patient running coach.")
    dialog.get_by_role("button", name="Save").click()
    dialog.wait_for(state="hidden")
    shown.page.get_by_role("heading", name="Mira").wait_for()
    shown.say("Shall we run today?")
    shown.until_state("complete")
    assert "/mira-" in shown.page.url
    shown.page.evaluate("localStorage.clear()")
    shown.page.goto(shown.page.url.partition("#")[0])
    shown.page.reload()
    shown.page.get_by_role("heading", name="Atlas").wait_for()
    shown.page.get_by_label("Coach", exact=True).select_option("Mira")
    shown.page.get_by_role("heading", name="Mira").wait_for()
    shown.until_state("complete")


def test_a_message_that_calls_for_care_is_met_with_a_calm_notice(opened: Opens) -> None:
    shown = opened()
    shown.say("I have chest pain when I climb the stairs")
    notice = shown.page.locator(".notice.safety")
    notice.wait_for()
    shown.until_state("complete")
    assert notice.inner_text() != ""
    assert shown.page.locator(".asides").count() == 0
    shown.page.reload()
    shown.page.locator(".notice.safety").wait_for()


def test_all_of_it_can_be_taken_along_and_deleted(opened: Opens, stack: Stack) -> None:
    shown = opened(offline=True)
    page, drawer = shown.page, shown.page.get_by_role("dialog", name="Notes on you")
    stack.emulator.play(reply="Noted.")
    shown.say(REMEMBERED)
    shown.until_state("complete")
    shown.last_answer().locator(".remembered").wait_for()
    page.get_by_role("button", name="Notes on you").click()
    with page.expect_download() as download:
        drawer.get_by_role("button", name="Download all").click()
    records = json.loads(download.value.path().read_text())["records"]
    assert {"coach", "memory", "conversation", "message"} <= {record["kind"] for record in records}
    drawer.get_by_role("button", name="Delete everything").click()
    page.evaluate("window.isBefore = true")
    drawer.get_by_role("button", name="Yes, delete all").click()
    begun_anew = "() => window.isBefore === undefined && document.readyState === 'complete'"
    page.wait_for_function(begun_anew, timeout=60_000)

    def is_new() -> bool:
        # A deletion that takes its time says so, and what to do.
        page.evaluate("document.querySelector('.blank button.primary')?.click()")
        return page.locator(".welcome").is_visible()

    eventually(is_new)
    assert _memories(shown) == []
    own = f"Object.keys(localStorage).filter(key => key.includes('{shown.person.user}.draft'))"
    assert page.evaluate(own) == []
