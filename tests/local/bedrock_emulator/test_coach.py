"""The offline coach: honest, on topic, of a readable length, always the same."""

import pytest

from local.bedrock_emulator.coach import coach_reply, persona_name
from local.bedrock_emulator.topics import TOPICS

MESSAGES = [
    "I just did 5x5 squats at 100kg",
    "My knee hurts when I run",
    "How can I sleep better?",
    "thanks",
    "cancel that",
    "ok",
    "What did I do last week?",
    "Remember that I only have dumbbells",
    "Am I making progress?",
    "Erzähl mir etwas über Känguruhs",
    "🙂",
    *(f"tell me about {topic.talk}, number {number}" for topic in TOPICS for number in range(40)),
]


@pytest.mark.parametrize("system", ["", "You are Vera, a coach.", "Name: Vera Strong\nPersona: warm"])
def test_every_answer_is_honest_and_has_60_to_120_words(system: str) -> None:
    for message in MESSAGES:
        reply = coach_reply(message, system=system)
        assert 60 <= len(reply.split()) <= 120, reply
        assert "offline stand-in" in reply
        assert "language model" in reply
        assert reply == reply.strip()


def test_an_answer_takes_up_the_topic() -> None:
    reply = coach_reply("My knee hurts when I run")
    assert "knee" in reply
    assert "\n- " in reply
    assert "**" in reply


def test_warning_signs_come_before_everything_else() -> None:
    for day in range(20):
        reply = coach_reply(f"On day {day} my squats gave me chest pain, what about my knee?")
        assert "- **Stop training** and call a doctor now" in reply


def test_the_same_words_get_the_same_answer_and_others_another() -> None:
    assert coach_reply("How do I squat?") == coach_reply("How do I squat?")
    assert len({coach_reply(f"How do I squat {reps} reps?") for reps in range(20)}) > 8


@pytest.mark.parametrize(
    ("system", "name"),
    [
        ("", None),
        ("You are a helpful coach.", None),
        ("You are Vera, a strength coach.", "Vera"),
        ("You are Coach Vera. Be kind.", "Coach Vera"),
        ("<coach>\nName: Vera Strong\nPersona: warm\n</coach>", "Vera Strong"),
        ('{"name": "Vera", "style": "dry"}', "Vera"),
    ],
)
def test_the_personas_name_is_found_where_it_is_stated(system: str, name: str | None) -> None:
    assert persona_name(system) == name
