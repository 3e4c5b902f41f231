"""`gradwerk run SCRIPT`: a script or notebook written for Keras, PyTorch or TensorFlow, as it is."""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from gradwerk.aliases.notebook import run_notebook
from gradwerk.aliases.script import run_script
from gradwerk.base.errors import ArgumentError


def run(options: Namespace) -> int:
    """The command; the script's own exit code."""
    path = Path(options.script)
    if path.suffix != ".ipynb":
        return run_script(path, options.arguments)
    if options.arguments:
        raise ArgumentError(f"a notebook takes no arguments: {' '.join(options.arguments)}")
    sys.stdout.flush()
    return run_notebook(path, path.with_name(f"{path.stem}.executed.ipynb"))
