"""What wakes an operator: the alarms of the template, and whom they tell."""

from typing import Any

import pytest

from tests.translated_template import NO_VALUE, SOURCE, of_type, translated

AT_LEAST = "GreaterThanOrEqualToThreshold"
WATCHED = {
    "FailedAnswersAlarm": ({"Ref": "AWS::StackName"}, "FailedAnswers", "Sum", AT_LEAST, 5),
    "DeadLettersAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "Maximum", AT_LEAST, 1),
    "StreamCoachErrorsAlarm": ("AWS/Lambda", "Errors", "Sum", AT_LEAST, 3),
    "StreamCoachThrottlesAlarm": ("AWS/Lambda", "Throttles", "Sum", AT_LEAST, 1),
    "TurnWorkerErrorsAlarm": ("AWS/Lambda", "Errors", "Sum", AT_LEAST, 3),
    "TurnWorkerThrottlesAlarm": ("AWS/Lambda", "Throttles", "Sum", AT_LEAST, 1),
    "SweeperAlarm": ("AWS/Events", "Invocations", "Sum", "LessThanThreshold", 1),
}
STREAM_COACH = [{"Name": "FunctionName", "Value": {"Ref": "StreamCoachFunction"}}]
TURN_WORKER = [{"Name": "FunctionName", "Value": {"Ref": "TurnWorkerFunction"}}]


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    return translated()


@pytest.fixture(scope="module")
def alarms(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {alarm["Id"]: alarm["Properties"] for alarm in of_type(resources, "AWS::CloudWatch::Alarm")}


def test_each_alarm_watches_its_metric_for_five_minutes(alarms: dict[str, dict[str, Any]]) -> None:
    keys = ("Namespace", "MetricName", "Statistic", "ComparisonOperator", "Threshold")
    assert {name: tuple(alarm[key] for key in keys) for name, alarm in alarms.items()} == WATCHED
    assert {(alarm["Period"], alarm["EvaluationPeriods"]) for alarm in alarms.values()} == {(300, 1)}


def test_each_alarm_watches_what_this_stack_made(
    resources: dict[str, Any], alarms: dict[str, dict[str, Any]]
) -> None:
    (rule,) = of_type(resources, "AWS::Events::Rule")
    dead_letters = {"Fn::GetAtt": ["TurnDeadLetterQueue", "QueueName"]}
    assert {name: alarm.get("Dimensions", []) for name, alarm in alarms.items()} == {
        "FailedAnswersAlarm": [],
        "DeadLettersAlarm": [{"Name": "QueueName", "Value": dead_letters}],
        "StreamCoachErrorsAlarm": STREAM_COACH,
        "StreamCoachThrottlesAlarm": STREAM_COACH,
        "TurnWorkerErrorsAlarm": TURN_WORKER,
        "TurnWorkerThrottlesAlarm": TURN_WORKER,
        "SweeperAlarm": [{"Name": "RuleName", "Value": {"Ref": rule["Id"]}}],
    }


def test_only_a_silent_sweeper_is_an_alarm_by_itself(alarms: dict[str, dict[str, Any]]) -> None:
    silent = {name for name, alarm in alarms.items() if alarm["TreatMissingData"] == "breaching"}
    assert silent == {"SweeperAlarm"}
    assert {alarm["TreatMissingData"] for alarm in alarms.values()} == {"breaching", "notBreaching"}


def test_the_topic_hears_of_the_begin_and_the_end_where_there_is_one(
    alarms: dict[str, dict[str, Any]],
) -> None:
    told = {"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], NO_VALUE]}
    assert all(alarm["AlarmActions"] == alarm["OKActions"] == told for alarm in alarms.values())
    named = {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmTopicArn"}, ""]}]}
    assert SOURCE["Conditions"]["HasAlarmTopic"] == named


def test_answers_that_fail_are_counted_from_the_logs_of_both_functions(resources: dict[str, Any]) -> None:
    filters = [found["Properties"] for found in of_type(resources, "AWS::Logs::MetricFilter")]
    assert [found["LogGroupName"] for found in filters] == [
        {"Ref": "StreamCoachLogGroup"},
        {"Ref": "TurnWorkerLogGroup"},
    ]
    for found in filters:
        # The fields of `turn_ended` and `chat_ended`; a person who stops an answer is no failure.
        assert found["FilterPattern"] == '{ $.outcome = "ended" && $.code != "CANCELLED" }'
        (counted,) = found["MetricTransformations"]
        assert (counted["MetricNamespace"], counted["MetricName"], counted["MetricValue"]) == (
            {"Ref": "AWS::StackName"},
            "FailedAnswers",
            "1",
        )
