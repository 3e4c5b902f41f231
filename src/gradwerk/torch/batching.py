"""torch.func.vmap: a function of one example called for each of a batch, and its results put together."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten, unflatten
from gradwerk.tensor.random import default_generator
from gradwerk.torch.functions import stack
from gradwerk.torch.tensors import Tensor

Dims = Any
"""A whole number, None for what is the same for all, or a tuple, list or dict of these."""
RANDOMNESS = ("error", "same", "different")


def _spread(dims: Dims, tree: Any, what: str) -> list[Any]:  # noqa: ANN401
    """An axis for each leaf of a tree.  Raises: ArgumentError where they do not fit together."""
    if dims is None or isinstance(dims, int):
        return [dims] * len(flatten(tree))
    same = isinstance(dims, Mapping) == isinstance(tree, Mapping) and not isinstance(tree, Tensor) and len(dims) == len(tree)
    if not same:
        raise ArgumentError(f"vmap: {what} is not of the structure of what it is about", facts=(f"{what}={dims!r}",))
    keys = list(tree) if isinstance(tree, Mapping) else range(len(tree))
    return [axis for key in keys for axis in _spread(dims[key], tree[key], what)]


def _size(leaves: list[Any], axes: list[Any]) -> int:
    """How many examples.  Raises: ArgumentError, ArgumentTypeError."""
    sizes = set()
    for x, axis in zip(leaves, axes, strict=True):
        if axis is None:
            continue
        if not isinstance(x, Tensor):
            raise ArgumentTypeError(f"vmap: an axis is given for what is no Tensor, a {type(x).__name__}", likely="in_dims=None for it")
        if not -x.ndim <= axis < x.ndim:
            raise ArgumentError(f"vmap: got in_dim={axis} for an input of {x.ndim} axes", facts=(f"shape {tuple(x.shape)}",))
        sizes.add(x.shape[axis])
    if len(sizes) != 1:
        said = "the inputs have no axis to map over" if not sizes else f"the inputs have different extents to map over: {sorted(sizes)}"
        raise ArgumentError(f"vmap: {said}")
    return int(sizes.pop())


def vmap(
    func: Callable[..., Any], in_dims: Dims = 0, out_dims: Dims = 0, randomness: str = "error", *, chunk_size: int | None = None
) -> Callable[..., Any]:
    """A function over batches of one over examples: `in_dims` says along which axes the examples are, `out_dims` where they go.

    The function is called once for each example.  `randomness`: "different" draws anew for each, "same" draws the same for all, and
    under "error" it must not draw.

    Args:
        func: takes and gives Tensors, or lists, tuples and dicts of them.
        in_dims: one axis for all arguments, or one for each; None for what is the same for all.
        out_dims: one axis for all results, or one for each.
        randomness: "error", "same" or "different".
        chunk_size: how many at a time, which changes nothing here.

    Raises: ArgumentError for axes that do not fit, and where the function draws under "error"; ArgumentTypeError.
    """
    if randomness not in RANDOMNESS:
        raise ArgumentError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and chunk_size < 1:
        raise ArgumentError(f"vmap: chunk_size should be None or greater than 0, this is {chunk_size}")

    def mapped(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        leaves = flatten(list(args))
        axes = _spread(in_dims if in_dims is None or isinstance(in_dims, int) else [*in_dims], list(args), "in_dims")
        named = flatten(kwargs)
        every, along = [*leaves, *named], [*axes, *(0 if isinstance(x, Tensor) else None for x in named)]
        count = _size(every, along)
        if not count:
            raise ArgumentError("vmap: there are no examples to call the function with")
        before = default_generator().get_state()
        found = []
        for number in range(count):
            part = [x if axis is None else x.select(axis, number) for x, axis in zip(every, along, strict=True)]
            if randomness == "same":
                default_generator().set_state(before)
            found.append(func(*unflatten(list(args), part[: len(leaves)]), **unflatten(kwargs, part[len(leaves) :])))
            if randomness == "error" and default_generator().get_state() != before:
                likely = "vmap(..., randomness='different')"
                raise ArgumentError("vmap: called random operation while in randomness error mode", likely=likely)
        return _together(found)

    def _together(found: list[Any]) -> Any:  # noqa: ANN401
        like = found[0]
        goes = _spread([*out_dims] if isinstance(out_dims, tuple) and not isinstance(like, Tensor) else out_dims, like, "out_dims")
        columns = zip(*(flatten(one) for one in found), strict=True)
        joined = [_stacked(list(column), axis) for column, axis in zip(columns, goes, strict=True)]
        return joined[0] if isinstance(like, Tensor) else unflatten(like, joined)

    return mapped


def _stacked(column: list[Any], axis: Any) -> Any:  # noqa: ANN401
    if axis is None:
        return column[0]
    if not all(isinstance(x, Tensor) for x in column):
        raise ArgumentTypeError(f"vmap: the function must only return Tensors, got type {type(column[0])}")
    return stack(column, axis)
