"""Lets the folder be run: ``python checker CERTIFICATE SNAPSHOT``, wherever it lies."""

import runpy
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

if __name__ == "__main__":
    sys.path[0] = str(HERE.parent)  # Python puts the folder itself there, in which modules cannot import one another as a package
    runpy.run_module(f"{HERE.name}.conditions", run_name="__main__", alter_sys=True)
