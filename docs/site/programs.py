"""Runs the programs of a document, and says what each printed.

    python -m docs.site.programs DOCUMENT        prints a JSON list, one text for each program

Each program runs alone, as if pasted into an empty file; those of one document in one folder, so that one may read what another wrote.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCED = re.compile(r"^( *)```python\n(.*?)^\1```\n", re.DOTALL | re.MULTILINE)
PAINT = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[^\n]*\r(?!\n)")
"""Colours, and the lines that a terminal would write over."""


def programs(text: str) -> list[str]:
    """The programs of a document, in order."""
    return [textwrap.dedent(found[2]) for found in FENCED.finditer(text)]


def outputs(document: Path) -> list[str]:
    """What each program prints, to either stream.  Raises: RuntimeError with the text of the error of the one that fails."""
    words = [sys.executable, "-m", "docs.site.programs", str(document.resolve())]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        raise RuntimeError(f"{document.name}: a program fails\n{done.stderr}")
    found: list[str] = json.loads(done.stdout)
    return found


def with_outputs(text: str, printed: list[str]) -> str:
    """The document with what each program prints below it."""
    rest = iter(printed)

    def shown(found: re.Match[str]) -> str:
        said = next(rest).strip("\n")
        lines = ["```{code-block} text", ":class: output", "", *said.splitlines(), "```"]
        return found[0] + (textwrap.indent("\n" + "\n".join(lines) + "\n", found[1]) if said else "")

    return FENCED.sub(shown, text)


def main() -> int:
    """The command."""
    texts = []
    document = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for number, program in enumerate(programs(document.read_text(encoding="utf-8")), 1):
            place = Path(folder, f"program_{number}.py")  # a file: errors and reports show its lines
            place.write_text(program, encoding="utf-8")
            caught = io.StringIO()
            with contextlib.redirect_stdout(caught), contextlib.redirect_stderr(caught):
                exec(compile(program, place, "exec"), {"__name__": "__main__"})
            texts.append(PAINT.sub("", caught.getvalue()).replace(folder + os.sep, ""))
        os.chdir(ROOT)
    sys.stdout.write(json.dumps(texts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
