"""`config.json` of a deployment: what the page is told about the stack that it talks to.

From the stack's outputs, as `sam list stack-outputs --output json` or `aws cloudformation describe-stacks`
print them.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TextIO
from urllib.parse import urlsplit

import click

NEEDED: Final = ("FunctionUrl", "TokenAudience", "StarterCoachId")


def outputs_in(document: Any) -> dict[str, str]:
    """Return the outputs by name, of either form. Raises ValueError: there are none."""
    found = document
    if isinstance(document, dict) and document.get("Stacks"):
        found = document["Stacks"][0].get("Outputs")
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise ValueError("this is no list of stack outputs")
    outputs = {str(one.get("OutputKey")): str(one.get("OutputValue")) for one in found}
    missing = [name for name in NEEDED if name not in outputs]
    if missing:
        raise ValueError(f"the stack has no output {', '.join(missing)}; deploy this version of it first")
    return outputs


def config_of(outputs: Mapping[str, str], *, sign_in: str = "", rest_url: str = "") -> dict[str, Any]:
    """Return the settings of a page; without `sign_in` people paste a token."""
    config: dict[str, Any] = {
        "apiUrl": outputs["FunctionUrl"].rstrip("/"),
        "starterCoachId": outputs["StarterCoachId"],
    }
    if rest_url:
        config["restUrl"] = rest_url.rstrip("/")
    if sign_in:
        config["signIn"] = {"domain": sign_in.rstrip("/"), "clientId": outputs["TokenAudience"]}
    return config


def policy_for(config: Mapping[str, Any]) -> str:
    """Return the Content-Security-Policy that the page's host is to send with it."""
    addresses = (config["apiUrl"], config.get("restUrl", ""), config.get("signIn", {}).get("domain", ""))
    origins = dict.fromkeys(_origin(address) for address in addresses if address)
    own = "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'"
    rest = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    return f"{own}; connect-src 'self' {' '.join(origins)}; {rest}"


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


@click.command()
@click.argument("outputs", type=click.File())
@click.option("--sign-in", default="", help="Address of Cognito's hosted page.")
@click.option("--rest-url", default="", help="A REST API that streams, for where the Function URL is barred.")
@click.option("--into", type=click.Path(path_type=Path), required=True, help="The file to write.")
def main(*, outputs: TextIO, sign_in: str, rest_url: str, into: Path) -> None:
    """Write the page's config.json from the stack's OUTPUTS, a file of JSON (- for standard input)."""
    for option, address in (("--sign-in", sign_in), ("--rest-url", rest_url)):
        if address and not address.startswith("https://"):
            raise click.BadParameter("must begin with https://", param_hint=option)
    try:
        config = config_of(outputs_in(json.load(outputs)), sign_in=sign_in, rest_url=rest_url)
    except ValueError as error:
        raise click.ClickException(f"{outputs.name}: {error}") from error
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(json.dumps(config, indent=2) + "\n")
    click.echo(
        f"{into} is written. Send the page with this header:\n\ncontent-security-policy: {policy_for(config)}"
    )


if __name__ == "__main__":
    main()
