"""Initialisers: how a new parameter is filled.  Each is a frozen value called with a shape and a source of random numbers.

A kernel has axes (*window, in, out): `fan_in` = product(window) * in, `fan_out` = product(window) * out.  A kernel held in another
order (torch: out, in, *window) names its axes by `in_axis` and `out_axis`.

    glorot    scale 1, fan_avg   Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks"
    he        scale 2, fan_in    He et al., 2015, "Delving deep into rectifiers"
    lecun     scale 1, fan_in    LeCun et al., 1998, "Efficient backprop"
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn.ranges import count, positive, share
from gradwerk.tensor.random import Generator

Array = np.ndarray[Any, np.dtype[Any]]
Fan = Literal["fan_in", "fan_out", "fan_avg"]
Distribution = Literal["uniform", "normal", "truncated_normal"]


class Initializer(Protocol):
    """Fills a shape with float32 numbers."""

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        """The numbers."""


@dataclass(frozen=True)
class Constant:
    """Every element is `value`."""

    value: float = 0.0

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        return np.full(shape, self.value, np.float32)


zeros = Constant(0.0)
ones = Constant(1.0)


@dataclass(frozen=True)
class Uniform:
    """Uniform on [low, high)."""

    low: float = -0.05
    high: float = 0.05

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        return np.asarray(generator.uniform_array(shape) * np.float32(self.high - self.low) + np.float32(self.low), np.float32)


uniform = Uniform()


@dataclass(frozen=True)
class Normal:
    """Normal with a mean and a standard deviation; `truncated` draws again what lies beyond two deviations."""

    mean: float = 0.0
    deviation: float = 0.05
    truncated: bool = False

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        drawn = generator.normal_array(shape)
        while self.truncated and (far := np.abs(drawn) > 2.0).any():
            drawn = np.where(far, generator.normal_array(shape), drawn)
        return np.asarray(drawn * np.float32(self.deviation) + np.float32(self.mean), np.float32)


@dataclass(frozen=True)
class Cut:
    """Normal, of what lies between two bounds; `low` below `high`.

    Drawn again where it lies beyond them; where little lies between them, uniform numbers are taken as often as the normal density says
    (Robert, 1995, "Simulation of truncated normal variables").

    Raises: ArgumentError where `low` is not below `high`.
    """

    mean: float = 0.0
    deviation: float = 1.0
    low: float = -2.0
    high: float = 2.0

    def __post_init__(self) -> None:
        positive("Cut", "the deviation", self.deviation)
        if not self.low < self.high:
            raise ArgumentError("Cut: low is below high", facts=(f"low {self.low}, high {self.high}",))

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        low, high = ((bound - self.mean) / self.deviation for bound in (self.low, self.high))
        nearest = min(max(0.0, low), high)
        if nearest:  # a tail: what is farther than this is there once in e^40 numbers
            reach = 40.0 / abs(nearest)
            low, high = (low, min(high, low + reach)) if nearest > 0 else (max(low, high - reach), high)
        wide = low < -0.5 and high > 0.5
        drawn = np.full(shape, np.nan)
        while (missing := np.isnan(drawn)).any():
            drawn[missing] = _tried(int(missing.sum()), generator, low, high, nearest, wide=wide)
        return np.asarray(np.clip(drawn * self.deviation + self.mean, self.low, self.high), np.float32)


def _tried(count: int, generator: Generator, low: float, high: float, nearest: float, *, wide: bool) -> Array:
    """So many normal numbers between bounds, NaN where one is to be drawn again.  `nearest` to 0 the density is highest."""
    if wide:
        x = generator.normal_array((count,)).astype(np.float64)
        return np.where((x >= low) & (x <= high), x, np.nan)
    x = generator.uniform_array((count,)).astype(np.float64) * (high - low) + low
    return np.where(generator.uniform_array((count,)) < np.exp((nearest**2 - x**2) / 2), x, np.nan)


@dataclass(frozen=True)
class VarianceScaling:
    """Variance `scale / fan`, so that signals keep their size through the layers.

    uniform: on +-sqrt(3 scale / fan).  normal: deviation sqrt(scale / fan).  truncated_normal: the deviation is divided by
    0.8796, that of a unit normal cut at two deviations, so that the variance is still scale / fan.
    """

    scale: float = 1.0
    fan: Fan = "fan_in"
    distribution: Distribution = "uniform"
    in_axis: int = -2
    out_axis: int = -1

    def __post_init__(self) -> None:
        positive("VarianceScaling", "scale", self.scale, zero=True)

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        fan_in, fan_out = fans(shape, in_axis=self.in_axis, out_axis=self.out_axis)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.fan]
        deviation = math.sqrt(self.scale / max(fan, 1.0))
        if self.distribution == "uniform":
            limit = math.sqrt(3.0) * deviation
            return Uniform(-limit, limit)(shape, generator)
        truncated = self.distribution == "truncated_normal"
        return Normal(0.0, deviation / 0.87962566103423978 if truncated else deviation, truncated)(shape, generator)


glorot_uniform = VarianceScaling(1.0, "fan_avg", "uniform")
glorot_normal = VarianceScaling(1.0, "fan_avg", "truncated_normal")
he_uniform = VarianceScaling(2.0, "fan_in", "uniform")
he_normal = VarianceScaling(2.0, "fan_in", "truncated_normal")
lecun_uniform = VarianceScaling(1.0, "fan_in", "uniform")
lecun_normal = VarianceScaling(1.0, "fan_in", "truncated_normal")
torch_kernel = VarianceScaling(1.0 / 3.0, "fan_in", "uniform", in_axis=1, out_axis=0)
"""kaiming_uniform with a = sqrt(5) on a kernel (out, in, *window): gain sqrt(2 / (1 + 5)), hence +-1 / sqrt(fan_in)."""


@dataclass(frozen=True)
class Orthogonal:
    """A (semi-)orthogonal matrix over the last axis: Q of a random normal matrix, signs fixed by the diagonal of R.

    Source: Saxe et al., 2013, "Exact solutions to the nonlinear dynamics of learning in deep linear neural networks".
    """

    gain: float = 1.0

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        if len(shape) < 2:
            raise ShapeError("an orthogonal initialiser needs at least two axes", facts=(f"shape {shape}",))
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = generator.normal_array((max(rows, columns), min(rows, columns))).astype(np.float64)
        q, r = np.linalg.qr(drawn)
        q = q * np.sign(np.diag(r))
        matrix = q if rows >= columns else q.T
        return np.asarray(self.gain * matrix.reshape(shape), np.float32)


orthogonal = Orthogonal()


@dataclass(frozen=True)
class Identity:
    """`gain` on the diagonal, else 0: a matrix, square or not.  Raises: ShapeError for other ranks."""

    gain: float = 1.0

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        if len(shape) != 2:
            raise ShapeError("an identity initialiser fills a matrix", facts=(f"shape {shape}",))
        return np.eye(*shape, dtype=np.float32) * np.float32(self.gain)


@dataclass(frozen=True)
class Dirac:
    """A convolution that gives its input, channel by channel: 1 at the middle of the window where input and output are the same channel.

    With several groups of outputs each gives the first channels again.  Source: Zagoruyko and Komodakis, 2017, "DiracNets".
    """

    groups: int = 1
    in_axis: int = -2
    out_axis: int = -1

    def __post_init__(self) -> None:
        count("Dirac", "groups", self.groups)

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        if len(shape) < 3:
            raise ShapeError("a Dirac initialiser fills a kernel with a window", facts=(f"shape {shape}",))
        if shape[self.out_axis] % self.groups:
            facts = (f"shape {shape}, {self.groups} groups",)
            raise ArgumentError("Dirac: the outputs are divided into groups without a remainder", facts=facts)
        kernel = np.zeros(shape, np.float32)
        seen = np.moveaxis(kernel, (self.out_axis, self.in_axis), (0, 1))
        size, middle = seen.shape[0] // self.groups, tuple(n // 2 for n in seen.shape[2:])
        for group in range(self.groups):
            for channel in range(min(size, seen.shape[1])):
                seen[(group * size + channel, channel, *middle)] = 1.0
        return kernel


@dataclass(frozen=True)
class Sparse:
    """Normal, but in each column a share of the rows, at random places, is 0.

    Source: Martens, 2010, "Deep learning via Hessian-free optimization".  Raises: ShapeError for what is no matrix.
    """

    sparsity: float
    deviation: float = 0.01

    def __post_init__(self) -> None:
        share("Sparse", "the sparsity", self.sparsity)
        positive("Sparse", "the deviation", self.deviation, zero=True)

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        if len(shape) != 2:
            raise ShapeError("a sparse initialiser fills a matrix", facts=(f"shape {shape}",))
        rows, columns = shape
        matrix = np.array(Normal(0.0, self.deviation)(shape, generator))
        for column in range(columns):
            matrix[generator.permutation(rows)[: math.ceil(self.sparsity * rows)], column] = 0.0
        return matrix


def fans(shape: tuple[int, ...], *, in_axis: int = -2, out_axis: int = -1) -> tuple[float, float]:
    """(fan_in, fan_out) of a kernel; a vector counts its extent for both."""
    if len(shape) < 2:
        extent = float(shape[0]) if shape else 1.0
        return extent, extent
    window = math.prod(shape) / (shape[in_axis] * shape[out_axis]) if shape[in_axis] * shape[out_axis] else 0.0
    return window * shape[in_axis], window * shape[out_axis]


def gain(activation: str, slope: float = 0.0) -> float:
    """The factor that keeps a signal's size through an activation: He et al., 2015; tanh 5/3, SELU 3/4.  Raises: ArgumentError."""
    gains = {
        "linear": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3.0, "relu": math.sqrt(2.0), "leaky_relu": math.sqrt(2.0 / (1.0 + slope**2)),
        "selu": 0.75,
    }  # fmt: skip
    if activation not in gains:
        raise ArgumentError(f"unknown activation {activation!r}", facts=("known: " + ", ".join(gains),))
    return gains[activation]


NAMED: dict[str, Initializer] = {
    "zeros": zeros, "ones": ones, "uniform": uniform, "normal": Normal(), "truncated_normal": Normal(truncated=True),
    "glorot_uniform": glorot_uniform, "glorot_normal": glorot_normal, "he_uniform": he_uniform, "he_normal": he_normal,
    "lecun_uniform": lecun_uniform, "lecun_normal": lecun_normal, "orthogonal": orthogonal, "identity": Identity(),
}  # fmt: skip
"""Initialisers by the names front ends accept."""


def named(name: str) -> Initializer:
    """The initialiser of a name.  Raises ArgumentError listing the known names."""
    if name not in NAMED:
        raise ArgumentError(f"unknown initialiser {name!r}", facts=("known: " + ", ".join(NAMED),))
    return NAMED[name]
