"""The page on another host than its API, as it is deployed: static files, `config.json`, CORS."""

from typing import Any, Final

import pytest
from playwright.sync_api import Route

from local import project
from local.web_config import policy_for
from tests.stack.client import Stack
from tests.stack.web.browser import Opens

pytestmark = pytest.mark.stack

HOST: Final = "https://app.example"
TYPES: Final = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2"}


def test_the_page_works_on_a_static_host_under_the_policy_that_is_advised(
    opened: Opens, stack: Stack
) -> None:
    shown = opened(start=False, permissions=["local-network-access"])
    config: dict[str, Any] = {"apiUrl": stack.endpoints.function_url, "starterCoachId": "atlas"}

    def serve(route: Route) -> None:
        name = route.request.url.removeprefix(f"{HOST}/coach/").partition("?")[0] or "index.html"
        if name == "config.json":
            route.fulfill(json={**config, "localToken": shown.person.token})
            return
        path = project.WEBSITE / name
        kind = TYPES.get(path.suffix, "image/svg+xml")
        headers = {"content-type": kind, "content-security-policy": policy_for(config)}
        route.fulfill(path=path, headers=headers)

    shown.page.route(f"{HOST}/**", serve)
    shown.page.goto(f"{HOST}/coach/")
    shown.page.locator(".who p:not(:empty)").wait_for()
    stack.emulator.play(reply="Across origins.", interTokenMs=20)
    shown.say("Can you hear me from there?")
    shown.until_shown(3)
    shown.page.reload()
    shown.until_state("complete")
    assert shown.until_as_saved()[-1] == ("answer", "Across origins.")
