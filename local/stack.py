"""The whole development stack in one process tree: what is started, in which order, and how it ends."""

import asyncio
import errno
import importlib
import os
import sys
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local import project
from local.bedrock_emulator import serve_bedrock
from local.endpoints import Endpoints, remove_endpoints, write_env_vars
from local.environment import Addresses, container_environment, function_config, function_environment
from local.errors import PartFailed, PortTaken, StackError
from local.event_sources import queue_source
from local.function_url import FunctionUrl
from local.health import require_health
from local.http_server import close, port_of
from local.issuer import jwks_url, serve_issuer
from local.ministack import MiniStack, keep_port
from local.openai_emulator import serve_openai
from local.pinecone_emulator import serve_pinecone
from local.rie.artifact import write_interpreter
from local.signing_key import SigningKey, load_or_make
from local.stack_options import StackOptions
from local.stack_process import running_stack
from local.state_dir import StateLock
from local.template import load_template
from local.ticket_keys import load_or_make_keys
from local.tokens import AUDIENCE, DAY_S, DEMO_USER, ISSUER, parse_user_id, sign_token
from local.website import Website
from local.worker_host import WorkerHost

__all__ = ["LocalStack", "Report", "StackOptions", "running_stack"]

READY_S = 30.0
# A turn that runs when the stack stops gets this long to end and be saved.
TURN_END_S = 15.0

type Report = Callable[[str, str], None]


