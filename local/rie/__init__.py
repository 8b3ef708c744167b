"""The built artifact in Lambda's own emulator: a smoke test of what is deployed, event by event.

`python -m local.rie` runs it. The Runtime Interface Emulator is what `sam local invoke` has in its
container; it comes with the SAM CLI and needs no container. It buffers every answer and shows a streamed
one as the function sent it: prelude, eight NUL bytes, body. Whether the bytes come in time is not its affair.
"""
