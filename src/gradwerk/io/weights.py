"""save and load: weights, and what belongs to them, in one file that is whole or absent.

    gradwerk.save("model.safetensors", model)                                   a Module: its parameters and buffers by path
    gradwerk.save("all.safetensors", {"model": model.state(), "epoch": 3})      dicts, lists and tuples of arrays, Tensors and plain values
    state = gradwerk.load("model.safetensors")                                  arrays are NumPy arrays
    gradwerk.load("model.safetensors", into=model)                              copied into a Module of the same paths

The file is safetensors: arrays under their paths, readable by every tool that reads the format.  What else there is (how things nest,
numbers, texts) is JSON in the file's notes.  One digest covers all of it.  Nothing is ever unpickled: a file from a stranger can be wrong
but cannot run anything.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, FileError
from gradwerk.io.atomic import read_bytes, write_atomically
from gradwerk.io.safetensors import Array, Buffer, is_name, parts_of, to_bytes
from gradwerk.nn.module import Module
from gradwerk.tensor.tensor import Tensor

Tree = Any
"""Dicts, lists and tuples of arrays, Tensors, numbers, texts, booleans and None."""
_LAYOUT, _FORMAT = "gradwerk.layout", "gradwerk.format"
FORMAT = 1
"""The number of the layout's form, in the file's notes; files without one are of the first."""
_DEEPEST = 100
_LONGEST = 13_000
"""Bits of an integer: about as many as Python reads back from a text."""


def save(path: str | Path, what: Tree) -> Path:
    """Writes a Module's weights, or a tree of arrays and plain values, to one file; its path.

    What was at `path` stays until the new file is whole.
    Raises: ArgumentError or DTypeError for what a file cannot hold, naming where it stands; FileError where the file cannot be written.
    """
    place = _as_path(path, "save")
    write_atomically(place, pack(what))
    return place


def load(path: str | Path, into: Module | None = None) -> Tree:
    """What `save` wrote, its arrays and Tensors as NumPy arrays with memory of their own; a safetensors file of another program as a dict.

    With `into`, the values are also copied into the parameters and buffers of the same path: all or none.
    Raises: FileError where the file is missing, cut, changed or of another format; with `into` ArgumentError and ShapeError where it is
    another model's.
    """
    place = _as_path(path, "load")
    tree = unpack(read_bytes(place, "the file"), str(place))
    if into is not None:
        if not isinstance(tree, dict) or not all(isinstance(value, np.ndarray) for value in tree.values()):
            raise ArgumentError(
                f"{place} does not hold one model's weights",
                facts=(f"it holds {_outline(tree)}",),
                likely="load it without `into`, and give the part that is the state to model.load_state",
            )
        into.load_state(tree)
    return tree


def pack(what: Tree) -> bytearray:
    """The contents of the file that `save` writes."""
    arrays: dict[str, Array] = {}
    layout = _describe(what.state() if isinstance(what, Module) else what, (), arrays)
    return to_bytes(arrays, {_LAYOUT: json.dumps(layout, allow_nan=False, separators=(",", ":")), _FORMAT: str(FORMAT)})


def unpack(data: Buffer, source: str, tensor: Callable[[Array], Any] | None = None) -> Tree:
    """What `pack` was given.  `source` names the file in errors; `tensor` makes what a Tensor comes back as, left out an array.

    Raises: FileError.
    """
    notes, arrays = parts_of(data, source)
    if (number := notes.get(_FORMAT, "1")) != str(FORMAT):
        likely = "a newer Gradwerk wrote it, and reads it"
        raise FileError(f"{source} is of format {number}; this Gradwerk reads format {FORMAT}", likely=likely)
    if _LAYOUT not in notes:
        return arrays if tensor is None else {name: tensor(array) for name, array in arrays.items()}
    try:
        return _rebuild(json.loads(notes[_LAYOUT]), arrays, tensor or (lambda array: array))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileError(f"{source} does not say how its arrays belong together", facts=(f"{type(error).__name__}: {error}",)) from error


def _describe(what: Tree, place: tuple[str, ...], arrays: dict[str, Array]) -> Any:  # noqa: ANN401  JSON
    """A tree as JSON can hold it, its arrays put under names: `[kind, contents]`, or the value itself."""
    if len(place) > _DEEPEST:
        raise ArgumentError(f"{_said(place[:3])} nests deeper than {_DEEPEST}", likely="does it contain itself?")
    if isinstance(what, Tensor):
        return ["tensor", _keep(what.contents("save"), place, arrays)]
    if isinstance(what, np.ndarray | np.generic) and not isinstance(what, float | str):
        return ["array" if isinstance(what, np.ndarray) else "scalar", _keep(np.asanyarray(what), place, arrays)]
    if isinstance(what, Mapping):
        if wrong := [key for key in what if type(key) not in {str, int}]:
            raise ArgumentError(f"{_said(place)} has the key {wrong[0]!r}", likely="keys are texts or integers")
        return ["dict", [[key, _describe(value, (*place, str(key)), arrays)] for key, value in what.items()]]
    if isinstance(what, list | tuple):
        kind = "list" if isinstance(what, list) else "tuple"
        return [kind, [_describe(value, (*place, str(number)), arrays) for number, value in enumerate(what)]]
    if isinstance(what, float):
        return float(what) if math.isfinite(what) else ["number", repr(float(what))]
    if isinstance(what, int) and what.bit_length() > _LONGEST:
        raise ArgumentError(f"{_said(place)} is an integer of {what.bit_length():,} bits", facts=(f"a file holds {_LONGEST:,}",))
    if what is None or isinstance(what, bool | int | str):
        return what
    likely = "save its state, a dict: its state() or state_dict()" if _has_state(what) else "give arrays, Tensors, numbers, texts or None"
    raise ArgumentError(f"{_said(place)} is of type {type(what).__name__}, which a file of weights cannot hold", likely=likely)


def _keep(array: Array, place: tuple[str, ...], arrays: dict[str, Array]) -> str:
    """Puts an array under the path of its place, or a number where that name is taken or impossible."""
    if isinstance(array, np.ma.MaskedArray):
        raise DTypeError(f"{_said(place)} has a mask, which the file would lose", likely="save .filled(value), and the mask beside it")
    if not dtypes.is_storable(array.dtype):
        raise DTypeError(
            f"{_said(place)} holds {dtypes.name(array.dtype)}, not numbers", facts=(f"{array.shape} {dtypes.name(array.dtype)}",),
            likely="texts can stand in a list",
        )
    name = ".".join(place)
    if not name or name in arrays or name == "__metadata__" or not is_name(name):
        name = next(other for k in range(len(arrays) + 1) if (other := f"array {k}") not in arrays)
    arrays[name] = np.asarray(array)
    return name


def _rebuild(layout: Any, arrays: Mapping[str, Array], tensor: Callable[[Array], Any]) -> Tree:  # noqa: ANN401  JSON
    if not isinstance(layout, list):
        return layout
    kind, inside = layout
    if kind == "tensor":
        return tensor(arrays[inside])
    if kind == "array":
        return arrays[inside]
    if kind == "scalar":
        return arrays[inside][()]
    if kind == "dict":
        return {key: _rebuild(value, arrays, tensor) for key, value in inside}
    if kind == "number":
        return float(inside)
    items = [_rebuild(value, arrays, tensor) for value in inside]
    return {"list": items, "tuple": tuple(items)}[kind]


def _as_path(path: str | Path, asked: str) -> Path:
    """The path, which comes first."""
    if not isinstance(path, str | os.PathLike):
        likely = "the path comes first: gradwerk.save('model.safetensors', model)" if asked == "save" else "give the file's path"
        raise ArgumentError(f"{asked} wants a path, this is {type(path).__name__}", likely=likely)
    return Path(path)


def _said(place: tuple[str, ...]) -> str:
    return f"what is saved at {'.'.join(place)!r}" if place else "what is saved"


def _has_state(what: object) -> bool:
    return any(callable(getattr(what, name, None)) for name in ("state", "state_dict"))


def _outline(tree: Tree) -> str:
    """What a tree is, in a few words."""
    if not isinstance(tree, dict):
        return f"one {type(tree).__name__}"
    return ", ".join(f"{key!r} ({type(value).__name__})" for key, value in list(tree.items())[:6]) or "nothing"