class LocalStack:
    """The stack, running between `async with` and its end; `endpoints` says where.

    Raises  StackError, on entry: a part could not start; nothing is left running then
    """

    endpoints: Endpoints
    _ministack: MiniStack
    _function: FunctionUrl
    _worker: WorkerHost

    def __init__(self, options: StackOptions, *, report: Report | None = None) -> None:
        self._options, self._state = options, options.state
        self._report = report or _no_report
        self._template = load_template(project.TEMPLATE)
        self._undo = AsyncExitStack()
        self._is_ready = False

    async def __aenter__(self) -> Self:
        # What is undone last comes first: MiniStack outlives the last turn, the lock outlives MiniStack.
        async with AsyncExitStack() as undo:
            key, lock = await self._claim_state(undo)
            addresses = await self._start_servers(undo, key)
            environment = await self._start_function(undo, addresses, key)
            await self._ministack.start(keep_open=(lock.fd,))
            await _together(self._make_resources(environment["AWS_REGION"]), self._function_ready())
            await asyncio.to_thread(require_health, self._function.url, log_file=self._log("function"))
            await self._start_worker(undo, addresses)
            self.endpoints = self._found(addresses, environment, key)
            undo.callback(remove_endpoints, self._state)
            write_env_vars(self._state, project.FUNCTION, container_environment(environment))
            self.endpoints.write(self._state)
            self._undo, self._is_ready = undo.pop_all(), True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._undo.aclose()

    async def failed(self) -> str:
        """Return, when a part ends that should not, what to say about it."""
        status = await self._ministack.ended()
        return f"MiniStack ended by itself with status {status}; see {self._log('ministack')}"

    async def _claim_state(self, undo: AsyncExitStack) -> tuple[SigningKey, StateLock]:
        """Take the state directory for this stack and clear what a killed one left there."""
        self._state.prepare()
        lock = StateLock(self._state)
        await lock.acquire()
        undo.callback(lock.release)
        remove_endpoints(self._state)
        return load_or_make(self._state.signing_key), lock

    async def _start_servers(self, undo: AsyncExitStack, key: SigningKey) -> Addresses:
        """Start what lives in this process; MiniStack only gets its address."""
        self._ministack = MiniStack(
            port=keep_port(self._state.ministack_port),
            state_dir=self._state.ministack,
            log_file=self._log("ministack"),
            log_level=self._options.log_level,
        )
        undo.push_async_callback(self._ministack.stop)
        issuer = await serve_issuer(key)
        undo.push_async_callback(close, issuer)
        self._report("issuer", jwks_url(issuer))
        return Addresses(
            aws=self._ministack.url,
            bedrock=await self._bedrock_url(undo),
            pinecone=await self._pinecone_url(undo),
            openai=await self._openai_url(undo),
            jwks=jwks_url(issuer),
        )

    async def _bedrock_url(self, undo: AsyncExitStack) -> str | None:
        if self._options.bedrock == "aws":
            importlib.import_module("local.credentials").require_credentials()
            self._report("bedrock", "AWS: real models, real costs")
            return None
        server = await serve_bedrock(port=0)
        undo.push_async_callback(close, server)
        url = f"http://127.0.0.1:{port_of(server)}"
        self._report("bedrock", f"{url} (emulated)")
        return url

    async def _pinecone_url(self, undo: AsyncExitStack) -> str:
        server = await serve_pinecone(self._state.pinecone)
        undo.push_async_callback(close, server)
        url = f"http://127.0.0.1:{port_of(server)}"
        self._report("pinecone", f"{url} (emulated)")
        return url

    async def _openai_url(self, undo: AsyncExitStack) -> str:
        server = await serve_openai()
        undo.push_async_callback(close, server)
        url = f"http://127.0.0.1:{port_of(server)}"
        self._report("openai", f"{url} (emulated)")
        return url

    async def _start_function(
        self, undo: AsyncExitStack, addresses: Addresses, key: SigningKey
    ) -> dict[str, str]:
        """Take the Function URL's port and start its processes; return their environment."""
        options = self._options
        keys = load_or_make_keys(self._state.ticket_keys)
        environment = function_environment(self._template, addresses, os.environ, options, ticket_keys=keys)
        function, interpreter = function_config(self._template, environment), sys.executable
        if options.artifact is not None:
            function = replace(function, task_root=options.artifact)
            interpreter = str(write_interpreter(self._state.root.resolve()))
        self._function = FunctionUrl(
            function,
            interpreter=interpreter,
            processes=options.processes,
            pollers=options.pollers,
            log_file=self._log("function"),
            report=self._tell,
            stop_grace_s=TURN_END_S,
            website=self._website(environment, key),
        )
        undo.push_async_callback(self._function.stop)
        try:
            await self._function.start(port=options.port)
        except OSError as error:
            raise _no_port(options.port, error) from error
        return environment

    def _website(self, environment: Mapping[str, str], key: SigningKey) -> Website:
        """Return the page, which signs in as the demo user by itself."""

        def config() -> dict[str, Any]:
            token = sign_token(key, parse_user_id(DEMO_USER), now_s=int(time.time()), expires_in_s=DAY_S)
            return {"apiUrl": "", "starterCoachId": environment["STARTER_COACH_ID"], "localToken": token}

        return Website(project.WEBSITE, config)

    async def _make_resources(self, region: str) -> None:
        # Reading the SDK takes as long as MiniStack's start: both at once.
        reading = asyncio.to_thread(importlib.import_module, "local.resources")
        resources, _ = await asyncio.gather(reading, self._ministack.ready())
        make = resources.make_resources
        await asyncio.to_thread(make, self._template, aws_url=self._ministack.url, region=region)
        self._report("ministack", f"{self._ministack.url} (DynamoDB and SQS)")

    async def _function_ready(self) -> None:
        await self._function.ready(timeout_s=READY_S)
        count = self._options.processes
        self._report("function", f"{count} processes, {self._options.pollers} turns at once in each")

    async def _start_worker(self, undo: AsyncExitStack, addresses: Addresses) -> None:
        """Start the worker's process; nothing waits until it is ready for work."""
        template, name = self._template, project.WORKER
        environment = function_environment(template, addresses, os.environ, self._options, name=name)
        region = environment["AWS_REGION"]
        work_queue = importlib.import_module("local.work_queue")
        self._worker = WorkerHost(
            function_config(template, environment, name=name),
            work_queue.WorkQueue(environment["QUEUE_URL"], aws_url=addresses.aws, region=region),
            queue_source(template, name),
            region=region,
            sweep_every_s=self._options.sweep_every_s,
            log_file=self._log("worker"),
            stop_grace_s=TURN_END_S,
        )
        undo.push_async_callback(self._end_turns)
        await self._worker.start()
        self._report("worker", f"queued turns, and a sweep every {self._options.sweep_every_s:g} s")

    async def _end_turns(self) -> None:
        """Let what runs end, on both sides at once: together they take no longer than one."""
        await asyncio.gather(self._worker.stop(), self._function.stop())

    def _found(self, addresses: Addresses, environment: Mapping[str, str], key: SigningKey) -> Endpoints:
        return Endpoints(
            function_url=self._function.url.rstrip("/"),
            bedrock=addresses.bedrock,
            pinecone=addresses.pinecone,
            openai=addresses.openai,
            aws=addresses.aws,
            issuer=ISSUER,
            audience=AUDIENCE,
            jwks_url=addresses.jwks,
            signing_key_file=str(self._state.signing_key.resolve()),
            signing_key_id=key.key_id,
            region=environment["AWS_REGION"],
            table_name=environment["TABLE_NAME"],
            queue_url=environment["QUEUE_URL"],
            pid=os.getpid(),
            pids={
                "ministack": [self._ministack.pid],
                "function": list(self._function.pids),
                "worker": list(self._worker.pids),
            },
        )

    def _tell(self, line: str) -> None:
        """Pass on what becomes of the function's processes; during the start that is an exception's text."""
        if self._is_ready:
            print(line, file=sys.stderr, flush=True)

    def _log(self, part: str) -> Path:
        return self._state.logs / f"{part}.log"


def _no_report(_part: str, _what: str) -> None:
    """Say nothing."""


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """Run all; the first failure cancels the others and is raised as itself."""
    try:
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first if isinstance(first, StackError) else PartFailed(str(first)) from first


def _no_port(port: int, error: OSError) -> StackError:
    if error.errno == errno.EADDRINUSE:
        return PortTaken(f"port {port} is taken; choose another with --port")
    return PartFailed(f"port {port} cannot be opened ({error.strerror}); choose another with --port")
