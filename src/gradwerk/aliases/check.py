"""`gradwerk check script.py`: which names of Keras, PyTorch and TensorFlow a script uses that are absent here, and where, before it runs.

The text is read, not run: imports say which local name stands for which module, and chains of attributes behind them are followed through
the packages here.  What a variable holds is not known, so methods of objects are not checked.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gradwerk.aliases.names import REFUSED, moved, ours
from gradwerk.aliases.notebook import read, source, without_magic
from gradwerk.aliases.used import imports_of, names_of
from gradwerk.base.errors import FileError, GradwerkError


@dataclass(frozen=True)
class Use:
    """A name that a script uses, as the original calls it, and where: file and line, or cell.  said: what is wrong, or ''."""

    place: str
    name: str
    said: str


def check(path: Path) -> list[Use]:
    """The names of one script or notebook, each where it is first used.  Raises: FileError where it cannot be read or is no Python."""
    uses: dict[str, Use] = {}
    table: dict[str, str] = {}
    trees = list(_trees(path))
    for _, tree in trees:
        table.update(imports_of(tree))
    for place, tree in trees:
        for line, name in names_of(tree, table):
            if name not in uses:
                uses[name] = Use(f"{place}:{line}", name, missing(name))
    return list(uses.values())


def scripts(path: Path) -> list[Path]:
    """The scripts and notebooks of a folder, or the file itself.  Raises: FileError where there are none."""
    if not path.is_dir():
        return [path]
    found = sorted(each for each in path.rglob("*") if each.suffix in (".py", ".ipynb") and ".ipynb_checkpoints" not in each.parts)
    if not found:
        raise FileError(f"{path} holds no .py and no .ipynb file")
    return found


def missing(name: str) -> str:
    """What is said of a dotted name that is absent here; '' where it is present."""
    root = name.partition(".")[0]
    if root in REFUSED:
        return REFUSED[root]
    parts = name.split(".")
    value: object = None
    for end in range(1, len(parts) + 1):
        prefix = ".".join(parts[:end])
        try:
            former = moved(prefix)
            value = importlib.import_module(former or ours(root) or "") if former or end == 1 else _attribute(value, parts[end - 1])
        except (AttributeError, ImportError) as absent:
            module = ours(prefix)
            try:
                value = importlib.import_module(module or "")
            except (ImportError, ValueError):
                return absent.message if isinstance(absent, GradwerkError) else f"{prefix} is not here"
    return ""


def _attribute(value: object, name: str) -> object:
    return getattr(value, name)


def _trees(path: Path) -> Iterator[tuple[str, ast.Module]]:
    """The parsed text, or each cell's."""
    if path.suffix == ".ipynb":
        cells = [cell for cell in read(path)["cells"] if cell["cell_type"] == "code"]
        texts = [(f"{path} cell {number}", without_magic(source(cell))[0]) for number, cell in enumerate(cells, 1)]
    else:
        try:
            texts = [(str(path), path.read_text(encoding="utf-8", errors="replace"))]
        except OSError as error:
            raise FileError(f"{path} cannot be read: {error.strerror or error}") from None
    for place, text in texts:
        try:
            yield place, ast.parse(text)
        except (SyntaxError, ValueError) as error:
            raise FileError(f"{place} is no Python of this version: {error}") from None
