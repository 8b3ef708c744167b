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
        case = _case(
            url,
            state,
            token=token,
            user=user,
            coach=coach,
            origin=origin,
            timeout_s=timeout_s,
            insecure=insecure,
        )
    findings: list[Finding] = []
    with case.visitor:
        if not as_json:
            click.echo(report.heading())
        for finding in examine(case, with_turn=with_turn):
            findings.append(finding)
            if not as_json:
                click.echo("\n".join(report.lines(finding)))
    if as_json:
        click.echo(json.dumps(report.as_json(case.visitor.url, findings), ensure_ascii=False))
    else:
        click.echo(report.summary(findings))
    sys.exit(any(finding.outcome == "failed" for finding in findings))


def _case(
    url: str | None,
    state: StateDir,
    *,
    token: str | None,
    user: str | None,
    coach: str,
    origin: str,
    timeout_s: float,
    insecure: bool,
) -> Case:
    if url is None:
        service = local_service(state, user or (user_of(token) if token else None))
        url, user, token = service.url, service.user, token or service.token
    elif token is not None:
        user = user or user_of(token)
    if not url.startswith(("https://", "http://")):
        raise click.BadParameter("an address begins with https:// or http://", param_hint="URL")
    visitor = Visitor(url, timeout_s=timeout_s, verify=not insecure)
    return Case(visitor, user=user or "nobody", coach=coach, token=token, origin=origin)
