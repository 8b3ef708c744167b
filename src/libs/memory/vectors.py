"""Vectors: the index together with the embedder whose vectors lie in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from libs.memory.ports import Embedder, IndexedText, IndexedType, Match, VectorIndex
from libs.memory.wording import asked_text, indexed_text

EMBEDDED_BY: Final = "embeddedBy"
CONVERSATION: Final = "conversationId"


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexable:
    """A text that can be found again.

    Shape   `wording` is what kind of text it is to the embedder: a memory's own type, or the index's; `gist`
            the part of the text that its vector stands for
    """

    id: str
    type: IndexedType
    text: str
    gist: str
    wording: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Vectors:
    """Each person's texts by their meaning.

    Shape   `embedder_id` names the model and its dimensions: vectors of another one cannot be compared
    """

    index: VectorIndex
    embedder: Embedder
    embedder_id: str

    def keep(self, user_id: str, found: Indexable) -> None:
        """Write a text; the same id again takes the place of what was there. Raises MemoryUnavailable."""
        vector = self.embedder.embed(indexed_text(found.wording, found.gist))
        metadata = {**found.metadata, EMBEDDED_BY: self.embedder_id}
        self.index.upsert(user_id, [IndexedText(found.id, found.type, found.text, vector, metadata)])

    def search(self, user_id: str, question: str, *, types: Sequence[IndexedType], limit: int) -> list[Match]:
        """Return the texts of these types that are nearest to a question. Raises MemoryUnavailable."""
        vector = self.embedder.embed(asked_text(question))
        found = self.index.search(user_id, vector, types=types, limit=limit)
        return [match for match in found if match.metadata.get(EMBEDDED_BY) == self.embedder_id]

    def delete(self, user_id: str, text_id: str) -> None:
        """Delete a text; one that is not there is no error. Raises IndexUnavailable."""
        self.index.delete(user_id, [text_id])

    def delete_conversation(self, user_id: str, conversation_id: str) -> None:
        """Delete what was said in a conversation. Raises IndexUnavailable."""
        self.index.delete_where(user_id, CONVERSATION, conversation_id)

    def delete_all(self, user_id: str) -> None:
        """Delete all of the person's texts. Raises IndexUnavailable."""
        self.index.delete_all(user_id)
