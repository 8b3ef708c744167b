"""The commands of a chat: what begins with a slash and is not for the coach."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from local.turn_view import printable

if TYPE_CHECKING:
    from local.chat.session import Session

TO_THE_COACH: Final = ("/log-workout", "/say")
"""These are the coach's own, and are said like any message."""
PAGE: Final = 20


class Leave(Exception):
    """The person is done."""


@dataclass(frozen=True, slots=True)
class Slash:
    """A command. Shape  `takes` names its argument; `run` gives the lines to show"""

    name: str
    takes: str
    help: str
    run: "Callable[[Session, str], Iterator[str]]"


def find(line: str) -> tuple[Slash, str] | None:
    """Return the command that a line asks for, with its argument; None when it is for the coach.

    Raises  KeyError: it is neither
    """
    name, _, argument = line.rstrip().partition(" ")
    if not name.startswith("/") or name in TO_THE_COACH or "/" in name[1:]:
        return None
    return COMMANDS[name], argument.strip()


def _help(_: "Session", __: str) -> Iterator[str]:
    width = max(len(f"{command.name} {command.takes}") for command in COMMANDS.values())
    for command in COMMANDS.values():
        yield f"{f'{command.name} {command.takes}':<{width}}  {command.help}"
    yield f"{'/log-workout TEXT':<{width}}  is said to the coach, who logs it"
    yield "Enter sends, Alt-Enter begins a new line; Ctrl-C stops the answer, Ctrl-D leaves."


def _new(session: "Session", _: str) -> Iterator[str]:
    session.begin()
    yield f"a new conversation with {session.client.coach}: {session.conversation}"


def _open(session: "Session", wished: str) -> Iterator[str]:
    """Open a conversation by its id or by its number in the list."""
    if not wished:
        yield "which one? /conversations lists them; then /open NUMBER, or /open ID"
        return
    conversation = wished
    if wished.isdigit() and len(wished) < 4:
        rows = _conversation_rows(session)
        if not 1 <= int(wished) <= len(rows):
            yield f"there is no conversation number {wished}; /conversations lists them"
            return
        conversation = str(rows[int(wished) - 1]["conversationId"])
    session.open(conversation)
    yield f"opened {conversation}"
    yield from _history(session, "6")


def _conversations(session: "Session", _: str) -> Iterator[str]:
    rows = _conversation_rows(session)
    if not rows:
        yield "no conversations yet"
    for number, row in enumerate(rows, start=1):
        mark = "*" if row["conversationId"] == session.conversation else " "
        moment = _moment(row.get("lastActivityAt"))
        yield f"{mark}{number:>3}  {row['conversationId']}  {moment}  {row.get('messageCount', 0)} messages"


def _conversation_rows(session: "Session") -> list[dict[str, Any]]:
    url = f"{session.client.conversations_url}?{urlencode({'limit': PAGE})}"
    return list(session.client.ask("GET", url).get("conversations", []))


def _history(session: "Session", wished: str) -> Iterator[str]:
    limit = int(wished) if wished.isdigit() and int(wished) else PAGE
    if session.conversation is None:
        yield "nothing was said yet"
        return
    url = f"{session.client.conversations_url}/{session.conversation}/messages?limit={min(limit, 100)}"
    messages = session.client.ask("GET", url).get("messages", [])
    if not messages:
        yield "nothing was said yet"
    for message in messages:
        who = session.client.user if message.get("role") == "user" else session.client.coach
        yield f"{who}: {_indented(str(message.get('content', '')))}"


def _memories(session: "Session", _: str) -> Iterator[str]:
    found = session.client.ask("GET", f"{session.client.person_url}/memories?limit={PAGE}")
    memories = found.get("memories", [])
    if not memories:
        yield "nothing is remembered; say what should be"
    for memory in memories:
        yield f"{memory['memoryId']}  {memory.get('type', '')}: {_indented(str(memory.get('content', '')))}"


def _forget(session: "Session", wished: str) -> Iterator[str]:
    if not wished:
        yield "which one? /memories lists them; then /forget ID"
        return
    session.client.ask("DELETE", f"{session.client.person_url}/memories/{_one_segment(wished)}")
    yield "forgotten"


def _workouts(session: "Session", _: str) -> Iterator[str]:
    found = session.client.ask("GET", f"{session.client.person_url}/workouts?limit={PAGE}")
    workouts = found.get("workouts", [])
    if not workouts:
        yield "no workouts yet; /log-workout 5x5 squats at 80 kg"
    for workout in workouts:
        yield f"{_moment(workout.get('completedAt'))}  {workout.get('discipline', '')}: {_exercises(workout)}"


def _exercises(workout: dict[str, Any]) -> str:
    names = ", ".join(_exercise(exercise) for exercise in workout.get("exercises", []))
    distance = workout.get("distance")
    parts = [
        names,
        f"{distance['value']:g} {distance['unit']}" if distance else "",
        f"{workout['durationMinutes']:g} min" if workout.get("durationMinutes") else "",
    ]
    return _indented(", ".join(part for part in parts if part) or str(workout.get("notes", "")))


def _exercise(exercise: dict[str, Any]) -> str:
    sets = exercise.get("sets", [])
    first = sets[0] if sets else {}
    reps = f" {len(sets)}x{first['reps']}" if "reps" in first else ""
    load = f" at {first['load']['value']:g} {first['load']['unit']}" if "load" in first else ""
    return f"{exercise.get('name', '')}{reps}{load}"


def _coach(session: "Session", wished: str) -> Iterator[str]:
    if wished:
        session.choose(wished)
    found = session.client.ask("GET", session.client.coach_url)
    yield f"{found.get('name', '')} ({found.get('coachId', '')}): {_indented(str(found.get('persona', '')))}"


def _quit(_: "Session", __: str) -> Iterator[str]:
    raise Leave
    yield


def _one_segment(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum() or sign in "_-")


def _indented(text: str) -> str:
    return printable(text).strip().replace("\n", "\n    ")


def _moment(text: object) -> str:
    try:
        return datetime.fromisoformat(str(text)).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return "?"


COMMANDS: Final = {
    command.name: command
    for command in (
        Slash("/help", "", "show this", _help),
        Slash("/new", "", "begin a new conversation", _new),
        Slash("/conversations", "", "list the conversations, latest first", _conversations),
        Slash("/open", "NUMBER or ID", "go on with one of them", _open),
        Slash("/history", "[COUNT]", "show what was said here", _history),
        Slash("/memories", "", "show what the coach remembers", _memories),
        Slash("/forget", "ID", "forget a memory", _forget),
        Slash("/workouts", "", "list the workouts that were logged", _workouts),
        Slash("/coach", "[ID]", "show the coach, or go to another one", _coach),
        Slash("/quit", "", "leave", _quit),
    )
}
