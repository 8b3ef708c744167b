"""Prompt texts, from the files beside this module; named fields are filled, nothing else is touched."""

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

FOLDER: Final = Path(__file__).with_name("prompts")


@cache
def _template(name: str) -> Template:
    return Template((FOLDER / f"{name}.md").read_text(encoding="utf-8"))


def fields(name: str) -> frozenset[str]:
    """Return the names that the prompt wants filled."""
    return frozenset(_template(name).get_identifiers())


def render(name: str, /, **values: str) -> str:
    """Return the prompt with its fields filled.

    Raises  ValueError: `values` are not exactly the fields of the prompt
    """
    if values.keys() != fields(name):
        raise ValueError(f"prompt {name!r} wants {sorted(fields(name))}, got {sorted(values)}")
    return _template(name).substitute(values).strip()


def as_data(text: str) -> str:
    """Return a person's words so that they cannot close the tags that fence them."""
    return text.replace("</", "<\\/")
