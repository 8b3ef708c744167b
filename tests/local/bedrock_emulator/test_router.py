"""The router's tool: rules as a table, and what goes over the wire for a schema."""

from typing import Any

import pytest

from libs.coach_conversation import router
from local.bedrock_emulator.analysis import analysis_of
from local.bedrock_emulator.classifier import read
from tests.local.bedrock_emulator.conftest import Emulator

NOVA = "us.amazon.nova-micro-v1:0"

LOGS = [
    ("I just did 5x5 squats at 100kg", "strength"),
    ("Log this: squats 5x5 at 100 kg", "strength"),
    ("Can you log my 5k run from this morning?", "cardio"),
    ("Ran 5k in 24:30 this morning, felt great", "cardio"),
    ("Did a 45 minute yoga class today", "flexibility"),
    ("Foam rolled for 15 minutes and sauna today", "recovery"),
    ("Finished the Berlin marathon race in 3:45 today!", "competition"),
    ("Climbed for 90 minutes this evening", "skill"),
    ("Did 20 minutes HIIT this morning", "hybrid"),
    ("Today I benched 3 sets of 8 at 80 kg, then rowed 2000 m", "hybrid"),
    ("I did 3x10 pull ups yesterday. What next?", "strength"),
    ("Remember I did 5x5 squats at 100kg today", "strength"),
    ("Just hit a new PR: deadlift 180kg x 1", "strength"),
]

INTENTS = [
    ("I did squats", "general"),
    ("I want to run 10k in 50 minutes", "general"),
    ("I'm going to do 5x5 squats at 100kg tomorrow", "general"),
    ("I didn't do my 5k run today", "general"),
    ("I ran 5k once years ago", "general"),
    ("finished work, 30 minutes late", "general"),
    ("I slept badly", "general"),
    ("I did 5x5 at 100kg yesterday, what should I do next?", "question"),
    ("How do I log a workout?", "question"),
    ("Should I stop squatting with knee pain?", "question"),
    ("Does cardio cancel out gains?", "question"),
    ("I had to cancel my gym membership, what can I do at home?", "question"),
    ("Do you remember what I squatted last week?", "question"),
    ("What should my goal be?", "question"),
    ("cancel", "cancel_request"),
    ("Cancel that", "cancel_request"),
    ("Never mind", "cancel_request"),
    ("Actually, stop.", "cancel_request"),
    ("I did 5x5 squats at 100kg, no wait, cancel that", "cancel_request"),
    ("/log-workout cancel", "cancel_request"),
    ("Remember that I prefer training in the morning", "memory_request"),
    ("Can you remember that I'm allergic to nuts?", "memory_request"),
    ("My goal is to squat 140 kg by summer", "memory_request"),
    ("I want to be able to do a muscle-up", "memory_request"),
    ("I want to run a marathon next year", "memory_request"),
    ("Call me Sam", "memory_request"),
    ("Am I making progress on my deadlift?", "progress_check"),
    ("Show me my progress", "progress_check"),
    ("Thanks!", "acknowledgment"),
    ("thanks coach, that really helps", "acknowledgment"),
    ("ok", "acknowledgment"),
    ("👍", "acknowledgment"),
    ("Thank you so much! 🙏🙏", "acknowledgment"),
    ("okay, sounds good 👍", "acknowledgment"),
    ("thank you " * 200 + "elephant", "general"),
    ("👍" * 200 + "x", "general"),
    ("/say I just did 5x5 squats at 100kg", "other"),
    ("?!", "other"),
]

MEMORIES = [
    ("Remember that I prefer training in the morning", "preference", "low", []),
    ("My goal is to squat 140 kg by summer", "goal", "high", ["squat"]),
    ("Please keep in mind that I have a knee injury", "constraint", "high", ["knee", "injury"]),
    ("From now on always use kg", "instruction", "medium", []),
    ("Don't forget: my dog is called Rex", "other", "low", []),
]

SEARCHES = [
    ("What did I squat last week?", True, ["workouts"]),
    ("What did we talk about yesterday?", True, ["other"]),
    ("Am I getting stronger on bench compared to last month?", True, ["workouts", "progress"]),
    ("What is my dog called?", True, []),
    ("Which days can I train?", True, []),
    ("How do I squat with good form?", False, ["techniques"]),
    ("How many sets per week should I do for hypertrophy?", False, ["methodology"]),
    ("Is coffee fine before training?", False, []),
    ("I just did 5x5 squats at 100kg", False, []),
]


def analysed(message: str) -> dict[str, Any]:
    return analysis_of(read(message), processing_ms=250)


@pytest.mark.parametrize(("message", "kind"), LOGS)
def test_a_workout_log_is_recognised_with_its_type(message: str, kind: str) -> None:
    analysis = analysed(message)
    assert analysis["userIntent"] == "workout_logging"
    assert analysis["workoutDetection"]["isWorkoutLog"] is True
    assert analysis["workoutDetection"]["workoutType"] == kind
    assert analysis["workoutDetection"]["confidence"] >= 0.75
    assert analysis["memoryProcessing"]["isMemoryRequest"] is False
    assert analysis["processingPriority"] == {
        "workoutFirst": True,
        "memoryFirst": False,
        "contextFirst": False,
    }


@pytest.mark.parametrize("message", ["/log-workout bench 3x8 80kg", "/log-workout", "/LOG-WORKOUT ran"])
def test_the_log_command_is_certain(message: str) -> None:
    analysis = analysed(message)
    assert analysis["userIntent"] == "workout_logging"
    assert analysis["workoutDetection"]["confidence"] == 1.0
    assert analysis["workoutDetection"]["isSlashCommand"] is True


