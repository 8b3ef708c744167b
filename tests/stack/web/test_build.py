"""The built page: its size, and the tests of its own parts."""

import gzip
import os
import shutil
import subprocess
from typing import Final

import pytest

from local import project
from tests.stack.conftest import Figures

WEB: Final = project.ROOT / "web"
BUDGET_BYTES: Final = 200 * 1024


def _skip(reason: str) -> None:
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def test_all_of_the_page_is_under_200_kb_gzipped(figures: Figures) -> None:
    files = [path for path in project.WEBSITE.rglob("*") if path.is_file() and path.name != ".built"]
    if not files:
        _skip("the page is not built: make web")
    sizes = {path.suffix: 0 for path in files}
    for path in files:
        sizes[path.suffix] += len(gzip.compress(path.read_bytes(), 9))
    parts = ", ".join(f"{kind[1:]} {size / 1024:.1f}" for kind, size in sorted(sizes.items()))
    total = sum(sizes.values())
    figures(f"page, gzipped: {total / 1024:.1f} KB in all ({parts})")
    assert total < BUDGET_BYTES


def test_nothing_in_the_built_page_calls_home() -> None:
    if not project.WEBSITE.is_dir():
        _skip("the page is not built: make web")
    page = (project.WEBSITE / "index.html").read_text()
    assert "http:" not in page
    assert "https:" not in page
    assert "<script>" not in page


def test_the_page_s_own_parts_pass_their_tests() -> None:
    npm = shutil.which("npm")
    if npm is None or not (WEB / "node_modules").is_dir():
        _skip("the page's own tests need npm and make web")
    done = subprocess.run(
        [str(npm), "run", "--silent", "unit"], cwd=WEB, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
