"""A turn whose message asks for care: a line where help is, and nothing that pushes or jokes."""

from typing import Any, Final

import pytest

from libs.coach_conversation import care, router
from libs.coach_conversation.care import assess
from libs.coach_conversation.endings import Meter
from libs.coach_conversation.errors import ModelUnavailable
from libs.coach_conversation.inbox import Inbox
from libs.coach_conversation.kept import follow_ups
from libs.coach_conversation.log import TurnLog
from libs.coach_conversation.turn import RunningTurn, run_turn
from libs.coach_conversation.types import Part
from libs.streaming.events import Chunk, Complete, Contextual, Notice, Progress, Start, TurnEvent, check_order
from tests.fakes.model import FakeModel, Step, answering, routing
from tests.fakes.ports import asked
from tests.libs.coach_conversation.scenes import Scene

CHEST: Final = "I get chest pain when I squat, 5x5 at 100 kg today"
EAGER: Final = {
    "userIntent": "workout_logging",
    "showContextualUpdates": True,
    "contextualUpdates": [
        {"stage": "workout_analysis", "content": "Crunching your squats..."},
        {"stage": "insights_brewing", "content": "You beast..."},
    ],
    "workoutDetection": {"isWorkoutLog": True, "confidence": 0.95, "workoutType": "strength"},
    "processingPriority": {"workoutFirst": True},
}


def told(
    text: str, *, router_steps: tuple[Step, ...] = routing(**EAGER), said_before: str = ""
) -> tuple[Scene, FakeModel, list[TurnEvent]]:
    model = FakeModel(answering("Please ", "stop."), router=router_steps)
    scene = Scene(overrides={"model": model})
    if said_before:
        scene.finish(scene.admit(asked(said_before, key="before")), "Sit down.")
    admitted = scene.admit(asked(text))
    inbox = Inbox(scene.clock, scene.clock.monotonic_s() + 60.0)
    log = TurnLog(admitted.lease, scene.ports, inbox.put)
    running = RunningTurn(admitted=admitted, inbox=inbox, log=log, meter=Meter(admitted.started_s))
    events: list[TurnEvent] = []
    for event in run_turn(running, scene.ports):
        events.append(event)
        if not isinstance(event, Complete):
            log.append(event)
    check_order(events)
    return scene, model, events


def line_of(text: str) -> str:
    need = assess(text)
    assert need is not None
    return need.line


def test_the_note_comes_first_and_the_answer_streams_without_asides() -> None:
    _, _, events = told(CHEST)
    assert isinstance(events[0], Start)
    assert events[1:-1] == [
        Notice("safety", line_of(CHEST)),
        Progress("routing", "Reading your message"),
        Progress("generating", "Writing the answer"),
        Chunk("Please "),
        Chunk("stop."),
        Progress("saving", "Saving your conversation"),
    ]
    assert isinstance(events[-1], Complete)


@pytest.mark.parametrize("steps", [(ModelUnavailable("gone"),), routing(), routing(nonsense=True)])
def test_nothing_is_said_aside_when_the_router_gives_nothing(steps: tuple[Step, ...]) -> None:
    _, _, events = told(CHEST, router_steps=steps)
    assert not any(isinstance(event, Contextual) for event in events)


def test_the_note_is_in_the_log_but_not_in_the_saved_message() -> None:
    scene, _, _ = told(CHEST)
    assert Notice("safety", line_of(CHEST)) in [event for _, event in scene.logged()]
    assert scene.messages()[-1].parts == (Part("answer", "Please stop."),)


def test_the_care_section_stands_last_behind_the_same_stable_text() -> None:
    _, cared, _ = told(CHEST)
    _, plain, _ = told("How do I squat deeper?")
    prompt, usual = cared.answered[0].prompt, plain.answered[0].prompt
    assert len(prompt.system) == len(usual.system) + 1
    assert prompt.stable_system == usual.stable_system == 1
    assert prompt.system[0] == usual.system[0]
    assert prompt.system[-1].startswith("This message may be about chest pain, fainting,")
    assert f"<note>{line_of(CHEST)}</note>" in prompt.system[-1]


