"""The issuer's key: made once, kept, readable by its owner only."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from local.signing_key import load_or_make


def test_the_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "state" / "signing-key.pem"
    first, second = load_or_make(path), load_or_make(path)
    assert first.key_id == second.key_id
    assert first.public_jwk() == second.public_jwk()


def test_only_the_owner_can_read_the_key(tmp_path: Path) -> None:
    path = tmp_path / "state" / "signing-key.pem"
    load_or_make(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_two_that_start_at_once_end_with_one_key(tmp_path: Path) -> None:
    path = tmp_path / "signing-key.pem"
    with ThreadPoolExecutor(4) as pool:
        keys = list(pool.map(load_or_make, [path] * 4))
    assert len({key.key_id for key in keys}) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["signing-key.pem"]


def test_the_private_half_is_not_in_the_repr(tmp_path: Path) -> None:
    assert "private" not in repr(load_or_make(tmp_path / "signing-key.pem"))
