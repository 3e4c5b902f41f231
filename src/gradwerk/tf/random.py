"""tf.random: random numbers by TensorFlow's names.  The distributions are TensorFlow's, the numbers our own; `set_seed` repeats them."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.indexing import gather
from gradwerk.tensor import draws
from gradwerk.tensor import random as streams
from gradwerk.tensor.random import Generator as Stream
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.calls import op, to
from gradwerk.tf.dtypes import plain
from gradwerk.tf.operations import generator
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import Tensor, as_tensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers


def set_seed(seed: Any) -> None:
    """Begins the random numbers of the process again from a seed."""
    streams.seed(int(seed))


def _tensor(x: Any) -> Any:
    """What was drawn, as tf.Tensor."""
    return x if isinstance(x, Tensor) and type(x) is Tensor else x * Tensor(core.filled((), 1, x._type.dtype))


def _uniform(stream: Stream, shape: Any, minval: Any, maxval: Any, dtype: Any) -> Any:
    wanted, extent = plain(dtype), extents(shape, "tf.random.uniform")
    if core.is_float(wanted):
        high = 1 if maxval is None else maxval
        unit = _tensor(stream.uniform(extent, dtype=wanted))
        return unit if isinstance(minval, int) and isinstance(high, int) and (minval, high) == (0, 1) else unit * (high - minval) + minval
    if maxval is None:
        raise ArgumentError(f"Must specify maxval for integer dtype {core.name(wanted)}")
    low = int(minval)
    span = int(maxval) - low
    if span <= 0:
        raise ArgumentError("Need minval < maxval", facts=(f"{low}, {int(maxval)}",))
    if span > 2**31:
        raise ArgumentError("minval and maxval are at most 2 ** 31 apart here")
    return to(_tensor(cast(stream.uniform(extent, dtype=core.float64) * span, core.int64)) + low, wanted)


@op("RandomUniform", effects=True)
def uniform(shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Numbers from minval to before maxval, all alike; of whole dtypes whole ones.

    Shape and dtype: as given.  Raises: ArgumentError for whole numbers without maxval.
    """
    return _uniform(generator(seed), shape, minval, maxval, dtype)


@op("RandomStandardNormal", effects=True)
def normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Normal numbers of this mean and deviation.

    Shape and dtype: as given.
    """
    return _tensor(generator(seed).normal(extents(shape, "tf.random.normal"), dtype=plain(dtype))) * stddev + mean


@op("TruncatedNormal", effects=True)
def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Normal numbers of those at most two deviations from the mean.

    Shape and dtype: as given.
    """
    drawn = draws.truncated_normal(generator(seed), extents(shape, "tf.random.truncated_normal"), dtype=plain(dtype))
    return _tensor(drawn) * stddev + mean


@op("RandomShuffle", effects=True)
def shuffle(value: Any, seed: Any = None, name: Any = None) -> Any:
    """The slices along the first axis in random order.

    Shape and dtype: those of the value.
    """
    x = as_tensor(value)
    return gather(x, draws.permutation(generator(seed), x.shape[0]))


@op("Multinomial", effects=True)
def categorical(logits: Any, num_samples: Any, dtype: Any = None, seed: Any = None, name: Any = None) -> Any:
    """Classes in proportion to e ** logits, so many of each row.

    Shape: (rows, num_samples).  Dtype: int64, or as given.
    """
    x = as_tensor(logits)
    top = x.max(axis=-1, keepdims=True)
    drawn = draws.categorical(generator(seed), (x - top).exp(), int(num_samples))
    return to(_tensor(drawn), plain(dtype) or core.int64)


