"""Answering: generation with its second chances, all of them before the first delta."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from libs.coach_conversation.endings import Meter
from libs.coach_conversation.errors import ModelFailed, ModelRefused, TurnFailed
from libs.coach_conversation.generation import Generated, generate
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.models import traits_of
from libs.coach_conversation.ports import Ports, Prompt
from libs.coach_conversation.types import Usage
from libs.streaming.events import Notice

RETRY_DELAYS_S: Final = (0.2, 0.6)
OTHER_MODEL: Final = Notice("fallback", "The usual model is not available; another one is answering.")
NOT_STREAMED: Final = Notice("fallback", "The answer cannot be streamed right now; it comes as a whole.")


@dataclass(frozen=True, slots=True)
class _Try:
    """One way to an answer: after a pause, and with a notice where it is not the usual way."""

    prompt: Prompt
    pause_s: float = 0.0
    notice: Notice | None = None


def answer(prompt: Prompt, inbox: Inbox, meter: Meter, ports: Ports) -> Iterator[str | Notice | Generated]:
    """Yield the answer's deltas, then one `Generated`; before them a notice where it came another way.

    A call that fails before its first delta is made again, with jitter; then comes the fallback model,
    if one is set, then one call without streaming: all within the budget of the first delta.

    Raises  ModelFailed: as the first call failed, when nothing is left to try or anything was said;
            other TurnFailed as the wait was ended
    """
    until_s = ports.clock.monotonic_s() + ports.limits.first_delta_timeout_s
    failures: list[ModelFailed] = []
    for attempt in _tries(prompt, ports):
        pause_s = attempt.pause_s * ports.jitter()
        if failures and not _worth_it(attempt, failures[-1], prompt, until_s - pause_s, ports):
            continue
        inbox.pause(pause_s)
        said = False
        try:
            left_s = max(0.0, until_s - ports.clock.monotonic_s())
            limits = replace(ports.limits, first_delta_timeout_s=left_s)
            for piece in generate(ports.model.call(attempt.prompt), inbox, ports.executor, limits):
                if not said and attempt.notice is not None:
                    yield attempt.notice
                said = True
                yield piece
        except TurnFailed as failure:
            meter.usage += Usage(model_calls=1)
            if said or not isinstance(failure, ModelFailed):
                raise
            failures.append(failure)
        else:
            return
    raise failures[0]


def _tries(prompt: Prompt, ports: Ports) -> Iterator[_Try]:
    yield _Try(prompt)
    for pause_s in RETRY_DELAYS_S:
        yield _Try(prompt, pause_s)
    if ports.fallback_model_id:
        yield _Try(_for_model(prompt, ports.fallback_model_id, ports), notice=OTHER_MODEL)
    if prompt.streamed:
        yield _Try(replace(prompt, streamed=False), notice=NOT_STREAMED)


def _worth_it(attempt: _Try, last: ModelFailed, usual: Prompt, until_s: float, ports: Ports) -> bool:
    """Whether another try may help: there is time, and a model that refused is not asked again."""
    refused = isinstance(last, ModelRefused) and attempt.prompt.model_id == usual.model_id
    return not refused and ports.clock.monotonic_s() < until_s


def _for_model(prompt: Prompt, model_id: str, ports: Ports) -> Prompt:
    temperature = ports.limits.temperature if traits_of(model_id).sampling else None
    return replace(prompt, model_id=model_id, temperature=temperature)
