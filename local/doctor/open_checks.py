"""What can be checked without a token."""

import json
import re
from typing import Final

from local.doctor.findings import Case, Check, Seen
from local.doctor.visitor import Answer
from local.errors import PathUnprobed
from local.path_probe.address import probe_address
from local.path_probe.arrivals import Question
from local.path_probe.causes import likely_causes
from local.path_probe.report import WORDS
from local.path_probe.verdict import measure
from stream_coach.openapi import API_VERSION

PROBE: Final = "/health/stream?delay=0"
METHODS: Final = frozenset({"get", "post", "put", "patch", "delete"})
HEADERS: Final = frozenset(
    {"authorization", "content-type", "last-event-id", "idempotency-key", "x-stream-protocol"}
)
EXPOSED: Final = frozenset({"retry-after", "x-vercel-ai-data-stream", "x-vercel-ai-ui-message-stream"})
PROBE_WORDS: Final = 12
PROBE_DELAY_S: Final = 0.2
# Well formed, signed by nobody: the function has to look its key up before it can refuse it.
FORGED: Final = (
    "eyJhbGciOiJSUzI1NiIsImtpZCI6ImNvYWNoLWRvY3RvciIsInR5cCI6IkpXVCJ9"
    ".eyJzdWIiOiJub2JvZHkiLCJleHAiOjB9.bm90LWEtc2lnbmF0dXJl"
)
_PRELUDE: Final = re.compile(rb'^\s*\{"statusCode"')


def check_alive(case: Case) -> Seen:
    answer = case.visitor.ask("GET", "/health")
    ok = answer.status == 200 and answer.json().get("status") == "ok"
    return Seen(answer.told(), ok, _unwell(answer))


def _unwell(answer: Answer) -> str:
    match answer.status:
        case 0:
            return "check the address, and that the stack is deployed"
        case 403:
            return "the Function URL needs AuthType NONE and both invoke permissions: see template.yaml"
        case 500 | 502 | 503:
            return "read the function's log: sam logs --stack-name NAME --tail"
        case _:
            return "is this the Function URL of this service? see the stack's output FunctionUrl"


def check_version(case: Case) -> Seen:
    info = case.visitor.ask("GET", "/openapi.json").json().get("info") or {}
    seen = f"{info.get('title', '?')} {info.get('version', '?')}"
    return Seen(
        seen, seen == f"stream-coach {API_VERSION}", "deploy this version: make build, then sam deploy"
    )


def check_unknown_path(case: Case) -> Seen:
    answer = case.visitor.ask("GET", "/no/such/path")
    ok = _is_problem(answer, 404, "ROUTE_NOT_FOUND")
    return Seen(
        answer.told(), ok, "something before the function answers for it; probe the Function URL itself"
    )


def check_invoke_mode(case: Case) -> Seen:
    answer = case.visitor.ask("GET", PROBE)
    if _PRELUDE.match(answer.body) or b"\0" in answer.body:
        return Seen("the prelude is in the body", False, "set `InvokeMode: RESPONSE_STREAM` in template.yaml")
    counted = "content-length" in answer.headers
    seen = f"{answer.told()}, " + ("content-length" if counted else "no content-length")
    ok = answer.status == 200 and answer.media_type == "application/x-ndjson" and not counted
    return Seen(
        seen, ok, "set `InvokeMode: RESPONSE_STREAM` in template.yaml, or take away what counts the bytes"
    )


def check_buffering_headers(case: Case) -> Seen:
    headers = case.visitor.ask("GET", PROBE).headers
    wrong = []
    if headers.get("cache-control") != "no-cache, no-transform":
        wrong.append(f"cache-control: {headers.get('cache-control', 'none')}")
    # nginx keeps the header that it obeys.
    if headers.get("x-accel-buffering") != "no" and "nginx" not in headers.get("server", "").lower():
        wrong.append(f"x-accel-buffering: {headers.get('x-accel-buffering', 'none')}")
    if "content-encoding" in headers:
        wrong.append(f"content-encoding: {headers['content-encoding']}")
    return Seen(
        ", ".join(wrong) or "as expected",
        not wrong,
        "something on the way changes headers; let these through",
    )


def check_buffering(case: Case) -> Seen:
    address = probe_address(case.visitor.url, delay_s=PROBE_DELAY_S, words=PROBE_WORDS)
    try:
        arrivals, verdict = measure(Question(address))
    except PathUnprobed as error:
        return Seen(str(error), False, "see `coach probe`")
    figures = verdict.figures
    seen = WORDS[verdict.finding]
    if figures is not None:
        seen += (
            f": first byte after {figures.first_byte_ms:.0f} ms, held at most {figures.held_ms or 0:.0f} ms"
        )
    cause = likely_causes(arrivals.url, arrivals.headers)[0]
    return Seen(seen, verdict.finding == "streams", f"{cause.who}: {cause.remedy}")


