"""Branches, loops and maps over Tensors."""

from __future__ import annotations

import functools
import importlib
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.keras import ops
from gradwerk.ops.arrangement import stack
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.operations import here
from gradwerk.tf.tensors import as_tensor

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's names and signatures; trees of Tensors


F = TypeVar("F", bound=Callable[..., Any])


def in_graphs(module: str, **options: Any) -> Callable[[F], F]:
    """A decorator: where a graph is built, the function of the same name in this module, with these options, notes the call."""

    def decorate(function: F) -> F:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:
            if here.graph is None:
                return function(*args, **kwargs)
            noted = getattr(importlib.import_module(f"gradwerk.tf.graph.{module}"), function.__name__)
            return noted(**signature.bind(*args, **kwargs).arguments, **options)

        return call  # type: ignore[return-value]  # of the same signature

    return decorate


@in_graphs("control")
def cond(pred: Any, true_fn: Any = None, false_fn: Any = None, name: Any = None) -> Any:
    """What true_fn() gives where pred holds, else what false_fn() gives; only one of them runs.

    Shape: theirs.
    """
    if isinstance(pred, bool):
        return true_fn() if pred else false_fn()
    return ops.cond(as_tensor(pred), _made(true_fn), _made(false_fn))


def _made(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, with numbers that it gives as Tensors."""
    return lambda *args: map_tree(lambda x: x if x is None else as_tensor(x), function(*args))


@in_graphs("control")
def case(pred_fn_pairs: Any, default: Any = None, exclusive: bool = False, strict: bool = False, name: str = "case") -> Any:
    """What the function of the first predicate that holds gives, else the default's, else that of the last.

    Args:
        pred_fn_pairs: (predicate, function) pairs.

    Shape: theirs.  Raises: InvalidArgumentError where several hold and they exclude each other.
    """
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if not pairs:
        raise ArgumentError("pred_fn_pairs must be a non-empty list of pairs")
    if exclusive and mode.trace is None and sum(bool(pred) for pred, _ in pairs) > 1:
        raise InvalidArgumentError("Input error: more than one predicate holds, and exclusive=True")
    rest = default
    if rest is None:
        (_, rest), pairs = pairs[-1], pairs[:-1]
    for pred, function in reversed(pairs):
        rest = _either(pred, function, rest)
    return rest()


def _either(pred: Any, function: Any, rest: Any) -> Any:
    return lambda: cond(pred, function, rest)


def switch_case(branch_index: Any, branch_fns: Any, default: Any = None, name: str = "switch_case") -> Any:
    """What the function of this number gives; of another number the default's, or the last one's.

    Shape: theirs.
    """
    pairs = isinstance(branch_fns, dict) or (branch_fns and isinstance(branch_fns[0], tuple))
    numbered = dict(branch_fns) if pairs else dict(enumerate(branch_fns))
    last = default if default is not None else numbered[max(numbered)]
    from gradwerk.tf.math.pairs import equal  # noqa: PLC0415  which computes or is noted

    index = as_tensor(branch_index) if here.graph is None else branch_index
    return case([(equal(index, number), function) for number, function in sorted(numbered.items())], default=last)


@in_graphs("control", return_same_structure=True)
def while_loop(
    cond: Any, body: Any, loop_vars: Any, shape_invariants: Any = None, parallel_iterations: int = 10, back_prop: bool = True,
    swap_memory: bool = False, maximum_iterations: Any = None, name: Any = None,
) -> Any:  # fmt: skip
    """loop_vars = body(*loop_vars) as long as cond(*loop_vars) holds, and at most so often; the last loop_vars.

    Shape: theirs.
    """
    limit = None if maximum_iterations is None else int(maximum_iterations)
    if mode.trace is None:
        values, count = list(map_tree(as_tensor, list(loop_vars))), 0
        while bool(cond(*values)) and (limit is None or count < limit):
            made = body(*values)
            values = list(made) if isinstance(made, (list, tuple)) else [made]
            values, count = map_tree(as_tensor, values), count + 1
        return type(loop_vars)(values) if isinstance(loop_vars, tuple) and not hasattr(loop_vars, "_fields") else values
    found = ops.while_loop(cond, lambda *given: list(_several(body(*given))), list(map_tree(as_tensor, list(loop_vars))), limit)
    return tuple(found) if isinstance(loop_vars, tuple) else list(found)


def _several(made: Any) -> Any:
    return map_tree(as_tensor, list(made)) if isinstance(made, (list, tuple)) else [as_tensor(made)]


def _given(elems: Any) -> Any:
    """A Tensor, or a tree of them; a list of numbers is one."""
    if isinstance(elems, list) and elems and not any(isinstance(one, (Handle, list, tuple, dict)) for one in elems):
        return as_tensor(elems)
    return map_tree(as_tensor, elems)


def _slices(elems: Any) -> int:
    """How many slices along the first axis there are.  Raises: ArgumentError where there is nothing."""
    found = flatten(elems)
    if not found:
        raise ArgumentError("elems must be a Tensor or a tree of them")
    return int(found[0].shape[0])


@in_graphs("loops")
def map_fn(
    fn: Any, elems: Any, dtype: Any = None, parallel_iterations: Any = None, back_prop: bool = True, swap_memory: bool = False,
    infer_shape: bool = True, name: Any = None, fn_output_signature: Any = None,
) -> Any:  # fmt: skip
    """fn of each slice along the first axis, stacked again.

    Shape: a first axis of as many, then that of the results.
    """
    given = _given(elems)
    if mode.trace is not None and all(isinstance(one, Handle) for one in flatten(given)):
        return ops.map(_made(fn), given)
    if _slices(given) == 0:  # what the results are like is seen on one slice of zeros
        like = _made(fn)(map_tree(lambda x: ops.zeros_like(ops.zeros(tuple(x.shape[1:]), dtype=x.dtype.name)), given))
        return map_tree(lambda x: as_tensor(x)[None][:0], like)
    made = [_made(fn)(map_tree(lambda x: x[k], given)) for k in range(_slices(given))]  # noqa: B023  used at once
    return map_tree(lambda *parts: _stacked(parts), *made)


def _stacked(parts: tuple[Any, ...]) -> Any:
    from gradwerk.tf.arrays.arranging import stack as of_any  # noqa: PLC0415  texts too

    return stack(list(parts)) if all(isinstance(one, Handle) for one in parts) else of_any(list(parts))


def vectorized_map(fn: Any, elems: Any, fallback_to_while_loop: bool = True, warn: bool = True) -> Any:
    """As `map_fn`.

    Shape: a first axis of as many, then that of the results.
    """
    return map_fn(fn, elems)


def _folded(fn: Any, elems: Any, initializer: Any, order: Callable[[range], Any]) -> list[Any]:
    """What stands after each step."""
    given = _given(elems)
    places = list(order(range(_slices(given))))
    if initializer is None:
        value, places = map_tree(lambda x: x[places[0]], given), places[1:]
        found = [value]
    else:
        value, found = map_tree(as_tensor, initializer), []
    for k in places:
        value = _made(fn)(value, map_tree(lambda x: x[k], given))  # noqa: B023  used at once
        found.append(value)
    return found or [value]


@in_graphs("loops")
def foldl(
    fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """value = fn(value, slice) from the first slice along the first axis to the last; the last value.

    Shape: that of the initializer, or of a slice.
    """
    return _folded(fn, elems, initializer, lambda places: places)[-1]


@in_graphs("loops")
def foldr(
    fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """value = fn(value, slice) from the last slice along the first axis to the first; the last value.

    Shape: that of the initializer, or of a slice.
    """
    return _folded(fn, elems, initializer, lambda places: places[::-1])[-1]


@in_graphs("loops")
def scan(
    fn: Any, elems: Any, initializer: Any = None, parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    infer_shape: bool = True, reverse: bool = False, name: Any = None,
) -> Any:  # fmt: skip
    """value = fn(value, slice) along the first axis; all values, stacked.

    Shape: a first axis of as many, then that of the initializer, or of a slice.
    """
    found = _folded(fn, elems, initializer, lambda places: places[::-1] if reverse else places)
    found = found[::-1] if reverse else found
    return map_tree(lambda *parts: _stacked(parts), *found)


__all__ = ["case", "cond", "foldl", "foldr", "map_fn", "scan", "switch_case", "vectorized_map", "while_loop"]
