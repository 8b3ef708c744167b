"""Recalling: what an answer is given of all that the index holds of a person."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from libs.coach_conversation.kept import entries
from libs.coach_conversation.kept.entries import GIVEN, Entry
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.router import Analysis
from libs.coach_conversation.store.table import Item, Key
from libs.coach_conversation.types import ConversationRef, UserId
from libs.memory import traces
from libs.memory.candidates import Candidate, Question
from libs.memory.doubles import says_the_same
from libs.memory.ports import IndexedType, Match
from libs.memory.retrieval import SEARCH_WIDTH, retrieve
from libs.memory.vectors import CONVERSATION

CHOSEN: Final = 10
"""So many are read again; some of them may be gone."""
GIVEN_TEXTS: Final = 5
SHOWN: Final = 400
SNIPPET: Final = 200
MAX_KEYS: Final = 100
"""What one read takes."""
EVERYTHING: Final[tuple[IndexedType, ...]] = ("memory", "summary", "workout", "exchange")
SEARCHED: Final[Mapping[str, tuple[IndexedType, ...]]] = {
    "methodology": ("memory", "summary", "exchange"),
    "techniques": ("memory", "exchange"),
    "workouts": ("memory", "workout", "exchange"),
    "progress": ("memory", "workout", "summary", "exchange"),
    "other": EVERYTHING,
}
THE_PAST: Final[tuple[IndexedType, ...]] = ("memory", "summary", "exchange")


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for, for whom, and what the answer sees anyway.

    Shape   `said`: the messages that are in its prompt, by their ids
    Units   `at_ms` since the epoch
    """

    text: str
    ref: ConversationRef
    types: tuple[IndexedType, ...]
    said: Mapping[str, str]
    at_ms: int


@dataclass(frozen=True, slots=True)
class Found:
    """A text that was found. Units: `score` in [0, 1]."""

    entry: Entry
    score: float


@dataclass(frozen=True, slots=True)
class Result:
    """What a search came to.

    Shape   `looked_at`: ids of the texts that were judged; `is_whole`: there were no others of these types
    """

    found: tuple[Found, ...] = ()
    looked_at: frozenset[str] = frozenset()
    is_whole: bool = True


def wanted(analysis: Analysis) -> tuple[IndexedType, ...]:
    """Return what the router says is to be searched; nothing for a turn that needs no search."""
    needs = analysis.context_needs
    found = {one for kind in needs.search_types for one in SEARCHED[kind]}
    if needs.needs_pinecone_search and not found:
        found.update(EVERYTHING)
    if analysis.memory_processing.needs_retrieval:
        found.update(THE_PAST)
    return tuple(one for one in EVERYTHING if one in found)


def search(asked: Search, known: Mapping[Key, Item], ports: Ports) -> Result:
    """Search the index, choose by the retriever, and read what was chosen: only what still exists counts.

    Shape   `known`: items that were read in this turn already
    Raises  MemoryUnavailable, StoreUnavailable
    """
    if ports.vectors is None:
        return Result()
    user_id = asked.ref.user_id
    matches = ports.vectors.search(user_id, asked.text, types=asked.types, limit=SEARCH_WIDTH)
    usable = [match for match in matches if _is_usable(match, asked)]
    at = datetime.fromtimestamp(asked.at_ms / 1000, UTC)
    scored = retrieve(Question(asked.text, at, limit=CHOSEN), [_candidate(match) for match in usable])
    chosen = {one.candidate.id: one.score for one in scored}
    given = {match.id: _given(match) for match in usable if match.id in chosen}
    stored = _read(user_id, chosen, given, known, ports)
    found = (Found(entry, chosen[text_id]) for text_id in chosen if (entry := _entry(text_id, asked, stored)))
    return Result(
        found=tuple(found),
        looked_at=frozenset(match.id for match in matches),
        is_whole=len(matches) < SEARCH_WIDTH,
    )


def _is_usable(match: Match, asked: Search) -> bool:
    """Whether a match is for this coach and not in the prompt anyway; the items have the last word."""
    if not entries.keys(asked.ref.user_id, match.id):
        return False
    if match.type in ("memory", "workout"):
        return True
    if match.type == "exchange" and says_the_same(match.text.partition("\n")[0], asked.text):
        # The same question again: nearest of all, and no answer to it.
        return False
    if match.type == "summary" and match.metadata.get(CONVERSATION) == asked.ref.conversation_id:
        return False
    return match.metadata.get("coachId") == asked.ref.coach_id and not asked.said.keys() & set(
        match.id.split(":")
    )


def _candidate(match: Match) -> Candidate:
    importance: Any = match.metadata.get("importance", "medium")
    return Candidate(
        match.id,
        str(match.metadata.get("memoryType", match.type)),
        match.text,
        match.similarity,
        created_at=_moment(match.metadata.get("createdAt")),
        importance=importance if importance in ("low", "medium", "high") else "medium",
    )


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC)


def _given(match: Match) -> list[str]:
    return str(match.metadata.get(GIVEN, "")).split()


def _read(
    user_id: UserId,
    chosen: Iterable[str],
    given: Mapping[str, Sequence[str]],
    known: Mapping[Key, Item],
    ports: Ports,
) -> Mapping[Key, Item]:
    """Read what was chosen and the memories that it may repeat, in one request, but for what is known."""
    wanted_keys = dict.fromkeys(key for text_id in chosen for key in entries.keys(user_id, text_id))
    told = (entries.key_of_told(name, user_id) for names in given.values() for name in names)
    missing = [key for key in (wanted_keys | dict.fromkeys(told)) if key not in known][:MAX_KEYS]
    return {**known, **(ports.table.read(missing) if missing else {})}


def _entry(text_id: str, asked: Search, stored: Mapping[Key, Item]) -> Entry | None:
    """Return the entry as it is now; None where it, or a memory that it may repeat, is gone or changed."""
    user_id, coach_id = asked.ref.user_id, asked.ref.coach_id
    entry = entries.entry_from(user_id, text_id, stored)
    if entry is None or not all(entries.is_as_told(name, user_id, stored) for name in entry.given):
        return None
    is_others = entry.memory is not None and entry.memory.is_coach_specific and entry.coach_id != coach_id
    return None if is_others else entry


def shown(found: Sequence[Found], contents: Sequence[str]) -> tuple[Found, ...]:
    """Return what to show beside memories of these contents: what they say is not said again."""
    fresh = [
        replace(one, entry=replace(one.entry, text=traces.without(one.entry.text, contents))) for one in found
    ]
    return tuple(one for one in fresh if one.entry.text)[:GIVEN_TEXTS]


def receipt(found: Found) -> dict[str, Any]:
    """Return the text as the `recall` event shows it."""
    return {
        "memoryId": found.entry.item_id,
        "snippet": found.entry.text[:SNIPPET],
        "score": round(found.score, 3),
        "source": found.entry.type,
    }


def lines(found: Sequence[Found]) -> str:
    """Return the texts as a model reads them, a line each."""
    return "\n".join(f"- {_label(one.entry)}: {' '.join(one.entry.text.split())[:SHOWN]}" for one in found)


def _label(entry: Entry) -> str:
    return f"{entry.created_at[:10]}, {entry.type}"
