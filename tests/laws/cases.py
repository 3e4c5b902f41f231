"""Cases of an op, drawn from what its kind and its class say: instances with argument types, and arrays for them."""

from __future__ import annotations

import importlib
import pkgutil
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import gradwerk.ops
from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import GradwerkError
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import REGISTRY, Binary, Elementwise, Example, Interval, Op, Reduction, Select, Unary, typed
from gradwerk.ir.text import parse, print_graph
from gradwerk.ops.factorizations import Cholesky
from gradwerk.ops.look import NotZero

DTYPES: dict[str, tuple[DType, ...]] = {
    "f": (dtypes.float32, dtypes.float64, dtypes.float16, dtypes.bfloat16),
    "i": (dtypes.int32, dtypes.int64, dtypes.int8, dtypes.int16),
    "u": (dtypes.uint8, dtypes.uint32, dtypes.uint16, dtypes.uint64),
    "b": (dtypes.bool_,),
}
OTHERS = (
    dtypes.float64, dtypes.float16, dtypes.bfloat16, dtypes.int32, dtypes.int64, dtypes.int8, dtypes.int16, dtypes.uint8, dtypes.uint32,
    dtypes.uint16, dtypes.uint64, dtypes.bool_,
)  # fmt: skip
"""Dtypes that ops with examples of their own are tried in besides."""
SHAPES = ((), (1,), (3, 4), (0, 3), (2, 1, 3))
PAIRS = (((3, 4), (3, 4)), ((3, 1), (4,)), ((), (2, 3)), ((0, 3), (1,)), ((2, 1, 3), (4, 1)))
FOLDS = (((3, 4), (0,)), ((3, 4), (1,)), ((2, 3, 4), (0, 2)), ((5,), (0,)), ((2, 1), (1,)), ((3, 4), (0, 1)), ((3, 0), (0,)))


def load_registry() -> dict[str, type[Op]]:
    """Every op of the package, by name."""
    for module in pkgutil.iter_modules(gradwerk.ops.__path__):
        importlib.import_module(f"gradwerk.ops.{module.name}")
    return {name: cls for name, cls in REGISTRY.items() if cls.__module__.startswith("gradwerk.")}


def examples_of(cls: type[Op]) -> list[Example]:
    """Instances with argument types."""
    if cls is Input:
        return [(Input(0, typed(2, 3), "x"), ())]
    if cls is Constant:
        return [(Constant.of(np.array([[1.5, -0.0], [np.inf, np.nan]])), ()), (Constant.of(np.array(True)), ())]
    return list(cls.examples()) or list(_drawn(cls))


def _drawn(cls: type[Op]) -> Iterator[Example]:
    if issubclass(cls, Reduction):
        for shape, axes in FOLDS:
            for dtype in (dtypes.float32, dtypes.float64, dtypes.int32, dtypes.float16, dtypes.bfloat16):
                yield cls(axes, len(shape) % 2 == 0), (Type(shape, dtype),)
    elif issubclass(cls, Elementwise):
        kinds = [dtype for kind in cls.accepts.kinds for dtype in DTYPES.get(kind, ())]
        for dtype in kinds:
            if issubclass(cls, Unary):
                yield from ((cls(), (Type(shape, dtype),)) for shape in SHAPES)
            elif issubclass(cls, Binary):
                yield from ((cls(), (Type(a, dtype), Type(b, dtype))) for a, b in PAIRS)
            elif issubclass(cls, Select):
                yield from ((cls(), (Type(b, dtypes.bool_), Type(a, dtype), Type(b, dtype))) for a, b in PAIRS)


def sampled(cls: type[Op]) -> list[Example]:
    """Examples enough to try an op in many places: all in its first dtypes, one for each other, wide ones of each where a kind can draw."""
    examples = [(op, types) for op, types in examples_of(cls) if not any(t.is_token for t in (*types, *op.infer(*types)))]
    found: dict[Any, list[Example]] = {}
    for op, types in examples:
        found.setdefault(tuple(t.dtype for t in (*types, *op.infer(*types))), []).append((op, types))
    first, *rest = found.values() if found else ([],)
    chosen = [*first, *(rows[k % len(rows)] for k, rows in enumerate(rest))]
    if not cls.examples():
        return [*_wide(cls, [rows[0] for rows in found.values()]), *chosen]
    for k, dtype in enumerate(OTHERS):
        again = retyped(examples[k % len(examples)], dtype) if examples else None
        chosen += [again] if again is not None else []
    return chosen


