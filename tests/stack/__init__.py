"""End to end, over real sockets: the whole local stack, asked as its clients ask it."""

import pytest

pytest.register_assert_rewrite(
    "tests.stack.client", "tests.stack.refusals", "tests.stack.sse", "tests.stack.watching"
)
