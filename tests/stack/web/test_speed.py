"""How smooth a long conversation is while an answer streams into it."""

from typing import Any, Final

import pytest

from tests.stack.client import Conversation, Stack, eventually
from tests.stack.conftest import Figures
from tests.stack.web.browser import Opens

pytestmark = pytest.mark.stack

EXCHANGES: Final = 100
DELTAS_PER_S: Final = 60
LONGEST_MS: Final = 50
TRIES: Final = 3
PARAGRAPH: Final = (
    "Keep the **bar** close, brace before you `pull`, and let [the floor](https://a.example) do the work.\n\n"
    "- first the hips\n- then the knees\n\n"
)
WATCH: Final = """() => {
  window.tasks = [];
  window.frames = [];
  new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(one => one.duration)))
    .observe({ type: 'longtask' });
  let last = performance.now();
  const tick = now => { window.frames.push(now - last); last = now; requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""


def _with_history(conversation: Conversation) -> None:
    """Put older messages before the first exchange: copies of it, under earlier ids."""
    table = conversation.person.stack.table
    question, answer = conversation.stored()
    copies: list[dict[str, Any]] = []
    for number in range(EXCHANGES - 1):
        for item, place in ((question, 0), (answer, 1)):
            earlier = f"{number * 2 + place:026d}"
            copies.append({**item, "sk": f"M#{earlier}", "messageId": earlier})
    table.put(copies)


def test_60_deltas_a_second_into_200_messages_block_the_page_for_no_50_ms(
    opened: Opens, stack: Stack, figures: Figures
) -> None:
    shown = opened()
    page = shown.page
    stack.emulator.play(reply=PARAGRAPH * 2)
    shown.say("How do I deadlift?")
    shown.until_state("complete")
    _with_history(shown.conversation())
    page.reload()
    page.locator(".bubble").first.wait_for()

    def go_back() -> bool:
        page.locator(".lines").evaluate("box => box.scrollTo(0, 0)")
        return page.locator(".line").count() == 2 * EXCHANGES

    eventually(go_back)
    page.evaluate(WATCH)
    seen: list[tuple[float, float]] = []
    for _ in range(TRIES):
        stack.emulator.play(reply=PARAGRAPH * 12, interTokenMs=1000 / DELTAS_PER_S)
        before = shown.answers().count()
        page.evaluate("window.tasks.length = window.frames.length = 0")
        shown.say("And once more, in full?")
        shown.until_state("complete", count=before + 1)
        tasks, frames = page.evaluate("[window.tasks, window.frames]")
        seen.append((max(tasks, default=0.0), sorted(frames)[int(len(frames) * 0.99)]))
        if seen[-1][0] < LONGEST_MS:
            break
    longest_ms, frame_ms = min(seen)
    count = page.locator(".line").count()
    figures(
        f"page, {DELTAS_PER_S} deltas/s into {count} messages: longest task {longest_ms:.0f} ms "
        f"(0: none of 50 ms or more), frames p99 {frame_ms:.0f} ms; tries {len(seen)}"
    )
    assert longest_ms < LONGEST_MS
