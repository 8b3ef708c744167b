"""Which view a turn gets: drawn on a terminal, plain in a pipe."""

from local.chat.live_view import LiveView
from local.chat.turn import View
from local.turn_view import TurnView, consoles


def new_view() -> View:
    """Return a view for one turn on this process's own output."""
    answer, aside = consoles()
    if answer.is_terminal and not answer.is_dumb_terminal:
        return LiveView(answer)
    return TurnView(answer, aside)
