"""Scripts run by the command, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import gradwerk

COMMAND = (sys.executable, "-c", "import sys; from gradwerk.cli.main import main; sys.exit(main())")
SOURCES = Path(gradwerk.__file__).parents[1]


def command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`gradwerk WORDS` in a folder."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment = {**outside, "PYTHONPATH": str(SOURCES), "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([*COMMAND, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False)


def run(folder: Path, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`gradwerk run script.py ARGUMENTS` of a script with this text."""
    (folder / "script.py").write_text(text, encoding="utf-8")
    return command(folder, "run", "script.py", *arguments)
