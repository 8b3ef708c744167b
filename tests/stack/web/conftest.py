"""The browser of a session, and windows in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, sync_playwright

from local import project
from tests.stack.client import Stack
from tests.stack.web.browser import ARGUMENTS, Opens, Window, but_network, window

NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium; without one, or without a built page, the tests are skipped, but never in CI."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        _skip("there is no Chromium on this machine (Debian: apt install chromium)")
    if not (project.WEBSITE / "index.html").is_file():
        _skip("the page is not built: make web")
    with sync_playwright() as playwright:
        shown = playwright.chromium.launch(
            executable_path=program, args=list(ARGUMENTS), chromium_sandbox=False
        )
        yield shown
        shown.close()


def _skip(reason: str) -> None:
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture
def opened(browser: Browser, stack: Stack) -> Iterator[Opens]:
    """Opens windows for new people; at the end, none may have said anything to the console.

    With `offline=True` the browser's own words about failed requests are let pass.
    """
    with ExitStack() as windows:
        all_shown: list[tuple[Window, bool]] = []

        def open_one(*, offline: bool = False, start: bool = True, **options: object) -> Window:
            shown = windows.enter_context(window(browser, stack.person(), **options))  # type: ignore[arg-type]
            all_shown.append((shown, offline))
            return shown.open() if start else shown

        yield open_one
        for shown, offline in all_shown:
            assert (but_network(shown.noise) if offline else shown.noise) == []
