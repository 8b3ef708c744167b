"""How the page looks and whom it lets in: axe, widths, keyboard, and pictures to look at."""

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page

from local import project
from tests.stack.client import Stack
from tests.stack.web.browser import DESKTOP, PHONE, Opens, Window

pytestmark = pytest.mark.stack

AXE: Final = project.ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PICTURES: Final = project.ROOT / "web" / "screenshots"
RICH: Final = """## A plan for you

Three **simple** sessions, each with a `tempo` of 3-1-1:

1. Squat day
   - Back squat, 5 × 5 at 80 %
   - Split squat
2. Press day

| Lift | Sets | Load |
|---|---|---|
| Back squat | 5 × 5 | 100 kg |
| Bench press | 3 × 8 | 72.5 kg |

> Sleep first.

```
week 1: Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft = 5
```

See [the guide](https://example.com/guide) or https://example.com/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."""
LONG_WORD: Final = "Supercalifragilistic" * 12


def _violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    _settle(page)
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def _settle(page: Page) -> None:
    """Wait until nothing moves: half-way there, colours and places are nobody's."""
    page.evaluate("Promise.all(document.getAnimations().map(one => one.finished.catch(() => 0)))")


def _talk(shown: Window, stack: Stack) -> None:
    stack.emulator.play()
    shown.say("Please remember that I train before work, at six.")
    shown.until_state("complete")
    shown.last_answer().locator(".remembered").wait_for()
    shown.say("/log-workout Back squat 5x5 at 100 kg, RPE 8")
    shown.until_state("complete", count=2)
    shown.last_answer().locator(".workout").wait_for()
    stack.emulator.play(reply=RICH)
    shown.say("Do you remember when I train? Then make me a plan.")
    shown.until_state("complete", count=3)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_anywhere(opened: Opens, stack: Stack, scheme: str) -> None:
    shown = opened(color_scheme=scheme, reduced_motion="reduce")
    page = shown.page
    assert _violations(page) == []
    _talk(shown, stack)
    for receipt in page.locator(".receipts summary").all():
        receipt.click()
    assert _violations(page) == []
    page.get_by_role("button", name="Notes on you").click()
    page.locator("dialog .memory").first.wait_for()
    assert _violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Set up Atlas").click()
    assert _violations(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Conversations").click()
    assert _violations(page) == []
    page.get_by_role("button", name="Delete “").first.click()
    assert _violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Continue as demo").wait_for()
    assert _violations(page) == []


def test_axe_finds_nothing_while_an_answer_is_written_stopped_and_unsent(opened: Opens, stack: Stack) -> None:
    shown = opened(reduced_motion="reduce", offline=True)
    # Long enough to be written still when axe has looked on a slow machine.
    stack.emulator.play(interTokenMs=60, reply=RICH * 8)
    shown.say("I have chest pain when I climb the stairs")
    shown.until_shown(30)
    assert _violations(shown.page) == []
    shown.page.get_by_role("button", name="Stop the answer").click()
    shown.until_state("partial")
    shown.page.route("**/stream", lambda route: route.fulfill(status=429, json={"code": "RATE_LIMITED"}))
    shown.say("One more thing")
    shown.page.get_by_text("Not sent.").wait_for()
    assert _violations(shown.page) == []


def test_nothing_is_wider_than_a_small_phone(opened: Opens, stack: Stack) -> None:
    shown = opened(viewport=PHONE, reduced_motion="reduce")
    _talk(shown, stack)
    stack.emulator.play(reply=LONG_WORD)
    shown.say(LONG_WORD)
    shown.until_state("complete", count=4)
    page = shown.page
    overflow = """() => [...document.querySelectorAll('body *')].filter(one => {
      const box = one.getBoundingClientRect();
      return box.right > innerWidth + 1 && !one.closest('.table, pre, .visually-hidden, dialog:not([open])');
    }).map(one => one.outerHTML.slice(0, 120))"""
    assert page.evaluate(overflow) == []
    page.get_by_role("button", name="Notes on you").click()
    page.locator("dialog .memory").first.wait_for()
    _settle(page)
    assert page.evaluate(overflow) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_everything_can_be_done_by_keyboard(opened: Opens) -> None:
    shown = opened()
    page = shown.page
    page.evaluate("document.body.tabIndex = -1; document.body.focus()")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to your message"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "say"
    page.keyboard.type("Two lines")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("of mine, please")
    assert shown.answers().count() == 0
    page.keyboard.press("Enter")
    shown.until_state("complete")
    assert page.locator(".bubble").text_content() == "Two lines\nof mine, please"
    assert page.evaluate("document.activeElement.id") == "say"
    notes = page.get_by_role("button", name="Notes on you")
    notes.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert notes.evaluate("one => one === document.activeElement")


def test_a_screen_reader_is_told_the_answer_once(opened: Opens, stack: Stack) -> None:
    shown = opened()
    told = """() => {
      const region = document.querySelector('[aria-live=polite]');
      window.told = [];
      new MutationObserver(() => window.told.push(region.textContent)).observe(region,
        { childList: true, subtree: true, characterData: true });
    }"""
    stack.emulator.play(reply="Twice a week is plenty.", interTokenMs=20)
    shown.page.evaluate(told)
    shown.say("How often should I squat?")
    shown.until_state("complete")
    assert shown.page.evaluate("window.told") == [
        "Your coach is answering.",
        "Your coach says: Twice a week is plenty.",
    ]


def test_the_colours_follow_the_person_s_choice(opened: Opens) -> None:
    shown = opened(color_scheme="dark")
    paper = "getComputedStyle(document.body).backgroundColor"
    dark = shown.page.evaluate(paper)
    shown.page.get_by_role("button", name="Colours: as the system").click()
    light = shown.page.evaluate(paper)
    assert light != dark
    shown.page.reload()
    shown.page.locator("#say").wait_for()
    assert shown.page.evaluate(paper) == light


PLAN: Final = """Good: you have three mornings and a bar. Keep it this simple for two weeks.

1. **Monday.** Back squat, 5 × 5. Stop each set with two reps left.
2. **Wednesday.** Bench press, 3 × 8, and rows between the sets.
3. **Friday.** Deadlift, 3 × 5, then an easy run of 20 minutes.

| Lift | This week | Next week |
|---|---|---|
| Back squat | 100 kg | 102.5 kg |
| Bench press | 72.5 kg | 72.5 kg |

Which of the three is the hardest to get up for?"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("place", ["desktop", "phone"])
def test_pictures_are_taken(opened: Opens, stack: Stack, place: str, scheme: str) -> None:
    size = DESKTOP if place == "desktop" else PHONE
    shown = opened(viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page = shown.page
    PICTURES.mkdir(exist_ok=True)

    def take(name: str) -> Path:
        path = PICTURES / f"{name}-{place}-{scheme}.png"
        page.screenshot(path=path)
        return path

    pictures = [take("welcome")]
    stack.emulator.play(reply="Noted. Six it is, and I will keep the warm-up short.")
    shown.say("Please remember that I train before work, at six.")
    shown.until_state("complete")
    shown.last_answer().locator(".remembered").wait_for()
    pictures.append(take("remembered"))
    stack.emulator.play(reply="Logged. Five fives at 100 kg with an 8 is a solid morning.")
    shown.say("/log-workout Back squat 5x5 at 100 kg, RPE 8")
    shown.until_state("complete", count=2)
    shown.last_answer().locator(".workout").wait_for()
    pictures.append(take("workout"))
    stack.emulator.play(reply=PLAN, interTokenMs=12)
    shown.say("Do you remember when I train? Plan my week around it.")
    shown.until_state("writing", count=3)
    shown.until_shown(250)
    pictures.append(take("writing"))
    shown.until_state("complete", count=3)
    page.locator(".message-actions").last.wait_for()
    pictures.append(take("conversation"))
    page.get_by_role("button", name="Notes on you").click()
    page.locator("dialog .memory").first.wait_for()
    pictures.append(take("notes"))
    assert all(path.stat().st_size > 10_000 for path in pictures)
