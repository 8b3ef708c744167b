"""What the function's processes find in their environment on this machine."""

from collections.abc import Mapping
from dataclasses import dataclass

from local import project
from local.function_config import FunctionConfig
from local.resource_names import resource_values
from local.stack_options import StackOptions
from local.template import Template
from local.tokens import AUDIENCE, ISSUER

DEFAULT_REGION = "us-east-1"
# The emulator takes any.
PINECONE_KEY = "local"
# No credentials or settings of this machine leak into a local stack: this is what Python and TLS need.
_INHERITED = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
)
# What the SDK finds credentials by, and the way out: only a function that calls AWS gets these.
_FOR_AWS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
)
_DUMMY_CREDENTIALS = {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the function finds what it calls; `bedrock` is None when that is AWS.

    Shape   `openai` None: there are no `compatible:` models
    """

    aws: str
    bedrock: str | None
    pinecone: str
    jwks: str
    openai: str | None = None


def function_environment(
    template: Template,
    addresses: Addresses,
    outer: Mapping[str, str],
    options: StackOptions,
    *,
    name: str = project.FUNCTION,
    ticket_keys: str = "",
) -> dict[str, str]:
    """Return all variables of a function: the template's, this stack's, and the person's, which win.

    Shape   `outer` is this process's own environment; without `ticket_keys` there are no tickets
    """
    values = {
        **resource_values(template, addresses.aws),
        "TokenIssuer": ISSUER,
        "TokenAudience": AUDIENCE,
        "JwksUrl": addresses.jwks,
        "TicketKeys": ticket_keys,
        "PineconeHost": addresses.pinecone,
        "PineconeApiKey": PINECONE_KEY,
        "CompatibleBaseUrl": f"{addresses.openai}/v1" if addresses.openai is not None else "",
    }
    return {
        **_machine_environment(outer, addresses),
        **template.environment(name, values),
        # On one's own machine the limit is only in the way.
        "TURNS_PER_MINUTE": "0",
        "AWS_LAMBDA_LOG_LEVEL": options.log_level,
        **options.overrides,
    }


def container_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what of `environment` is not this machine's own: no paths, no credentials."""
    own = {*_INHERITED, *_FOR_AWS}
    return {name: value for name, value in environment.items() if name not in own}


def function_config(
    template: Template, environment: Mapping[str, str], *, name: str = project.FUNCTION
) -> FunctionConfig:
    """Return how a function runs here: as template.yaml says, from the working tree."""
    function = template.function(name)
    return FunctionConfig(
        name=name,
        handler=function.handler,
        timeout_s=function.timeout_s,
        memory_mb=function.memory_mb,
        task_root=project.SOURCE,
        environment=environment,
        cors=template.cors(name),
    )


def _machine_environment(outer: Mapping[str, str], addresses: Addresses) -> dict[str, str]:
    inherited = (*_INHERITED, *(_FOR_AWS if addresses.bedrock is None else ()))
    region = outer.get("AWS_REGION") or outer.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
    emulated = {} if addresses.bedrock is None else {"AWS_ENDPOINT_URL_BEDROCK_RUNTIME": addresses.bedrock}
    return {
        **{name: outer[name] for name in inherited if name in outer},
        **({} if addresses.bedrock is None else _DUMMY_CREDENTIALS),
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL_DYNAMODB": addresses.aws,
        "AWS_ENDPOINT_URL_SQS": addresses.aws,
        **emulated,
    }
