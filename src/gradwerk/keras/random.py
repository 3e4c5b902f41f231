"""keras.random: draws, from a seed, a SeedGenerator, or the generator of the process (keras.utils.set_random_seed).

A seed gives the same numbers each time; they are other numbers than Keras', of the same distributions.
"""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.naming import unique_name
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, extents, floating, tensor, wanted
from gradwerk.keras.ops.promotion import floatx
from gradwerk.keras.options import checked_except
from gradwerk.nn import dropout as dropouts
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import add, cast, floor, minimum, mul, sub
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import less
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import broadcast_to
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor import draws
from gradwerk.tensor.random import Generator, default_generator, fresh_seed
from gradwerk.tensor.tensor import Tensor

__all__ = [
    "SeedGenerator", "beta", "binomial", "categorical", "dropout", "gamma", "normal", "randint", "shuffle", "truncated_normal", "uniform",
]  # fmt: skip
# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers
op = Family("random")
Seed = Any


class SeedGenerator:
    """A stream of random numbers for `seed=`: each draw goes on where the last one ended, in compiled functions too.

    Raises: ArgumentError for a seed that is no whole number from 0 on.
    """

    @checked_except("seed")
    def __init__(self, seed: int | None = None, name: str | None = None) -> None:
        if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int) or seed < 0):
            raise ArgumentError(f"SeedGenerator: a seed is a whole number from 0 on, this is {seed!r}")
        self.name = name or unique_name("SeedGenerator")
        self._seed = seed
        self.generator = Generator(fresh_seed() if seed is None else seed)

    @property
    def state(self) -> Tensor:
        """The seed, and how often was drawn."""
        return Tensor(np.array(self.generator.get_state(), np.uint32))

    def next(self, ordered: bool = True) -> Tensor:  # noqa: FBT001, FBT002  Keras' signature
        """The state, which then goes on.  Shape: (2,).  Dtype: uint32."""
        now = self.state
        self.generator.bits(())
        return now

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {"seed": self._seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """What `get_config` gave."""
        return cls(**config)


def _generator(name: str, seed: Seed) -> Generator:
    """Of what a draw comes.  Raises: ArgumentTypeError for what is no seed."""
    if seed is None:
        return default_generator()
    if isinstance(seed, SeedGenerator):
        return seed.generator
    if isinstance(seed, (int, np.integer)) and not isinstance(seed, bool):
        return Generator(int(seed) & (2**64 - 1))
    raise ArgumentTypeError(f"random.{name}: a seed is a whole number or a SeedGenerator, this is {seed!r:.80}")


def _floats(name: str, dtype: Any) -> DType:
    """The floating dtype of a draw.  Raises: ArgumentError for another."""
    wide = wanted(dtype, floatx())
    if not dtypes.is_float(wide):
        likely = "random.randint" if name == "uniform" else ""
        raise ArgumentError(f"random.{name} draws floats, dtype is {dtypes.name(wide)}", likely=likely)
    return wide


def _extents(name: str, shape: Any) -> tuple[int, ...]:
    """A shape.  Raises: ArgumentError for a negative extent, ArgumentTypeError."""
    found = extents(name, shape)
    if any(n < 0 for n in found):
        raise ArgumentError(f"random.{name}: an extent is not negative, the shape is {found}")
    return found


@op()
def uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers of [minval, maxval).  Shape: `shape`.  Dtype: floating."""
    wide = _floats("uniform", dtype)
    unit = _generator("uniform", seed).uniform(_extents("uniform", shape), dtype=wide)
    if (minval, maxval) == (0.0, 1.0):
        return unit
    low, high = tensor(minval, wide), tensor(maxval, wide)
    found: Tensor = add(mul(unit, sub(high, low)), low)
    return found


@op()
def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Normal numbers of a mean and a standard deviation.  Shape: `shape`.  Dtype: floating."""
    wide = _floats("normal", dtype)
    found: Tensor = _generator("normal", seed).normal(_extents("normal", shape), dtype=wide)
    return found if (mean, stddev) == (0.0, 1.0) else add(mul(found, tensor(stddev, wide)), tensor(mean, wide))


@op()
def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Normal numbers, of those within two standard deviations of the mean.  Shape: `shape`.  Dtype: floating."""
    wide = _floats("truncated_normal", dtype)
    found = draws.truncated_normal(_generator("truncated_normal", seed), _extents("truncated_normal", shape), dtype=wide)
    return found if (mean, stddev) == (0.0, 1.0) else add(mul(found, tensor(stddev, wide)), tensor(mean, wide))


@op()
def randint(shape: Any, minval: Any, maxval: Any, dtype: Any = "int32", seed: Seed = None) -> Any:
    """Whole numbers from minval to before maxval.  Shape: `shape`.  Dtype: `dtype`, whole.  Raises: ArgumentError for a floating one."""
    wide = wanted(dtype, dtypes.int32)
    if not dtypes.is_integer(wide):
        raise ArgumentError(f"random.randint draws whole numbers, dtype is {dtypes.name(wide)}", likely="random.uniform")
    unit = _generator("randint", seed).uniform(_extents("randint", shape), dtype=dtypes.float64)
    low, high = tensor(minval, dtypes.float64), tensor(maxval, dtypes.float64)
    return cast(minimum(floor(add(mul(unit, sub(high, low)), low)), sub(high, 1)), wide)


@op()
def categorical(logits: Operand, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> Any:
    """Classes with the probabilities of which these are logits, `num_samples` of each row.  Shape: (batch, classes) -> (batch, samples).

    Dtype: `dtype`.  Raises: ArgumentError for other axes.
    """
    scores = floating(logits)
    if scores.ndim != 2:
        raise ArgumentError(f"random.categorical takes (batch, classes), the logits have {scores.ndim} axes")
    shares = functions.softmax(cast(scores, dtypes.float64), -1)
    return cast(draws.categorical(_generator("categorical", seed), shares, num_samples), wanted(dtype, dtypes.int32))


@op()
def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers of the gamma distribution of this shape and rate 1.  Shape: `shape`.  Dtype: floating."""
    return draws.gamma(_generator("gamma", seed), _parameter(alpha), 1.0, _extents("gamma", shape), _floats("gamma", dtype))


@op()
def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Numbers of the beta distribution.  Shape: `shape`.  Dtype: floating."""
    return draws.beta(_generator("beta", seed), _parameter(alpha), _parameter(beta), _extents("beta", shape), _floats("beta", dtype))


@op()
def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Seed = None) -> Any:
    """How many of so many trials succeed with a probability.  Shape: `shape`.  Dtype: floating."""
    wide, asked = _floats("binomial", dtype), _extents("binomial", shape)
    trials, chance = tensor(counts, dtypes.float64), tensor(probabilities, dtypes.float64)
    most = math.ceil(float(np.max(trials.contents("random.binomial"), initial=0)))
    unit = _generator("binomial", seed).uniform((most, *asked), dtype=dtypes.float64)
    number = Tensor(np.arange(most, dtype=np.float64).reshape(-1, *(1,) * len(asked)), dtypes.float64)
    hits = less(unit, broadcast_to(chance, asked)) & less(number, broadcast_to(trials, asked))
    return reduce_sum(cast(hits, wide), 0)


def _parameter(x: Any) -> Any:
    return x if isinstance(x, (int, float)) else tensor(x)


@op()
def shuffle(x: Operand, axis: int = 0, seed: Seed = None) -> Any:
    """x with the slices of an axis in random order.  Shape, dtype: kept."""
    x = tensor(x)
    place = normal_axis("shuffle", axis, x.ndim)
    order = draws.permutation(_generator("shuffle", seed), x.shape[place])
    found = gather(move_axes(x, [place], [0]), order)
    return move_axes(found, [0], [place])


@op()
def dropout(inputs: Operand, rate: float, noise_shape: Any = None, seed: Seed = None) -> Any:
    """inputs / (1 - rate) with probability 1 - rate, else 0; one draw for all places along axes where `noise_shape` is 1.

    Shape, dtype: kept.  Raises: ArgumentError for a rate outside [0, 1).
    """
    if not isinstance(rate, (int, float)) or not 0 <= rate < 1:
        raise ArgumentError(f"random.dropout: a rate is a number from 0 to below 1, this is {rate!r}")
    x = floating(inputs)
    if not rate:
        return x
    generator = _generator("dropout", seed)
    if noise_shape is None:
        return dropouts.dropout(x, float(rate), generator)
    given = [n if m is None else m for n, m in zip(x.shape, noise_shape, strict=True)]
    return mul(x, dropouts.dropout(Tensor(dtypes.filled(tuple(given), 1, x.dtype), x.dtype), float(rate), generator))


__getattr__ = ORIGINAL.module("keras.random", __name__)
