"""What CONTRIBUTING.md shows file by file, done in a copy of the sources.

A file of the package is named on a line of its own; below it stands its whole text (```python), or what changes in it (```diff: lines of
context, `-` and `+`, several places apart by `@@`).
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "CONTRIBUTING.md"
SECTION = re.compile(r"^##+ (.*?)\n", re.MULTILINE)
BLOCK = re.compile(r"^`(src/[^`]+)`\n\n```(python|diff)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BESIDE = ("tests", "README.md", "CONTRIBUTING.md", "pyproject.toml", "docs")


@dataclass(frozen=True)
class Change:
    """A file that a newcomer touches."""

    path: str
    language: str
    text: str

    def apply(self, root: Path) -> None:
        """In a copy of the sources.  Raises: AssertionError where the context is not there once."""
        path = root / self.path
        if self.language == "python":
            assert not path.exists(), f"{self.path} is there: CONTRIBUTING needs another example"
            path.write_text(self.text, encoding="utf-8")
            return
        text = path.read_text(encoding="utf-8")
        for place in self.text.split("@@\n"):
            old, new = ("".join(f"{line[1:]}\n" for line in place.splitlines() if line[:1] != left) for left in ("+", "-"))
            assert text.count(old) == 1, f"{self.path} holds {text.count(old)} times:\n{old}"
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")


def changes() -> dict[str, list[Change]]:
    """By section, those that show files of the package."""
    text = DOCUMENT.read_text(encoding="utf-8")
    heads = [*SECTION.finditer(text)]
    ends = [*(head.start() for head in heads[1:]), len(text)]
    sections = {head[1]: text[head.end() : end] for head, end in zip(heads, ends, strict=True)}
    found = {section: [Change(*block.groups()) for block in BLOCK.finditer(body)] for section, body in sections.items()}
    return {section: made for section, made in found.items() if made}


def copied(root: Path) -> None:
    """The sources, without what was compiled, and beside them what tests read."""
    shutil.copytree(ROOT / "src", root / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        (root / name).symlink_to(ROOT / name)


def touched(root: Path) -> set[str]:
    """The files of the copy that are new or others than ours."""
    paths = [path.relative_to(root) for path in (root / "src").rglob("*.*") if path.is_file() and "__pycache__" not in path.parts]
    return {str(path) for path in paths if not (ROOT / path).exists() or (ROOT / path).read_bytes() != (root / path).read_bytes()}
