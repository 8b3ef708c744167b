"""The Bedrock runtime on this machine: the real wire, an honest stand-in instead of a model.

    POST /model/{modelId}/converse          one JSON answer
    POST /model/{modelId}/converse-stream   the answer as AWS event stream frames
    POST /model/{modelId}/invoke            Titan embeddings, by a smaller model
    GET, PUT    /_emulator/script           times, fixed answers and faults (`script.py`)
    GET, DELETE /_emulator/calls            what was asked, and how far each answer got (`calls.py`)

A client built by the SDK with `endpoint_url` set to this server works unchanged. Requests that Bedrock
would refuse are refused here too, so that such mistakes show offline.
"""

from local.bedrock_emulator.server import serve_bedrock

__all__ = ["serve_bedrock"]
