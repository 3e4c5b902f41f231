"""How the examples draw: colours that are told apart by everybody, and lines that differ without their colours too.

Palette: Okabe and Ito, 2008, "Color universal design".
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 2)))
MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def options(description: str | None, **numbers: int) -> argparse.Namespace:
    """The options of an example: `--out FOLDER` for its pictures, and a number for each name with its default."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/examples"), help="where the pictures go (%(default)s)")
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default, help="%(default)s unless given")
    return parser.parse_args()


def panels(columns: int, rows: int = 1, *, width: float = 4.6, height: float = 3.8) -> tuple[Figure, list[Axes]]:
    """A figure and its axes, row after row."""
    figure, axes = plt.subplots(rows, columns, figsize=(width * columns, height * rows), layout="constrained", squeeze=False)
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
    return figure, list(axes.flat)


def save(figure: Figure, out: Path, name: str, words: str) -> None:
    """Writes the picture, and says where it is and what it shows."""
    out.mkdir(parents=True, exist_ok=True)
    path = out / name
    figure.savefig(path, dpi=110, metadata={"Description": words})
    plt.close(figure)
    print(f"{path}: {words}")
