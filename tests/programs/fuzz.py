"""Runs ranges of seeds, and adds up what they gave in a file: `python -m tests.programs.fuzz --seeds 0:20000 --state ~/programs.json`.

Stopped and started again it goes on where it was.  Seeds run in processes of their own, so that a crash is counted and not the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.programs.draw import draw
from tests.programs.shrink import shrink
from tests.programs.ways import Difference, examine

BATCH = 100


def report(seed: int, threads: Sequence[int]) -> str:
    """What is wrong with the program of a seed, with the smallest program that shows it; nothing where all is well."""
    program = draw(seed)
    found = examine(program, threads)
    if not found:
        return ""
    small = shrink(program, alike(found, threads))
    what = "\n".join(f"#   {line}" for difference in (examine(small, threads) or found)[:4] for line in str(difference).splitlines())
    return f"# seed {seed}\n{what}\n{small.script()}"


def alike(found: Sequence[Difference], threads: Sequence[int]) -> Any:
    """Whether a program fails in one of the ways that this one does."""
    ways = {difference.way for difference in found}
    return lambda program: any(difference.way in ways for difference in examine(program, threads))


class State:
    """Counts by first seed of a batch, and the failures, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"programs": 0, "wrong": {}, "done": []}

    def left(self, first: int, last: int) -> list[int]:
        """The seeds of the range that have not run."""
        done = {seed for begin, end in self.data["done"] for seed in range(begin, end)}
        return [seed for seed in range(first, last) if seed not in done]

    def add(self, begin: int, end: int, wrong: dict[str, str]) -> None:
        """Counts seeds begin to end."""
        self.data["programs"] += end - begin
        self.data["wrong"] |= wrong
        ranges = sorted([*self.data["done"], [begin, end]])
        merged = ranges[:1]
        for item in ranges[1:]:
            if item[0] == merged[-1][1]:
                merged[-1][1] = item[1]
            else:
                merged.append(item)
        self.data["done"] = merged
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.data, indent=1))
        part.replace(self.path)

    def __str__(self) -> str:
        return f"{self.data['programs']} programs, {len(self.data['wrong'])} wrong"


def batch(begin: int, end: int, threads: Sequence[int]) -> tuple[int, dict[str, str]]:
    """Runs seeds in a process of their own; how far it came, and what was wrong."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "results"
        command = [
            sys.executable,
            "-m",
            "tests.programs.fuzz",
            "--child",
            f"{begin}:{end}",
            "--state",
            str(out),
            "--threads",
            ",".join(map(str, threads)),
        ]
        finished = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
        rows = [json.loads(row) for row in out.read_text().splitlines()] if out.exists() else []
    wrong = {str(seed): text for seed, text in rows if text}
    reached = max((seed + 1 for seed, _ in rows), default=begin)
    if finished.returncode and reached < end:
        wrong[str(reached)] = f"# seed {reached}: the process ended with {finished.returncode}\n{finished.stderr[-2000:]}"
        reached += 1
    return reached, wrong


def child(begin: int, end: int, out: Path, threads: Sequence[int]) -> None:
    """Runs seeds here; one row per seed."""
    with out.open("a") as file:
        for seed in range(begin, end):
            file.write(json.dumps([seed, report(seed, threads)]) + "\n")
            file.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.programs.fuzz", description=__doc__)
    parser.add_argument("--seeds", default="0:1000", help="from:to")
    parser.add_argument("--state", type=Path, required=True, help="a file outside of the repository that keeps the counts")
    parser.add_argument("--threads", default="2,4", help="numbers of threads beside 1")
    parser.add_argument("--stop", action="store_true", help="stop at the first program that is wrong")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = parser.parse_args(argv)
    threads = [int(n) for n in given.threads.split(",") if n]
    if given.child:
        begin, end = map(int, given.child.split(":"))
        child(begin, end, given.state, threads)
        return 0
    state = State(given.state)
    first, last = map(int, given.seeds.split(":"))
    started = time.monotonic()
    while seeds := state.left(first, last):
        begin = seeds[0]
        end = next((seed for seed in range(begin, min(begin + BATCH, last)) if seed not in set(seeds)), min(begin + BATCH, last))
        reached, wrong = batch(begin, end, threads)
        state.add(begin, reached, wrong)
        for text in wrong.values():
            print(text, flush=True)
        print(f"{begin}:{reached}  {state}  {time.monotonic() - started:.0f} s", flush=True)
        if wrong and given.stop:
            break
    return 1 if state.data["wrong"] else 0


if __name__ == "__main__":
    sys.exit(main())
