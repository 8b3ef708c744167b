"""Where things lie in this project: found from this file, whatever the current directory is."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"
TEMPLATE = ROOT / "template.yaml"
EVENTS = ROOT / "events"
WEBSITE = ROOT / "web" / "dist"
MINISTACK_PYTHON = ROOT / ".tools" / "ministack" / "bin" / "python"

FUNCTION = "StreamCoachFunction"
WORKER = "TurnWorkerFunction"
DEFAULT_STATE_DIR = Path(".local")
