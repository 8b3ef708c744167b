"""The file that says where a stack is: whole or absent, and never believed when its stack is gone."""

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from local.endpoints import Endpoints, load_endpoints, remove_endpoints, write_env_vars
from local.errors import NotRunning
from local.state_dir import StateDir

ENDPOINTS = Endpoints(
    function_url="http://127.0.0.1:3000",
    bedrock="http://127.0.0.1:3001",
    pinecone="http://127.0.0.1:3004",
    openai="http://127.0.0.1:3005",
    aws="http://127.0.0.1:3002",
    issuer="https://issuer.example",
    audience="someone",
    jwks_url="http://127.0.0.1:3003/.well-known/jwks.json",
    signing_key_file="/state/signing-key.pem",
    signing_key_id="kid",
    region="us-east-1",
    table_name="table",
    queue_url="http://127.0.0.1:3002/000000000000/queue",
    pid=os.getpid(),
    pids={"ministack": [1], "function": [2, 3]},
)


@pytest.fixture
def state(tmp_path: Path) -> StateDir:
    state = StateDir(tmp_path)
    state.prepare()
    return state


def test_what_was_written_is_read(state: StateDir) -> None:
    ENDPOINTS.write(state)
    assert load_endpoints(state) == ENDPOINTS


def test_names_in_the_file_are_camel_case(state: StateDir) -> None:
    ENDPOINTS.write(state)
    found = json.loads(state.endpoints.read_text())
    assert found["functionUrl"] == "http://127.0.0.1:3000"
    assert set(found) == {
        "functionUrl",
        "bedrock",
        "pinecone",
        "openai",
        "aws",
        "issuer",
        "audience",
        "jwksUrl",
        "signingKeyFile",
        "signingKeyId",
        "region",
        "tableName",
        "queueUrl",
        "pid",
        "pids",
    }


def test_a_killed_stacks_file_is_not_believed(state: StateDir) -> None:
    replace(ENDPOINTS, pid=2**22 + 1).write(state)
    with pytest.raises(NotRunning, match="coach up"):
        load_endpoints(state)


@pytest.mark.parametrize("text", ["", "{", "{}", "[]"])
def test_a_broken_file_is_no_stack(state: StateDir, text: str) -> None:
    state.endpoints.write_text(text)
    with pytest.raises(NotRunning):
        load_endpoints(state)


def test_removing_what_is_not_there_is_fine(state: StateDir) -> None:
    remove_endpoints(state)
    ENDPOINTS.write(state)
    remove_endpoints(state)
    assert not state.endpoints.exists()


def test_env_vars_name_the_host_as_a_container_sees_it(state: StateDir) -> None:
    environment = {"TABLE_NAME": "table", "JWKS_URL": "http://127.0.0.1:3003/x"}
    write_env_vars(state, "StreamCoachFunction", environment)
    assert json.loads(state.env_vars.read_text()) == {
        "StreamCoachFunction": {"TABLE_NAME": "table", "JWKS_URL": "http://host.docker.internal:3003/x"}
    }
