"""The page's main job, in a real browser: say something, and see the answer as it is written."""

from typing import Final

import pytest

from tests.stack.client import Stack, eventually
from tests.stack.web.browser import Opens, Window, plain

pytestmark = pytest.mark.stack

WORDS: Final = " ".join(f"word{n}" for n in range(120))
SLOW: Final = {"interTokenMs": 25, "reply": WORDS}
SAID: Final = "How should I warm up for heavy squats?"
GROWTH: Final = """() => {
  window.seen = [];
  new MutationObserver(() => {
    const answer = [...document.querySelectorAll('li.coach .answer')].at(-1);
    const length = answer ? answer.textContent.length : 0;
    if (length > 0 && window.seen.at(-1) !== length) window.seen.push(length);
  }).observe(document.body, { childList: true, subtree: true, characterData: true });
}"""


def test_an_answer_is_seen_as_it_is_written_and_stays_the_same_element(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(**SLOW)
    shown.page.evaluate(GROWTH)
    shown.say(SAID)
    shown.until_state("writing")
    shown.page.evaluate("window.before = document.querySelector('li.coach .answer')")
    shown.until_state("complete")
    same = "document.querySelector('li.coach .answer') === window.before && window.before.isConnected"
    assert shown.page.evaluate(same)
    lengths = shown.page.evaluate("window.seen")
    assert len(lengths) > 20
    assert lengths == sorted(lengths)
    assert shown.until_as_saved()[-1] == ("answer", WORDS)
    assert shown.page.locator("#say").input_value() == ""


def test_asides_stand_apart_from_the_answer(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(reply=WORDS)
    shown.say(SAID)
    shown.until_state("complete")
    kinds = [kind for kind, _ in shown.until_as_saved()]
    assert kinds[0] == "person"
    assert kinds[-1] == "answer"
    assert set(kinds[1:-1]) == {"aside"}


def test_a_reload_in_the_middle_goes_on(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(**{**SLOW, "interTokenMs": 60})
    shown.say(SAID)
    shown.until_shown(100)
    shown.page.reload()
    shown.until_state("writing")
    shown.until_shown(200)
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", WORDS)
    assert shown.answers().count() == 1


@pytest.mark.parametrize("after_ms", [0, 20, 60, 150, 400, 900, 1600])
def test_a_reload_at_any_moment_ends_with_the_saved_text(opened: Opens, stack: Stack, after_ms: int) -> None:
    shown = opened()
    stack.emulator.play(interTokenMs=8, firstTokenMs=100, reply=WORDS)
    shown.say(SAID)
    shown.page.wait_for_timeout(after_ms)
    shown.page.reload()
    shown.until_state("complete")
    saved = shown.until_as_saved()
    assert saved[0] == ("person", SAID)
    assert saved[-1] == ("answer", WORDS)
    assert len(shown.conversation().stored()) == 2


def test_a_cut_network_is_told_and_the_answer_goes_on_behind_it(opened: Opens, stack: Stack) -> None:
    shown = opened(offline=True)
    stack.emulator.play(**SLOW)
    shown.say(SAID)
    shown.until_shown(100)
    shown.page.context.set_offline(True)
    shown.page.get_by_text("You are offline.").wait_for()
    shown.page.context.set_offline(False)
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", WORDS)
    assert shown.page.get_by_text("You are offline.").count() == 0


def test_what_is_said_offline_is_sent_when_the_network_is_back(opened: Opens, stack: Stack) -> None:
    shown = opened(offline=True)
    stack.emulator.play(reply=WORDS)
    shown.page.context.set_offline(True)
    shown.page.get_by_text("You are offline.").wait_for()
    shown.say(SAID)
    shown.page.get_by_text("Waits for the network…").wait_for()
    shown.page.context.set_offline(False)
    shown.until_state("complete")
    assert shown.until_as_saved()[0] == ("person", SAID)


def test_a_message_that_could_not_be_sent_is_there_after_a_reload(opened: Opens, stack: Stack) -> None:
    shown = opened(offline=True)
    stack.emulator.play(reply=WORDS)
    address = "**/stream"
    refusal = {"code": "RATE_LIMITED", "detail": "too many", "retryable": True}
    shown.page.route(address, lambda route: route.fulfill(status=429, json=refusal))
    shown.say(SAID)
    shown.page.get_by_text("Not sent.").wait_for()
    shown.page.reload()
    shown.page.get_by_text("Not sent.").wait_for()
    shown.page.unroute(address)
    shown.page.get_by_role("button", name="Send again").click()
    shown.until_state("complete")
    assert shown.until_as_saved()[0] == ("person", SAID)
    assert len(shown.conversation().stored()) == 2


def test_what_is_typed_is_kept(opened: Opens) -> None:
    shown = opened()
    shown.page.fill("#say", "half a thought")
    shown.page.reload()
    shown.page.locator("#say").wait_for()
    assert shown.page.locator("#say").input_value() == "half a thought"


def test_stop_ends_the_answer_where_it_is_and_try_again_writes_another(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(**SLOW)
    shown.say(SAID)
    shown.until_shown(60)
    shown.page.get_by_role("button", name="Stop the answer").click()
    shown.until_state("partial")
    stopped = shown.until_as_saved()[-1][1]
    assert WORDS.startswith(stopped)
    assert len(stopped) < len(WORDS)
    stack.emulator.play(reply="Another answer.")
    shown.page.get_by_role("button", name="Try again").click()
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", "Another answer.")
    assert shown.answers().count() == 1


def test_an_answer_that_breaks_off_says_so_and_can_be_asked_for_again(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(reply=WORDS, fault={"kind": "drop", "afterDeltas": 9, "times": 1})
    shown.say(SAID)
    shown.until_state("partial")
    shown.last_answer().get_by_text("The answer broke off.").wait_for()
    shown.page.get_by_role("button", name="Try again").click()
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", WORDS)


def test_a_second_window_sees_the_answer_too(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(**SLOW)
    shown.say(SAID)
    shown.until_shown(60)
    other = Window(shown.page.context.new_page(), shown.person)
    token = {"localToken": shown.person.token, "apiUrl": "", "starterCoachId": "atlas"}
    other.page.route("**/config.json", lambda route: route.fulfill(json=token))
    other.page.goto(shown.page.url)
    other.until_state("complete")
    assert other.until_as_saved() == shown.until_as_saved()


def test_conversations_are_begun_opened_and_deleted(opened: Opens) -> None:
    shown = opened()
    shown.say("First things first, please.")
    shown.until_state("complete")
    first = shown.conversation().id
    shown.page.get_by_role("button", name="New conversation").first.click()
    shown.page.get_by_role("heading", name="Good").wait_for()
    shown.say("And now something else.")
    shown.until_state("complete")
    assert shown.conversation().id != first
    shown.page.get_by_role("button", name="First things first, please.", exact=True).click()
    shown.page.locator(".bubble", has_text="First things first").wait_for()
    assert shown.conversation().id == first
    shown.page.get_by_role("button", name="Delete “First things first, please.”").click()
    shown.page.get_by_role("button", name="Delete", exact=True).click()
    shown.page.locator(".bubble", has_text="And now something else.").wait_for()
    gone = shown.person.stack.http.get(f"{shown.person.path}/{first}", headers=shown.person.headers)
    assert gone.status_code == 404


@pytest.mark.parametrize("settings", [{"transport": "eventsource"}, {"transport": "fetch"}])
def test_either_transport_brings_the_same_answer(
    opened: Opens, stack: Stack, settings: dict[str, str]
) -> None:
    shown = opened(settings=settings)
    stack.emulator.play(interTokenMs=4, reply=WORDS)
    shown.say(SAID)
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", WORDS)


def test_where_streams_are_barred_the_answer_comes_as_one_document(opened: Opens, stack: Stack) -> None:
    shown = opened(offline=True)
    shown.page.route("**/stream", lambda route: route.abort())
    stack.emulator.play(reply=WORDS)
    shown.say(SAID)
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", WORDS)
    assert len(stack.emulator.calls()) == 2


def test_earlier_messages_come_when_the_reader_goes_back(opened: Opens, stack: Stack) -> None:
    shown = opened()
    conversation = shown.conversation()
    for number in range(18):
        conversation.say(f"Message number {number}, please.")
    shown.page.reload()
    shown.page.get_by_text("Message number 17").first.wait_for()
    shown.page.locator(".lines").evaluate("box => box.scrollTo(0, 0)")
    eventually(lambda: shown.page.locator(".bubble").count() == 18)
    assert plain(shown.page.locator(".bubble").first.text_content() or "") == "Message number 0, please."


def test_what_is_said_while_another_window_is_answered_waits_its_turn(opened: Opens, stack: Stack) -> None:
    shown = opened()
    other = Window(shown.page.context.new_page(), shown.person)
    token = {"localToken": shown.person.token, "apiUrl": "", "starterCoachId": "atlas"}
    other.page.route("**/config.json", lambda route: route.fulfill(json=token))
    other.page.goto(shown.page.url)
    # Quiet: it has seen that nothing is being answered yet.
    other.page.wait_for_load_state("networkidle")
    stack.emulator.play(interTokenMs=50, reply=WORDS)
    shown.say("The first message, please.")
    shown.until_shown(60)
    other.say("The second message, please.")
    other.answers().nth(1).wait_for(timeout=30_000)
    stack.emulator.play()
    other.until_state("complete", count=2)
    said = [text for kind, text in other.until_as_saved() if kind == "person"]
    assert said == ["The first message, please.", "The second message, please."]
