"""The world: what clients ask for, each time of a process of its own, and what they see."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from libs.coach_conversation.errors import TurnError
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store.ids import turn_id
from libs.coach_conversation.store.items import message_key
from libs.coach_conversation.types import TurnRecord
from libs.lambda_runtime import Context, StreamingResponse
from libs.streaming.errors import StreamingError
from libs.streaming.requests import Request
from stream_coach.deliveries import conversation_json, live, resume, turn_json, worker
from stream_coach.deliveries.call import Call
from tests.fakes.ports import REF
from tests.faults.carrying import Carried
from tests.faults.model import asks
from tests.faults.readers import Reader, Seen
from tests.faults.scheduler import Killed
from tests.faults.shim import Process, Violation
from tests.faults.stage import Stage

INVOCATION_S: Final = 300.0
NO_CONTENT: Final = 204
AGAIN: Final = " again"

type Answer = Callable[[Call, Ports], StreamingResponse]


@dataclass(frozen=True, slots=True)
class Answered:
    """A document that came; `status` 0 where the request was refused."""

    process: str
    key: str
    status: int
    document: dict[str, Any]


class World(Stage):
    """A stage with clients.

    Shape   `begun` the keys of turns that nobody reads as a stream; `answers` the documents that came
    """

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__(seed, **options)
        self.readers: list[Reader] = []
        self.begun: set[str] = set()
        self.answers: list[Answered] = []
        self.invocation_s = INVOCATION_S

    @property
    def keys(self) -> list[str]:
        """What was asked for under a key so far, in order."""
        return sorted({reader.key for reader in self.readers} | self.begun)

    def post(self, key: str, *, leaves_after: int | None = None) -> Reader:
        """Say something, live."""
        body = {"userResponse": asks(key), "clientMessageId": key}
        return self._stream(key, live.stream_turn, body=body, leaves_after=leaves_after)

    def regenerate(self, key: str, answer_id: str) -> Reader:
        """Have the answer to a message written anew, as AI SDK clients ask for it."""
        again = f"{key}{AGAIN}"
        self.turn_ids[again] = turn_id(REF.user_id, REF.conversation_id, f"again:{key}:{answer_id}")
        said = {"id": key, "role": "user", "parts": []}
        body = {"messages": [said], "trigger": "regenerate-message", "messageId": answer_id}
        return self._stream(again, live.stream_turn, body=body, query={"protocol": "typed"})

    def delete(self) -> None:
        """Delete the conversation."""
        self._ask("", conversation_json.delete_conversation)

    def resume(self, key: str, *, after: int = 0, leaves_after: int | None = None) -> Reader:
        """Attach to a turn, behind an event that was seen."""
        query = {"turnId": self.turn_id(key)}
        if after:
            query["lastEventId"] = f"{self.turn_id(key)}.{after}"
        return self._stream(key, resume.resume_stream, query=query, after=after, leaves_after=leaves_after)

    def come_back(self, reader: Reader, *, leaves_after: int | None = None) -> Reader:
        """Let the client of a stream that is gone ask for the rest, under the last id it saw."""
        again = self.resume(reader.key, after=reader.cursor, leaves_after=leaves_after)
        again.follows = reader
        return again

    def begin(self, key: str, mode: str) -> None:
        """Say something that is answered when someone comes for it."""
        self.begun.add(key)
        body = {"userResponse": asks(key), "clientMessageId": key, "mode": mode}
        self._ask(key, turn_json.begin_turn, body=body)

    def post_for_json(self, key: str) -> None:
        """Say something, and wait for the answer as one document."""
        self.begun.add(key)
        self._ask(key, turn_json.answer_turn, body={"userResponse": asks(key), "clientMessageId": key})

    def cancel(self, key: str) -> None:
        self._ask(key, turn_json.cancel_turn)

    def poll(self, key: str) -> None:
        self._ask(key, turn_json.show_turn)

    def deliver(self, key: str) -> None:
        """Let the worker have the message of a queued turn."""
        ids = self._params(key)
        message = {"messageId": key, "body": json.dumps(ids)}
        self.invoke(self.process("worker"), lambda ports: worker.work([message], self._context(ports), ports))

    def deliver_task(self, message: Carried) -> None:
        """Let the worker have a message about a task; it goes back to the queue where it is not done."""

        def work(ports: Ports) -> None:
            try:
                failed = worker.work([message.record], self._context(ports), ports)["batchItemFailures"]
            except Killed:
                self.queue.back(message)
                raise
            if failed:
                self.queue.back(message)

        self.invoke(self.process("worker"), work)

    def deliver_tasks(self) -> None:
        """Let the worker have all messages about tasks that are in the queue."""
        for message in self.queue.take():
            self.deliver_task(message)

    def sweep(self) -> None:
        self.invoke(self.process("sweeper"), worker.sweep_due)

    def take_sent(self) -> list[str]:
        """Take the messages off the queue; return the keys of their turns, each once."""
        sent, self.queue.sent = self.queue.sent, []
        known = {self.turn_id(key): key for key in self.begun}
        return list(dict.fromkeys(known[turn] for _, turn in sent))

    def process_of(self, reader: Reader) -> Process:
        """Return the process that this client is connected to."""
        return self.named(reader.process)

    def _params(self, key: str) -> dict[str, str]:
        return {
            "userId": REF.user_id,
            "coachId": REF.coach_id,
            "conversationId": REF.conversation_id,
            "turnId": self.turn_id(key),
        }

    def _context(self, ports: Ports) -> Context:
        clock = ports.clock.monotonic_s
        return Context("invocation", deadline_s=clock() + self.invocation_s, clock=clock)

    def _call(self, key: str, ports: Ports, body: Mapping[str, Any] | None, query: Mapping[str, str]) -> Call:
        data = json.dumps(body).encode() if body is not None else b""
        request = Request(source="function_url", request_id="invocation", query=query, body=data)
        return Call(request, self._params(key), self._context(ports))

    def _ask(self, key: str, answer: Answer, *, body: Mapping[str, Any] | None = None) -> None:
        """Ask for one JSON document; what came is in `answers`."""
        process = self.process(answer.__name__)

        def work(ports: Ports) -> None:
            try:
                status, _, _, sent = answer(self._call(key, ports, body, {}), ports)
            except (TurnError, StreamingError) as error:
                self.answers.append(Answered(process.name, key, 0, {"code": error.code}))
            else:
                document = b"".join(_bytes(sent))
                told = json.loads(document) if document else {}
                self.answers.append(Answered(process.name, key, status, told))

        self.invoke(process, work)

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
        reader = Reader(key=key, process=process.name, after=after, leaves_after=leaves_after)
        self.readers.append(reader)

        def work(ports: Ports) -> None:
            try:
                self._read(reader, process, answer(self._call(key, ports, body, query or {}), ports))
            except (TurnError, StreamingError) as error:
                reader.outcome = error.code
            except Killed:
                reader.outcome = reader.outcome or "cut"
                raise

        self.invoke(process, work)
        return reader

    def _read(self, reader: Reader, process: Process, response: StreamingResponse) -> None:
        """Read the response as a client does, and close it as the runtime does."""
        if response.status == NO_CONTENT:
            reader.outcome = "nothing"
            return
        for data in _bytes(response.body):
            self.scheduler.switch()
            for seen in reader.receive(data, self.now_s):
                self._hear(reader, seen)
            if reader.has_enough:
                reader.outcome = "left"
                break
        reader.outcome = reader.outcome or "ended"
        close: Callable[[], None] = getattr(response.body, "close")  # noqa: B009 - not every Iterable has it
        close()
        if process.asking:
            self.violations.append(Violation("joined", f"{process.name} left {process.asking} model calls"))

    def _hear(self, reader: Reader, seen: Seen) -> None:
        """Check what must hold at the moment at which a client hears something."""
        if seen.kind not in ("start", "complete"):
            return
        record = self.record(reader.key)
        user, answer = self._saved(record) if record is not None else (None, None)
        if seen.kind == "start" and user != asks(reader.key.removesuffix(AGAIN)):
            self.violations.append(Violation("I1", f"{reader}: `start` and no user message"))
        if seen.kind == "complete" and answer != seen.data["aiMessage"]["content"]:
            self.violations.append(Violation("I5", f"{reader}: `complete` before it is saved"))

    def _saved(self, record: TurnRecord) -> tuple[str | None, str | None]:
        """Return what is saved of the turn: what the person said, and the answer once it is complete."""
        ids = (record.user_message_id, record.assistant_message_id)
        user, answer = (message_key(record.conversation, message_id) for message_id in ids)
        found = self.table.read([user, answer])
        said = found[user]["content"] if user in found else None
        complete = record.status == "completed" and answer in found
        return said, found[answer]["content"] if complete else None


def _bytes(body: Iterable[bytes | str]) -> Iterable[bytes]:
    return (item if isinstance(item, bytes) else item.encode() for item in body)
