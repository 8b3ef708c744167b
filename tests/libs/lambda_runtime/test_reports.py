"""An error as the Runtime API takes it."""

import base64
import json

from libs.lambda_runtime.errors import EventUnreadable
from libs.lambda_runtime.reports import ErrorReport


def fail(depth: int) -> None:
    if depth:
        fail(depth - 1)
    raise ValueError("ä" * 5000)


def report_of(fault: BaseException) -> ErrorReport:
    try:
        raise fault
    except BaseException as raised:  # noqa: BLE001 any error is the subject here
        return ErrorReport.of(raised)


def test_a_fault_of_the_runtime_has_lambdas_name_for_it() -> None:
    assert report_of(EventUnreadable("x")).error_type == "Runtime.UnmarshalError"
    assert report_of(SystemExit(3)) == ErrorReport("SystemExit", "3", report_of(SystemExit(3)).stack_trace)


def test_the_worst_report_fits_the_trailers_of_a_common_server() -> None:
    try:
        fail(100)
    except ValueError as fault:
        report = ErrorReport.of(fault)

    assert len("".join(f"{name}: {value}\r\n" for name, value in report.to_trailers())) < 16 * 1024


def test_trailers_are_one_line_each_whatever_the_error_is_called() -> None:
    fault = type("Größe\r\nX-Injected: 1", (Exception,), {})("text\r\nof two lines")
    (_, error_type), (_, body) = report_of(fault).to_trailers()

    assert error_type == r"Gr\xf6\xdfe\r\nX-Injected: 1"
    assert "\n" not in body
    assert json.loads(base64.b64decode(body))["errorMessage"] == "text\r\nof two lines"


def test_an_error_whose_text_fails_is_still_reported() -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    report = report_of(Mute())

    assert (report.error_type, report.message) == ("Mute", "(the error has no readable text)")
