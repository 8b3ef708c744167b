"""A turn through the running stack against a plain boto3 loop over the same model: what the coach adds.

Both read the same answer from the same emulated Bedrock, which sends as fast as it can.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import boto3
import httpx
from botocore.config import Config

from benchmarks.speed.comparison import Comparison, in_turn
from local.endpoints import Endpoints
from local.signing_key import load_or_make
from local.stack_process import running_stack
from local.tokens import parse_user_id, sign_token

ROUNDS: Final = 7
LONG: Final = "/say " + " ".join(f"word{number}" for number in range(1_500))
SHORT: Final = "/say all well"
RATE_S: Final = 1.5
AT_ONCE: Final = 8
MODEL: Final = "us.anthropic.claude-sonnet-5-5"
LOOP: Final = "a plain boto3 ConverseStream loop"
HEALTH: Final = "GET /health of the same stack"
# else a long answer ends with the usual limit of tokens
LONG_ANSWERS: Final = ("--env", "MAX_OUTPUT_TOKENS=8000")
_DELTA: Final = b'"type":"chunk"'


type Reading = Callable[[], Read]


class Read(NamedTuple):
    """One answer. Units  ms since it was asked for"""

    first_ms: float
    last_ms: float
    deltas: int


class Coach:
    """A person in front of the running stack."""

    def __init__(self, endpoints: Endpoints) -> None:
        user = parse_user_id("bench")
        token = sign_token(load_or_make(Path(endpoints.signing_key_file)), user, now_s=int(time.time()))
        self._http = httpx.Client(
            base_url=endpoints.function_url,
            headers={"authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=60,
            limits=httpx.Limits(max_connections=None),
        )
        self._path = f"/users/{user}/coaches/atlas/conversations"

    def conversation(self) -> str:
        return str(self._http.post(self._path).raise_for_status().json()["conversationId"])

    def read(self, conversation: str, text: str) -> Read:
        """Say something and read the answer to its end."""
        begun_s, first_s, last_s, count = time.perf_counter(), 0.0, 0.0, 0
        with self._http.stream(
            "POST", f"{self._path}/{conversation}/stream", json={"userResponse": text}
        ) as response:
            response.raise_for_status()
            for piece in response.iter_raw():
                if found := piece.count(_DELTA):
                    last_s = time.perf_counter()
                    first_s = first_s or last_s
                    count += found
        return _read(begun_s, first_s, last_s, count)

    def health(self) -> None:
        self._http.get("/health").raise_for_status()


class Loop:
    """What one would write without any of this: boto3, and the deltas in a loop."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._client: Any = boto3.client(
            "bedrock-runtime",
            endpoint_url=endpoints.bedrock,
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def read(self, text: str) -> Read:
        begun_s, first_s, last_s, count = time.perf_counter(), 0.0, 0.0, 0
        messages = [{"role": "user", "content": [{"text": text}]}]
        for event in self._client.converse_stream(modelId=MODEL, messages=messages)["stream"]:
            if "contentBlockDelta" in event:
                last_s = time.perf_counter()
                first_s = first_s or last_s
                count += 1
        return _read(begun_s, first_s, last_s, count)


def _read(begun_s: float, first_s: float, last_s: float, deltas: int) -> Read:
    return Read((first_s - begun_s) * 1000, (last_s - begun_s) * 1000, deltas)


def measure() -> Iterator[Comparison]:
    with _stack() as endpoints:
        coach, loop = Coach(endpoints), Loop(endpoints)
        talk = coach.conversation()
        ours, theirs = _in_pairs(lambda: coach.read(talk, SHORT), lambda: loop.read(SHORT))
        yield _compared("request to first delta, T1 and router in it", "ms", _firsts(ours), _firsts(theirs))
        mine, others = _in_pairs(lambda: coach.read(coach.conversation(), LONG), lambda: loop.read(LONG))
        yield _compared(
            "a delta of a burst, model to client", "µs", _deltas(mine, ours), _deltas(others, theirs)
        )
        yield from _rates(coach)


def _in_pairs(ours: Reading, theirs: Reading) -> tuple[list[Read], list[Read]]:
    """Read both in turn; one round before is not counted."""
    mine: list[Read] = []
    others: list[Read] = []

    def keep(found: list[Read], read: Reading) -> float:
        found.append(read())
        return found[-1].first_ms

    in_turn(ROUNDS, lambda: keep(mine, ours), lambda: keep(others, theirs))
    return mine[1:], others[1:]


def _firsts(reads: list[Read]) -> tuple[float, ...]:
    return tuple(read.first_ms for read in reads)


def _deltas(long: list[Read], short: list[Read]) -> tuple[float, ...]:
    """Return what each further delta took, in µs: a long answer's time without that of a short one."""
    base = median(read.last_ms for read in short)
    return tuple(max(0.0, read.last_ms - base) * 1000 / read.deltas for read in long)


def _rates(coach: Coach) -> Iterator[Comparison]:
    for at_once in (1, AT_ONCE):
        talks = [coach.conversation() for _ in range(at_once)]
        turns = partial(_rate, at_once, partial(_say_short, coach, talks))
        health = partial(_rate, at_once, lambda _: coach.health())
        what = "warm turns, one after the other" if at_once == 1 else f"warm turns, {at_once} at once"
        ours, theirs = in_turn(2, turns, health)
        yield Comparison("turns", what, "/s", HEALTH, ours, theirs, lower_is_better=False)


def _say_short(coach: Coach, talks: list[str], number: int) -> None:
    coach.read(talks[number], SHORT)


def _rate(at_once: int, work: Callable[[int], None]) -> float:
    """Return how often a second `work(n)` is done by so many threads."""
    counts = [0] * at_once
    until_s = time.perf_counter() + RATE_S

    def run(number: int) -> None:
        while time.perf_counter() < until_s:
            work(number)
            counts[number] += 1

    begun_s = time.perf_counter()
    threads = [threading.Thread(target=run, args=(number,)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun_s)


def _compared(what: str, unit: str, ours: tuple[float, ...], theirs: tuple[float, ...]) -> Comparison:
    return Comparison("turn", what, unit, LOOP, ours, theirs)


@contextmanager
def _stack() -> Iterator[Endpoints]:
    with (
        tempfile.TemporaryDirectory(prefix="stream-coach-bench-") as folder,
        running_stack(Path(folder), options=LONG_ANSWERS) as found,
    ):
        pace = {"routerMs": 0, "firstTokenMs": 0, "interTokenMs": 0}
        httpx.put(f"{found.bedrock}/_emulator/script", json=pace, trust_env=False).raise_for_status()
        yield found
