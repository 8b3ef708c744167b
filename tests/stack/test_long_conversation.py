"""A conversation of 300 messages: its prompt stays as large as it was, and what was told first is known."""

from typing import Any, Final

import pytest

from tests.conftest import Figures
from tests.stack.client import Stack, eventually
from tests.stack.conftest import Relayed
from tests.stack.queued import Queues

pytestmark = pytest.mark.stack

FACTS: Final = (
    ("My goal is to squat 140 kg by June.", "Which squat number am I aiming for?", "140 kg"),
    ("My left knee hurts when I squat deep.", "What should we watch for on leg day?", "left knee"),
    ("I can only train on Mondays and Thursdays.", "On which days could we plan sessions?", "Thursdays"),
    ("I have a rower and two kettlebells at home.", "What equipment do I have at home?", "kettlebells"),
    ("I prefer short sessions of 40 minutes.", "How long should my sessions be?", "40 minutes"),
    ("My daughter is called Mira and swims with me.", "Who swims with me?", "Mira"),
    ("I am allergic to whey protein.", "Which protein should I avoid?", "whey"),
    ("My best deadlift is 180 kg.", "What is my best deadlift so far?", "180 kg"),
    ("I want to run the Berlin marathon in September.", "Which race am I preparing for?", "Berlin"),
    ("I work night shifts every second week.", "What about my shifts at work?", "night shifts"),
    ("I hate burpees and never want to do them.", "Which exercises do I hate?", "burpees"),
    ("My physio told me to avoid overhead presses.", "What did my physio tell me?", "overhead presses"),
    ("I weigh 82 kg and want to reach 78 kg.", "Where do I want my weight to go?", "78 kg"),
    ("My resting heart rate is 52.", "What is my resting heart rate?", "52"),
    ("I love training outdoors in the park.", "Where do I love to train?", "park"),
    ("I broke my right wrist in 2019.", "Which old fracture should we respect?", "right wrist"),
    ("I usually sleep six hours a night.", "How much do I usually sleep?", "six hours"),
    ("My gym closes at 21:00 on weekdays.", "When does my gym close?", "21:00"),
    ("I take creatine every morning.", "Which supplement do I take?", "creatine"),
    ("I am vegetarian since 2015.", "Which diet do I follow?", "vegetarian"),
)
TALK: Final = (
    "How many sets of rows should I do this week?",
    "Is a longer warm-up worth it when it is cold outside?",
    "What is a good pace for an easy run?",
    "Should I stretch my hips before or after?",
    "How do I breathe during a heavy set?",
)
TURNS: Final = 150
EARLY: Final = 30
SETTLES_EVERY: Final = 3
MOST_GROWTH: Final = 1.2
MIN_KNOWN: Final = 15


def _said(number: int) -> str:
    """Return what the person says in a turn, counted from 1."""
    if number <= len(FACTS):
        return FACTS[number - 1][0]
    if TURNS - len(FACTS) <= number < TURNS:
        return FACTS[number - TURNS + len(FACTS)][1]
    return TALK[number % len(TALK)]


def _prompt(stack: Stack) -> dict[str, Any]:
    """Return the request of the latest answer, and forget the calls."""
    calls = [call for call in stack.emulator.calls() if call["operation"] == "ConverseStream"]
    stack.emulator.forget_calls()
    request: dict[str, Any] = calls[-1]["request"]
    return request


def _texts(request: dict[str, Any]) -> dict[str, str]:
    """Return the parts of a prompt by what they begin with, and its messages."""
    system = {block["text"][:40]: block["text"] for block in request["system"] if "text" in block}
    spoken = [
        block["text"] for message in request["messages"] for block in message["content"] if "text" in block
    ]
    return {**system, "messages": "\n".join(spoken)}


def _tokens(request: dict[str, Any]) -> int:
    """Return about how many tokens the prompt has: four characters make one."""
    return sum(map(len, _texts(request).values())) // 4


def test_a_conversation_of_300_messages_keeps_its_prompt_and_its_facts(
    durable: Relayed, figures: Figures
) -> None:
    stack = durable.stack
    conversation, queues = stack.person().begin(), Queues(stack.endpoints)
    sizes: dict[int, int] = {}
    known: list[str] = []
    for number in range(1, TURNS + 1):
        conversation.say(_said(number))
        request = _prompt(stack)
        sizes[number] = _tokens(request)
        if TURNS - len(FACTS) <= number < TURNS:
            _, _, fact = FACTS[number - TURNS + len(FACTS)]
            before = request | {"messages": request["messages"][:-1]}
            known += [fact] if any(fact in text for text in _texts(before).values()) else []
        if number % SETTLES_EVERY == 0:
            eventually(lambda: queues.left() == 0 or None)
    messages = len(conversation.stored())
    growth, missing = sizes[TURNS] / sizes[EARLY], [fact for *_, fact in FACTS if fact not in known]
    figures(
        f"a conversation of {messages} messages: the prompt of turn {EARLY} has about {sizes[EARLY]} tokens, "
        f"that of turn {TURNS} {sizes[TURNS]} ({growth:.2f} of it), the largest of all {max(sizes.values())}"
    )
    figures(
        f"  {len(known)} of {len(FACTS)} facts told in turns 1 to 20 are in the prompt when asked about some "
        f"130 turns later, by the offline rules for summaries; missing: {', '.join(missing) or 'none'}"
    )
    assert messages == 2 * TURNS
    assert growth <= MOST_GROWTH
    assert len(known) >= MIN_KNOWN
