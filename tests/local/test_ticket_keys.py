"""The keys of this machine's tickets: made once, for their owner's eyes."""

from pathlib import Path

from libs.streaming.tickets import parse_keys
from local.ticket_keys import load_or_make_keys


def test_keys_are_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "ticket-keys"
    made = load_or_make_keys(path)
    assert load_or_make_keys(path) == made
    assert [(name, len(secret)) for name, secret in parse_keys(made).items()] == [("local", 64)]


def test_each_machine_has_its_own(tmp_path: Path) -> None:
    assert load_or_make_keys(tmp_path / "one") != load_or_make_keys(tmp_path / "other")


def test_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "ticket-keys"
    load_or_make_keys(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["ticket-keys"]


def test_a_key_put_in_front_by_hand_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "ticket-keys"
    path.write_text("new:0123456789abcdef,local:fedcba9876543210\n")
    assert load_or_make_keys(path) == "new:0123456789abcdef,local:fedcba9876543210"
