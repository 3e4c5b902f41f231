"""What torch.save writes besides containers and numbers, and what torch.load makes of names: Tensors, sizes, dtypes, devices, and classes
that somebody allowed by `torch.serialization.add_safe_globals`.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.io.pickles import Global
from gradwerk.io.pickling import Call, Elsewhere, Name
from gradwerk.io.torch_files import NAMES as STORED
from gradwerk.io.torch_files import WIDE, Archive, Held, array_call
from gradwerk.tensor import tensor as base
from gradwerk.torch.devices import device
from gradwerk.torch.shapes import Size
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: ANN401  any tree
_allowed: dict[tuple[str, str], Any] = {}


def _attributes(made: Any, state: Any) -> Any:
    """An object with these attributes."""
    vars(made).update(state)
    return made


def _told(made: Any, state: Any) -> Any:
    """An object of a class that somebody allowed, as it says itself."""
    own = getattr(made, "__setstate__", None)
    if own is not None:
        own(state)
        return made
    return _attributes(made, state)


NAMES: dict[tuple[str, str], Any] = {
    ("torch.nn.parameter", "Parameter"): Global(lambda data, requires_grad=True: Parameter(data, requires_grad)),
    ("argparse", "Namespace"): Global(argparse.Namespace, _attributes),
    **{(module, kind.__name__): Global(kind) for module in ("builtins", "__builtin__") for kind in (set, frozenset, complex, bytearray)},
}
PLAIN: dict[str, Any] = {
    **{dtypes.name(dtype): dtype for dtype in (*STORED, *WIDE)}, "Size": Global(Size), "device": Global(device),
}  # fmt: skip


def kept(what: Any, archive: Archive) -> Name | Call | Elsewhere | None:
    """How something is made again; None for what is not."""
    if isinstance(what, base.Parameter):
        hooks = Call(Name("collections", "OrderedDict"), ())
        return Call(Name("torch._utils", "_rebuild_parameter"), (archive.tensor(held(what)), bool(what.requires_grad), hooks))
    if isinstance(what, base.Tensor):
        return archive.tensor(held(what))
    if isinstance(what, np.ndarray | np.generic) and (dtypes.is_storable(what.dtype) or dtypes.is_text(what.dtype)):
        return array_call(np.asarray(what, order="C") if isinstance(what, np.ndarray) else what)
    return _plain(what)


def _plain(what: Any) -> Name | Call | None:
    """How values are made again."""
    if isinstance(what, np.dtype) and what in dtypes.HELD:
        return Name("torch", dtypes.name(what))
    if isinstance(what, Size | device):
        return Call(Name("torch", type(what).__name__), (tuple(what) if isinstance(what, Size) else str(what),))
    if type(what) in (set, frozenset):
        return Call(Name("__builtin__", type(what).__name__), (list(what),))
    if type(what) is complex:
        return Call(Name("__builtin__", "complex"), (what.real, what.imag))
    if type(what) is argparse.Namespace:
        return Call(Name("argparse", "Namespace"), (), dict(vars(what)), b"\x81")
    return None


def held(x: Any) -> Held:
    """A Tensor as a file has it: with all of its memory, which others may share."""
    contents = x.contents("torch.save")
    storage, wants = x._storage, bool(x.requires_grad)
    if isinstance(x, Tensor) and x.is_cpu and storage.order is None and x._array is not None:
        memory = np.asarray(storage.array).reshape(-1)
        return Held(memory, f"{id(storage)}", int(x.storage_offset()), tuple(x.shape), tuple(x.stride()), wants)
    array = np.asarray(contents, order="C")
    steps = tuple(step // array.itemsize for step in array.strides)
    return Held(array.reshape(-1), f"own {id(storage)} {id(x)}", 0, array.shape, steps, wants)


def _entries(given: Sequence[Any]) -> dict[tuple[str, str], Any]:
    """Classes, and pairs of one and the name that it has in files.  Raises: ArgumentTypeError."""
    found = {}
    for one in given:
        cls, name = one if isinstance(one, tuple) else (one, f"{getattr(one, '__module__', '')}.{getattr(one, '__qualname__', '')}")
        if not callable(cls) or not isinstance(name, str):
            raise ArgumentTypeError(f"safe globals are classes, functions, or pairs of one and its name, not {one!r}")
        module, _, last = name.rpartition(".")
        found[module, last] = Global(cls, _told, functools.partial(cls.__new__, cls) if isinstance(cls, type) else None)
    return found


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Lets `torch.load` make objects of these classes from now on, which runs their code.

    Args:
        safe_globals: classes and functions, or pairs of one and the dotted name that files have for it.

    Raises: ArgumentTypeError.
    """
    _allowed.update(_entries(safe_globals))


def get_safe_globals() -> list[Any]:
    """What `torch.load` may make besides its own list."""
    return [one.call for one in _allowed.values()]


def clear_safe_globals() -> None:
    """Takes back what `add_safe_globals` allowed."""
    _allowed.clear()


def allowed() -> dict[tuple[str, str], Any]:
    """By module and name."""
    return dict(_allowed)


class safe_globals:  # noqa: N801  torch's name
    """`add_safe_globals` in a block.  Raises: ArgumentTypeError at its beginning."""

    def __init__(self, safe_globals: list[Any]) -> None:
        self.safe_globals = safe_globals
        self._before: dict[tuple[str, str], Any] = {}

    def __enter__(self) -> None:
        self._before = dict(_allowed)
        add_safe_globals(self.safe_globals)

    def __exit__(self, *error: object) -> None:
        _allowed.clear()
        _allowed.update(self._before)
