"""What an embedding model is given: a mean over all words is drawn to those that say little."""

from libs.memory.candidates import STATEMENT_TYPES
from libs.memory.tokens import content_words


def indexed_text(type_: str, text: str) -> str:
    """Return the text to embed for the index.

    A statement is told in the third person, and questions about it say I and my: the words in front of it
    bring the two together, and leave questions about the world behind.
    """
    return f"About me: {text}" if type_ in STATEMENT_TYPES else text


def asked_text(question: str) -> str:
    """Return the text to embed for a question: itself, and its telling words once more."""
    return f"{question} {content_words(question)}".strip()