@pytest.mark.parametrize(("message", "intent"), INTENTS)
def test_a_message_has_this_intent(message: str, intent: str) -> None:
    analysis = analysed(message)
    assert analysis["userIntent"] == intent
    assert analysis["workoutDetection"]["isWorkoutLog"] is False
    assert analysis["workoutDetection"]["workoutType"] is None
    assert (analysis["memoryProcessing"]["memoryCharacteristics"] is not None) == (intent == "memory_request")


@pytest.mark.parametrize(("message", "kind", "importance", "tags"), MEMORIES)
def test_a_memory_request_is_described(message: str, kind: str, importance: str, tags: list[str]) -> None:
    memory = analysed(message)["memoryProcessing"]["memoryCharacteristics"]
    assert (memory["type"], memory["importance"], memory["suggestedTags"]) == (kind, importance, tags)


@pytest.mark.parametrize(("message", "retrieves", "types"), SEARCHES)
def test_what_is_looked_up(message: str, retrieves: bool, types: list[str]) -> None:
    analysis = analysed(message)
    assert analysis["memoryProcessing"]["needsRetrieval"] is retrieves
    assert analysis["contextNeeds"]["searchTypes"] == types
    assert analysis["contextNeeds"]["needsPineconeSearch"] is bool(types)


@pytest.mark.parametrize(
    ("message", "shown"),
    [("I ran 5", False), ("I ran 5k", True), ("thank you so much", False), ("cancel that now", False)],
)
def test_short_and_quiet_messages_skip_the_updates(message: str, shown: bool) -> None:
    analysis = analysed(message)
    assert analysis["showContextualUpdates"] is shown
    assert bool(analysis["contextualUpdates"]) is shown


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ("What did I squat last week?", "squat"),
        ("My sleep is bad", "sleep"),
        ("Tell me of kangaroos", "kangaroo"),
    ],
)
def test_updates_speak_of_the_messages_topic_without_quotes(message: str, word: str) -> None:
    updates = analysed(message)["contextualUpdates"]
    assert [update["stage"] for update in updates] == [
        "initial_greeting",
        "workout_analysis",
        "memory_analysis",
        "pattern_analysis",
        "insights_brewing",
    ]
    assert all(word in update["content"] for update in updates)
    assert not any(mark in update["content"] for update in updates for mark in '"\n“')


def test_a_complex_message_is_marked() -> None:
    message = "My knee hurts and I'm frustrated. Can you write me a 12 week program for a marathon?"
    complexity = analysed(message)["conversationComplexity"]
    assert complexity["complexityTypes"] == ["injury", "emotional", "planning", "multi_topic"]
    assert complexity["requiresDeepReasoning"] is True


def routed(emulator: Emulator, text: str, schema: Any) -> Any:
    spec: Any = {"name": "route_message", "inputSchema": {"json": schema}}
    response = emulator.bedrock.converse(
        modelId=NOVA,
        messages=[{"role": "user", "content": [{"text": text}]}],
        toolConfig={"tools": [{"toolSpec": spec}], "toolChoice": {"tool": {"name": "route_message"}}},
    )
    assert response["stopReason"] == "tool_use"
    return response["output"]["message"]["content"][0]["toolUse"]["input"]


def test_the_routers_own_schema_gets_every_field_and_no_fallback(emulator: Emulator) -> None:
    text = "Do you remember what I squatted last week?"
    prompt = router.build_prompt(text, (), model_id=NOVA)
    answer = routed(emulator, prompt.messages[0].text, router.TOOL.input_schema)
    analysis = router.parse(answer, text, elapsed_ms=5)
    assert analysis.router_metadata.fallback_used is False
    assert analysis.user_intent == "question"
    assert analysis.memory_processing.needs_retrieval is True
    assert analysis.context_needs.search_types == ("workouts",)
    assert len(analysis.contextual_updates) == 5
    assert answer.keys() == router.TOOL.input_schema["properties"].keys()


def test_only_the_fenced_message_is_read(emulator: Emulator) -> None:
    text = "<recent>\nuser: I did 5x5 squats at 100kg\n</recent>\n\n<message>\nThanks!\n</message>"
    schema = {"type": "object", "properties": {"userIntent": {"type": "string"}}}
    assert routed(emulator, text, schema) == {"userIntent": "acknowledgment"}


def test_updates_are_keyed_by_stage_where_the_schema_is(emulator: Emulator) -> None:
    stages = {"memory_analysis": {"type": "string"}, "insights_brewing": {"type": "string"}}
    schema = {
        "type": "object",
        "$defs": {"Updates": {"type": "object", "properties": stages}},
        "properties": {"contextualUpdates": {"$ref": "#/$defs/Updates"}},
    }
    updates = routed(emulator, "What did I squat last week?", schema)["contextualUpdates"]
    assert updates.keys() == stages.keys()
    assert "squat" in updates["memory_analysis"]


def test_a_script_is_laid_over_the_analysis(emulator: Emulator) -> None:
    emulator.script(router={"workoutDetection": {"confidence": 0.42}, "userIntent": "other"})
    answer = routed(emulator, "I just did 5x5 squats at 100kg", router.TOOL.input_schema)
    assert answer["userIntent"] == "other"
    assert answer["workoutDetection"]["confidence"] == 0.42
    assert answer["workoutDetection"]["isWorkoutLog"] is True