@op("RandomGamma", effects=True)
def gamma(shape: Any, alpha: Any, beta: Any = None, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Numbers of the gamma distribution of concentration alpha and rate beta.

    Shape: as given, then that of alpha.
    """
    alpha = as_tensor(alpha, None if hasattr(alpha, "dtype") else plain(dtype))
    wanted = (*extents(shape, "tf.random.gamma"), *alpha.shape)
    drawn = _tensor(draws.gamma(generator(seed), alpha, shape=wanted, dtype=alpha._type.dtype))
    return drawn if beta is None else drawn / beta


@op("RandomPoissonV2", effects=True)
def poisson(shape: Any, lam: Any, dtype: Any = "float32", seed: Any = None, name: Any = None) -> Any:
    """Whole numbers of the Poisson distribution of mean lam.

    Shape: as given, then that of lam.
    """
    lam = as_tensor(lam)
    wanted = (*extents(shape, "tf.random.poisson"), *lam.shape)
    return _tensor(draws.poisson(generator(seed), lam, shape=wanted, dtype=plain(dtype)))


def _of(seed: Any) -> Stream:
    """A stream of its own for the two numbers of a seed."""
    held = np.asarray(seed.numpy() if hasattr(seed, "numpy") else seed).reshape(-1)
    if held.size != 2:
        raise ArgumentError("seed must have shape [2]", facts=(f"given {held.tolist()}",))
    return Stream(int(np.random.SeedSequence([int(n) % 2**64 for n in held]).generate_state(1)[0]))


@op("StatelessRandomUniform")
def stateless_uniform(
    shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None, alg: Any = "auto_select"
) -> Any:  # fmt: skip
    """As `uniform`, of a seed of two numbers alone.

    Shape and dtype: as given.
    """
    return _uniform(_of(seed), shape, minval, maxval, dtype)


@op("StatelessRandomNormal")
def stateless_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None, alg: Any = "auto_select"
) -> Any:  # fmt: skip
    """As `normal`, of a seed of two numbers alone.

    Shape and dtype: as given.
    """
    return _tensor(_of(seed).normal(extents(shape, "shape"), dtype=plain(dtype))) * stddev + mean


@op("StatelessTruncatedNormal")
def stateless_truncated_normal(
    shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None, alg: Any = "auto_select"
) -> Any:  # fmt: skip
    """As `truncated_normal`, of a seed of two numbers alone.

    Shape and dtype: as given.
    """
    return _tensor(draws.truncated_normal(_of(seed), extents(shape, "shape"), dtype=plain(dtype))) * stddev + mean


@op("StatelessMultinomial")
def stateless_categorical(logits: Any, num_samples: Any, seed: Any, dtype: Any = "int64", name: Any = None) -> Any:
    """As `categorical`, of a seed of two numbers alone.

    Shape: (rows, num_samples).
    """
    x = as_tensor(logits)
    drawn = draws.categorical(_of(seed), (x - x.max(axis=-1, keepdims=True)).exp(), int(num_samples))
    return to(_tensor(drawn), plain(dtype))


class Generator:
    """Random numbers of a stream of one's own.

    Args:
        seed: where it begins; at random without one.

    Source: https://www.tensorflow.org/api_docs/python/tf/random/Generator
    """

    def __init__(self, seed: int | None = None) -> None:
        self._stream = Stream(streams.fresh_seed() if seed is None else int(seed))

    @classmethod
    def from_seed(cls, seed: Any, alg: Any = None) -> Generator:
        """One that begins at a seed."""
        return cls(int(seed))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """One that begins anywhere."""
        return cls(int(np.random.SeedSequence().generate_state(1)[0]))

    def reset_from_seed(self, seed: Any) -> None:
        """Begins again at a seed."""
        self._stream.manual_seed(int(seed))

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None) -> Any:
        """As tf.random.uniform."""
        return _uniform(self._stream, shape, minval, maxval, dtype)

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None) -> Any:
        """As tf.random.normal."""
        return _tensor(self._stream.normal(extents(shape, "shape"), dtype=plain(dtype))) * stddev + mean

    def truncated_normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None) -> Any:
        """As tf.random.truncated_normal."""
        return _tensor(draws.truncated_normal(self._stream, extents(shape, "shape"), dtype=plain(dtype))) * stddev + mean

    def split(self, count: int = 1) -> list[Generator]:
        """So many others, that begin at numbers of this one."""
        return [Generator(int(self._stream.bits(()).item())) for _ in range(count)]

    def make_seeds(self, count: int = 1) -> Any:
        """Seeds for stateless functions: (2, count) whole numbers."""
        return Tensor(np.asarray(self._stream.bits((2, count)).numpy(), np.int64))


_global: list[Generator] = []


def get_global_generator() -> Generator:
    """The Generator of the process."""
    if not _global:
        _global.append(Generator())
    return _global[0]


def set_global_generator(generator: Generator) -> None:
    """Replaces the Generator of the process."""
    _global[:] = [generator]


__all__ = [
    "Generator", "categorical", "gamma", "get_global_generator", "normal", "poisson", "set_global_generator", "set_seed", "shuffle",
    "stateless_categorical", "stateless_normal", "stateless_truncated_normal", "stateless_uniform", "truncated_normal", "uniform",
]  # fmt: skip
__getattr__ = ORIGINAL.module("tf.random", __name__)
