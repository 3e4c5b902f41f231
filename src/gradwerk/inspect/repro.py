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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import gradwerk.ops
from gradwerk.base import dtypes
from gradwerk.base.errors import FileError
from gradwerk.inspect.explanation import Explanation
from gradwerk.inspect.subject import Subject, subject_of
from gradwerk.ir.control import Control
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import Array
from gradwerk.ir.text import parse, print_graph
from gradwerk.ops.contraction import Contract
from gradwerk.tensor.engine import Native

FORMAT = "gradwerk repro 1"
LONGEST_TEXT, LONGEST_HEADER = 1 << 26, 1 << 16
"""Bytes of a graph's text, and of what stands before the numbers of an array, at most."""


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
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("graph.txt", print_graph(what.graph))
        file.writestr("meta.json", json.dumps(meta, indent=1))
        for number, array in enumerate(what.arrays()):
            data = io.BytesIO()
            np.save(data, array, allow_pickle=False)
            file.writestr(f"inputs/{number}.npy", data.getvalue())
    path = Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(whole.getvalue())
        part.replace(path)  # the earlier file stays until this one is whole
    finally:
        part.unlink(missing_ok=True)
    return path


def replay(path: str | Path) -> Replay:
    """Reads such a file.

    Raises: FileError where it is missing, damaged, or names an op that this version does not know.
    """
    for module in pkgutil.iter_modules(gradwerk.ops.__path__, "gradwerk.ops."):
        importlib.import_module(module.name)
    try:
        with zipfile.ZipFile(path) as file:
            meta = json.loads(_read(file, "meta.json", LONGEST_TEXT))
            if meta["format"] != FORMAT:
                raise FileError(f"{path} is of format {meta['format']!r}; this Gradwerk reads {FORMAT!r}")
            graph = parse(_read(file, "graph.txt", LONGEST_TEXT).decode())
            arrays = [_array(file, number, value) for number, value in enumerate(graph.inputs)]
        in_place = {int(k): int(taken) for k, taken in meta["in_place"]}
        _check_in_place(graph, in_place)
        _check_products(graph)
    except FileError:
        raise
    except FileNotFoundError:
        raise FileError(f"{path} does not exist") from None
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, IndexError, RecursionError, AssertionError, OSError) as error:
        raise FileError(f"{path} is no whole repro file", facts=(f"{type(error).__name__}: {error}",)) from error
    return Replay(Subject(graph, in_place, lambda: arrays), meta)


def _read(file: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A part of the file.  Raises: ValueError where it is longer than it may be, before it is unpacked."""
    if file.getinfo(name).file_size > most:
        raise ValueError(f"{name} has {file.getinfo(name).file_size} bytes, at most {most} make sense")
    return file.read(name)


def _array(file: zipfile.ZipFile, number: int, value: Value) -> Array:
    """The contents of an input.  Raises: ValueError where they are of another type than the graph says."""
    most = value.type.size * value.dtype.itemsize + LONGEST_HEADER
    array: Array = np.load(io.BytesIO(_read(file, f"inputs/{number}.npy", most)), allow_pickle=False)
    if array.dtype.type is np.void and array.dtype.itemsize == value.dtype.itemsize:
        array = array.view(value.dtype)  # NumPy's format has no name for bfloat16
    if (array.shape, array.dtype) != (value.shape, value.dtype):
        raise ValueError(f"input {number} is {dtypes.name(array.dtype)}{list(array.shape)}, the graph says {value.type}")
    return array


def _check_in_place(graph: Graph, in_place: Mapping[int, int]) -> None:
    """Outputs that take the memory of inputs have their types, and each input is taken once.  Raises: ValueError."""
    for number, taken in in_place.items():
        if not (0 <= number < len(graph.outputs) and 0 <= taken < len(graph.inputs)):
            raise ValueError(f"output {number} in place of input {taken}: there is none")
        if graph.outputs[number].type != graph.inputs[taken].type:
            raise ValueError(f"output {number} is {graph.outputs[number].type}, input {taken} {graph.inputs[taken].type}")
    if len(set(in_place.values())) != len(in_place):
        raise ValueError("an input is written by two outputs")


def _check_products(graph: Graph) -> None:
    """No product walks farther than what it reads, which no program of ours does.  Raises: ValueError."""
    for node in graph.nodes:
        if isinstance(node.op, Control):
            for body in node.op.bodies:
                _check_products(body)
        if isinstance(node.op, Contract):
            extent = node.op.extent
            for maps, value in zip((node.op.lhs, node.op.rhs), node.args, strict=True):
                for index, size in zip(maps, value.shape, strict=True):
                    if index.axis is not None and extent[index.axis] > size:
                        raise ValueError(f"axis {index.axis} of {node.op} is longer than the dimension that it walks")


def _difference(a: Array, b: Array) -> float:
    if not dtypes.is_float(a.dtype):
        return float(np.sum(a != b))
    a, b = dtypes.widened(a), dtypes.widened(b)
    both = np.isfinite(a) & np.isfinite(b)
    if not np.array_equal(a[~both], b[~both], equal_nan=True):
        return float("inf")
    far = np.abs(np.where(both, a, 0).astype(np.float64) - np.where(both, b, 0))
    return float(far.max(initial=0.0) / max(1e-30, float(np.abs(np.where(both, b, 0)).max(initial=0.0))))
