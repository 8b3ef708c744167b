"""Environment, back-off and end of a runtime process."""

from pathlib import Path

from local.function_config import FunctionConfig
from local.runtime_process import describe_exit, runtime_environment
from local.runtime_slot import backoff_s

FUNCTION = FunctionConfig(
    name="coach",
    handler="stream_coach.handler.handler",
    timeout_s=900,
    memory_mb=1024,
    task_root=Path("/task"),
    environment={"TABLE_NAME": "t", "AWS_REGION": "eu-west-1", "AWS_LAMBDA_FUNCTION_NAME": "other"},
    cors=None,
)


def test_lambda_s_variables_win_over_the_function_s_and_those_over_the_defaults() -> None:
    inherited = {"PATH": "/bin", "AWS_PROFILE": "production", "AWS_SECRET_ACCESS_KEY": "secret"}
    environment = runtime_environment(
        FUNCTION, api_port=9001, pollers=32, interpreter="/py", inherited=inherited
    )
    stream = environment.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert stream[10:21] == "/[$LATEST]" + stream[20]
    assert environment == {
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": "/bin",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "TABLE_NAME": "t",
        "_HANDLER": "stream_coach.handler.handler",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
        "AWS_LAMBDA_FUNCTION_NAME": "coach",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/coach",
        "AWS_LAMBDA_MAX_CONCURRENCY": "32",
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
        "LAMBDA_TASK_ROOT": "/task",
        "STREAM_COACH_PYTHON": "/py",
    }


def test_a_process_that_ends_again_and_again_without_work_waits_ever_longer() -> None:
    assert [backoff_s(ends) for ends in range(9)] == [0.0, 0.0, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_an_end_is_told_by_status_or_signal() -> None:
    assert (describe_exit(3), describe_exit(-9)) == ("exit status 3", "signal SIGKILL")
