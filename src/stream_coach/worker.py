"""The entry point of TurnWorkerFunction: queued turns by SQS, and the sweep on a schedule."""

import os
from collections.abc import Mapping
from typing import Any

from libs.lambda_runtime import Context
from stream_coach import logs
from stream_coach.composition import build_app
from stream_coach.deliveries import worker
from stream_coach.settings import Settings

logs.configure(os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""))
_app = build_app(Settings.from_env(os.environ))


def handler(event: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """Return `{batchItemFailures}` for a batch of messages, `{swept}` for a scheduled event."""
    if "Records" in event:
        return worker.work(event["Records"], context, _app.ports)
    return worker.sweep_due(_app.ports)
