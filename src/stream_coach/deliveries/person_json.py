"""All of a person's data as JSON: out, or gone."""

from contextlib import suppress
from typing import Any, Final

from libs.coach_conversation.errors import StoreUnavailable
from libs.coach_conversation.personal_data import erasure, export
from libs.coach_conversation.personal_data.erasure import Erasure
from libs.coach_conversation.ports import Ports
from libs.coach_conversation.store.ids import iso
from libs.lambda_runtime import StreamingResponse
from libs.memory.errors import MemoryUnavailable
from stream_coach.deliveries.call import Call
from stream_coach.deliveries.json_answers import NO_CONTENT, answer, answer_page, page_limit

DELETING_S: Final = 20.0
LOOK_AGAIN_S: Final = 5


def export_data(call: Call, ports: Ports) -> StreamingResponse:
    """Return a page of all that is kept. Raises InvalidCursor, DataBeingDeleted."""
    after, limit = call.request.query.get("after"), page_limit(call)
    page = export.page(call.user_id, ports, after=after, limit=limit)
    return answer_page({"records": page.records}, next=page.next)


def delete_data(call: Call, ports: Ports) -> StreamingResponse:
    """Delete all that is kept: 204 when it is gone, 202 when that takes longer than one request.

    Raises  StoreUnavailable: it may not have begun; ask again
    """
    begun = erasure.begin(call.user_id, ports)
    with suppress(StoreUnavailable, MemoryUnavailable):
        if erasure.go_on(begun, ports, until_s=ports.clock.monotonic_s() + DELETING_S):
            return NO_CONTENT
    return answer(202, _state(begun), {"location": call.request.path, "retry-after": str(LOOK_AGAIN_S)})


def show_data(call: Call, ports: Ports) -> StreamingResponse:
    """Tell whether all is being deleted."""
    return answer(200, _state(erasure.find(call.user_id, ports)))


def _state(found: Erasure | None) -> dict[str, Any]:
    return {"deleting": True, "since": iso(found.since_ms)} if found is not None else {"deleting": False}
