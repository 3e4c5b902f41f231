"""save_repro and replay: one file that holds a program and its inputs, and runs them anywhere.

The file is a zip: graph.txt (the text form of the graph), meta.json (in-place outputs, versions, a note), inputs/0.npy and so on.
Nothing is ever unpickled.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import platform
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gradwerk.ops
from gradwerk.base import dtypes
from gradwerk.base.errors import FileError
from gradwerk.inspect.explanation import Explanation
from gradwerk.inspect.subject import Subject, subject_of
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import Array
from gradwerk.ir.text import parse, print_graph
from gradwerk.tensor.engine import Native

FORMAT = "gradwerk repro 1"


@dataclass(frozen=True)
class Replay:
    """A program read back: its two runs should agree."""

    subject: Subject
    meta: dict[str, Any]

    def explain(self) -> Explanation:
        """What each stage of the compiler makes of it."""
        return Explanation(self.subject)

    def interpreted(self) -> list[Array]:
        """All outputs by the NumPy references."""
        return [np.array(result) for result in interpret(self.subject.graph, self.subject.arrays())]

    def compiled(self) -> list[Array]:
        """All outputs as compiled; those in place too."""
        inputs, taken = self.subject.arrays(), self.subject.in_place
        made = iter(Native(self.subject.graph, taken).run(inputs))
        return [inputs[taken[k]] if k in taken else next(made) for k in range(len(self.subject.graph.outputs))]

    def differences(self) -> list[float]:
        """The largest difference of each output between the two, relative to the largest number of the reference."""
        return [_difference(a, b) for a, b in zip(self.compiled(), self.interpreted(), strict=True)]


def save_repro(path: str | Path, fn: Callable[..., Any] | Graph, *args: Any, note: str = "", **kwargs: Any) -> Path:  # noqa: ANN401
    """Writes what a call of `fn` with these arguments runs, and the arrays it would run on (parameters and state too), to one file."""
    what = subject_of(fn, args, kwargs)
    meta = {
        "format": FORMAT, "note": note, "name": what.graph.name, "in_place": [[k, taken] for k, taken in what.in_place.items()],
        "gradwerk": importlib.import_module("gradwerk").__version__, "numpy": np.__version__, "python": platform.python_version(),
        "machine": platform.machine(), "system": platform.system(),
    }  # fmt: skip
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("graph.txt", print_graph(what.graph))
        file.writestr("meta.json", json.dumps(meta, indent=1))
        for number, array in enumerate(what.arrays()):
            data = io.BytesIO()
            np.save(data, array, allow_pickle=False)
            file.writestr(f"inputs/{number}.npy", data.getvalue())
    return Path(path)


def replay(path: str | Path) -> Replay:
    """Reads such a file.

    Raises: FileError where it is missing, damaged, or names an op that this version does not know.
    """
    for module in pkgutil.iter_modules(gradwerk.ops.__path__, "gradwerk.ops."):
        importlib.import_module(module.name)
    try:
        with zipfile.ZipFile(path) as file:
            meta = json.loads(file.read("meta.json"))
            graph = parse(file.read("graph.txt").decode())
            count = sum(name.startswith("inputs/") for name in file.namelist())
            arrays = [np.load(io.BytesIO(file.read(f"inputs/{number}.npy")), allow_pickle=False) for number in range(count)]
        in_place = {int(k): int(taken) for k, taken in meta["in_place"]}
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None
    except (zipfile.BadZipFile, KeyError, ValueError, AssertionError, OSError) as error:
        raise FileError(f"{path} is no whole repro file", facts=(f"{type(error).__name__}: {error}",)) from error
    return Replay(Subject(graph, in_place, lambda: arrays), meta)


def _difference(a: Array, b: Array) -> float:
    if not dtypes.is_float(a.dtype):
        return float(np.sum(a != b))
    a, b = dtypes.widened(a), dtypes.widened(b)
    both = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(np.isfinite(a), np.isfinite(b)):
        return float("inf")
    far = np.abs(np.where(both, a, 0).astype(np.float64) - np.where(both, b, 0))
    return float(far.max(initial=0.0) / max(1e-30, float(np.abs(np.where(both, b, 0)).max(initial=0.0))))
