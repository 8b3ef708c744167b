"""How the page treats people: nothing typed is lost, nothing moves under the eye, and back leads back."""

from typing import Final

import pytest
from playwright.sync_api import Route, expect

from tests.stack.client import Stack, eventually
from tests.stack.web.browser import Opens

pytestmark = pytest.mark.stack

WORDS: Final = " ".join(f"word{n}" for n in range(120))
LINES: Final = "\n\n".join(f"Line {n} of a long answer." for n in range(80))
ARABIC: Final = "كيف أقوم بالإحماء قبل السكوات الثقيلة؟"
FOCUSED: Final = "document.activeElement.id"
SAMPLES: Final = """() => {
  window.samples = [];
  const look = () => {
    const line = [...document.querySelectorAll('li.coach')].at(-1);
    const length = line?.querySelector('.answer').textContent.length ?? 0;
    const height = document.querySelector('.lines')?.scrollHeight ?? 0;
    window.samples.push([line?.dataset.state ?? '', length, height]);
    requestAnimationFrame(look);
  };
  look();
}"""


def _refused(route: Route, status: int, code: str) -> None:
    route.fulfill(status=status, json={"code": code, "detail": "as the test wants it", "retryable": False})


def test_the_way_back_leads_to_the_conversation_before(opened: Opens) -> None:
    shown = opened()
    page = shown.page
    shown.say("First things first, please.")
    shown.until_state("complete")
    first = shown.conversation().id
    expect(page).to_have_title("First things first, please. · Atlas · Coach")
    page.get_by_role("button", name="New conversation").first.click()
    page.get_by_role("heading", name="Good").or_(page.get_by_role("heading", name="Still up?")).wait_for()
    second = shown.conversation().id
    page.go_back()
    page.locator(".bubble", has_text="First things first").wait_for()
    assert shown.conversation().id == first
    page.go_forward()
    page.locator(".bubble").wait_for(state="detached")
    assert shown.conversation().id == second


def test_an_address_leads_to_its_conversation_wherever_that_is_in_the_list(opened: Opens) -> None:
    shown = opened()
    shown.say("The one to come back to.")
    shown.until_state("complete")
    address = shown.page.url
    shown.page.route(f"**{shown.person.path}", lambda route: route.fulfill(json={"conversations": []}))
    shown.page.goto("about:blank")
    shown.page.goto(address)
    shown.page.locator(".bubble", has_text="The one to come back to.").wait_for()


def test_what_is_typed_stays_beside_what_is_taken_up_again(opened: Opens) -> None:
    shown = opened(offline=True)
    page, box = shown.page, shown.page.locator("#say")
    page.get_by_role("button", name="Warm up well").click()
    page.get_by_role("button", name="Plan my week").click()
    expect(box).to_have_value("Plan my training week: three days, about an hour each.")
    box.fill("My own words")
    page.get_by_role("button", name="Warm up well").click()
    expect(box).to_have_value("How should I warm up for heavy squats?\n\nMy own words")
    page.route("**/stream", lambda route: _refused(route, 400, "INVALID_USER_RESPONSE"))
    shown.say("This one is refused")
    page.get_by_text("Not sent.").wait_for()
    box.fill("And typed since")
    page.get_by_role("button", name="Edit", exact=True).click()
    expect(box).to_have_value("This one is refused\n\nAnd typed since")


