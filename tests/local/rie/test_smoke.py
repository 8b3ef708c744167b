"""local/rie: which events are run, which binary runs them, and how an outcome reads."""

from pathlib import Path

import pytest

from local.errors import PartFailed, UnknownEvent
from local.rie.__main__ import line
from local.rie.answers import Mismatch
from local.rie.checks import CHECKS
from local.rie.emulator import find_emulator
from local.rie.smoke import Outcome, plan_events

RAPID = ".tools/sam/lib/python3.13/site-packages/samcli/local/rapid"
PRELUDE = b'{"statusCode":403,"headers":{}}' + b"\0" * 8


def test_every_sample_event_is_run_and_the_conversation_comes_first() -> None:
    names = plan_events(())
    assert names[0] == "create-conversation"
    assert sorted(names) == sorted(CHECKS)


def test_the_history_is_read_behind_the_turns() -> None:
    names = plan_events(())
    assert max(names.index(turn) for turn in ("stream", "stream-short", "workout-log")) < names.index(
        "messages"
    )


def test_wished_events_come_in_the_order_of_the_run() -> None:
    assert plan_events(("words", "stream", "words")) == ("stream", "words")


def test_an_unknown_event_lists_those_that_exist() -> None:
    with pytest.raises(UnknownEvent, match="no event 'nope'; there are: ai-chat, bad-token, "):
        plan_events(("words", "nope"))


def test_an_event_without_a_check_is_named(tmp_path: Path) -> None:
    for name in (*CHECKS, "new"):
        (tmp_path / f"{name}.json").write_text("{}")
    with pytest.raises(Mismatch, match=r"\['new'\]"):
        plan_events((), tmp_path)


def test_an_outcome_is_one_line() -> None:
    good = Outcome("words", b"hello", 12.6, None)
    assert line(good) == "words                raw       5 B     13 ms  ok"
    bad = Outcome("wrong-user", PRELUDE, 1.0, "status 403, not 200")
    assert line(bad) == "wrong-user           403      39 B      1 ms  WRONG  status 403, not 200"


@pytest.mark.parametrize(
    ("machine", "binary"),
    [
        ("x86_64", "aws-lambda-rie-x86_64"),
        ("AMD64", "aws-lambda-rie-x86_64"),
        ("aarch64", "aws-lambda-rie-arm64"),
        ("arm64", "aws-lambda-rie-arm64"),
    ],
)
def test_the_emulator_is_the_one_for_the_machine(tmp_path: Path, machine: str, binary: str) -> None:
    for name in ("aws-lambda-rie-x86_64", "aws-lambda-rie-arm64"):
        path = tmp_path / RAPID / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert find_emulator(tmp_path, machine=machine) == tmp_path / RAPID / binary


def test_without_the_sam_cli_one_is_told_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(PartFailed, match="aws-lambda-rie-x86_64 is not installed; run `make rie`"):
        find_emulator(tmp_path, machine="x86_64")


def test_a_machine_without_an_emulator_is_told() -> None:
    with pytest.raises(PartFailed, match="no Lambda emulator for a machine of type 'riscv64'"):
        find_emulator(machine="riscv64")
