"""The SDK, pointed at MiniStack and blind to this machine's own AWS settings."""

from typing import Any

import boto3
import botocore.session
from botocore.config import Config


def emulated_session(region: str) -> boto3.Session:
    """Return a session that reads no profile or file of this machine: MiniStack takes any credentials."""
    unset: Any = (None, None, None, None)
    core = botocore.session.Session(
        session_vars={"profile": unset, "config_file": unset, "credentials_file": unset}
    )
    return boto3.Session(
        aws_access_key_id="local",
        aws_secret_access_key="local",  # noqa: S106 - MiniStack checks none
        region_name=region,
        botocore_session=core,
    )


def emulated_config() -> Config:
    """Return how its clients call."""
    # An empty dict, because None would let botocore take this machine's proxies for its own loopback.
    return Config(proxies={}, retries={"total_max_attempts": 3}, connect_timeout=2, read_timeout=10)
