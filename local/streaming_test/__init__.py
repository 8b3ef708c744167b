"""The streaming test kit: the built artifact behind a streaming URL and in Lambda's emulator, event by event.

`python -m local.streaming_test run` does it all; `start`, `invoke`, `check`, `stop` are its steps, which keep
what they know in a state directory. `keeper` is the one process that holds everything that runs, `sending`
sends the files of events/ and notes when what came, `checking` says whether it is what it should be.
"""
