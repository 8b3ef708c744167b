"""A conversation in a terminal: which one it is, and what becomes of each line that a person writes."""

from collections.abc import Callable
from dataclasses import replace

import click

from local.chat import slash
from local.chat.turn import View, show_turn
from local.coach_client import CoachClient
from local.conversations import last_conversation, remember_conversation
from local.errors import RequestRefused
from local.state_dir import StateDir
from local.tokens import parse_id
from local.turn_view import next_step

GONE = "CONVERSATION_NOT_FOUND"
NO_COACH = "COACH_CONFIG_NOT_FOUND"
# Whoever is here already starts nothing with an option.
NEXT_STEPS_HERE = {
    GONE: "/conversations lists yours; /new begins another",
    NO_COACH: "/coach shows the one you are talking to",
    "MEMORY_NOT_FOUND": "/memories lists what is remembered",
}


class Session:
    """Where a person is: with which coach, in which conversation. Shape  `conversation` None: none yet"""

    def __init__(
        self,
        client: CoachClient,
        state: StateDir,
        *,
        new_view: Callable[[], View],
        conversation: str | None = None,
        new: bool = False,
    ) -> None:
        self.client, self._state, self._new_view = client, state, new_view
        self._chosen = conversation is not None
        self.conversation = conversation or (None if new else self._kept())

    def begin(self) -> None:
        """Begin a new conversation. Raises RequestRefused."""
        self.open(self.client.create_conversation())

    def open(self, conversation: str) -> None:
        """Go on with a conversation. Raises RequestRefused: it is not there."""
        try:
            parse_id(conversation)
        except ValueError as error:
            raise RequestRefused(GONE, str(error)) from error
        self.client.ask("GET", f"{self.client.conversations_url}/{conversation}")
        self.conversation = conversation
        self._remember()

    def choose(self, coach: str) -> None:
        """Go to another coach, and on with the last conversation there. Raises RequestRefused."""
        try:
            other = replace(self.client, coach=parse_id(coach))
        except ValueError as error:
            raise RequestRefused(NO_COACH, str(error)) from error
        other.ask("GET", other.coach_url)
        self.client = other
        self.conversation = self._kept()

    def take(self, line: str) -> bool:
        """Do what a line asks for: a command, or a turn. Errors are told, not raised.

        Shape   False when it failed
        Raises  slash.Leave; Left: the person left in the middle of a turn
        """
        try:
            found = slash.find(line)
        except KeyError:
            name = line.split()[0]
            return _told(
                f"there is no command {name}; /help lists them (with a space before it the coach hears it)"
            )
        try:
            if found is None:
                return self.say(line.strip())
            command, argument = found
            for text in command.run(self, argument):
                click.echo(text)
        except RequestRefused as error:
            return _told(f"{error}\n  {NEXT_STEPS_HERE.get(error.code) or next_step(error.code)}")
        return True

    def say(self, text: str) -> bool:
        """Run one turn; a remembered conversation that is gone is replaced by a new one.

        Raises  RequestRefused; Left
        """
        if self.conversation is None:
            self.begin()
        try:
            return self._turn(text)
        except RequestRefused as error:
            if error.code != GONE or self._chosen:
                raise
            self.begin()
            return self._turn(text)

    def _turn(self, text: str) -> bool:
        self._remember()
        return show_turn(self.client, str(self.conversation), text, self._new_view())

    def _kept(self) -> str | None:
        return last_conversation(self._state, self.client.user, self.client.coach, self.client.function_url)

    def _remember(self) -> None:
        remember_conversation(
            self._state, self.client.user, self.client.coach, str(self.conversation), self.client.function_url
        )


def _told(message: str) -> bool:
    click.echo(f"coach: {message}", err=True)
    return False
