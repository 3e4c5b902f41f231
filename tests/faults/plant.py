"""Plants faults one by one and says which the tests do not notice: `python -m tests.faults.plant [--only WORD] [--state FILE]`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.faults.entries import FAULTS
from tests.faults.state import State
from tests.faults.tree import SECONDS, check, copy_of, replaced, sound


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.plant", description=__doc__)
    parser.add_argument("--only", default="", help="faults whose name or file has this in it")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of processor time for each")
    parser.add_argument("--state", type=Path, help="a file outside of the repository; what is in it is not planted again")
    given = parser.parse_args(argv)
    state = State(given.state)
    faults = [fault for fault in FAULTS if given.only in f"{fault.name} {fault.file}"]
    with copy_of() as tree:
        sound(tree)
        for fault in faults:
            if fault.name in state.rows:
                continue
            text = (tree / fault.file).read_text()
            with replaced(tree, fault.file, fault.planted(text)):
                state.add(fault.name, check(tree, fault.path, given.seconds))
    missed = [fault for fault in faults if not state.rows[fault.name]["caught"]]
    print(f"{len(faults) - len(missed)} of {len(faults)} caught" + "".join(f"\nmissed: {fault.name}: {fault.what}" for fault in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
