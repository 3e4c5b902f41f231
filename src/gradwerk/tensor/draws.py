"""Draws of other distributions than the uniform and the normal one, from a Generator: the same eager and compiled, and without a gradient.

Parameters are numbers, arrays or Tensors; results have their shape, or the one that is asked for, and are rounded once from float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ops import distributions
from gradwerk.ops.arithmetic import add, cast, div, floor, mul, sub
from gradwerk.ops.movement import broadcast_to, expand_dims
from gradwerk.ops.sorting import lexsort
from gradwerk.ops.transcendental import cos, exp, sigmoid, sin
from gradwerk.tensor.random import Generator, drawn
from gradwerk.tensor.tensor import Tensor

Parameter = Any
"""A number, an array or a Tensor."""


def _wide(value: Parameter, shape: Sequence[int]) -> Any:  # noqa: ANN401
    """A parameter in float64, of the shape of the draw."""
    held = value if isinstance(value, Tensor) else np.asarray(value, np.float64)
    return broadcast_to(cast(held, dtypes.float64), tuple(shape))


def shape_of(*parameters: Parameter, shape: Sequence[int] | None = None) -> tuple[int, ...]:
    """The shape in which parameters meet, or what is asked for.  Raises: ShapeError where they do not meet, or not in that one."""
    given = [tuple(getattr(p, "shape", ())) for p in parameters]
    try:
        met = np.broadcast_shapes(*given)
        return met if shape is None else tuple(np.broadcast_shapes(met, tuple(shape)))
    except ValueError:
        raise ShapeError("the parameters of a draw do not meet", facts=(f"shapes {given}, asked {shape}",)) from None


@drawn
def bernoulli(generator: Generator, probability: Parameter, shape: Sequence[int] | None = None) -> Tensor:
    """True with a probability, a multiple of 2**-32.  Dtype: bool."""
    where = shape_of(probability, shape=shape)
    result: Tensor = distributions.bernoulli(generator.bits(where), _wide(probability, where))
    return result


@drawn
def exponential(generator: Generator, shape: Sequence[int] = (), rate: float = 1.0, dtype: DType = dtypes.float32) -> Tensor:
    """Of mean 1 / rate.  Raises: ArgumentError for a rate that is not above 0."""
    if not rate > 0:
        raise ArgumentError(f"the rate of an exponential distribution is above 0, this is {rate}")
    result: Tensor = cast(mul(distributions.exponential(generator.bits(tuple(shape))), 1 / rate), dtype)
    return result


@drawn
def truncated_normal(
    generator: Generator, shape: Sequence[int] = (), mean: float = 0.0, deviation: float = 1.0, low: float = -2.0, high: float = 2.0,
    dtype: DType = dtypes.float32,
) -> Tensor:  # fmt: skip
    """Normal numbers of those from low to high.  Raises: ArgumentError for exchanged ends or a deviation that is not above 0."""
    if not (low < high and deviation > 0):
        raise ArgumentError("a truncated normal distribution has low < high and a deviation above 0", facts=(f"{low} {high} {deviation}",))
    ends = ((end - mean) / deviation for end in (low, high))
    numbers = distributions.truncated_normal(generator.bits(tuple(shape)), *ends)
    result: Tensor = cast(add(mul(numbers, deviation), mean), dtype)
    return result


def _log_gamma(generator: Generator, concentration: Parameter, shape: tuple[int, ...]) -> Any:  # noqa: ANN401
    tries = (distributions.GAMMA_TRIES, *shape)
    normals = generator.normal(tries, dtype=dtypes.float64)
    return distributions.log_gamma_number(normals, generator.bits(tries), generator.bits(shape), _wide(concentration, shape))


@drawn
def gamma(
    generator: Generator, concentration: Parameter, rate: float = 1.0, shape: Sequence[int] | None = None, dtype: DType = dtypes.float32
) -> Tensor:
    """Of mean concentration / rate and variance concentration / rate**2; the concentration is above 0."""
    numbers = exp(_log_gamma(generator, concentration, shape_of(concentration, shape=shape)))
    result: Tensor = cast(mul(numbers, 1 / rate), dtype)
    return result


@drawn
def beta(
    generator: Generator, first: Parameter, second: Parameter, shape: Sequence[int] | None = None, dtype: DType = dtypes.float32
) -> Tensor:
    """x / (x + y) of gamma numbers x and y of these concentrations, by their logarithms: small ones are no 0 / 0."""
    where = shape_of(first, second, shape=shape)
    x, y = (_log_gamma(generator, concentration, where) for concentration in (first, second))
    result: Tensor = cast(sigmoid(sub(x, y)), dtype)
    return result


@drawn
def poisson(generator: Generator, rate: Parameter, shape: Sequence[int] | None = None, dtype: DType = dtypes.float32) -> Tensor:
    """Whole numbers of mean and variance rate, which is not negative."""
    where = shape_of(rate, shape=shape)
    tries = tuple(generator.bits((distributions.POISSON_TRIES, *where)) for _ in range(2))
    result: Tensor = cast(distributions.poisson(generator.bits(where), (tries[0], tries[1]), _wide(rate, where)), dtype)
    return result


@drawn
def categorical(generator: Generator, weights: Parameter, count: int, *, replacement: bool = True) -> Tensor:
    """Places along the last axis in proportion to the weights, `count` of each row; without replacement all different.

    Shape: weights (..., categories), result (..., count).  Dtype: int64.  Raises: ArgumentError for more different ones than there are.
    """
    wide = _wide(weights, weights.shape)
    *lead, categories = wide.shape
    result: Tensor
    if replacement:
        result = distributions.categorical(generator.bits((*lead, count, categories)), expand_dims(wide, -2))
        return result
    if count > categories:
        raise ArgumentError(f"{count} different ones of {categories} cannot be drawn")
    result = distributions.without_replacement(generator.bits((*lead, categories)), wide, count)
    return result


@drawn
def permutation(generator: Generator, count: int) -> Tensor:
    """0 .. count - 1 in random order, int64: `Generator.permutation`, in a compiled function too."""
    high, low = generator.bits((count,)), generator.bits((count,))
    result: Tensor = lexsort([low, high])
    return result


@drawn
def log_normal(generator: Generator, shape: Sequence[int], mean: float, deviation: float, dtype: DType) -> Tensor:
    """e to the power of a normal number."""
    result: Tensor = cast(exp(generator.normal(shape, mean, deviation, dtypes.float64)), dtype)
    return result


@drawn
def cauchy(generator: Generator, shape: Sequence[int], median: float, scale: float, dtype: DType) -> Tensor:
    """median + scale tan(pi (u - 1/2)) of a uniform u."""
    angle = mul(sub(distributions.open_unit(generator.bits(tuple(shape))), 0.5), math.pi)
    result: Tensor = cast(add(mul(div(sin(angle), cos(angle)), scale), median), dtype)
    return result


@drawn
def geometric(generator: Generator, shape: Sequence[int], probability: float, dtype: DType) -> Tensor:
    """How many trials of a probability it takes: 1, 2, ...  Raises: ArgumentError unless 0 < probability < 1."""
    if not 0 < probability < 1:
        raise ArgumentError(f"a probability of a geometric distribution lies between 0 and 1, this is {probability}")
    steps = mul(distributions.exponential(generator.bits(tuple(shape))), -1 / math.log1p(-probability))
    result: Tensor = cast(add(floor(steps), 1), dtype)
    return result
