"""The frugal session against botocore's own: the same clients, whatever the region and the variant."""

from typing import Any, Final

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from stream_coach.adapters.aws_session import make_session

SERVICES: Final = ("bedrock-runtime", "dynamodb", "sqs", "sts")
REGIONS: Final = (
    "us-east-1",
    "us-east-2",
    "eu-central-1",
    "ap-southeast-7",
    "eu-isoe-west-1",
    "cn-north-1",
    "us-gov-west-1",
    "us-iso-east-1",
    "us-new-9",
)
VARIANTS: Final = (
    Config(),
    Config(use_fips_endpoint=True),
    Config(use_dualstack_endpoint=True),
)


@pytest.fixture(scope="module")
def sessions() -> tuple[Any, Any]:
    return make_session(), botocore.session.Session()


def described(session: Any, service: str, region: str, config: Config) -> tuple[object, ...]:
    """Return where and how a client's requests go, or what is wrong with it."""
    try:
        client = session.create_client(
            service, region_name=region, config=config, aws_access_key_id="x", aws_secret_access_key="x"
        )
    except BotoCoreError as error:
        return (type(error),)
    meta = client.meta
    rules = client._ruleset_resolver
    operation = meta.service_model.operation_model(meta.service_model.operation_names[0])
    endpoint = rules.construct_endpoint(operation, call_args={}, request_context={})
    return (
        endpoint.url,
        meta.partition,
        meta.region_name,
        endpoint.properties,
        meta.config.signature_version,
    )


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("region", REGIONS)
def test_a_client_sends_where_a_plain_one_would(sessions: tuple[Any, Any], service: str, region: str) -> None:
    ours, plain = sessions
    # The isolated partitions had no dual stack when endpoints.json was their only list.
    for config in VARIANTS[:1] if "iso" in region else VARIANTS:
        assert described(ours, service, region, config) == described(plain, service, region, config)


def test_an_endpoint_of_the_environment_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:8000")
    client = make_session().create_client("dynamodb", region_name="us-east-1")
    assert client.meta.endpoint_url == "http://127.0.0.1:8000"
