"""One program has one Plan, wherever its parts are in memory: else a second process finds no kernel of the first."""

from __future__ import annotations

import subprocess
import sys

PROGRAMS = (0, 40), (96480811683, 1)
"""First seeds and counts; of the last, two pairs of maps could share what they read, and which did was left to the order of a set."""


def test_the_order_of_sets_makes_no_other_plan() -> None:
    for first, count in PROGRAMS:
        texts = [plans(number, first, count) for number in range(1, 6 if count == 1 else 3)]
        assert len(texts[0].splitlines()) == count
        assert set(texts) == {texts[0]}, differing(texts, first, count)


def plans(number: int, first: int, count: int) -> str:
    """What the compiler makes of each program in a process that mixes its hashes with this number."""
    command = [sys.executable, "-m", "tests.compiler.plans_by_hash", str(number), str(first), str(count)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def differing(texts: list[str], first: int, count: int) -> str:
    """The stages at which the first of these programs differs."""
    rows = zip(*(text.splitlines() for text in texts), strict=True)
    row = next(row for row in rows if len(set(row)) > 1)
    stages = [{word.split(":")[0] for word in words} for words in zip(*(line.split()[1:] for line in row), strict=True) if len(set(words)) > 1]
    return f"of {first}:{first + count}, seed {row[0].split()[0]} at {stages}"
