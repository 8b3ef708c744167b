"""Runs MiniStack for as long as its parent lives. MiniStack's own interpreter executes this file.

Standard input is a pipe whose other end only the parent holds: it ends when the parent does, however the
parent ended. SIGTERM then lets MiniStack save its state, as in an ordered stop.
"""

import os
import runpy
import signal
import sys
import threading
import time

SAVE_S = 10.0


def end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVE_S)
    os._exit(1)


if __name__ == "__main__":
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.argv = ["ministack"]
    runpy.run_module("ministack", run_name="__main__")
