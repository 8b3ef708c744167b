"""The examination: every check in its order, and nothing left behind."""

from collections.abc import Iterator
from typing import Final

from local.doctor.findings import Case, Check, Finding, NotPossible
from local.doctor.open_checks import OPEN_CHECKS
from local.doctor.signed_checks import DELETION, SIGNED_CHECKS
from local.doctor.turn_checks import TURN_CHECKS

CHECKS: Final = (*OPEN_CHECKS, *SIGNED_CHECKS, *TURN_CHECKS, DELETION)


def examine(case: Case, *, with_turn: bool) -> Iterator[Finding]:
    """Yield a finding for each check as it is made; what nobody answers ends it, the rest is not checked."""
    unreachable = False
    for check in CHECKS:
        if unreachable:
            yield _unchecked(check, "nothing answers")
        elif check.needs != "nothing" and case.token is None:
            yield _unchecked(check, "needs --token")
        elif check.needs == "turn" and not with_turn:
            yield _unchecked(check, "needs --turn (it calls the models)")
        else:
            finding = _find(check, case)
            unreachable = (
                check is CHECKS[0] and finding.outcome == "failed" and not finding.seen[:1].isdigit()
            )
            yield finding


def _find(check: Check, case: Case) -> Finding:
    try:
        seen = check.run(case)
    except NotPossible as reason:
        return _unchecked(check, str(reason))
    if seen.ok:
        return Finding(check.name, check.expected, seen.text, "ok")
    return Finding(check.name, check.expected, seen.text, "failed", seen.advice)


def _unchecked(check: Check, why: str) -> Finding:
    return Finding(check.name, check.expected, f"not checked: {why}", "unchecked")
