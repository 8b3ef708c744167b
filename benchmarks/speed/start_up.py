"""From exec to the first question for work: the whole handler against python alone and boto3 alone."""

import os
import sys
from collections.abc import Iterator
from typing import Final, NamedTuple

from benchmarks.speed.comparison import Comparison, in_turn
from benchmarks.speed.runtime_api import Child
from local.project import SOURCE

ROUNDS: Final = 5
_ASK: Final = (
    "import os, socket, time\n"
    "host, _, port = os.environ['AWS_LAMBDA_RUNTIME_API'].partition(':')\n"
    "connection = socket.create_connection((host, int(port)))\n"
    "connection.sendall(b'GET / HTTP/1.1\\r\\n\\r\\n')\n"
    "time.sleep(60)\n"
)
_CLIENTS: Final = (
    "import boto3\nsession = boto3.Session()\nsession.client('dynamodb')\nsession.client('bedrock-runtime')\n"
)
SETTINGS: Final = {
    "TABLE_NAME": "table",
    "TOKEN_ISSUER": "https://issuer.example",
    "TOKEN_AUDIENCE": "audience",
    "JWKS_URL": "https://issuer.example/jwks.json",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "_HANDLER": "stream_coach.handler.handler",
    "STREAM_COACH_PYTHON": sys.executable,
    "LAMBDA_TASK_ROOT": str(SOURCE),
}
BOTO3: Final = "boto3 with its two clients"
OURS: Final = [str(SOURCE / "bootstrap")]


class Started(NamedTuple):
    """One start of a child."""

    ready_ms: float
    memory_mb: float


def measure() -> Iterator[Comparison]:
    ours, theirs = in_turn(ROUNDS, lambda: _start(OURS).ready_ms, lambda: _start(_python("")).ready_ms)
    yield Comparison("start-up", "exec to the first poll", "ms", "python alone", ours, theirs)
    mine: list[Started] = []
    others: list[Started] = []
    ours, theirs = in_turn(ROUNDS, lambda: _kept(mine, OURS), lambda: _kept(others, _python(_CLIENTS)))
    yield Comparison("start-up", "exec to the first poll", "ms", BOTO3, ours, theirs)
    memory = tuple(one.memory_mb for one in mine[1:])
    peers = tuple(one.memory_mb for one in others[1:])
    yield Comparison("memory", "of a process that waits for work", "MB", BOTO3, memory, peers)


def _python(code: str) -> list[str]:
    return [sys.executable, "-c", code + _ASK]


def _kept(found: list[Started], command: list[str]) -> float:
    found.append(_start(command))
    return found[-1].ready_ms


def _start(command: list[str]) -> Started:
    environment = {"PATH": os.environ["PATH"], **SETTINGS}
    with Child(command, environment) as child:
        return Started(child.ready_ms, child.memory_mb)
