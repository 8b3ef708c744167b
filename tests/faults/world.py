"""A world: one table, one queue, one model, and any number of processes and clients in virtual time."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any

from libs.coach_conversation.errors import TurnError
from libs.coach_conversation.ids import next_ulid, turn_id
from libs.coach_conversation.items import message_key, turn_from, turn_key
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.types import ConversationRef, Limits, TurnId, TurnRecord
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming.errors import StreamingError
from libs.streaming.requests import Request
from stream_coach.deliveries import live, resume, turn_json, worker
from stream_coach.deliveries.call import Call
from tests.fakes.ports import REF, FakeJournal, FakeQueue, conversation_items, make_ports
from tests.fakes.table import FakeTable
from tests.faults.model import Called, Script, ScriptedModel, asks
from tests.faults.readers import Reader, Seen
from tests.faults.scheduler import Killed, Scheduler
from tests.faults.shim import (
    Fault,
    Operation,
    Process,
    ShimClock,
    ShimModel,
    ShimQueue,
    ShimTable,
    Violation,
)
from tests.faults.waiting import SeededExecutor
from tests.faults.watch import WatchedTable

INVOCATION_S = 300.0

type Answer = Callable[[Call, Ports], StreamingResponse]


class World:
    """What the processes share, and what was seen of them."""

    def __init__(
        self,
        seed: int = 0,
        *,
        fault: Fault | None = None,
        scripts: Mapping[str, Sequence[Script]] | None = None,
        limits: Limits | None = None,
        ref: ConversationRef = REF,
        items: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self.scheduler = Scheduler(seed)
        self.fault, self.struck = fault, None  # type: Fault | None, Operation | None
        self.operations: list[Operation] = []
        self.violations: list[Violation] = []
        self.scripts = dict(scripts or {})
        self.limits = limits or Limits()
        self.ref = ref
        self.table = WatchedTable(
            FakeTable([*conversation_items(ref), *(dict(item) for item in items)]), self.violations
        )
        self.queue, self.journal = FakeQueue(), FakeJournal()
        self.calls: list[Called] = []
        self.readers: list[Reader] = []
        self.processes: list[Process] = []
        self.begun: set[str] = set()
        self.answers: list[tuple[str, int, dict[str, Any]]] = []
        self._random = Random(seed)
        self._last_ulid = ""

    @property
    def now_s(self) -> float:
        return self.scheduler.now_s

    def turn_id(self, key: str) -> str:
        return turn_id(self.ref.user_id, self.ref.conversation_id, f"message:{key}")

    def record(self, key: str) -> TurnRecord | None:
        """Return the TURN item of this key as it stands."""
        at = turn_key(self.ref, TurnId(self.turn_id(key)))
        item = self.table.read([at]).get(at)
        return turn_from(self.ref, item) if item is not None else None

    # What clients ask for; each gets a process of its own.

    def post(self, key: str, *, leaves_after: int | None = None) -> Reader:
        """Say something, live."""
        body = {"userResponse": asks(key), "clientMessageId": key}
        return self._stream(key, live.stream_turn, body=body, leaves_after=leaves_after)

    def resume(self, key: str, *, after: int = 0, leaves_after: int | None = None) -> Reader:
        """Attach to a turn, behind an event that was seen."""
        query = {"turnId": self.turn_id(key)} | ({"lastEventId": f"{self.turn_id(key)}.{after}"} if after else {})
        return self._stream(key, resume.resume_stream, query=query, after=after, leaves_after=leaves_after)

    def come_back(self, reader: Reader, *, leaves_after: int | None = None) -> Reader:
        """Let the client of a stream that is gone ask for the rest, under the last id it saw."""
        again = self.resume(reader.key, after=reader.cursor, leaves_after=leaves_after)
        again.follows = reader
        return again

    def begin(self, key: str, mode: str) -> Process:
        """Say something that is answered when someone comes for it."""
        self.begun.add(key)
        body = {"userResponse": asks(key), "clientMessageId": key, "mode": mode}
        return self._ask(key, turn_json.begin_turn, body=body)

    def cancel(self, key: str) -> Process:
        return self._ask(key, turn_json.cancel_turn)

    def poll(self, key: str) -> Process:
        return self._ask(key, turn_json.show_turn)

    def deliver(self, key: str) -> Process:
        """Let the worker have the message of a queued turn."""
        ids = {
            "userId": self.ref.user_id,
            "coachId": self.ref.coach_id,
            "conversationId": self.ref.conversation_id,
            "turnId": self.turn_id(key),
        }
        process = self.process("worker")
        message = {"messageId": key, "body": json.dumps(ids)}
        self._begin(process, lambda ports: worker.work([message], self._context(ports), ports))
        return process

    def sweep(self) -> Process:
        process = self.process("sweeper")
        self._begin(process, worker.sweep_due)
        return process

    # How a process is made, and what runs in it.

    def process(self, role: str, *, skew_ms: int | None = None) -> Process:
        """Return a new process; the clocks of processes differ by up to a second from the true time."""
        skew = skew_ms if skew_ms is not None else self._random.randrange(-1000, 1001)
        process = Process(name=f"{role}-{len(self.processes)}", world=self, skew_ms=skew)
        self.processes.append(process)
        return process

    def ports(self, process: Process) -> Ports:
        clock = ShimClock(process)
        model = ScriptedModel(process.name, self.calls, self.scripts, lambda: self.scheduler.now_s)
        return make_ports(
            clock=clock,
            table=ShimTable(process, self.table),
            model=ShimModel(process, model),
            queue=ShimQueue(process, self.queue),
            executor=SeededExecutor(self.scheduler, process),
            ulid=lambda after: self._draw_ulid(clock.now_ms(), after),
            journal=self.journal,
            limits=self.limits,
            jitter=lambda: 1.0,
        )

    def _draw_ulid(self, now_ms: int, after: str) -> str:
        return next_ulid(now_ms=now_ms, random_80=self._random.getrandbits(80), after=after)

    def _context(self, ports: Ports) -> Context:
        clock = ports.clock.monotonic_s
        return Context("invocation", deadline_s=clock() + INVOCATION_S, clock=clock)

    def _begin(self, process: Process, work: Callable[[Ports], object]) -> None:
        """Run an invocation; it must leave nothing running behind, nor raise what nobody foresaw."""

        def invocation() -> None:
            try:
                work(self.ports(process))
            except Exception as error:  # noqa: BLE001 - what the runtime would log
                self.violations.append(Violation("unforeseen", f"{process.name}: {error!r}"))

        self.scheduler.spawn(invocation, process)

    def _call(self, key: str, ports: Ports, body: Mapping[str, Any] | None, query: Mapping[str, str]) -> Call:
        request = Request(
            source="function_url",
            request_id="invocation",
            query=query,
            body=json.dumps(body).encode() if body is not None else b"",
        )
        params = {
            "userId": self.ref.user_id,
            "coachId": self.ref.coach_id,
            "conversationId": self.ref.conversation_id,
            "turnId": self.turn_id(key),
        }
        return Call(request, params, self._context(ports))

    def _ask(self, key: str, answer: Answer, *, body: Mapping[str, Any] | None = None) -> Process:
        """Ask for one JSON document; what came is in `answers`."""
        process = self.process(answer.__name__)

        def work(ports: Ports) -> None:
            try:
                status, _, _, sent = answer(self._call(key, ports, body, {}), ports)
            except (TurnError, StreamingError) as error:
                self.answers.append((process.name, 0, {"code": error.code}))
            else:
                self.answers.append((process.name, status, json.loads(b"".join(map(_bytes, sent)))))

        self._begin(process, work)
        return process

    def _stream(
        self,
        key: str,
        answer: Answer,
        *,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        after: int = 0,
        leaves_after: int | None = None,
    ) -> Reader:
        process = self.process(answer.__name__)
        reader = Reader(
            key=key, turn_id=self.turn_id(key), process=process.name, after=after, leaves_after=leaves_after
        )
        self.readers.append(reader)

        def work(ports: Ports) -> None:
            try:
                self._read(reader, process, answer(self._call(key, ports, body, query or {}), ports))
            except (TurnError, StreamingError) as error:
                reader.outcome = error.code
            except Killed:
                reader.outcome = reader.outcome or "cut"
                raise

        self._begin(process, work)
        return reader

    def _read(self, reader: Reader, process: Process, response: StreamingResponse) -> None:
        if response.status == 204:
            reader.outcome = "nothing"
            return
        for data in response.body:
            self.scheduler.switch()
            for seen in reader.receive(_bytes(data), self.now_s):
                self._heard(reader, seen)
            if reader.has_enough:
                reader.outcome = "left"
                break
        reader.outcome = reader.outcome or "ended"
        close: Callable[[], None] = getattr(response.body, "close")  # noqa: B009 - an Iterable has none
        close()
        if process.asking:
            self.violations.append(Violation("joined", f"{process.name} left {process.asking} model calls"))

    def _heard(self, reader: Reader, seen: Seen) -> None:
        """Check what must hold at the moment at which a client hears something."""
        if seen.kind not in ("start", "complete"):
            return
        record = self.record(reader.key)
        user, answer = self._saved(record) if record is not None else (None, None)
        if seen.kind == "start" and user != asks(reader.key):
            self.violations.append(Violation("I1", f"{reader.process}: `start` and no user message"))
        if seen.kind == "complete" and answer != seen.data["aiMessage"]["content"]:
            self.violations.append(Violation("I5", f"{reader.process}: `complete` before it is saved"))

    def _saved(self, record: TurnRecord) -> tuple[str | None, str | None]:
        """Return what is saved of the turn: what the person said, and the answer once it is complete."""
        ids = (record.user_message_id, record.assistant_message_id)
        user, answer = (message_key(record.conversation, message_id) for message_id in ids)
        found = self.table.read([user, answer])
        said = found[user]["content"] if user in found else None
        complete = record.status == "completed" and answer in found
        return said, found[answer]["content"] if complete else None

    def take_sent(self) -> list[str]:
        """Take the messages off the queue; return the keys of their turns, each once."""
        sent, self.queue.sent = self.queue.sent, []
        known = {self.turn_id(key): key for key in self.begun}
        return list(dict.fromkeys(known[turn] for _, turn in sent))

    def kill(self, reader: Reader) -> None:
        """Kill the process that this client is connected to."""
        next(process for process in self.processes if process.name == reader.process).kill()

    # Time, and what it does.

    def run(self, seconds: float) -> None:
        self.scheduler.pause(seconds)

    def run_all(self, *, limit_s: float = 600.0) -> None:
        """Run until no process has anything to do."""
        done = self.scheduler.run(lambda: not self.busy, limit_s=limit_s)
        if not done:
            self.violations.append(Violation("I7", "a stream or a turn never ends"))

    @property
    def busy(self) -> bool:
        return self.scheduler.has_tasks

    def close(self) -> None:
        """Kill what still runs, so that no thread is left."""
        for process in self.processes:
            process.kill()
        self.scheduler.run(lambda: not self.busy, limit_s=0.0)


def _bytes(data: bytes | str) -> bytes:
    return data if isinstance(data, bytes) else data.encode()
