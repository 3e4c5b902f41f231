"""Runs an example as a user does, and reads what it says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
NUMBER = r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?"


def numbers(text: str, before: str, *, after: str = "") -> list[float]:
    """Every number that stands behind one text and before another."""
    return [float(found) for found in re.findall(rf"{before}\s*({NUMBER}){after}", text)]


def run(example: Path, folder: Path, *options: str) -> str:
    """What an example prints; its picture is there."""
    command = [sys.executable, "-W", "error", str(example), "--out", str(folder), *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    picture = folder / f"{example.stem}.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"{picture}: " in ran.stdout
    return ran.stdout
