"""`coach doctor`: is a deployed service well?"""

import json
import sys

import click

from local.commands.options import IdType, clear_errors, state_dir_option, token_option
from local.doctor import report
from local.doctor.examination import examine
from local.doctor.findings import Case, Finding
from local.doctor.visitor import Visitor
from local.service import local_service, user_of
from local.state_dir import StateDir


@click.command()
@click.argument("url", required=False)
@state_dir_option
@token_option
@click.option("--user", type=IdType(), help="The person to speak as. Default: whom the token names.")
@click.option("--coach", type=IdType(), default="atlas", show_default=True, help="The coach to begin with.")
@click.option("--turn", "with_turn", is_flag=True, help="Run two real turns too: this calls the models.")
@click.option(
    "--origin", default="https://app.example.com", show_default=True, help="The web page's origin for CORS."
)
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(0.1, 600),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest silence of an answer.",
)
@click.option("--insecure", is_flag=True, help="Take any TLS certificate.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor(
    url: str | None,
    state: StateDir,
    *,
    token: str | None,
    user: str | None,
    coach: str,
    with_turn: bool,
    origin: str,
    timeout_s: float,
    insecure: bool,
    as_json: bool,
) -> None:
    """Check the service at URL from outside: what is expected, what is seen, and what to do about it.

    Prelude and headers, buffering, CORS, refusals and versions need no token. With --token (or $COACH_TOKEN)
    also an empty 204, tickets, a stream that breaks off, and that nobody reads another person's words: it
    begins one conversation and deletes it again. With --turn two real turns, a replay, a resume and a cancel.
    Without URL: the running local stack, with a token of its own.

    Exit status: 0 nothing failed, 1 something did, 2 wrong use.

    \b
    Examples:
      coach doctor --turn
      coach doctor https://abc123.lambda-url.us-east-1.on.aws
      COACH_TOKEN=eyJ… coach doctor https://abc123.lambda-url.us-east-1.on.aws --turn --json
    """
    with clear_errors():
        url, user, token = _whom(url, state, token=token, user=user)
    visitor = Visitor(url, timeout_s=timeout_s, verify=not insecure)
    case = Case(visitor, user=user, coach=coach, token=token, origin=origin)
    findings = _told_as_json(case, with_turn) if as_json else _told(case, with_turn)
    sys.exit(any(finding.outcome == "failed" for finding in findings))


def _whom(
    url: str | None, state: StateDir, *, token: str | None, user: str | None
) -> tuple[str, str, str | None]:
    """Return the address, the person to speak as, and their token, where there is one."""
    if url is None:
        service = local_service(state, user or (user_of(token) if token else None))
        return service.url, service.user, token or service.token
    if not url.startswith(("https://", "http://")):
        raise click.BadParameter("an address begins with https:// or http://", param_hint="URL")
    return url, user or (user_of(token) if token else "nobody"), token


def _told(case: Case, with_turn: bool) -> list[Finding]:
    """Examine, and tell each finding as it is made."""
    findings = []
    click.echo(report.heading())
    with case.visitor:
        for finding in examine(case, with_turn=with_turn):
            findings.append(finding)
            click.echo("\n".join(report.lines(finding)))
    click.echo(report.summary(findings))
    return findings


def _told_as_json(case: Case, with_turn: bool) -> list[Finding]:
    with case.visitor:
        findings = list(examine(case, with_turn=with_turn))
    click.echo(json.dumps(report.as_json(case.visitor.url, findings), ensure_ascii=False))
    return findings
