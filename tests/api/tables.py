"""The README's table of names, made from the code: what the original has and the front end has too.

    python -m tests.api.tables          writes it into README.md
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from gradwerk.base.originals import Absent

README = Path(__file__).parents[2] / "README.md"
MARKS = re.compile(r"(<!-- made by: python -m tests.api.tables -->\n).*?(<!-- end -->)", re.DOTALL)
PLACES = {
    "keras": (
        "keras", "layers", "losses", "metrics", "optimizers", "optimizers.schedules", "callbacks", "activations", "initializers", "utils",
        "ops", "random", "tree", "config", "backend", "applications",
    ),
    "torch": (
        "torch", "fft", "linalg", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "utils.data", "Tensor",
    ),
}  # fmt: skip


FORMER = {"keras.layers": ("LocallyConnected1D", "LocallyConnected2D")}
"""What earlier versions of an original had, and is here."""


def names(front_end: str, place: str) -> list[str]:
    """The names of a place of the original that are here."""
    path = front_end if place == front_end else f"{front_end}.{place}"
    original, here = importlib.import_module(f"gradwerk.{front_end}.absent").ORIGINAL, owner(front_end, place)
    found = [*original.names(path), *FORMER.get(path, ())]
    return sorted((name for name in found if _has(here, name)), key=lambda name: (name.lower(), name))


def owner(front_end: str, place: str) -> Any:
    """The module or class of ours that has them."""
    if place == "Tensor":
        return importlib.import_module(f"gradwerk.{front_end}").Tensor
    return importlib.import_module(f"gradwerk.{front_end if place == front_end else f'{front_end}.{place}'}")


def _has(here: Any, name: str) -> bool:
    """`hasattr`, without the error for each name that is absent, which says what is near."""
    if isinstance(here, ModuleType):
        return name in dir(here)  # with what is loaded when it is asked for
    found = inspect.getattr_static(here, name, None)
    return found is not None and not isinstance(found, Absent)


def table() -> str:
    """The Markdown."""
    lines = ["| where | names |", "|---|---|"]
    for front_end, places in PLACES.items():
        for place in places:
            found = names(front_end, place)
            lines.append(f"| `{front_end if place == front_end else f'{front_end}.{place}'}` | {', '.join(found)} |")
    return "\n".join(lines) + "\n"


def written(text: str) -> str:
    """A document with the table in its place."""
    return MARKS.sub(lambda found: found[1] + table() + found[2], text)


def main() -> int:
    """The command."""
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
