"""A queue's source as the template says it, and what a function's answer means for a batch."""

import json
from typing import Any

import pytest

from local import project
from local.event_sources import QueueSource, failed_ids, queue_source
from local.template import TemplateError, load_template, parse_template

BATCH = ["a", "b"]


def test_the_worker_s_queue_is_the_template_s() -> None:
    source = queue_source(load_template(project.TEMPLATE), project.WORKER)
    assert source == QueueSource("TurnQueue", batch_size=1, reports_failures=True)


def test_what_the_template_does_not_say_is_as_on_aws() -> None:
    template = parse_template("""
Resources:
  F:
    Type: AWS::Serverless::Function
    Properties: {Events: {Q: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}}}
""")
    assert queue_source(template, "F") == QueueSource("Jobs", batch_size=10, reports_failures=False)


def test_a_function_without_a_queue_is_named() -> None:
    with pytest.raises(TemplateError, match="StreamCoachFunction is fed by one queue"):
        queue_source(load_template(project.TEMPLATE), project.FUNCTION)


def failures(*ids: Any) -> bytes:
    return json.dumps({"batchItemFailures": [{"itemIdentifier": id_} for id_ in ids]}).encode()


@pytest.mark.parametrize(
    "answer", [b"", b"null", b"{}", b'"done"', b"7", b'{"batchItemFailures": null}', failures()]
)
def test_an_answer_that_names_no_failure_is_success(answer: bytes) -> None:
    assert failed_ids(answer, BATCH) == []


def test_the_messages_that_are_named_have_failed() -> None:
    assert failed_ids(failures("b"), BATCH) == ["b"]


@pytest.mark.parametrize(
    "answer",
    [
        b"no json",
        b'{"batchItemFailures": "b"}',
        b'{"batchItemFailures": ["b"]}',
        b'{"batchItemFailures": [{"messageId": "b"}]}',
        failures("b", "unknown"),
        failures(""),
        failures(None),
        failures(["b"]),
    ],
)
def test_an_answer_that_makes_no_sense_fails_the_whole_batch(answer: bytes) -> None:
    assert failed_ids(answer, BATCH) == BATCH
