"""One turn in front of a person: shown as it comes, stopped by Ctrl-C, left by a second one."""

import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Final, Protocol

from local.chat.reader import EventReader
from local.chat.steady import steady_turn
from local.coach_client import CoachClient, Event
from local.errors import RequestRefused

TICK_S: Final = 0.05
LEAVING_S: Final = 1.5
CANCELLED: Final = "CANCELLED"


class View(Protocol):
    """What a turn is shown on."""

    def take(self, event: Event) -> None:
        """Show an event. Raises RequestRefused for an `error`."""

    def tick(self) -> None:
        """Some time has passed."""

    def say(self, text: str) -> None:
        """Show a line about the turn, beside the answer."""

    def end(self) -> None:
        """Nothing more will come."""


class Left(Exception):
    """The person pressed Ctrl-C again and waits no longer; the text says what becomes of the turn."""


@dataclass(slots=True)
class Presses:
    """How often Ctrl-C was pressed."""

    count: int = 0


def show_turn(client: CoachClient, conversation: str, text: str, view: View) -> bool:
    """Say something and show the answer; return whether it is whole.

    The first Ctrl-C cancels the turn on the server: what was said so far is saved and shown.

    Raises  RequestRefused: the turn was refused or failed; Left: a second Ctrl-C
    """
    turn = _Turn(client, conversation)
    try:
        with _counting() as presses:
            reader = EventReader(steady_turn(client, conversation, text, key=str(uuid.uuid4())))
            while not reader.ended:
                event = reader.take(TICK_S)
                turn.heed(presses, view)
                if event is not None:
                    turn.note(event)
                    view.take(event)
                view.tick()
    except RequestRefused as error:
        if error.code == CANCELLED and turn.is_stopping:
            view.end()
            view.say("stopped; what was said is saved")
            return False
        raise
    finally:
        view.end()
    return True


class _Turn:
    """What is known of the turn that is shown, and the wish to stop it."""

    def __init__(self, client: CoachClient, conversation: str) -> None:
        self._client, self._conversation = client, conversation
        self._id = ""
        self._cancelling: threading.Thread | None = None
        self._cancelled = self.is_stopping = False

    def note(self, event: Event) -> None:
        if event.get("type") == "start":
            self._id = str(event.get("turnId") or "")

    def heed(self, presses: Presses, view: View) -> None:
        """Stop the turn at the first press, as soon as its id is known. Raises Left at the second."""
        if presses.count > 1:
            raise Left(self._outcome())
        if presses.count and not self.is_stopping:
            self.is_stopping = True
            view.say("stopping … (Ctrl-C again leaves at once)")
        if self.is_stopping and self._id and self._cancelling is None:
            self._cancelling = threading.Thread(target=self._cancel, name="cancel", daemon=True)
            self._cancelling.start()

    def _cancel(self) -> None:
        try:
            self._client.cancel(self._conversation, self._id)
            self._cancelled = True
        except RequestRefused:
            self._cancelling = None  # the next look asks again

    def _outcome(self) -> str:
        """Return what becomes of a turn that is left, once the wish to stop it has had a moment to arrive."""
        if self._cancelling is not None:
            self._cancelling.join(LEAVING_S)
        return "the answer is stopped" if self._cancelled else "the answer goes on on the server"


@contextmanager
def _counting() -> Iterator[Presses]:
    """Count presses of Ctrl-C until the block ends, in the place of KeyboardInterrupt."""
    presses = Presses()

    def pressed(_number: int, _frame: FrameType | None) -> None:
        presses.count += 1

    if threading.current_thread() is not threading.main_thread():
        yield presses
        return
    before = signal.signal(signal.SIGINT, pressed)
    try:
        yield presses
    finally:
        signal.signal(signal.SIGINT, before)
