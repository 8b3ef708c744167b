"""The items of a turn's log: some of its events each, in order."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from libs.coach_conversation.store.table import Item
from libs.coach_conversation.types import TurnId
from libs.streaming.events import TurnEvent, from_record, to_record

LOG_TTL_S: Final = 86_400


def log_item(turn_id: TurnId, first_number: int, events: Sequence[TurnEvent], now_ms: int) -> Item:
    return {
        "turnId": turn_id,
        "firstNumber": first_number,
        "events": f"[{','.join(map(_logged, events))}]",
        "ttl": now_ms // 1000 + LOG_TTL_S,
    }


def logged_bytes(event: TurnEvent) -> int:
    """Return what the event takes of a log item, its comma included."""
    return len(_logged(event).encode()) + 1


def _logged(event: TurnEvent) -> str:
    return json.dumps(to_record(event), ensure_ascii=False, separators=(",", ":"))


def events_from(items: Iterable[Mapping[str, Any]]) -> list[tuple[int, TurnEvent]]:
    """Return the numbered events of log items that are in order."""
    return [
        (number, from_record(record))
        for item in items
        for number, record in enumerate(json.loads(item["events"]), start=item["firstNumber"])
    ]
