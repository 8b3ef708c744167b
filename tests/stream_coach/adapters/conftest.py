"""The Bedrock emulator on a real socket, with the SDK's own client."""

from collections.abc import Iterator

import boto3
import httpx
import pytest
from botocore.config import Config

from tests.local.bedrock_emulator.conftest import Emulator, running_server


@pytest.fixture(scope="module")
def running_emulator() -> Iterator[Emulator]:
    with running_server() as port, httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        client = boto3.client(
            "bedrock-runtime",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}, read_timeout=10, proxies={}),
        )
        yield Emulator(f"http://127.0.0.1:{port}", http, client)
        client.close()


@pytest.fixture
def emulator(running_emulator: Emulator) -> Emulator:
    """Return the emulator without delays or faults."""
    running_emulator.script()
    return running_emulator
