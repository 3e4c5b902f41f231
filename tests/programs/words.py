"""The words that random programs are written in.

A program is the text of a Python function.  The same text computes on NumPy arrays, builds a graph of Values and records on Tensors: most
words are functions of ops, which do that by themselves; the few below say in each of the three what it takes there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops import arithmetic, compare, control, from_bits, functions, indexing, movement, random, reduction, transcendental
from gradwerk.ops import branch as branches
from gradwerk.ops.contraction import contract
from gradwerk.ops.source import arange, full
from gradwerk.tensor.handle import set_requires_grad
from gradwerk.tensor.tensor import Tensor

NARROW = {
    "f32": dtypes.float32, "f64": dtypes.float64, "i32": dtypes.int32, "i64": dtypes.int64, "u8": dtypes.uint8, "u32": dtypes.uint32,
    "bool_": dtypes.bool_, "f16": dtypes.float16, "bf16": dtypes.bfloat16,
}  # fmt: skip
WIDE = {**NARROW, **dict.fromkeys(("f32", "f16", "bf16"), dtypes.float64)}
"""The same with float64 for every float: what the numbers would be without rounding."""
Slices = Sequence[tuple[int, int]]


def leaf(x: Any) -> Any:
    """x, which gradients are asked for."""
    if not isinstance(x, Tensor) or x.requires_grad:
        return x
    alone = x.detach()
    set_requires_grad(alone, value=True)
    return alone


def plain(x: Any) -> Any:
    """x without its history."""
    return x.detach() if isinstance(x, Tensor) else x


def held(x: Any) -> Any:
    """x, through which no gradient flows."""
    return x.detach() if isinstance(x, Tensor) else arithmetic.stop_gradient(x)


def gradient(outputs: Sequence[Any], inputs: Sequence[Any], weights: Sequence[Any], *, again: bool = False) -> tuple[Any, ...]:
    """The gradient of the sum of weight * output for each input; a weight of None is 1 everywhere.  `again`: to be derived again."""
    if isinstance(inputs[0], Tensor):
        pairs = [(y, w) for y, w in zip(outputs, weights, strict=True) if isinstance(y, Tensor) and y.requires_grad]
        ones = [None if y._type.size == 1 else gw.broadcast_to(Tensor(dtypes.filled((), 1, y.dtype)), y.shape) for y, _ in pairs]
        cts = [one if w is None else Tensor(w) for one, (_, w) in zip(ones, pairs, strict=True)]
        found = gw.grad([y for y, _ in pairs], list(inputs), cts, create_graph=again, allow_unused=True) if pairs else [None] * len(inputs)
        return tuple(Tensor(np.zeros(x.shape, x.dtype)) if g is None else g for g, x in zip(found, inputs, strict=True))
    pairs = [
        (y, full(y.shape, 1, y.dtype, like=(y,)) if w is None else w) for y, w in zip(outputs, weights, strict=True) if isinstance(y, Value)
    ]
    found = gradients([y for y, _ in pairs], [w for _, w in pairs], list(inputs))
    if all(g is None for g in found):
        raise ValueError("nothing to derive")
    return tuple(full(x.shape, 0, x.dtype, like=(x,)) if g is None else g for g, x in zip(found, inputs, strict=True))


def write(x: Any, value: Any) -> Any:
    """x with new contents: a Tensor is written to, others are replaced."""
    return x.assign(value) if isinstance(x, Tensor) else value


def write_part(x: Any, value: Any, part: Slices) -> Any:
    """x with new contents in a part of it."""
    if not isinstance(x, Tensor):
        return _with_part(x, value, part)
    x[tuple(slice(*s) for s in part)].assign(value)
    return x


def patched(x: Any, value: Any, part: Slices) -> Any:
    """A copy of x with new contents in a part; gradients flow to both."""
    if not isinstance(x, Tensor):
        return _with_part(x, value, part)
    copy = x.clone()
    copy[tuple(slice(*s) for s in part)] = value
    return copy


def _with_part(x: Any, value: Any, part: Slices) -> Any:
    mask = np.zeros(x.shape, bool)
    mask[tuple(slice(*s) for s in part)] = True
    whole = movement.pad(value, [start for start, _ in part], [n - stop for n, (_, stop) in zip(x.shape, part, strict=True)])
    return arithmetic.where(mask, whole, x)


def loop(
    step: Callable[..., tuple[Sequence[Any], Sequence[Any]]], length: int, carries: Sequence[Any], xs: Sequence[Any],
    constants: Sequence[Any], *, reverse: bool = False,
) -> tuple[Any, ...]:  # fmt: skip
    """Final carries, then stacked results, of carries, results = step(*carries, *slices, *constants)."""
    operands = (*carries, *xs, *constants)
    if any(isinstance(x, Tensor) for x in operands):

        def call(carry: list[Any], x: list[Any] | None) -> tuple[list[Any], list[Any]]:
            state, results = step(*carry, *(x or ()), *constants)
            return list(state), list(results)

        final, ys = gw.scan(call, list(carries), list(xs) if xs else None, length=length, reverse=reverse)
        return (*final, *ys)
    body, end = Graph("step"), len(carries) + len(xs)
    types = [Type(x.shape[1:] if len(carries) <= k < end else x.shape, x.dtype) for k, x in enumerate(operands)]
    state, results = step(*map(body.input, types))
    outputs = [x if isinstance(x, Value) else body.constant(x) for x in (*state, *results)]
    return control.scan(body.finish(outputs), length, list(carries), list(xs), list(constants), reverse=reverse)


def branch(step: Callable[..., tuple[Any, Sequence[Any]]], flag: Any, operands: Sequence[Any]) -> tuple[Any, ...]:
    """The first half of the results of step(*operands) where the flag is more than 1, else the other half; only that is computed."""

    def half(number: int) -> Callable[..., list[Any]]:
        def run(*inside: Any) -> list[Any]:
            results = list(step(*inside)[1])
            count = len(results) // 2
            return results[number * count :][:count]

        return run

    condition = compare.greater(flag, 1)
    if any(isinstance(x, Tensor) for x in (flag, *operands)):
        return tuple(gw.cond(condition, half(0), half(1), *operands))
    return branches.cond(condition, *(_body(half(k), operands) for k in range(2)), list(operands))


def turns(
    step: Callable[..., tuple[Sequence[Any], Any]], most: Any, limit: int, carries: Sequence[Any], constants: Sequence[Any]
) -> tuple[Any, ...]:  # fmt: skip
    """The carries after as many steps as `most` says, and no more than `limit`; behind them how many these were."""
    zero = np.zeros((), np.int32)
    if any(isinstance(x, Tensor) for x in (most, *carries, *constants)):
        count, *last = gw.while_loop(
            lambda c: compare.less(c[0], most), lambda c: [c[0] + 1, *step(*c[1:], *constants)[0]], [Tensor(zero), *carries],
            max_iterations=limit,
        )  # fmt: skip
        return (*last, count)

    def body(flag: Any, count: Any, *rest: Any) -> list[Any]:
        *values, end = rest
        count = arithmetic.add(count, 1)
        return [compare.less(count, end), count, *step(*values)[0]]

    graph = _body(body, [np.asarray(True), zero, *carries, *constants, most])  # noqa: FBT003
    _, count, *last = branches.while_loop(compare.less(zero, most), graph, [zero, *carries], [*constants, most], limit=limit)
    return (*last, count)


def _body(run: Callable[..., Sequence[Any]], operands: Sequence[Any]) -> Graph:
    """A function of values like these as a finished graph."""
    graph = Graph("body")
    results = run(*(graph.input(Type(x.shape, x.dtype)) for x in operands))
    return graph.finish([x if isinstance(x, Value) else graph.constant(x) for x in results])


def sampler(types: dict[str, Any]) -> Callable[..., Any]:
    """sample(seed, shape, dtype): an array of quarters from -2 to 2, exact in every dtype."""

    def sample(seed: int, shape: Sequence[int], dtype: Any) -> Any:
        return dtypes.converted(np.asarray(np.random.default_rng(seed).integers(-8, 9, tuple(shape)) / 4), dtype)

    return sample


def one_odd(shape: Sequence[int], seed: int, dtype: Any) -> Any:
    """Half everywhere, but one and a half in one place."""
    whole = np.full(tuple(shape), 0.5)
    if whole.size:
        whole.reshape(-1)[seed % whole.size] = 1.5
    return dtypes.converted(whole, dtype)


def vocabulary(*, wide: bool) -> dict[str, Any]:
    """Every word, with float64 for float32 where `wide`."""
    types = WIDE if wide else NARROW
    found: dict[str, Any] = dict(types)
    for module in (arithmetic, compare, from_bits, functions, indexing, movement, random, reduction, transcendental):
        found.update({name: value for name, value in vars(module).items() if not name.startswith("_") and callable(value)})
    own = (leaf, plain, held, gradient, write, write_part, patched, loop, branch, turns, contract, arange, full, one_odd)
    found.update({function.__name__: function for function in own})
    found |= {"sample": sampler(types), "abs": arithmetic.abs_, "number": dtypes.of_value}
    return found
