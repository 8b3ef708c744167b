"""The function's environment on this machine: the template's variables, the stack's, nobody else's."""

from dataclasses import replace

from local import project
from local.environment import Addresses, function_config, function_environment
from local.stack_options import StackOptions
from local.state_dir import StateDir
from local.template import load_template

LOCAL = Addresses(
    aws="http://127.0.0.1:1",
    bedrock="http://127.0.0.1:2",
    pinecone="http://127.0.0.1:4",
    openai="http://127.0.0.1:5",
    jwks="http://127.0.0.1:3/.well-known/jwks.json",
)
REMOTE = replace(LOCAL, bedrock=None)
OUTER = {
    "PATH": "/bin",
    "HOME": "/home/someone",
    "AWS_PROFILE": "work",
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "HTTPS_PROXY": "http://proxy:3128",
    "GITHUB_TOKEN": "secret",
}


def _environment(addresses: Addresses, outer: dict[str, str], **overrides: str) -> dict[str, str]:
    options = StackOptions(state=StateDir(project.ROOT / "nowhere"), overrides=overrides)
    return function_environment(load_template(project.TEMPLATE), addresses, outer, options)


def test_the_templates_variables_get_this_stacks_values() -> None:
    environment = _environment(LOCAL, OUTER)
    assert environment["TABLE_NAME"] == "stream-coach-Table"
    assert environment["QUEUE_URL"] == "http://127.0.0.1:1/000000000000/stream-coach-TurnQueue"
    assert environment["TOKEN_ISSUER"] == "https://issuer.stream-coach.local"
    assert environment["TOKEN_AUDIENCE"] == "stream-coach-local"
    assert environment["JWKS_URL"] == "http://127.0.0.1:3/.well-known/jwks.json"
    assert environment["STARTER_COACH_ID"] == "atlas"


def test_the_sdk_is_pointed_at_the_stack() -> None:
    environment = _environment(LOCAL, OUTER)
    assert environment["AWS_ENDPOINT_URL_DYNAMODB"] == "http://127.0.0.1:1"
    assert environment["AWS_ENDPOINT_URL_SQS"] == "http://127.0.0.1:1"
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://127.0.0.1:2"
    assert environment["AWS_REGION"] == "us-east-1"


def test_pinecone_is_the_stacks_own_also_for_real_bedrock() -> None:
    for addresses in (LOCAL, REMOTE):
        environment = _environment(addresses, OUTER | {"PINECONE_API_KEY": "a real one"})
        assert environment["PINECONE_HOST"] == "http://127.0.0.1:4"
        assert environment["PINECONE_API_KEY"] == "local"


def test_this_machines_credentials_stay_out_of_a_local_stack() -> None:
    environment = _environment(LOCAL, OUTER)
    assert environment["AWS_ACCESS_KEY_ID"] == "local"
    assert environment.keys().isdisjoint({"AWS_PROFILE", "HTTPS_PROXY", "GITHUB_TOKEN"})


def test_real_bedrock_gets_this_machines_credentials_and_no_endpoint() -> None:
    environment = _environment(REMOTE, {**OUTER, "AWS_REGION": "eu-west-1"})
    assert environment["AWS_PROFILE"] == "work"
    assert environment["AWS_ACCESS_KEY_ID"] == "AKIAEXAMPLE"
    assert environment["AWS_REGION"] == "eu-west-1"
    assert "AWS_ENDPOINT_URL_BEDROCK_RUNTIME" not in environment
    assert "GITHUB_TOKEN" not in environment


def test_there_is_no_limit_unless_one_is_given() -> None:
    assert _environment(LOCAL, OUTER)["TURNS_PER_MINUTE"] == "0"
    assert _environment(LOCAL, OUTER, TURNS_PER_MINUTE="5")["TURNS_PER_MINUTE"] == "5"


def test_only_the_function_that_issues_tickets_gets_their_keys() -> None:
    template, options = (
        load_template(project.TEMPLATE),
        StackOptions(state=StateDir(project.ROOT / "nowhere")),
    )
    function, worker = (
        function_environment(template, LOCAL, OUTER, options, name=name, ticket_keys="k1:secret")
        for name in (project.FUNCTION, project.WORKER)
    )
    assert function["TICKET_KEYS"] == "k1:secret"
    assert function.items() - worker.items() == {
        ("TICKET_KEYS", "k1:secret"),
        ("EMPTY_ANSWERS", "true"),
        ("AWS_LAMBDA_EXEC_WRAPPER", "/var/task/bootstrap"),
    }
    assert worker.items() <= function.items()


def test_without_keys_there_are_no_tickets() -> None:
    assert _environment(LOCAL, OUTER)["TICKET_KEYS"] == ""


def test_the_worker_runs_from_the_working_tree_and_has_no_address() -> None:
    worker = function_config(load_template(project.TEMPLATE), {}, name=project.WORKER)
    assert (worker.name, worker.handler) == ("TurnWorkerFunction", "stream_coach.worker.handler")
    assert worker.task_root == project.SOURCE
    assert worker.cors is None


def test_the_function_runs_from_the_working_tree_as_the_template_says() -> None:
    function = function_config(load_template(project.TEMPLATE), {"A": "b"})
    assert function.handler == "stream_coach.handler.handler"
    assert function.task_root == project.SOURCE
    assert function.environment == {"A": "b"}
    assert function.cors is not None
    assert function.cors.allow_origins == ("*",)
