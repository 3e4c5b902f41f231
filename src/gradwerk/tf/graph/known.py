"""What is known of a symbolic value before anything runs: constants, shapes, and what small operations make of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.walk import filled
from gradwerk.tf.operations import computing

MOST_ELEMENTS = 64
"""Of a value that is followed."""
MOST_NODES = 200
_NEVER = frozenset({"Placeholder", "PlaceholderWithDefault", "VariableV2"})


def known_value(x: Tensor, *, cheap: bool, extents: tuple[int, int] | None = None) -> np.ndarray[Any, Any] | None:
    """The contents, where they do not depend on what is fed or on state; else None.

    cheap: only constants and shapes; else also what is computed of them.
    extents: what stands for a first extent that is not known, and for another; whole numbers that are fed are taken for such.
    """
    constant = x.op._attributes.get("value")
    if constant is not None:
        return constant if constant.size <= MOST_ELEMENTS and constant.dtype != kinds.TEXT else None
    kind = x.op.type
    if kind in ("Shape", "Size", "Rank") and x.op._inputs:
        return _of_shape(x, extents)
    if kind in _NEVER and extents is not None and x._dims == () and dtypes.is_integer(x._kind):
        return np.asarray(extents[0], x._kind)
    if cheap or kind in _NEVER or x.op._known.effects or x.op._known.host:
        return None
    try:
        return computed(x, {}, [MOST_NODES], extents)
    except (GradwerkError, TypeError, ValueError, Unknown):
        return None


class Unknown(Exception):  # noqa: N818  nothing went wrong
    """The value depends on what is not known."""


def _of_shape(x: Tensor, extents: tuple[int, int] | None) -> np.ndarray[Any, Any] | None:
    dims = x.op._inputs[0]._dims
    if dims is None:
        return None
    if x.op.type == "Rank":
        return np.asarray(len(dims), x._kind or np.int32)
    filled_in = dims if extents is None else [extents[bool(axis)] if n is None else n for axis, n in enumerate(dims)]
    known = [n for n in filled_in if n is not None]
    if len(known) < len(dims):
        return None
    return np.asarray(known if x.op.type == "Shape" else math.prod(known), x._kind or np.int32)


def computed(
    x: Tensor, done: dict[Operation, list[Any]], left: list[int], extents: tuple[int, int] | None = None
) -> np.ndarray[Any, Any]:  # fmt: skip
    """The contents, computed now.  Raises: Unknown."""
    left[0] -= 1
    if left[0] < 0 or x.op.type in _NEVER or x.op._known.effects or x.op._known.host or x.op._variable is not None:
        raise Unknown
    if x.op not in done:

        def value(each: Tensor) -> Any:  # noqa: ANN401
            held = known_value(each, cheap=True, extents=extents)
            return computed(each, done, left, extents) if held is None else held

        args, kwargs = filled(x.op._args, value), filled(x.op._kwargs, value)
        done[x.op] = [array_of(each) for each in x.op.flat(outside_of_traces(x.op._known.function, args, kwargs))]
    found: np.ndarray[Any, Any] = done[x.op][x.value_index]
    if found.size > MOST_ELEMENTS:
        raise Unknown
    return found


def outside_of_traces(function: Any, args: Any, kwargs: Any) -> Any:  # noqa: ANN401
    """What a body gives, computed now, also while something is traced."""
    trace, mode.under_way = mode.under_way, None
    try:
        with computing():
            return function(*args, **kwargs)
    finally:
        mode.under_way = trace


def array_of(value: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401
    """The NumPy array of a result, computed outside of traces."""
    if not isinstance(value, Handle):
        found: np.ndarray[Any, Any] = np.asarray(value.numpy() if hasattr(value, "numpy") else value)
        return found
    trace, mode.under_way = mode.under_way, None
    try:
        return np.asarray(value.numpy())  # type: ignore[attr-defined]  # a Tensor
    finally:
        mode.under_way = trace
