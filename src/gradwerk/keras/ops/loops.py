"""keras.ops: branches and loops, and functions mapped over axes.

Without a trace they are Python's own; in a compiled function one operation each (jit/branch.py, jit/control.py).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.base.trees import flatten, map_tree, unflatten
from gradwerk.jit import branch, control
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import tensor
from gradwerk.ops import movement
from gradwerk.ops.arrangement import move_axes, stack
from gradwerk.ops.axes import normal_axis
from gradwerk.tensor.state import mode

# ruff: noqa: A001, ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("core")
Tree = Any


def _callable(owner: str, *given: Any) -> None:
    """Raises: ArgumentTypeError for what is no function."""
    for one in given:
        if not callable(one):
            raise ArgumentTypeError(f"ops.{owner} takes a function, this is {one!r:.80}")


def _tensors(tree: Tree) -> Tree:
    return map_tree(lambda x: None if x is None else tensor(x), tree)


@op(3, guarded=False)
def cond(pred: Any, true_fn: Callable[[], Tree], false_fn: Callable[[], Tree]) -> Tree:
    """What true_fn() gives where the one element of pred holds, else what false_fn() gives; only one of them runs.  Shape: theirs."""
    _callable("cond", true_fn, false_fn)
    return branch.cond(tensor(pred) if not isinstance(pred, bool) else pred, true_fn, false_fn)


@op(2, guarded=False)
def switch(index: Any, branches: Sequence[Callable[..., Tree]], *operands: Tree) -> Tree:
    """What the function of this number gives of the operands; a number beyond the ends is that of the last, or first.

    Shape: that of its results.  Raises: ArgumentError for no function.
    """
    if not branches:
        raise ArgumentError("ops.switch of no functions")
    _callable("switch", *branches)
    place = tensor(index)
    if mode.trace is None:
        return branches[min(max(int(place), 0), len(branches) - 1)](*operands)
    return _one_of(place, list(branches), operands)


def _one_of(place: Any, branches: list[Callable[..., Tree]], operands: tuple[Tree, ...]) -> Tree:
    if len(branches) == 1:
        return branches[0](*operands)
    return branch.cond(place <= 0, branches[0], lambda *given: _one_of(place - 1, branches[1:], given), *operands)


@op(0, guarded=False)
def while_loop(
    cond: Callable[..., Any], body: Callable[..., Tree], loop_vars: Tree, maximum_iterations: int | None = None
) -> Tree:  # fmt: skip
    """loop_vars = body(*loop_vars) as long as cond(*loop_vars) holds, and at most so often; the last loop_vars.  Shape: theirs."""
    _callable("while_loop", cond, body)
    several = isinstance(loop_vars, (list, tuple))
    first = _tensors(loop_vars)

    def step(carry: Tree) -> Tree:
        made = body(*carry) if several else body(carry)
        made = made if not several or isinstance(made, (list, tuple)) else [made]
        return _tensors(type(loop_vars)(made) if several and not hasattr(loop_vars, "_fields") else made)

    def holds(carry: Tree) -> Any:
        return cond(*carry) if several else cond(carry)

    return branch.while_loop(holds, step, first, max_iterations=maximum_iterations)


@op(0, guarded=False)
def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Tree], Tree], init_val: Tree) -> Tree:
    """value = body_fun(i, value) for i from lower to before upper, from init_val on; the last value.  Shape: that of init_val."""
    _callable("fori_loop", body_fun)
    value, first, last = _tensors(init_val), tensor(lower), tensor(upper)
    if mode.trace is None:
        for i in range(int(first), int(last)):
            value = body_fun(tensor(i, first.dtype), value)
        return value

    def step(carry: Tree) -> Tree:
        i, inside = carry
        return i + 1, _tensors(body_fun(i, inside))

    return branch.while_loop(lambda carry: carry[0] < last, step, (first, value))[1]


@op(3, guarded=False)
def scan(
    f: Callable[[Tree, Tree], tuple[Tree, Tree]], init: Tree, xs: Tree = None, length: int | None = None, reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Tree, Tree]:  # fmt: skip
    """carry, y = f(carry, x) for each x along the first axis of xs: the last carry, and the ys stacked along a first axis.

    Shape: the carry keeps its own.  Raises: ArgumentError without xs and length, or for an `unroll` that is no positive integer.
    """
    _callable("scan", f)
    if xs is None and length is None:
        raise ArgumentError("ops.scan takes xs to go along, or a length")
    if not isinstance(unroll, int) or (unroll is not True and unroll is not False and unroll < 1):
        raise ArgumentError(f"ops.scan: unroll is a positive integer, this is {unroll!r}")
    carry, inputs = _tensors(init), None if xs is None else _tensors(xs)

    def step(carry: Tree, x: Tree) -> tuple[Tree, Tree]:
        made, y = f(carry, x)
        return _tensors(made), None if y is None else _tensors(y)

    if mode.trace is not None:
        return control.scan(step, carry, inputs, length=length, reverse=reverse)
    count = control.steps_of([] if inputs is None else flatten(inputs), length)
    ys: list[Any] = []
    for k in reversed(range(count)) if reverse else range(count):
        carry, y = step(carry, None if inputs is None else map_tree(lambda x: x[k], inputs))  # noqa: B023  used at once
        ys.append(y)
    ys.reverse() if reverse else None
    return carry, None if not ys or ys[0] is None else map_tree(lambda *parts: stack(parts), *ys)


@op(2, guarded=False)
def map(f: Callable[[Tree], Tree], xs: Tree) -> Tree:
    """f of each slice along the first axis, stacked again.  Shape: a first axis of as many, then that of f's results."""
    _callable("map", f)
    inputs = _tensors(xs)
    if mode.trace is not None:
        return control.scan(lambda carry, x: (carry, _tensors(f(x))), (), inputs)[1]
    count = control.steps_of(flatten(inputs), None)
    made = [_tensors(f(map_tree(lambda x: x[k], inputs))) for k in range(count)]  # noqa: B023  used at once
    return map_tree(lambda *parts: stack(parts), *made)


