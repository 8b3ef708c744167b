"""`python -m libs.lambda_runtime`: what `bootstrap` starts."""

import os
import sys

from libs.lambda_runtime.loop import main

if __name__ == "__main__":
    sys.exit(main(os.environ))
