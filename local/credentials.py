"""Whether this machine can call AWS."""

import botocore.exceptions
import botocore.session

from local.errors import CredentialsMissing


def require_credentials() -> None:
    """Raise CredentialsMissing unless the SDK finds AWS credentials on this machine."""
    hint = "set AWS_PROFILE or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use --bedrock local"
    try:
        found = botocore.session.get_session().get_credentials()
    except botocore.exceptions.BotoCoreError as error:
        raise CredentialsMissing(f"--bedrock aws needs AWS credentials: {error}; {hint}") from error
    if found is None:
        raise CredentialsMissing(f"--bedrock aws needs AWS credentials and none were found; {hint}")
