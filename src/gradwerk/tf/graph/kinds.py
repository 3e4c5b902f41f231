"""What a graph says to its user: element types and shapes in TensorFlow's classes, and the sessions that are found by default."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.tensor.handle import Handle
from gradwerk.tf.dtypes import as_dtype
from gradwerk.tf.operations import OPERATIONS, SYMBOLS, Known, here
from gradwerk.tf.shapes import TensorShape
from gradwerk.tf.tensors import Tensor

# ruff: noqa: ANN401  dtypes and shapes as users write them


def tensor_class() -> Any:
    """The class of the values that nodes compute."""
    return Tensor


SHORT = {"float": "float32", "double": "float64", "half": "float16"}
"""Names of dtypes that TensorFlow has and NumPy calls otherwise."""
TEXT = np.dtype(object)
"""What stands for strings."""
FAMILIES = (
    "math.elementwise", "math.pairs", "math.reductions", "math.conversions", "arrays.constants", "arrays.making", "arrays.arranging",
    "arrays.selecting", "arrays.ordering", "linear",
)  # fmt: skip
"""The modules that hold operations."""


def known(kind: str) -> Known:
    """The operation of a type.  Raises: KeyError."""
    if kind not in OPERATIONS:
        load_operations()
    return OPERATIONS[kind]


def as_value(value: Any) -> Any:
    """A Tensor of the core for what may be an array or a number."""
    return value if isinstance(value, Handle) or getattr(value, "dtype", None) == TEXT else Tensor(value)


def is_text(kind: Any) -> bool:
    """Whether an array of a NumPy dtype holds texts."""
    return kind == TEXT or dtypes.is_text(kind)


def has_gradient(kind: Any) -> bool:
    """Whether gradients flow through values of a NumPy dtype."""
    return kind is None or (kind != TEXT and dtypes.has_gradient(kind))


def load_operations() -> None:
    """Imports what defines operations."""
    for name in FAMILIES:
        importlib.import_module(f"gradwerk.tf.{name}")


def kind_of(dtype: Any) -> Any:
    """The NumPy dtype of an element type as a user writes it; that of bytes for strings; None for None."""
    if dtype is None:
        return None
    found = getattr(dtype, "as_numpy_dtype", dtype)
    if found in ("string", object, str, bytes):
        return TEXT
    if isinstance(found, str):
        found = SHORT.get(found, found)
    return TEXT if found is np.object_ else dtypes.named(found)


def dtype_of(kind: Any) -> Any:
    """The element type as users see it; None where it is not known."""
    return None if kind is None else as_dtype(kind)


def dims_of(shape: Any) -> tuple[int | None, ...] | None:
    """Extents as a user writes them: a list, a number, a TensorShape; None where their number is not known."""
    if shape is None:
        return None
    if hasattr(shape, "as_list"):
        return tuple(shape.as_list()) if shape.rank is not None else None
    if isinstance(shape, int | np.integer):
        return (int(shape),)
    found = []
    for each in shape:
        each = getattr(each, "value", each)
        found.append(None if each is None or each == -1 else int(each))
    return tuple(found)


def shape_of(dims: tuple[int | None, ...] | None) -> TensorShape:
    """The shape as users see it."""
    return TensorShape(dims)


def written(dims: tuple[int | None, ...] | None) -> str:
    """Extents as TensorFlow prints them."""
    return "<unknown>" if dims is None else str(dims)


def graph_of(args: tuple[Any, ...]) -> Any:
    """The graph that a call belongs to: that of this thread, else that of its arguments."""
    if here.graph is not None:
        return here.graph
    for each in args:
        if type(each) in SYMBOLS:
            return SYMBOLS[type(each)](each)
    raise StateError("no graph is being built here", likely="with tf.Graph().as_default(): ...")


class _Default(threading.local):
    """The sessions of a thread that are default, the innermost last."""

    def __init__(self) -> None:
        self.sessions: list[Any] = []


default = _Default()


def session_for(of: Any, session: Any) -> Any:
    """The session that was named, or the default one.  Raises: ArgumentError where there is none."""
    if session is None:
        session = default_session()
    if session is None:
        what = f"Cannot evaluate {of.name!r}: No default session is registered."
        raise ArgumentError(what, likely="with tf.Session() as sess: ..., or pass session=")
    return session


def default_session() -> Any:
    """The innermost session of this thread that is default; None where there is none."""
    return default.sessions[-1] if default.sessions else None


@contextmanager
def as_default(session: Any) -> Iterator[Any]:
    """Inside the block the session is the default one, and its graph that of new operations."""
    default.sessions.append(session)
    before, here.graph = here.graph, session.graph
    try:
        yield session
    finally:
        here.graph = before
        default.sessions.remove(session)


def spoken_in_errors(kind: Any) -> str:
    """A dtype as TensorFlow's runtime calls it: float, int32, double."""
    name = "string" if kind == TEXT else dtypes.name(kind)
    return {"float32": "float", "float64": "double"}.get(name, name)


def strings(value: Any) -> Any:
    """Texts as an array of bytes."""
    def encoded(each: Any) -> bytes:
        return each.encode() if isinstance(each, str) else bytes(each)

    array = np.asarray(value, object)
    return np.frompyfunc(encoded, 1, 1)(array) if array.shape else np.asarray(encoded(array.item()), object)
