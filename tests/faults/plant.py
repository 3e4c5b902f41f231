"""Plants faults one by one and says which the tests do not notice: `python -m tests.faults.plant [--only WORD] [--seconds 60]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.faults.entries import FAULTS
from tests.faults.fault import Fault
from tests.faults.tree import SECONDS, Verdict, check, copy_of, replaced, sound


@dataclass(frozen=True)
class Row:
    """A fault and what became of it."""

    fault: Fault
    verdict: Verdict

    def __str__(self) -> str:
        mark = "caught" if self.verdict.caught else "MISSED"
        return f"{mark}  {self.verdict.seconds:5.0f} s  {self.fault.name}  {self.verdict.by}"


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.plant", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name or file has this in it")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of processor time for each")
    given = parser.parse_args(argv)
    rows: list[Row] = []
    with copy_of() as tree:
        sound(tree)
        for fault in FAULTS:
            if given.only not in f"{fault.name} {fault.file}":
                continue
            text = (tree / fault.file).read_text()
            with replaced(tree, fault.file, fault.planted(text)):
                rows.append(Row(fault, check(tree, fault.path, given.seconds)))
            print(rows[-1], flush=True)
    missed = [row for row in rows if not row.verdict.caught]
    print(f"{len(rows) - len(missed)} of {len(rows)} caught" + "".join(f"\nmissed: {row.fault.name}: {row.fault.what}" for row in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