def test_a_double_click_on_send_sends_once_and_stops_nothing(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(reply="Once.", firstTokenMs=1_500)
    shown.page.fill("#say", "Say it once, please.")
    shown.page.get_by_role("button", name="Send").dblclick()
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", "Once.")
    assert shown.page.locator(".bubble").count() == 1


def test_the_focus_comes_back_when_what_had_it_is_gone(opened: Opens, stack: Stack) -> None:
    shown = opened()
    page = shown.page
    stack.emulator.play(reply=WORDS, interTokenMs=200)
    shown.say("Please remember that I train before work, at six.")
    shown.until_shown(40)
    page.get_by_role("button", name="Stop the answer").focus()
    page.keyboard.press("Enter")
    shown.until_state("partial")
    assert page.evaluate(FOCUSED) == "say"
    stack.emulator.play(reply="Noted.")
    page.get_by_role("button", name="Try again").focus()
    page.keyboard.press("Enter")
    shown.until_state("complete")
    assert page.evaluate(FOCUSED) == "say"
    shown.last_answer().locator(".remembered").wait_for()
    page.get_by_role("button", name="Notes on you").click()
    page.get_by_role("button", name="Forget").first.click()
    page.get_by_role("button", name="Yes, forget").click()
    page.get_by_text("Nothing yet.").wait_for()
    assert page.evaluate(FOCUSED) == "memories-title"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete “").first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert page.evaluate("document.activeElement !== document.body")


def test_whoever_scrolls_up_stays_there_until_they_come_back(opened: Opens, stack: Stack) -> None:
    shown = opened()
    lines = shown.page.locator(".lines")
    top = "box => Math.round(box.scrollTop)"
    stack.emulator.play(reply=LINES, interTokenMs=40)
    shown.say("At length, please.")
    eventually(lambda: int(lines.evaluate(top)) > 300)
    lines.evaluate("box => box.scrollBy(0, -60)")
    latest = shown.page.get_by_role("button", name="Go to the latest message")
    latest.wait_for()
    before = lines.evaluate(top)
    seen = int(shown.page.evaluate("document.querySelector('li.coach .answer').textContent.length"))
    shown.until_shown(seen + 200)
    assert lines.evaluate(top) == before
    latest.click()
    latest.wait_for(state="detached")
    shown.page.get_by_role("button", name="Stop the answer").click()
    shown.until_state("partial")
    eventually(lambda: bool(lines.evaluate("box => box.scrollHeight - box.scrollTop - box.clientHeight < 4")))


@pytest.mark.parametrize(
    "reply", ["Twice a week is plenty.", "Do this:\n\n- first the hips\n- then the knees"]
)
def test_nothing_moves_when_the_answer_is_complete(opened: Opens, stack: Stack, reply: str) -> None:
    shown = opened()
    stack.emulator.play(reply=reply, interTokenMs=20)
    shown.page.evaluate(SAMPLES)
    shown.say("How often should I squat?")
    shown.until_state("complete")
    shown.last_answer().get_by_role("button", name="Try again").wait_for()
    samples = shown.page.evaluate("window.samples")
    whole = max(length for _, length, _ in samples)
    heights = {height for _, length, height in samples if length == whole}
    assert len(heights) == 1, samples[-20:]


def test_an_answer_that_is_lost_sight_of_is_not_called_unsent(opened: Opens, stack: Stack) -> None:
    shown = opened(offline=True)
    page = shown.page
    stack.emulator.play(reply=WORDS, interTokenMs=100)
    shown.say("Tell me all of it.")
    shown.until_shown(60)
    page.route("**/stream*", lambda route: _refused(route, 403, "USER_ID_MISMATCH"))
    page.context.set_offline(True)
    page.get_by_text("You are offline.").wait_for()
    page.context.set_offline(False)
    shown.until_state("partial")
    assert page.get_by_text("Not sent.").count() == 0
    page.unroute("**/stream*")
    eventually(lambda: shown.saved()[-1:] == [("answer", WORDS)])
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", WORDS)


def test_earlier_messages_that_fail_are_asked_for_again_only_when_wanted(opened: Opens) -> None:
    shown = opened(offline=True)
    page, conversation = shown.page, shown.conversation()
    for number in range(18):
        conversation.say(f"Message number {number}, please.")
    asked: list[str] = []

    def fail(route: Route) -> None:
        asked.append(route.request.url)
        route.abort()

    page.route("**/messages?*before=*", fail)
    page.reload()
    page.get_by_text("Message number 17").first.wait_for()
    page.locator(".lines").evaluate("box => box.scrollTo(0, 0)")
    again = page.get_by_role("button", name="Earlier messages did not come. Try again")
    again.wait_for()
    count = len(asked)
    page.locator(".lines").evaluate("box => box.scrollTo(0, 40)")
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(0))))")
    assert (len(asked), again.count()) == (count, 1)
    page.unroute("**/messages?*before=*")
    again.click()
    eventually(lambda: page.locator(".bubble").count() == 18)


def test_what_cannot_be_done_without_a_network_is_said(opened: Opens) -> None:
    shown = opened(offline=True)
    shown.say("So that this one is not empty.")
    shown.until_state("complete")
    shown.page.context.set_offline(True)
    shown.page.get_by_role("button", name="New conversation").first.click()
    shown.page.get_by_role("alert").get_by_text("The service cannot be reached.").wait_for()
    shown.page.context.set_offline(False)


def test_a_token_that_nobody_takes_any_more_leads_to_the_sign_in_and_back(
    opened: Opens, stack: Stack
) -> None:
    shown = opened(offline=True)
    stack.emulator.play(reply="Yes.")
    page = shown.page
    page.route("**/users/**", lambda route: _refused(route, 401, "INVALID_TOKEN"))
    shown.say("Is this still on?")
    page.get_by_text("Your session has ended.").wait_for()
    page.unroute("**/users/**")
    page.get_by_role("button", name="Continue as demo").click()
    shown.until_state("complete")
    assert shown.until_as_saved()[0] == ("person", "Is this still on?")


def test_a_form_with_words_in_it_is_not_closed_by_the_way(opened: Opens) -> None:
    shown = opened()
    page = shown.page
    page.get_by_role("button", name="Set up Atlas").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Your goals").fill("Squat 140 kg")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.mouse.click(4, 4)
    dialog.get_by_text("Your changes are not saved yet.").wait_for()
    expect(dialog.get_by_label("Your goals")).to_have_value("Squat 140 kg")
    dialog.get_by_label("Your goals").fill("x" * 201)
    dialog.get_by_role("button", name="Save").click()
    dialog.get_by_text("Your goals: a line may have 200 characters.").wait_for()
    dialog.get_by_role("button", name="Cancel").click()
    dialog.wait_for(state="hidden")


def test_other_directions_are_read_their_own_way(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(reply=f"{ARABIC}\n\n- {ARABIC}")
    shown.say(ARABIC)
    shown.until_state("complete")
    direction = "one => getComputedStyle(one).direction"
    assert shown.page.locator(".bubble").evaluate(direction) == "rtl"
    assert shown.page.locator(".answer").evaluate(direction) == "rtl"
    assert shown.page.locator("#say").evaluate(direction) == "ltr"


def test_all_of_a_conversation_goes_on_paper(opened: Opens, stack: Stack) -> None:
    shown = opened()
    stack.emulator.play(reply=LINES)
    shown.say("At length, please.")
    shown.until_state("complete")
    shown.page.emulate_media(media="print")
    assert not shown.page.locator("#say").is_visible()
    answer = shown.page.locator(".answer").bounding_box()
    height = shown.page.evaluate("document.documentElement.scrollHeight")
    assert answer is not None
    assert height >= answer["height"] > 1_000
