"""Whatever a person or a model writes is text: nothing of it runs, loads, or leads to a script."""

from typing import Final

import pytest

from tests.stack.client import Stack
from tests.stack.web.browser import Opens, Window

pytestmark = pytest.mark.stack

ATTACKS: Final = """<script>window.pwned = 1</script>
<img src=x onerror="window.pwned = 2">
<svg onload="window.pwned = 3"><animate onbegin="window.pwned = 4"></svg>

<iframe srcdoc="<script>parent.pwned = 5</script>"></iframe>
<a href="javascript:window.pwned = 6">a</a> <style>body { display: none }</style>

[one](javascript:window.pwned=7) [two](JaVaScRiPt:window.pwned=8) [three](&#106;avascript:window.pwned=9)
[four](data:text/html,<script>window.pwned=10</script>) [five](vbscript:msgbox) [six](//evil.example/a)
[seven](java\tscript:window.pwned=11) [eight](<javascript:window.pwned=12>) <javascript:window.pwned=13>
[nine](file:///etc/passwd) [ten](blob:https://evil.example/1) [ref] ![alt](https://evil.example/pixel.png)
![x](x"onerror="window.pwned=14) <details open ontoggle="window.pwned=15"> [good](https://example.com/a?b=c)

[ref]: javascript:window.pwned=16

| <b onmouseover="window.pwned=17">cell</b> | [eleven](javascript:window.pwned=18) |
|---|---|
| `<script>window.pwned=19</script>` | <base href="https://evil.example/"> |

```html
<script>window.pwned = 20</script>
```

<form action="https://evil.example"><input name=a autofocus onfocus="window.pwned=21"></form>
<meta http-equiv="refresh" content="0;url=https://evil.example/">
</div></li></ol><h1 id="root">out</h1> &lt;script&gt;window.pwned=22&lt;/script&gt; ${7*7} {{7*7}}"""
LOOK: Final = """() => {
  const lines = document.querySelector('.lines');
  const all = [...lines.querySelectorAll('*')];
  return {
    pwned: window.pwned ?? null,
    tags: [...new Set(all.map(one => one.localName))],
    handlers: all.flatMap(one => one.getAttributeNames()).filter(name => name.startsWith('on')),
    links: [...lines.querySelectorAll('a')].map(one => [one.getAttribute('href'), one.rel, one.target]),
    text: lines.textContent,
  };
}"""
FORBIDDEN: Final = {
    "script",
    "img",
    "iframe",
    "style",
    "base",
    "form",
    "input",
    "meta",
    "object",
    "embed",
    "link",
}


def _is_inert(shown: Window, asked: list[str]) -> dict[str, object]:
    for link in shown.page.locator(".lines a").all():
        link.hover()
    found: dict[str, object] = shown.page.evaluate(LOOK)
    assert found["pwned"] is None
    assert FORBIDDEN.isdisjoint(set(found["tags"]))  # type: ignore[call-overload]
    assert found["handlers"] == []
    for href, rel, target in found["links"]:  # type: ignore[attr-defined]
        assert href.startswith(("https://", "http://", "mailto:")), href
        assert {"noopener", "noreferrer"} <= set(rel.split())
        assert target == "_blank"
    assert all(url.startswith(shown.url) for url in asked), asked
    assert shown.page.locator("#root").count() == 1
    return found


def test_an_answer_is_inert_while_it_is_written_and_after(opened: Opens, stack: Stack) -> None:
    shown = opened()
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.url))
    shown.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    stack.emulator.play(reply=ATTACKS, interTokenMs=5)
    shown.say("Show me what you have.")
    shown.until_state("complete")
    found = _is_inert(shown, asked)
    assert ["https://example.com/a?b=c", "noopener noreferrer nofollow", "_blank"] in found["links"]  # type: ignore[operator]
    assert "<script>window.pwned = 1</script>" in str(found["text"])
    shown.page.reload()
    shown.until_state("complete")
    _is_inert(shown, asked)


def test_a_person_s_message_is_shown_to_the_letter(opened: Opens, stack: Stack) -> None:
    shown = opened()
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.url))
    stack.emulator.play(reply="Fine.")
    shown.say(ATTACKS)
    shown.until_state("complete")
    assert shown.page.locator(".bubble").text_content() == ATTACKS
    shown.page.reload()
    shown.until_state("complete")
    assert shown.page.locator(".bubble").text_content() == ATTACKS
    _is_inert(shown, asked)


def test_notes_and_titles_are_inert_too(opened: Opens, stack: Stack) -> None:
    shown = opened()
    person = shown.person
    asked: list[str] = []
    shown.page.on("request", lambda request: asked.append(request.url))
    name = '<img src=x onerror="window.pwned=1">'
    coach = {"name": name, "persona": name, "specialities": [name], "style": name, "goals": [name]}
    path = f"/users/{person.user}/coaches/atlas"
    assert stack.http.put(path, json=coach, headers=person.headers).status_code == 200
    shown.page.reload()
    shown.page.get_by_role("heading", name=name).first.wait_for()
    shown.say(name)
    shown.until_state("complete")
    assert shown.page.evaluate("window.pwned ?? null") is None
    assert shown.page.locator("img").count() == 0
    assert all(url.startswith(shown.url) for url in asked)
