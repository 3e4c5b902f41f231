"""One program has one Plan, wherever its parts are in memory: else a second process finds no kernel of the first."""

from __future__ import annotations

import subprocess
import sys

from tests.programs.found import FOUND

SEEDS = 40


def test_the_order_of_sets_makes_no_other_plan() -> None:
    made = [plans(number, 0) for number in (1, 2, 3, 4)] + [plans(number, SEEDS) for number in (5, 6)]
    assert [len(rows) for rows in made] == [len(FOUND)] * 4 + [len(FOUND) + SEEDS] * 2
    differing = [rows for group in (made[:4], made[4:]) for rows in zip(*group, strict=True) if len(set(rows)) > 1]
    assert not differing


def plans(number: int, seeds: int) -> list[str]:
    """What the compiler makes of each program in a process that mixes its hashes with this number."""
    command = [sys.executable, "-m", "tests.compiler.plans_by_hash", str(number), str(seeds)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