def test_ordinary_talk_is_told_as_ever() -> None:
    _, _, events = told("Deadlifts killed my legs today, 5x5 at 100 kg")
    assert not any(isinstance(event, Notice) for event in events)
    assert [event.stage for event in events if isinstance(event, Contextual)] == [
        "initial_greeting",
        "workout_analysis",
        "insights_brewing",
    ]


# The rule beside the router


@pytest.mark.parametrize("text", [CHEST, f"/log-workout {CHEST}", "cancel that, I want to die"])
@pytest.mark.parametrize("value", [EAGER, None, {"contextualUpdates": "broken"}])
def test_no_workout_is_logged_and_nothing_is_shown_whatever_the_router_says(value: Any, text: str) -> None:
    analysis = router.parse(value, text, elapsed_ms=1)
    assert not analysis.workout_detection.is_workout_log
    assert not analysis.workout_detection.is_slash_command
    assert not analysis.processing_priority.workout_first
    assert analysis.user_intent != "workout_logging"
    assert not analysis.show_contextual_updates
    assert analysis.contextual_updates == ()


def test_what_asks_for_care_is_neither_kept_nor_indexed() -> None:
    value = {"userIntent": "memory_request", "memoryProcessing": {"isMemoryRequest": True}}
    analysis = router.parse(value, "Remember that I want to die", elapsed_ms=1)
    assert (analysis.user_intent, analysis.care_concern) == ("general", "self_harm")
    assert follow_ups.planned(analysis, (), indexed=True) == ()


# What the router sees and the rules do not

HINT: Final = "The people around me could finally breathe, if you know what I mean"
NAMED: Final = routing(**{**EAGER, "careConcern": "self_harm"})


def test_what_only_the_router_sees_is_answered_with_care_behind_the_greeting() -> None:
    scene, model, events = told(HINT, router_steps=NAMED)
    assert assess(HINT) is None
    line = care.flagged("self_harm", HINT).line
    assert [event.stage for event in events if isinstance(event, Contextual)] == ["initial_greeting"]
    assert events[3] == Notice("safety", line)
    assert f"<note>{line}</note>" in model.answered[0].prompt.system[-1]
    assert scene.record().follow_ups == ()


def test_a_kind_that_nobody_knows_costs_nothing_of_the_analysis() -> None:
    analysis = router.parse({**EAGER, "careConcern": ["boredom"]}, "Squats, 5x5 at 100", elapsed_ms=1)
    assert (analysis.care_concern, analysis.user_intent) == ("none", "workout_logging")
    assert not analysis.router_metadata.fallback_used


def test_the_router_cannot_talk_the_rules_out_of_it() -> None:
    assert router.parse({**EAGER, "careConcern": "none"}, CHEST, elapsed_ms=1).care_concern == "chest_pain"


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("ich kann das alles nicht mehr", "Gut, dass du"),
        ("je ne peux plus, c'est trop", "Merci"),
        ("no puedo más con esto", "Me alegro"),
        ("...", "I'm really glad"),
    ],
)
def test_what_the_router_names_is_answered_in_the_language_of_the_message(text: str, begins: str) -> None:
    assert care.flagged("self_harm", text).line.startswith(begins)


def test_what_weighs_is_still_in_mind_when_the_next_message_is_ordinary() -> None:
    _, model, events = told("How do I squat deeper?", said_before=CHEST)
    assert not any(isinstance(event, Notice) for event in events)
    assert [event.stage for event in events if isinstance(event, Contextual)] == ["initial_greeting"]
    assert f"<note>{line_of(CHEST)}</note>" in model.answered[-1].prompt.system[-1]


def test_care_lingers_for_two_messages() -> None:
    assert care.lingering([CHEST, "okay", "and now?"]) is None
    lingers = care.lingering([CHEST, "okay"])
    assert lingers is not None
    assert lingers.kind == "chest_pain"
    assert care.lingering([]) is None
