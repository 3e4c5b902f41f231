"""Examples to train on and examples to hold back, class by class where that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError
from gradwerk.data.datasets import Examples

Array = np.ndarray[Any, np.dtype[Any]]


def split(x: Any, y: Any, held_back: float = 0.2, *, seed: int = 0, stratified: bool = False) -> tuple[Examples, Examples]:  # noqa: ANN401
    """Shuffled examples to train on and to hold back.

    Args:
        x: inputs, one for each example: an array, a list or tuple of them (sequences of different lengths too), or a dict of arrays.
        y: targets, one for each example; (examples,) where it is stratified.
        held_back: the share that is held back.
        seed: equal seeds, equal parts.
        stratified: whether each class of y is split by that share; where it comes out uneven, some classes give one more than others.

    Raises: ArgumentTypeError for a share that is no number, DataError where x and y are not equally many, ArgumentError for a share
    outside of 0..1, or that leaves one part empty.
    """
    y = np.asarray(y)
    examples = _count(x, "x")
    if examples != _count(y, "y"):
        raise DataError(f"{examples} inputs and {len(y)} targets")
    if isinstance(held_back, bool) or not isinstance(held_back, (int, float, np.number)):
        raise ArgumentTypeError(f"held_back is {held_back!r}: a share between 0 and 1")
    if not 0 < held_back < 1:
        raise ArgumentError(f"held_back is {held_back}: a share between 0 and 1")
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ArgumentError(f"a seed is a whole number from 0 on, this is {seed!r}")
    if stratified and y.ndim != 1:
        what = "a stratified split needs the number or name of each example's class"
        raise ArgumentError(what, facts=(f"y {y.shape}",), likely="y.argmax(-1)")
    if examples < 2:
        raise ArgumentError(f"{examples} examples cannot be split")
    generator = np.random.default_rng(seed)
    classes = np.unique(y, return_inverse=True)[1] if stratified else np.zeros(examples, np.int64)
    counts = _apportioned(np.bincount(classes), held_back, generator)
    held, kept = [], []
    for label, count in enumerate(counts):
        order = generator.permutation(np.flatnonzero(classes == label))
        held.append(order[:count])
        kept.append(order[count:])
    chosen, others = (generator.permutation(np.concatenate(parts)) for parts in (held, kept))
    if not len(chosen) or not len(others):
        raise ArgumentError(f"held_back={held_back} of {examples} examples leaves one part empty")
    return Examples(take(x, others), y[others]), Examples(take(x, chosen), y[chosen])


def _apportioned(sizes: Array, share: float, generator: np.random.Generator) -> Array:
    """How many of each class, so that all together are that share: largest remainders first, among equal ones by lot."""
    exact = sizes * float(share)
    counts = np.floor(exact).astype(np.int64)
    lots = generator.permutation(len(sizes))
    by_remainder = np.lexsort((lots, counts - exact))
    counts[by_remainder[: round(float(sizes.sum() * share)) - counts.sum()]] += 1
    return counts


def _count(examples: Any, name: str) -> int:  # noqa: ANN401
    """How many examples there are.  Raises: DataError where arrays of a dict differ, ArgumentTypeError for what holds no examples."""
    if isinstance(examples, Mapping):
        counts = {key: _count(value, f"{name}[{key!r}]") for key, value in examples.items()}
        if len({*counts.values()}) != 1:
            raise DataError(f"{name} holds different numbers of examples", facts=tuple(f"{key}: {count}" for key, count in counts.items()))
        return next(iter(counts.values()))
    if not hasattr(examples, "__len__") or getattr(examples, "shape", None) == ():
        raise ArgumentTypeError(f"{name} holds no examples: it is a {type(examples).__name__}")
    return len(examples)


def take(examples: Any, rows: Array) -> Any:  # noqa: ANN401
    """The examples at some rows, in the same kind of container."""
    if isinstance(examples, Mapping):
        return {key: take(value, rows) for key, value in examples.items()}
    if isinstance(examples, (list, tuple)):
        return type(examples)([examples[int(row)] for row in rows])
    return np.asarray(examples)[rows]