def check_preflight(case: Case) -> Seen:
    asks = {
        "origin": case.origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,last-event-id",
    }
    answer = case.visitor.ask("OPTIONS", f"{case.conversations_path}/none/stream", headers=asks)
    missing = [
        *_missing(answer, "access-control-allow-methods", METHODS),
        *_missing(answer, "access-control-allow-headers", HEADERS),
    ]
    allowed = answer.headers.get("access-control-allow-origin", "none")
    ok = answer.status in (200, 204) and allowed in ("*", case.origin) and not missing
    lack = f", lacks {' '.join(missing)}" if missing else ""
    return Seen(f"{answer.status or answer.told()}, allows origin {allowed}{lack}", ok, _CORS_ADVICE)


_CORS_ADVICE: Final = "set AllowedOrigins when deploying; Cors in template.yaml lists methods and headers"


def check_cors_of_answers(case: Case) -> Seen:
    answer = case.visitor.ask("GET", "/health", headers={"origin": case.origin})
    origins = answer.headers.get_list("access-control-allow-origin")
    missing = _missing(answer, "access-control-expose-headers", EXPOSED)
    ok = len(origins) == 1 and origins[0] in ("*", case.origin) and not missing
    lack = f", does not expose {' '.join(missing)}" if missing else ""
    twice = (
        "two layers add CORS headers; let the Function URL alone do it" if len(origins) > 1 else _CORS_ADVICE
    )
    return Seen(f"allows origin {' and '.join(origins) or 'none'}{lack}", ok, twice)


def check_no_token(case: Case) -> Seen:
    answer = _refused(case, {})
    challenge = answer.headers.get("www-authenticate", "none")
    ok = _is_problem(answer, 401, "MISSING_AUTH_HEADER") and challenge == "Bearer"
    return Seen(f"{answer.told()}, www-authenticate {challenge}", ok, _AUTH_ADVICE)


def check_no_jwt(case: Case) -> Seen:
    answer = _refused(case, {"authorization": "Bearer nonsense"})
    return Seen(answer.told(), _is_problem(answer, 401, "INVALID_TOKEN_FORMAT"), _AUTH_ADVICE)


def check_forged_token(case: Case) -> Seen:
    answer = _refused(case, {"authorization": f"Bearer {FORGED}"})
    unread = answer.json().get("code") == "KEYS_UNAVAILABLE"
    advice = (
        "the function cannot read JwksUrl; check the parameter and that it is public"
        if unread
        else _AUTH_ADVICE
    )
    return Seen(answer.told(), _is_problem(answer, 401, "INVALID_TOKEN"), advice)


_AUTH_ADVICE: Final = "the function must get `authorization` as it was sent; CloudFront with OAC replaces it"


def check_refusal_as_event(case: Case) -> Seen:
    answer = _refused(case, {"accept": "text/event-stream"})
    found = re.fullmatch(r"data: (\{[^\n]+\})\n\n", answer.text)
    event = json.loads(found[1]) if found else {}
    seen = f"{answer.told()}, {event.get('type', 'no event')} {event.get('code', '')}".rstrip()
    named = (event.get("type"), event.get("code")) == ("error", "MISSING_AUTH_HEADER")
    ok = answer.status == 401 and answer.media_type == "text/event-stream" and named
    return Seen(seen, ok, "something on the way replaces the bodies of errors")


def _refused(case: Case, headers: dict[str, str]) -> Answer:
    body = b'{"userResponse":"This must never reach a model."}'
    sent = {"content-type": "application/json", **headers}
    return case.visitor.ask("POST", f"{case.conversations_path}/none/stream", headers=sent, content=body)


def _is_problem(answer: Answer, status: int, code: str) -> bool:
    found = (answer.status, answer.media_type, answer.json().get("code"))
    return found == (status, "application/problem+json", code)


def _missing(answer: Answer, name: str, wanted: frozenset[str]) -> list[str]:
    values = {value.strip().lower() for value in answer.headers.get(name, "").split(",")}
    return sorted(wanted - values) if "*" not in values else []


OPEN_CHECKS: Final = (
    Check("alive", 'GET /health: 200, "status":"ok"', check_alive),
    Check("version", f"stream-coach {API_VERSION}, as this checkout", check_version),
    Check("unknown path", "404 application/problem+json ROUTE_NOT_FOUND", check_unknown_path),
    Check("invoke mode", "RESPONSE_STREAM: prelude taken off, no content-length", check_invoke_mode),
    Check(
        "headers", "no-cache, no-transform; x-accel-buffering: no; not compressed", check_buffering_headers
    ),
    Check("buffering", "streams", check_buffering),
    Check("CORS preflight", "200, the origin, all methods and headers of the API", check_preflight),
    Check("CORS of answers", "one allow-origin, and the exposed headers", check_cors_of_answers),
    Check("no token", "401 application/problem+json MISSING_AUTH_HEADER, Bearer", check_no_token),
    Check("no JWT", "401 application/problem+json INVALID_TOKEN_FORMAT", check_no_jwt),
    Check("forged token", "401 application/problem+json INVALID_TOKEN", check_forged_token),
    Check("refusal as event", "401 text/event-stream, one error MISSING_AUTH_HEADER", check_refusal_as_event),
)
