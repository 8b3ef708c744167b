"""The run: services up, the artifact under the emulator, one event after the other, all of it down again."""

import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from local import project
from local.errors import PartFailed, UnknownEvent
from local.rie.answers import Mismatch, split_prelude
from local.rie.artifact import plan_launch, require_built
from local.rie.checks import CHECKS, CREATE, Known
from local.rie.emulator import find_emulator, running_emulator
from local.rie.services import running_services
from local.sample_events import event_names, fill, read_event
from local.signing_key import SigningKey
from local.state_dir import StateDir
from local.template import load_template
from local.tokens import DEMO_USER, parse_user_id, sign_token

INVOKE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one event; `complaint` is None when all is as it should be."""

    name: str
    payload: bytes
    elapsed_ms: float
    complaint: str | None

    @property
    def status(self) -> int | None:
        """The HTTP status, None without a prelude."""
        try:
            return split_prelude(self.payload).status
        except Mismatch:
            return None


def plan_events(wished: Iterable[str], directory: Path = project.EVENTS) -> tuple[str, ...]:
    """Return the events to run, in order: those that are wished for, or all.

    Raises  UnknownEvent: there is no such event; Mismatch: an event has no check, or a check no event
    """
    names = event_names(directory)
    if set(names) != set(CHECKS):
        raise Mismatch(f"events without a check, or checks without an event: {sorted({*names} ^ {*CHECKS})}")
    asked = set(wished) or set(names)
    if not asked <= set(names):
        raise UnknownEvent(f"no event {min(asked - set(names))!r}; there are: {', '.join(names)}")
    return tuple(name for name in CHECKS if name in asked)


async def smoke(
    names: Iterable[str], *, artifact: Path, state: StateDir, report: Callable[[Outcome], None]
) -> None:
    """Run these events on the artifact, one at a time, after one that makes their conversation.

    Raises  StackError: a part did not start, or nothing more can be run
    """
    require_built(artifact)
    template, binary = load_template(project.TEMPLATE), find_emulator()
    async with AsyncExitStack() as undo:
        services = await undo.enter_async_context(running_services(state, template))
        launch = plan_launch(artifact, template, services.addresses, state)
        log_file = state.logs / "function.log"
        url = await undo.enter_async_context(running_emulator(binary, launch, log_file=log_file))
        http = await undo.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=INVOKE_S))
        known = Known()
        for name in dict.fromkeys((CREATE, *names)):
            event = fresh_event(name, services.key, known.conversation)
            outcome, known = await _try(name, event, known, http=http, url=url)
            report(outcome)
            if known.conversation is None:
                raise PartFailed("there is no conversation for the other events")


def fresh_event(name: str, key: SigningKey, conversation: str | None) -> str:
    """Return a sample event with tokens of this moment. Raises UnknownEvent."""

    def token_of(person: str | None) -> str:
        return sign_token(key, parse_user_id(person or DEMO_USER), now_s=int(time.time()))

    return fill(read_event(project.EVENTS, name), token_of, conversation=conversation)


async def _try(
    name: str, event: str, known: Known, *, http: httpx.AsyncClient, url: str
) -> tuple[Outcome, Known]:
    """Invoke, check, and return what came of it with what is known after it.

    Raises  PartFailed: the emulator gives no answer; it would give none to the next event either
    """
    begun_s = time.perf_counter()
    try:
        response = await http.post(url, content=event)
    except httpx.TransportError as error:
        raise PartFailed(f"{name}: Lambda's emulator does not answer ({type(error).__name__})") from error
    elapsed_ms = (time.perf_counter() - begun_s) * 1000
    try:
        if response.status_code != 200:
            raise Mismatch(f"Lambda's emulator answered {response.status_code}: {response.text[:300]}")
        known = CHECKS[name](response.content, known)
    except Mismatch as mismatch:
        return Outcome(name, response.content, elapsed_ms, str(mismatch)), known
    return Outcome(name, response.content, elapsed_ms, None), known
