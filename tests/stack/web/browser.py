"""A person in front of the page: the system's own Chromium, one window a person."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route

from tests.stack.client import Conversation, Person, eventually

DESKTOP: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 360, "height": 740}
ARGUMENTS: Final = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ANSWER: Final = "li.coach"
SHOWN: Final = """() => [...document.querySelectorAll('.bubble, .asides li, .answer')].map(one => [
  one.matches('.bubble') ? 'person' : one.matches('.answer') ? 'answer' : 'aside', one.textContent])"""
_NETWORK_NOISE: Final = re.compile(r"net::ERR_|Failed to load resource")


@dataclass
class Window:
    """The page as one person sees it; `noise` is what it said to the console."""

    page: Page
    person: Person
    noise: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.person.stack.endpoints.function_url + "/"

    def open(self) -> "Window":
        self.page.goto(self.url)
        self.page.locator("#say").wait_for()
        self.page.locator(".who p:not(:empty)").wait_for()
        return self

    def conversation(self) -> Conversation:
        """Return the conversation that is open."""
        found = re.search(r"#/[^/]+/([^/]+)$", self.page.url)
        assert found is not None, self.page.url
        return Conversation(self.person, found[1])

    def say(self, text: str) -> None:
        self.page.fill("#say", text)
        self.page.press("#say", "Enter")

    def answers(self) -> Locator:
        return self.page.locator(ANSWER)

    def last_answer(self) -> Locator:
        return self.answers().last

    def until_state(self, state: str, *, count: int = 1) -> Locator:
        """Wait until so many answers are there and the last one is in a state."""
        last = self.answers().nth(count - 1)
        last.wait_for()
        self.page.wait_for_function(
            "([index, state]) => document.querySelectorAll('li.coach')[index]?.dataset.state === state",
            arg=[count - 1, state],
        )
        return last

    def until_shown(self, characters: int) -> None:
        """Wait until the last answer has so many characters."""
        self.page.wait_for_function(
            "count => [...document.querySelectorAll('li.coach .answer')].at(-1)?.textContent.length >= count",
            arg=characters,
        )

    def shown(self) -> list[tuple[str, str]]:
        """Return who said what, as the page shows it: `aside`, `answer` or `person`, and plain text."""
        found = self.page.evaluate(SHOWN)
        return [(kind, plain(text)) for kind, text in found if plain(text)]

    def saved(self) -> list[tuple[str, str]]:
        """Return the same of what the service has saved, of answers without any Markdown."""
        kinds = {"update": "aside", "answer": "answer", "text": "person"}
        messages = self.conversation().history()["messages"]
        return [
            (kinds[part["type"]], plain(part["text"]))
            for message in messages
            for part in message["parts"]
            if plain(part["text"])
        ]

    def until_as_saved(self) -> list[tuple[str, str]]:
        """Wait until the page shows what is saved, of a turn that is over; return it."""
        self.page.locator("button[aria-label='Send']").wait_for()
        return eventually(lambda: shown if (shown := self.shown()) and shown == self.saved() else None)


def plain(text: str) -> str:
    return " ".join(text.split())


@contextmanager
def window(
    browser: Browser, person: Person, *, settings: dict[str, Any] | None = None, **options: Any
) -> Iterator[Window]:
    """Open a window for a person who is signed in; what the page said to the console must be nothing.

    Shape   `settings` are further settings of `config.json`; `options` those of the browser's context
    """
    context = browser.new_context(**{"viewport": DESKTOP, "locale": "en-GB", **options})
    context.set_default_timeout(15_000)
    page = context.new_page()
    shown = Window(page, person)
    page.on("console", lambda message: shown.noise.append(_noise(message)))
    page.on("pageerror", lambda error: shown.noise.append(f"uncaught: {error}"))

    def configure(route: Route) -> None:
        config = route.fetch().json()
        route.fulfill(json={**config, "localToken": person.token, **(settings or {})})

    page.route("**/config.json", configure)
    try:
        yield shown
    finally:
        context.close()


def _noise(message: ConsoleMessage) -> str:
    return f"{message.type}: {message.text}"


def but_network(noise: list[str]) -> list[str]:
    """Return what is left without the browser's own remarks on a network that was cut on purpose."""
    return [line for line in noise if not _NETWORK_NOISE.search(line)]


type Opens = Callable[..., Window]
