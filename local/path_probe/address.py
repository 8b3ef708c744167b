"""What to ask for."""

from typing import Final
from urllib.parse import urlencode

PROBE_PATH: Final = "/health/stream"


def probe_address(url: str, *, delay_s: float, words: int) -> str:
    """Return the word probe's address for one without a path, any other as it is."""
    scheme, mark, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    if not mark or "?" in host or (slash and path):
        return url
    options = {"delay": f"{delay_s:g}", "sentence": " ".join(f"word-{n}" for n in range(1, words + 1))}
    return f"{scheme}://{host}{PROBE_PATH}?{urlencode(options)}"
