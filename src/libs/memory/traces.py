"""Traces: whether a text repeats what somebody wanted remembered."""

from collections.abc import Sequence
from typing import Final

from libs.memory.doubles import says_the_same
from libs.memory.tokens import sentences, terms

_SHARED: Final = 0.25


def may_repeat(text: str, content: str) -> bool:
    """Whether a text has enough of a memory's words to be told by it; rather too often than not."""
    remembered = set(terms(content))
    return len(remembered & set(terms(text))) >= _SHARED * len(remembered)


def without(text: str, contents: Sequence[str]) -> str:
    """Return a text without the sentences that say again what is said in `contents`."""
    found = sentences(text)
    kept = [sentence for sentence in found if not any(_says(sentence, content) for content in contents)]
    return text if len(kept) == len(found) else "\n".join(kept)


def _says(sentence: str, content: str) -> bool:
    return _plain(content) in _plain(sentence) or says_the_same(sentence, content)


def _plain(text: str) -> str:
    return " ".join(text.casefold().split()).rstrip(".!?")