@op(2, guarded=False)
def vectorized_map(function: Callable[[Tree], Tree], elements: Tree) -> Tree:
    """As `map`.  Shape: a first axis of as many, then that of the function's results."""
    return map(function, elements)


@op(2, guarded=False)
def associative_scan(f: Callable[[Tree, Tree], Tree], elems: Tree, reverse: bool = False, axis: int = 0) -> Tree:
    """The running combination of slices along an axis by an associative f, which takes many pairs at once.  Shape: kept.

    Raises: ShapeError where elems have different extents along the axis.
    """
    _callable("associative_scan", f)
    given = _tensors(elems)
    flat = flatten(given)
    places = [normal_axis("associative_scan", axis, x.ndim) for x in flat]
    if len({x.shape[place] for x, place in zip(flat, places, strict=True)}) > 1:
        raise ShapeError("ops.associative_scan takes elems of one extent along the axis", facts=tuple(f"{tuple(x.shape)}" for x in flat))
    front = [move_axes(x, [place], [0]) if place else x for x, place in zip(flat, places, strict=True)]
    front = [movement.flip(x, 0) for x in front] if reverse else front

    def combined(a: list[Any], b: list[Any]) -> list[Any]:
        return [tensor(x) for x in flatten(f(*_back((a, b))))]

    def _back(pair: tuple[list[Any], list[Any]]) -> list[Tree]:
        moved = [[move_axes(x, [0], [p]) if p else x for x, p in zip(one, places, strict=True)] for one in pair]
        return [unflatten(given, one) for one in moved]

    def run(xs: list[Any]) -> list[Any]:
        n = xs[0].shape[0]
        if n < 2:
            return xs
        pairs = _forward(combined([x[0 : n - 1 : 2] for x in xs], [x[1:n:2] for x in xs]))
        odd = run(pairs)
        rest = [x[2:n:2] for x in xs]
        even = _forward(combined([x[: r.shape[0]] for x, r in zip(odd, rest, strict=True)], rest)) if n > 2 else rest
        even = [movement.concatenate([x[:1], e], 0) for x, e in zip(xs, even, strict=True)]
        return [_interleaved(a, b) for a, b in zip(even, odd, strict=True)]

    def _forward(xs: list[Any]) -> list[Any]:
        return [move_axes(x, [p], [0]) if p else x for x, p in zip(xs, places, strict=True)]

    made = run(front)
    made = [movement.flip(x, 0) for x in made] if reverse else made
    return unflatten(given, [move_axes(x, [0], [p]) if p else x for x, p in zip(made, places, strict=True)])


def _interleaved(a: Any, b: Any) -> Any:
    """a0 b0 a1 b1 ...; a may have one more."""
    n = b.shape[0]
    both = movement.reshape(stack([a[:n], b], 1), (2 * n, *b.shape[1:]))
    return both if a.shape[0] == n else movement.concatenate([both, a[n:]], 0)


def vectorize(pyfunc: Callable[..., Any], *, excluded: Any = None, signature: str | None = None) -> Callable[..., Any]:
    """A function of Tensors of any shape that calls `pyfunc` on each element, or on the parts that a signature names; shapes broadcast.

    Args:
        pyfunc: of 0-d Tensors, or of Tensors with the axes of the signature.
        excluded: places of arguments that are handed on as they are.
        signature: as "(m,n),(n)->(m)".

    Raises: ArgumentTypeError for what is no function; the result ArgumentError for what does not fit the signature.
    """
    _callable("vectorize", pyfunc)
    skipped = set(excluded or ())
    inside = _ranks(signature) if signature is not None else None

    def call(*args: Any) -> Any:
        places = [k for k in range(len(args)) if k not in skipped]
        xs = [tensor(args[k]) for k in places]
        ranks = inside if inside is not None else [0] * len(xs)
        if len(ranks) != len(xs) or any(x.ndim < rank for x, rank in zip(xs, ranks, strict=False)):
            facts = tuple(str(x.shape) for x in xs)
            raise ArgumentError(f"ops.vectorize: the arguments do not fit the signature {signature!r}", facts=facts)
        lead = np.broadcast_shapes(*(tuple(x.shape[: x.ndim - rank]) for x, rank in zip(xs, ranks, strict=True)))
        wide = [movement.broadcast_to(x, (*lead, *x.shape[x.ndim - rank :])) for x, rank in zip(xs, ranks, strict=True)]
        made = []
        for at in itertools.product(*(range(n) for n in lead)):
            given = list(args)
            for k, x in zip(places, wide, strict=True):
                given[k] = x[at] if at else x
            made.append(_tensors(pyfunc(*given)))
        return map_tree(lambda *parts: movement.reshape(stack(parts), (*lead, *parts[0].shape)), *made)

    return call


def _ranks(signature: str) -> list[int]:
    """How many axes each argument has.  Raises: ArgumentError for what is no signature."""
    if not isinstance(signature, str) or not re.fullmatch(r"(\([\w,]*\),?)+->(\([\w,]*\),?)+", signature.replace(" ", "")):
        raise ArgumentError(f"ops.vectorize: {signature!r} is no signature", likely='such as "(m,n),(n)->(m)"')
    left = signature.replace(" ", "").partition("->")[0]
    return [len([name for name in part.split(",") if name]) for part in re.findall(r"\(([\w,]*)\)", left)]

