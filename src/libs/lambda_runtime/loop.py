"""The process: load the handler, poll until told to stop, let what runs end."""

import os
import sys
import threading
from collections.abc import Mapping

from libs.lambda_runtime.context import Handler
from libs.lambda_runtime.delivery import Delivery
from libs.lambda_runtime.errors import ExchangeFailed, PollFailed, SettingsInvalid
from libs.lambda_runtime.loading import load_handler
from libs.lambda_runtime.logs import log
from libs.lambda_runtime.reports import ErrorReport
from libs.lambda_runtime.runtime_api import Invocation, RuntimeApi
from libs.lambda_runtime.settings import Settings
from libs.lambda_runtime.shutdown import Shutdown

TRACE_VARIABLE = "_X_AMZN_TRACE_ID"


def main(environ: Mapping[str, str]) -> int:
    """Be the runtime of this process; return its exit code."""
    try:
        settings = Settings.from_env(environ)
    except SettingsInvalid as fault:
        log("ERROR", "settings_invalid", reason=str(fault))
        return 1
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        # Lambda freezes the process between invocations, and with it what a buffer still holds.
        sys.stdout.reconfigure(line_buffering=True)
    try:
        handler = load_handler(settings.handler_name)
    except BaseException as fault:  # noqa: BLE001 Lambda waits for a word about any end of the start
        _report_init_error(fault, settings)
        return 1
    # Hooks that must run once between a handler's loading and its first invocation belong here.
    shutdown = Shutdown()
    shutdown.follow_signals()
    return run(handler, settings, shutdown)


def run(handler: Handler, settings: Settings, shutdown: Shutdown) -> int:
    """Poll with `settings.concurrency` pollers, this thread being one, until the order to stop.

    Shape   the exit code: 0 after a signal, 1 after a poll that failed or a handler that exits
    """
    threads = [
        threading.Thread(target=poll, args=(handler, settings, shutdown), name=f"poller-{number}")
        for number in range(2, settings.concurrency + 1)
    ]
    for thread in threads:
        thread.start()
    poll(handler, settings, shutdown)
    for thread in threads:
        thread.join()
    return shutdown.exit_code


def poll(handler: Handler, settings: Settings, shutdown: Shutdown) -> None:
    """Take one invocation after the other, on a connection of its own, until the order to stop."""
    api = RuntimeApi(settings.api_host, settings.api_port)
    try:
        while not shutdown.requested:
            _serve_next(api, handler, settings, shutdown)
    except PollFailed as failure:
        shutdown.request(str(failure), exit_code=1)
    except SystemExit as fault:  # from a signal handler of the function's own
        exit_code = fault.code if isinstance(fault.code, int) else int(fault.code is not None)
        shutdown.request("the function exits", exit_code=exit_code)
    except BaseException as fault:  # noqa: BLE001 in a thread nobody else would see it
        log("ERROR", "poller_failed", **ErrorReport.of(fault).to_fields())
        shutdown.request("a poller failed", exit_code=1)
    finally:
        api.close()


def _serve_next(api: RuntimeApi, handler: Handler, settings: Settings, shutdown: Shutdown) -> None:
    """Take and serve one invocation; a function of its own, so that nothing of it outlives it."""
    invocation = api.next_invocation(shutdown.fileno())
    if invocation is None:
        return
    if settings.concurrency == 1:
        _publish_trace(invocation)
    fault = Delivery(invocation, api, handler=handler, settings=settings).run()
    if fault is not None and not isinstance(fault, Exception):
        shutdown.request(f"the handler raised {type(fault).__name__}", exit_code=1)


def _publish_trace(invocation: Invocation) -> None:
    """Set the variable where the X-Ray SDK looks; it is the process's, so only for one poller."""
    trace_id = invocation.headers.get("lambda-runtime-trace-id")
    if trace_id:
        os.environ[TRACE_VARIABLE] = trace_id
    else:
        os.environ.pop(TRACE_VARIABLE, None)


def _report_init_error(fault: BaseException, settings: Settings) -> None:
    report = ErrorReport.of(fault)
    log("ERROR", "init_failed", **report.to_fields())
    api = RuntimeApi(settings.api_host, settings.api_port)
    try:
        api.report_init_error(report)
    except ExchangeFailed as failure:
        log("WARN", "init_error_not_delivered", reason=str(failure))
    finally:
        api.close()
