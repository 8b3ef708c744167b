"""Whom a command speaks as, and to which service: a running stack, or one elsewhere by address and token."""

import base64
import json
import time
from dataclasses import dataclass

from local.endpoints import load_endpoints
from local.errors import TokenUnusable
from local.signing_key import load_or_make
from local.state_dir import StateDir
from local.tokens import DAY_S, DEMO_USER, parse_user_id, sign_token

USER_ID_CLAIM = "custom:user_id"


@dataclass(frozen=True, slots=True)
class Service:
    """A service and the person who speaks to it. Shape  `url` without a trailing slash"""

    url: str
    user: str
    token: str


def local_service(state: StateDir, user: str | None) -> Service:
    """Return the running stack, with a token of its issuer. Raises NotRunning."""
    endpoints = load_endpoints(state)
    person = parse_user_id(user or DEMO_USER)
    token = sign_token(load_or_make(state.signing_key), person, now_s=int(time.time()), expires_in_s=DAY_S)
    return Service(endpoints.function_url, person, token)


def deployed_service(url: str, token: str, user: str | None) -> Service:
    """Return a deployed service; the person is the token's unless named. Raises TokenUnusable."""
    return Service(url.rstrip("/"), user or user_of(token), token)


def find_service(state: StateDir, url: str | None, token: str | None, user: str | None) -> Service:
    """Return the service at `url`, or the running stack. Raises TokenUnusable, NotRunning."""
    if url is None:
        local = local_service(state, user or (user_of(token) if token else None))
        return local if token is None else Service(local.url, local.user, token)
    if token is None:
        raise TokenUnusable("a deployed service needs a token: --token, or $COACH_TOKEN")
    return deployed_service(url, token, user)


def user_of(token: str) -> str:
    """Return the person whom a token names, unchecked: checking is the service's. Raises TokenUnusable."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return parse_user_id(claims[USER_ID_CLAIM])
    except (ValueError, IndexError, KeyError, TypeError) as error:
        raise TokenUnusable(
            f"the token does not say in {USER_ID_CLAIM!r} who it is for; it must be a JWT of the issuer"
        ) from error
