"""Signing in: with a token on this machine, and on a hosted page as Cognito's is, by code and PKCE."""

import base64
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from playwright.sync_api import Route

from tests.stack.client import Stack
from tests.stack.web.browser import Opens, Window

pytestmark = pytest.mark.stack

DOMAIN: Final = "https://coach.auth.example"
CLIENT: Final = "client-1"
CODE: Final = "code-1"


@dataclass
class HostedPage:
    """The three addresses of a hosted page that a client uses; it checks what it is told."""

    token: str
    renewed: str = ""
    challenges: list[str] = field(default_factory=list)
    grants: list[dict[str, str]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    state: str = ""

    def answer(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        if address.path == "/oauth2/authorize":
            assert asked["client_id"] == CLIENT
            assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
            self.challenges.append(asked["code_challenge"])
            back = urlencode({"code": CODE, "state": self.state or asked["state"]})
            route.fulfill(status=302, headers={"location": f"{asked['redirect_uri']}?{back}"})
        elif address.path == "/oauth2/token":
            grant = {name: values[0] for name, values in parse_qs(route.request.post_data or "").items()}
            self.grants.append(grant)
            headers = {"access-control-allow-origin": "*"}
            route.fulfill(
                status=200 if self._is_good(grant) else 400, headers=headers, json=self._tokens(grant)
            )
        else:
            self.left.append(asked["logout_uri"])
            route.fulfill(status=302, headers={"location": asked["logout_uri"]})

    def _is_good(self, grant: dict[str, str]) -> bool:
        if grant["grant_type"] == "refresh_token":
            return grant["refresh_token"] == "refresh-1"
        digest = hashlib.sha256(grant["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return grant["code"] == CODE and challenge == self.challenges[-1]

    def _tokens(self, grant: dict[str, str]) -> dict[str, Any]:
        if not self._is_good(grant):
            return {"error": "invalid_grant"}
        if grant["grant_type"] == "refresh_token":
            return {"id_token": self.renewed}
        return {"id_token": self.token, "refresh_token": "refresh-1"}


def _before_the_hosted_page(opened: Opens) -> tuple[Window, HostedPage]:
    # The local stack's policy knows of no hosted page; a deployment's names it (make web-config).
    shown = opened(start=False, bypass_csp=True)
    hosted = HostedPage(shown.person.token)
    shown.page.route(f"{DOMAIN}/**", hosted.answer)
    sign_in = {"domain": DOMAIN, "clientId": CLIENT}
    settings = {"apiUrl": "", "starterCoachId": "atlas", "signIn": sign_in}
    shown.page.route("**/config.json", lambda route: route.fulfill(json=settings))
    return shown, hosted


def test_the_hosted_page_signs_in_by_code_and_pkce_and_out_again(opened: Opens) -> None:
    shown, hosted = _before_the_hosted_page(opened)
    page = shown.page
    page.goto(shown.url)
    page.get_by_role("button", name="Sign in").click()
    page.locator("#say").wait_for()
    assert "code=" not in page.url
    assert [grant["grant_type"] for grant in hosted.grants] == ["authorization_code"]
    page.reload()
    page.locator(".who p:not(:empty)").wait_for()
    assert len(hosted.grants) == 1
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.wait_for_url(shown.url)
    assert hosted.left == [shown.url]
    assert page.evaluate("sessionStorage.getItem('stream-coach.tokens')") is None


def test_an_answer_to_a_question_that_was_not_asked_is_not_used(opened: Opens) -> None:
    shown, hosted = _before_the_hosted_page(opened)
    hosted.state = "forged"
    shown.page.goto(shown.url)
    shown.page.get_by_role("button", name="Sign in").click()
    shown.page.wait_for_url(re.compile(r"127\.0\.0\.1"))
    shown.page.get_by_role("button", name="Sign in").wait_for()
    assert hosted.grants == []


def test_a_token_that_ran_out_is_renewed_without_a_word(opened: Opens, stack: Stack) -> None:
    shown, hosted = _before_the_hosted_page(opened)
    hosted.renewed = hosted.token
    hosted.token = stack.mint.token(shown.person.user, exp=1)
    shown.page.goto(shown.url)
    shown.page.get_by_role("button", name="Sign in").click()
    shown.page.locator(".who p:not(:empty)").wait_for()
    assert [grant["grant_type"] for grant in hosted.grants] == ["authorization_code", "refresh_token"]


def test_a_pasted_token_signs_in_and_a_bad_one_is_told(opened: Opens) -> None:
    shown = opened(start=False)
    settings = {"apiUrl": "", "starterCoachId": "atlas"}
    shown.page.route("**/config.json", lambda route: route.fulfill(json=settings))
    shown.page.goto(shown.url)
    shown.page.get_by_label("Or paste a token").fill("nonsense")
    shown.page.get_by_role("button", name="Use this token").click()
    shown.page.get_by_text("This is no token of this service").wait_for()
    shown.page.get_by_label("Or paste a token").fill(shown.person.token)
    shown.page.get_by_role("button", name="Use this token").click()
    shown.page.locator(".who p:not(:empty)").wait_for()
