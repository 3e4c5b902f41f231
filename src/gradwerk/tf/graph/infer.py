"""Shapes and dtypes of what a node will give: its body is traced on values without contents, once for each kind of arguments."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, GradwerkError, ShapeError, TraceError
from gradwerk.base.trees import map_tree
from gradwerk.ir.graph import Type
from gradwerk.jit.body import Body
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.known import known_value
from gradwerk.tf.graph.symbols import Dims, Tensor
from gradwerk.tf.graph.walk import filled
from gradwerk.tf.operations import Known, computing

# ruff: noqa: ANN401  arguments are whatever the operations take
EXTENTS = ((2, 6), (4, 18)), ((2, 36), (4, 108)), ((2, 144), (3, 288)), ((1, 1), (1, 1))
"""What stands for an unknown first extent and an unknown other one in the two traces of a node."""
RANKS = (2, 1, 0, 3, 4, 5)
"""How many axes a value is tried with whose number of axes is not known."""
MOST = 4096
_known: OrderedDict[Any, Any] = OrderedDict()


@dataclass(frozen=True)
class Said:
    """The extents and the NumPy dtype of a value; None for what is not known."""

    dims: Dims
    kind: Any


UNKNOWN = Said(None, None)


def results_of(known: Known, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[Tensor]) -> Any:
    """A tree of Said.  Raises: what the body raises for these shapes and dtypes."""
    if known.gives is not None:
        given = [Said(kinds.dims_of(shape), kinds.kind_of(dtype)) for shape, dtype in known.gives(*args, **kwargs)]
        return given[0] if len(given) == 1 else given
    if known.host:
        return UNKNOWN
    if any(map(_may_be_shape, inputs)):
        return _tried(known, args, kwargs, inputs)
    try:
        key = (known, _key(args), _key(kwargs))
        hash(key)
    except TypeError:
        return _tried(known, args, kwargs, inputs)
    found = _known.get(key)
    if found is None:
        found = _known[key] = _tried(known, args, kwargs, inputs)
        if len(_known) > MOST:
            _known.popitem(last=False)
    return found


def _key(tree: Any) -> Any:
    kind = type(tree)
    if kind is Tensor:
        value = known_value(tree, cheap=True)
        return Tensor, tree._dims, tree._kind, None if value is None else value.tobytes()
    if kind is tuple or kind is list:
        return (kind, *[_key(each) for each in tree])
    if kind is dict:
        return (kind, *[(key, _key(each)) for key, each in tree.items()])
    if kind is slice:
        return kind, _key((tree.start, tree.stop, tree.step))
    if isinstance(tree, np.ndarray):
        if tree.size > 64 or tree.dtype == kinds.TEXT:
            raise TypeError
        return tree.dtype, tree.shape, tree.tobytes()
    return kind, tree


def _tried(known: Known, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[Tensor]) -> Any:
    if any(each._kind is None for each in inputs):
        return UNKNOWN
    if any(each._kind == kinds.TEXT for each in inputs):
        return UNKNOWN  # what an operation on strings gives is not known before
    failed: GradwerkError | None = None
    found: list[Any] = []
    for small, large in EXTENTS:
        for ranks in _ranks(inputs):
            try:
                first = _traced(known, args, kwargs, small, ranks)
                settled = _is_known(inputs) and not any(map(_may_be_shape, inputs))
                found += [first] if settled else [first, _traced(known, args, kwargs, large, ranks)]
            except TraceError:
                return UNKNOWN
            except (ShapeError, ArgumentError, DTypeError) as error:
                failed = failed or error
                if _is_known(inputs):
                    raise
        if found:
            return _common(found)
    return _of_one_extent(known, args, kwargs, inputs, failed)


def _of_one_extent(known: Known, args: Any, kwargs: Any, inputs: list[Tensor], failed: GradwerkError | None) -> Any:
    """The same where unknown extents must be one of those that are known."""
    found = []
    for extent in dict.fromkeys(n for each in inputs for n in each._dims or () if n is not None):
        for ranks in _ranks(inputs):
            try:
                found.append(map_tree(partial(_without, extent), _traced(known, args, kwargs, (extent, extent), ranks)))
            except GradwerkError as error:
                failed = failed or error
    if found:
        return _common(found)
    raise failed or ShapeError(f"{known.kind} was not tried")


def _without(extent: int, said: Said | None) -> Said | None:
    """What was found with this extent in the place of unknown ones."""
    return said and Said(None if said.dims is None else tuple(None if n == extent else n for n in said.dims), said.kind)


def _may_be_shape(x: Tensor) -> bool:
    """Whether it is whole numbers that follow from extents which are not known: what is made of that shape cannot be kept by types."""
    small = x._dims is not None and len(x._dims) <= 1 and x._kind is not None and x._kind != kinds.TEXT and dtypes.is_integer(x._kind)
    return small and known_value(x, cheap=True) is None


def _is_known(inputs: list[Tensor]) -> bool:
    return all(each._dims is not None and None not in each._dims for each in inputs)


def _ranks(inputs: list[Tensor]) -> Iterator[dict[Tensor, int]]:
    """Numbers of axes for the values that have none: all the same, as most operations ask."""
    missing = [each for each in dict.fromkeys(inputs) if each._dims is None]
    if not missing:
        return iter([{}])
    return (dict.fromkeys(missing, rank) for rank in RANKS)


def _traced(known: Known, args: tuple[Any, ...], kwargs: dict[str, Any], extents: tuple[int, int], ranks: dict[Tensor, int]) -> Any:
    """The body run on stand-ins; where it asks for contents, those that are known are given."""
    try:
        return _once(known, args, kwargs, extents, ranks, cheap=True)
    except TraceError:
        return _once(known, args, kwargs, extents, ranks, cheap=False)


def _once(known: Known, args: Any, kwargs: Any, extents: tuple[int, int], ranks: dict[Tensor, int], *, cheap: bool) -> Any:
    body = Body(known.kind, None)
    made: dict[Tensor, Any] = {}
    cls = kinds.tensor_class()

    def stand_in(x: Tensor) -> Any:
        if x not in made:
            value = known_value(x, cheap=cheap, extents=None if cheap else extents)
            if value is not None:
                made[x] = value
            else:
                free = (None,) * ranks[x] if x._dims is None else x._dims
                shape = tuple(n if n is not None else extents[bool(axis)] for axis, n in enumerate(free))
                made[x] = body.fresh(cls, body.graph.input(Type(shape, x._kind)))
        return made[x]

    before, mode.grad = mode.grad, False
    try:
        with computing(), body.running():
            mode.grad = False
            result = known.function(*filled(args, stand_in), **filled(kwargs, stand_in))
            return map_tree(_said, result)
    finally:
        mode.grad = before


def _said(value: Any) -> Said | None:
    if value is None:
        return None
    if isinstance(value, Handle):
        return Said(tuple(value.shape), value._type.dtype)
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return Said(kinds.dims_of(value.shape), kinds.kind_of(value.dtype))
    array = np.asarray(value)
    return Said(array.shape, array.dtype)


def _common(found: list[Any]) -> Any:
    """What several tries agree in."""
    first = found[0]
    if isinstance(first, Said) or first is None:
        return _same(found)
    if isinstance(first, dict):
        return type(first)((key, _common([each[key] for each in found])) for key in first)
    if any(len(each) != len(first) for each in found):
        return UNKNOWN
    parts = [_common(list(each)) for each in zip(*found, strict=True)]
    return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)


def _same(found: list[Any]) -> Any:
    first = found[0]
    if first is None:
        return None
    if any(each.dims is None or len(each.dims) != len(first.dims) for each in found):
        return Said(None, first.kind)
    dims = [extents[0] if all(n == extents[0] for n in extents) else None for extents in zip(*(each.dims for each in found), strict=True)]
    return Said(tuple(dims), first.kind)

