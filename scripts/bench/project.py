"""Lets a benchmark find the modules of this project: to be imported before them.

With a Python that has what modemgw needs it goes on, so that another one can be
measured; else with the one of .venv.
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"

sys.path.insert(0, str(ROOT))
python = VENV / "bin" / "python"
if find_spec("msgspec") is None and python.exists() and Path(sys.prefix) != VENV:
    os.execv(python, [str(python), *sys.argv])  # noqa: S606 - with our modules
