"""The last question before a stack calls itself ready: does the function answer through its URL?"""

import http.client
from pathlib import Path
from urllib.parse import urlsplit

from local.errors import PartFailed

HEALTH_S = 15.0


def require_health(function_url: str, *, log_file: Path) -> None:
    """Return when `/health` answers 200. Raises PartFailed with what it answered instead."""
    address = urlsplit(function_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=HEALTH_S)
    try:
        connection.request("GET", "/health")
        response = connection.getresponse()
        text = response.read(500).decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise PartFailed(f"the function does not answer at {function_url}; see {log_file}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise PartFailed(f"the function answers /health with {response.status} {text!r}; see {log_file}")
