"""The entry point of StreamCoachFunction: the app is built when the process starts."""

import os
from typing import Final

from stream_coach import logs
from stream_coach.api import Handler, make_handler
from stream_coach.composition import build_app
from stream_coach.settings import Settings

logs.configure(os.environ.get("AWS_LAMBDA_LOG_LEVEL", ""))
handler: Final[Handler] = make_handler(build_app(Settings.from_env(os.environ)))
