"""What takes a token, and costs no model call."""

import json
import secrets
from typing import Final

from local.doctor.findings import Case, Check, Seen
from local.doctor.turns import read_events, told


def check_token(case: Case) -> Seen:
    answer = case.signed("GET", f"{case.conversations_path}?limit=1")
    advice = "TokenIssuer, TokenAudience and JwksUrl must be those of this token's pool; is it still valid?"
    return Seen(answer.told(), answer.status == 200, advice)


def check_other_person(case: Case) -> Seen:
    answer = case.signed("GET", "/users/somebody-else/coaches/atlas/conversations")
    ok = answer.status == 403 and answer.json().get("code") == "USER_ID_MISMATCH"
    return Seen(answer.told(), ok, "stop: people can read each other's conversations")


def check_begin(case: Case) -> Seen:
    answer = case.signed("POST", case.conversations_path, b"{}")
    found = answer.json().get("conversationId")
    case.conversation = found if isinstance(found, str) else None
    ok = answer.status == 201 and case.conversation is not None
    return Seen(answer.told(), ok, "the function cannot write to its table; read its log: sam logs --tail")


def check_nothing_to_resume(case: Case) -> Seen:
    answer = case.signed("GET", f"{case.conversation_path}/stream", accept="text/event-stream")
    ok = answer.status == 204 and not answer.body and not answer.broken
    seen = answer.told() + (f", {answer.trouble}" if answer.trouble else "")
    return Seen(
        seen, ok, "an empty streamed answer does not get through here; EventSource clients would hang"
    )


def check_unknown_conversation(case: Case) -> Seen:
    answer = case.signed("GET", f"{case.conversations_path}/01NOSUCHCONVERSATION/messages")
    ok = answer.status == 404 and answer.json().get("code") == "CONVERSATION_NOT_FOUND"
    return Seen(answer.told(), ok, "see the function's log")


def check_refused_body(case: Case) -> Seen:
    answer = case.signed("POST", f"{case.conversation_path}/stream", b"{")
    ok = answer.status == 400 and answer.json().get("code") == "INVALID_JSON"
    return Seen(answer.told(), ok, "something on the way changes bodies")


def check_break(case: Case) -> Seen:
    answer = case.signed("GET", f"/users/{case.user}/health/broken-stream")
    words = answer.text.count('"type":"word"')
    end = "broken off" if answer.broken else "a clean end"
    advice = "something on the way hides that a stream broke: clients would take half an answer for a whole"
    return Seen(
        f"{answer.status}, {words} words, {end}", answer.status == 200 and answer.broken and words > 0, advice
    )


def check_ticket(case: Case) -> Seen:
    """Leave a turn for whoever attaches, stop it before anybody did, and read how it ended by ticket."""
    body = {
        "userResponse": "A check of this service.",
        "mode": "attach",
        "clientMessageId": secrets.token_hex(8),
    }
    left = case.signed("POST", f"{case.conversation_path}/turns", json.dumps(body).encode())
    link = left.json()
    if left.status != 202 or "ticket=" not in str(link.get("streamUrl")):
        seen = left.told() if left.status != 202 else "a streamUrl without ticket"
        return Seen(
            seen, False, "set TicketKeys when deploying; without it EventSource clients cannot attach"
        )
    case.signed("POST", f"{case.conversation_path}/turns/{link['turnId']}/cancel", b"{}")
    answer = case.visitor.ask("GET", link["streamUrl"], headers={"accept": "text/event-stream"})
    events = read_events(answer.body)
    ok = answer.status == 200 and told(events).endswith("error CANCELLED") and not answer.broken
    return Seen(f"{answer.told()}: {told(events)}", ok, "clients that cannot send headers get no stream here")


def check_deletion(case: Case) -> Seen:
    answer = case.signed("DELETE", case.conversation_path)
    if answer.status == 204:
        case.conversation = None
    return Seen(answer.told(), answer.status == 204, f"delete {case.conversations_path} … by hand")


SIGNED_CHECKS: Final = (
    Check("good token", "200", check_token, "token"),
    Check("another person", "403 USER_ID_MISMATCH", check_other_person, "token"),
    Check("break of a stream", "200, some words, broken off: never a clean end", check_break, "token"),
    Check("begin", "201 with a conversationId", check_begin, "token"),
    Check("nothing to resume", "204 without a body, at once", check_nothing_to_resume, "token"),
    Check("unknown conversation", "404 CONVERSATION_NOT_FOUND", check_unknown_conversation, "token"),
    Check("body refused", "400 INVALID_JSON, before any stream", check_refused_body, "token"),
    Check(
        "ticket", "a cancelled turn's stream by ticket: 200, ends with error CANCELLED", check_ticket, "token"
    ),
)
DELETION: Final = Check(
    "delete", "204: the conversation of this examination is gone", check_deletion, "token"
)