def _wide(cls: type[Op], examples: Sequence[Example]) -> Iterator[Example]:
    """Examples of a kind that draws, at extents of more than one vector."""
    for k, (op, types) in enumerate(examples):
        if issubclass(cls, Elementwise):
            one, other = (((5, 17), (5, 17)), ((5, 1), (33,)), ((3, 5, 2), (5, 1)))[k % 3]
            yield op, tuple(t.with_shape(shape) for t, shape in zip(types, (one, other, one), strict=False))
        elif issubclass(cls, Reduction):
            shape, axes = (((5, 17), (1,)), ((17, 5), (0,)), ((3, 17, 5), (0, 2)))[k % 3]
            yield replace(op, axes=axes), (types[0].with_shape(shape),)


def retyped(example: Example, dtype: DType) -> Example | None:
    """The example with another dtype for float32; None where there is none, or the op does not take it."""
    op, types = example
    if not any(t.dtype == dtypes.float32 for t in types) or any(isinstance(value, Graph) for value in op.attributes().values()):
        return None
    changed = {name: dtype for name, value in op.attributes().items() if value is dtypes.float32}
    other = replace(op, **changed), tuple(t.with_dtype(dtype) if t.dtype == dtypes.float32 else t for t in types)
    try:
        other[0].infer(*other[1])
    except GradwerkError:
        return None
    return other


def widened(example: Example) -> Example:
    """The example with float64 for every float, in arguments and attributes."""
    op, types = example
    floats = [name for name, value in op.attributes().items() if isinstance(value, np.dtype) and dtypes.is_float(value)]
    wide: dict[str, Any] = dict.fromkeys(floats, dtypes.float64)
    wide |= {name: parse(print_graph(value).replace("f32", "f64")) for name, value in op.attributes().items() if isinstance(value, Graph)}
    return replace(op, **wide), tuple(t.with_dtype(dtypes.float64) if dtypes.is_float(t.dtype) else t for t in types)


def domain_of(op: Op, position: int) -> Interval:
    """Where the argument at `position` is drawn."""
    return op.domain[position] if isinstance(op.domain, tuple) else op.domain


def generator(*seed: Any) -> np.random.Generator:
    """Numbers that depend on the case alone."""
    return np.random.default_rng(zlib.crc32(repr(seed).encode()))


def draw(op: Op, types: Sequence[Type], *, again: bool = False) -> list[np.ndarray[Any, Any]]:
    """Arguments: floats from the op's domain, integers from 0 to 3 (divisors from 1), matrices positive definite where no others have a
    result; other ones where they are drawn `again`.
    """
    rng = generator(op, types, *(["again"] if again else []))
    arrays: list[np.ndarray[Any, Any]] = []
    for position, type_ in enumerate(types):
        if type_.is_token:
            arrays.append(np.zeros((), dtypes.token))
        elif dtypes.is_float(type_.dtype):
            interval = domain_of(op, position)
            arrays.append(dtypes.converted(np.asarray(rng.uniform(interval.low, interval.high, type_.shape)), type_.dtype).copy())
        elif type_.dtype == dtypes.bool_:
            arrays.append(np.asarray(rng.integers(0, 2, type_.shape)).astype(bool))
        else:
            arrays.append(np.asarray(rng.integers(int(isinstance(op, NotZero)), 4, type_.shape)).astype(type_.dtype))
    if isinstance(op, Cholesky):
        arrays = [np.asarray(x + 3 * x.shape[-1] * np.eye(x.shape[-1], dtype=x.dtype)) for x in arrays]
    return arrays


def special(dtype: DType) -> np.ndarray[Any, Any]:
    """Values at which arithmetic goes wrong first."""
    if dtypes.is_float(dtype):
        limits = dtypes.limits(dtype)
        values = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, np.inf, -np.inf, np.nan, limits.max, -limits.max, limits.tiny, limits.smallest_subnormal]
        with np.errstate(over="ignore"):
            return dtypes.converted(np.array([*values, 88.0, -104.0, 3e9, -3e9, 1e10, 2.0**31, -(2.0**31)], np.float64), dtype)
    if dtype == dtypes.bool_:
        return np.array([False, True])
    whole = np.iinfo(dtype)
    return np.array([0, 1, 2, 7, whole.max, whole.max - 1, whole.min, whole.min + 1, *([-1, -7] if whole.min else [])], dtype)
