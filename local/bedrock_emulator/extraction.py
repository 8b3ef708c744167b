"""What the extraction tools of the worker are given without a model: plain rules over the fenced words; pure.

They find what is said in the usual ways ("5x5 squats at 100 kg", "ran 5 km in 25 minutes", "remember that …")
and leave out the rest; they never guess. A model finds more.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from local.bedrock_emulator import phrases
from local.bedrock_emulator.classifier import memory_importance, memory_type, read, workout_type
from local.bedrock_emulator.topics import topics_in

_NUMBER: Final = r"\d+(?:[.,]\d+)?"
_SETS: Final = re.compile(
    rf"\b(?P<sets>\d{{1,2}})\s*(?:x|×|sets?\s+of)\s*(?P<reps>\d{{1,4}})(?:\s*(?:reps?|times))?\b"
    rf"(?:[\s\w]{{0,30}}?(?:at|@|with|x|×)?\s*(?P<load>{_NUMBER})\s*(?P<unit>kgs?|kilos?|lbs?|pounds?)\b)?",
    re.IGNORECASE,
)
_LOAD: Final = re.compile(rf"\b(?P<load>{_NUMBER})\s*(?P<unit>kgs?|kilos?|lbs?|pounds?)\b", re.IGNORECASE)
_DISTANCE: Final = re.compile(
    rf"\b(?P<value>{_NUMBER})\s*-?(?P<unit>km|k|kilomet(?:er|re)s?|mi|miles?|m|met(?:er|re)s?)\b",
    re.IGNORECASE,
)
_DURATION: Final = re.compile(
    rf"\b(?P<value>{_NUMBER})\s*-?(?P<unit>h|hrs?|hours?|min|mins|minutes?)\b", re.IGNORECASE
)
_CLOCK: Final = re.compile(r"\b(?:(?P<h>\d{1,2}):)?(?P<m>\d{1,2}):(?P<s>\d\d)\b")
_RPE: Final = re.compile(rf"\brpe\s*(?:of|was|:)?\s*(?P<value>{_NUMBER})", re.IGNORECASE)
_NOTE: Final = re.compile(r"\b(?:felt|feels|hurts?|pain|sore|tired|easy|hard|tough)\b", re.IGNORECASE)
_NOW: Final = re.compile(r"written at (\S+) \(UTC\)")
_PAUSES: Final = re.compile(r"[.!?;\n]+(?!\d)|,(?!\d)|\b(?:and|then|plus)\b", re.IGNORECASE)
_SENTENCES: Final = re.compile(r"[^.!?\n]+(?:\.(?=\d)[^.!?\n]*)*")
_WISH: Final = re.compile(
    r"^\W*(?:(?:hey|hi|ok(?:ay)?|coach|please|can you|could you|and|also)\W+)*"
    r"(?:remember|don't forget|do not forget|keep in mind|bear in mind|make a note|note(?: down)?"
    r"|memori[sz]e|for future reference)\b[,:]?\s*(?:this:?\s+)?(?:that\b[,:]?\s*)?",
    re.IGNORECASE,
)
_KEPT_LINES: Final = 12
_LINE: Final = 240
_SAID: Final = re.compile(r"^(person|coach): (.*)$", re.MULTILINE)
_DAYS: Final = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b|\b(?:mornings?|evenings?|weekends?|days a week)\b",
    re.IGNORECASE,
)


def workout_in(words: str, whole: str) -> dict[str, Any]:
    """Return the input of `save_workout` for a message."""
    text = words.replace("’", "'").strip()
    text = re.sub(r"^/log-workout\b", "", text, flags=re.IGNORECASE).strip()
    found: dict[str, Any] = {
        "discipline": workout_type(read(f"/log-workout {text}")) or "hybrid",
        "exercises": list(_exercises(text)),
        "distance": _distance(text),
        "durationMinutes": _minutes(text),
        "rpe": _rpe(text),
        "notes": ". ".join(one.strip() for one in _SENTENCES.findall(text) if _NOTE.search(one))[:200],
        "performedAt": _performed_at(text, whole),
    }
    if not found["exercises"] and not found["distance"] and not found["durationMinutes"]:
        found["notes"] = found["notes"] or text[:200]
    return {name: value for name, value in found.items() if value is not None}


def _exercises(text: str) -> Iterator[dict[str, Any]]:
    """Yield each exercise that is named with its sets; the numbers beside a name are its own."""
    for part in _PAUSES.split(text):
        topic = next((topic for topic in topics_in(part) if topic.workout_type == "strength"), None)
        if topic is None:
            continue
        sets = _SETS.search(part)
        load = _load(_LOAD.search(part))
        one: dict[str, Any] = {"reps": int(sets["reps"])} if sets else {}
        if load is not None:
            one |= {"load": load}
        count = min(int(sets["sets"]), 50) if sets else 1
        yield {"name": topic.name, "sets": [one] * count if one else []}


def _load(match: re.Match[str] | None) -> dict[str, Any] | None:
    if match is None:
        return None
    return {"value": _float(match["load"]), "unit": "kg" if match["unit"][0] in "kK" else "lb"}


def _distance(text: str) -> dict[str, Any] | None:
    match = _DISTANCE.search(text)
    if match is None or not _float(match["value"]):
        return None
    unit = match["unit"].lower()
    short = "mi" if unit.startswith("mi") else "km" if unit.startswith("k") else "m"
    return {"value": _float(match["value"]), "unit": short}


def _minutes(text: str) -> float | None:
    if match := _DURATION.search(text):
        value = _float(match["value"])
        return value * 60 if match["unit"].lower().startswith("h") else value
    if match := _CLOCK.search(text):
        return round(int(match["h"] or 0) * 60 + int(match["m"]) + int(match["s"]) / 60, 2)
    return None


def _rpe(text: str) -> float | None:
    match = _RPE.search(text)
    return _float(match["value"]) if match else None


def _performed_at(text: str, whole: str) -> str | None:
    """Return the day before for "yesterday" and "last night"; else the message does not say."""
    now = _NOW.search(whole)
    if now is None or not re.search(r"\b(?:yesterday|last night)\b", text, re.IGNORECASE):
        return None
    return (datetime.fromisoformat(now[1]) - timedelta(days=1)).isoformat()


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def memory_in(words: str) -> dict[str, Any]:
    """Return the input of `save_memory` for a message: its own words, without the wish to keep them."""
    text = words.replace("’", "'").strip()
    kept = _WISH.sub("", text, count=1).strip() or text
    hurts = phrases.INJURY.search(text) is not None
    return {
        "content": kept[0].upper() + kept[1:] if kept else text,
        "type": "constraint" if hurts and memory_type(text) == "other" else memory_type(text),
        "importance": "high" if hurts else memory_importance(text),
        "isCoachSpecific": phrases.ABOUT_THE_COACH.search(kept) is not None,
        "tags": [topic.name for topic in topics_in(text)][:5],
    }


def summary_in(whole: str) -> dict[str, Any]:
    """Return the input of `save_summary`: what the person said of themselves, sorted; nothing is made up.

    The offline rules keep sentences as they were said, the latest at the end; the oldest fall out when
    there are too many. A model would rewrite them into fewer words.
    """
    previous, conversation = _between(whole, "previous"), _between(whole, "conversation")
    said = [text for who, text in _SAID.findall(conversation) if who == "person"]
    sentences = [one.strip() for text in said for one in _SENTENCES.findall(text) if len(one.strip()) > 8]
    parts: dict[str, list[str]] = {name: _earlier(previous, name) for name in _PARTS}
    for sentence in sentences:
        for name in _kinds(sentence):
            parts[name].append(sentence[:_LINE])
    topics = [topic.name for text in said for topic in topics_in(text)]
    tags = [*_earlier(previous, "conversation_tags"), *topics]
    talk = list(dict.fromkeys(topics)) or ["training in general"]
    narrative = f"{_narrative(previous)} The person then talked about {', '.join(talk)}.".strip()
    kept = {name: list(dict.fromkeys(lines))[-_KEPT_LINES:] for name, lines in parts.items()}
    return {"narrative": narrative[-600:], **kept, "conversation_tags": list(dict.fromkeys(tags))[-10:]}


_PARTS: Final = (
    "current_goals",
    "recent_progress",
    "training_preferences",
    "schedule_constraints",
    "key_insights",
    "important_context",
)


def _kinds(sentence: str) -> Iterator[str]:
    if phrases.QUESTION_START.match(sentence):
        return
    if phrases.GOAL.search(sentence):
        yield "current_goals"
    elif phrases.COMPLETED.search(sentence) and topics_in(sentence):
        yield "recent_progress"
    elif phrases.INJURY.search(sentence) or phrases.CONSTRAINT.search(sentence):
        yield "important_context"
    elif _DAYS.search(sentence):
        yield "schedule_constraints"
    elif phrases.PREFERENCE.search(sentence) or phrases.STANDING.search(sentence):
        yield "training_preferences"
    elif re.search(r"\b(?:i|my|i'm|i've)\b", sentence, re.IGNORECASE):
        yield "important_context"


def _between(whole: str, tag: str) -> str:
    match = re.search(rf"<{tag}>(.*)</{tag}>", whole, re.DOTALL)
    return match[1].strip() if match else ""


def _earlier(previous: str, part: str) -> list[str]:
    """Return the lines that the previous summary has of a part: `part: one; another`."""
    match = re.search(rf"^{part}: (.*)$", previous, re.MULTILINE)
    return [line.strip() for line in match[1].split("; ") if line.strip()] if match else []


def _narrative(previous: str) -> str:
    match = re.search(r"^narrative: (.*)$", previous, re.MULTILINE)
    return match[1].strip() if match else ""
