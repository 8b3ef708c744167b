"""A turn's events, each once, over as many connections as it takes."""

import time
from collections.abc import Callable, Generator
from contextlib import closing
from typing import Final

from local.coach_client import BROKEN_STREAM, UNREACHABLE, CoachClient, Event
from local.errors import RequestRefused

PAUSES_S: Final = (0.3, 1.0, 2.0, 4.0, 8.0, 8.0)
"""What is waited before each further try; a word that arrives starts the row anew."""
TERMINAL: Final = ("complete", "error")
RECONNECTING: Final = "reconnecting"
"""The type of an event of our own: the connection broke, the next one follows after `inS` seconds."""


def steady_turn(
    client: CoachClient,
    conversation: str,
    text: str,
    *,
    key: str,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[Event]:
    """Yield a turn's events to the last one, `complete` or `error`; between them `reconnecting` events.

    Before the first event the same request is sent again under the same key, which never asks a model
    twice; after it the stream is resumed after the last event that came.

    Raises  RequestRefused: the turn was refused, or the connection is gone for good
    """
    last_id, tries = "", 0
    while True:
        try:
            events = _connect(client, conversation, text, key=key, last_id=last_id)
            with closing(events):
                for event_id, event in events:
                    last_id, tries = event_id or last_id, 0
                    yield event
                    if event.get("type") in TERMINAL:
                        return
            raise RequestRefused(BROKEN_STREAM, "the answer ended without its last event")
        except RequestRefused as error:
            if tries >= len(PAUSES_S) or not _may_pass(error, begun=bool(last_id) or tries > 0):
                raise
            yield {"type": RECONNECTING, "inS": PAUSES_S[tries]}
            sleep(PAUSES_S[tries])
            tries += 1


def _connect(
    client: CoachClient, conversation: str, text: str, *, key: str, last_id: str
) -> Generator[tuple[str, Event]]:
    if last_id:
        return client.resume(conversation, last_id)
    return client.stream(conversation, text, key=key)


def _may_pass(error: RequestRefused, *, begun: bool) -> bool:
    """Return whether another connection may fare better; nobody there at all is told at once."""
    if error.code == UNREACHABLE:
        return begun
    gateway = error.code in ("HTTP_502", "HTTP_503", "HTTP_504", "STORE_UNAVAILABLE")
    return error.code == BROKEN_STREAM or (gateway and begun)
