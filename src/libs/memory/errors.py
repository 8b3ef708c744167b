"""What can go wrong with memory. A turn goes on without it.

MemoryUnavailable
├── IndexUnavailable
└── EmbedderUnavailable
"""


class MemoryUnavailable(Exception):
    """Nothing can be remembered or recalled now."""


class IndexUnavailable(MemoryUnavailable):
    """The vector index does not answer, not in time, or not in its own terms."""


class EmbedderUnavailable(MemoryUnavailable):
    """The embedding model does not answer, not in time, or not in its own terms."""
