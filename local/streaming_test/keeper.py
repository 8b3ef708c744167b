"""The process that holds what runs: the local stack serving the artifact, and Lambda's emulator beside it."""

import asyncio
import json
import os
import signal
import sys
from contextlib import AsyncExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import httpx

from local import project
from local.endpoints import Endpoints, write_json
from local.environment import Addresses
from local.errors import NotRunning, PartFailed
from local.rie.artifact import plan_launch, require_built
from local.rie.emulator import find_emulator, running_emulator
from local.stack import LocalStack, StackOptions
from local.state_dir import StateDir, is_alive
from local.template import load_template

# Slow enough to see it stream, quick enough for a test.
PACE: Final = {"routerMs": 20, "firstTokenMs": 50, "interTokenMs": 10}
PATIENCE: Final = {"STORE_TIMEOUT_S": "15", "ROUTER_TIMEOUT_S": "15"}


@dataclass(frozen=True, slots=True)
class Running:
    """Where the two can be reached; `emulator` is None where Lambda's emulator does not run."""

    pid: int
    url: str
    emulator: str | None


def running_file(state: StateDir) -> Path:
    return state.root / "streaming-test.json"


def load_running(state: StateDir) -> Running:
    """Return what runs. Raises NotRunning."""
    try:
        running = Running(**json.loads(running_file(state).read_text()))
    except (FileNotFoundError, ValueError, TypeError) as error:
        raise _not_running() from error
    if not is_alive(running.pid):
        raise _not_running()
    return running


def _not_running() -> NotRunning:
    return NotRunning("nothing is started; run make streaming-test-start")


async def keep(artifact: Path, state: StateDir, *, stop_on_eof: bool) -> None:
    """Run both until a signal, or until standard input ends; then end both.

    Raises  StackError: a part did not start
    """
    require_built(artifact)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    if stop_on_eof:
        loop.add_reader(sys.stdin.fileno(), stop.set)
    holding = asyncio.create_task(_hold(artifact, state, stop))
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({holding, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not holding.done():
        holding.cancel()
    stopped.cancel()
    with suppress(asyncio.CancelledError):
        await holding


async def _hold(artifact: Path, state: StateDir, stop: asyncio.Event) -> None:
    options = StackOptions(state=state, port=0, processes=1, artifact=artifact, overrides=PATIENCE)
    async with AsyncExitStack() as undo:
        stack = await undo.enter_async_context(LocalStack(options))
        await _set_pace(stack.endpoints)
        emulator = await _start_emulator(undo, artifact, state, stack.endpoints)
        running = Running(os.getpid(), stack.endpoints.function_url, emulator)
        undo.callback(running_file(state).unlink, missing_ok=True)
        write_json(running_file(state), asdict(running))
        failed, stopped = asyncio.create_task(stack.failed()), asyncio.create_task(stop.wait())
        await asyncio.wait({failed, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (failed, stopped):
            task.cancel()


async def _start_emulator(
    undo: AsyncExitStack, artifact: Path, state: StateDir, endpoints: Endpoints
) -> str | None:
    if not sys.platform.startswith("linux"):
        return None
    template = load_template(project.TEMPLATE)
    addresses = Addresses(endpoints.aws, endpoints.bedrock, endpoints.pinecone, endpoints.jwks_url)
    launch = plan_launch(artifact, template, addresses, state)
    log_file = state.logs / "emulator.log"
    return await undo.enter_async_context(running_emulator(find_emulator(), launch, log_file=log_file))


async def _set_pace(endpoints: Endpoints) -> None:
    async with httpx.AsyncClient(trust_env=False) as http:
        response = await http.put(f"{endpoints.bedrock}/_emulator/script", json=PACE)
    if response.status_code != 200:
        raise PartFailed(f"the model emulator refused its script: {response.text}")
