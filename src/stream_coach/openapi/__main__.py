"""Print the document: `python -m stream_coach.openapi`, as `make openapi` does."""

import sys

from stream_coach.openapi import document, printed
from stream_coach.routes import ROUTES

sys.stdout.buffer.write(printed(document(ROUTES.routes)).encode())
