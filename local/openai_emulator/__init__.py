"""A model server on this machine that speaks OpenAI's chat completions: the offline stand-in behind them.

    POST /v1/chat/completions               one JSON document, or with `stream` server-sent events
    GET  /v1/models                         the one model that there is
    GET, PUT    /_emulator/script           times, fixed answers and faults, as of the Bedrock emulator
    GET, DELETE /_emulator/calls            what was asked, and how far each answer got

The openai SDK works unchanged with `base_url` set to `<address>/v1`. What is said, and which faults there
are, is the Bedrock emulator's (`local/bedrock_emulator/script.py`): there a call with `stream` is
`ConverseStream`, one without is `Converse`.
"""

from local.openai_emulator.server import serve_openai

__all__ = ["serve_openai"]
