"""The initializers of TensorFlow 1: objects that give a Tensor of a shape, a new node of the graph or numbers at once.

A generator's numbers are ours; the distributions are TensorFlow's.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.nodes import as_tensor
from gradwerk.tf.operations import generator, here, operation

# ruff: noqa: N801, ANN401  TensorFlow's names and signatures
__all__ = [
    "constant_initializer", "glorot_normal_initializer", "glorot_uniform_initializer", "he_normal", "he_uniform", "identity_initializer",
    "lecun_normal", "lecun_uniform", "ones_initializer", "orthogonal_initializer", "random_normal_initializer",
    "random_uniform_initializer", "truncated_normal_initializer", "uniform_unit_scaling_initializer", "variance_scaling_initializer",
    "zeros_initializer",
]  # fmt: skip


def _gives(rule: Any, shape: Any, dtype: Any, seed: Any = None) -> list[tuple[Any, Any]]:
    return [(shape, dtype)]


@operation("InitialValue", label="random_uniform", effects=True, gives=_gives)
def _drawn(rule: Any, shape: Any, dtype: Any, seed: int | None = None, name: str | None = None) -> Any:
    return kinds.tensor_class()(np.asarray(rule(tuple(shape), generator(seed)), kinds.kind_of(dtype)))


class Initializer:
    """What fills a new variable: called with a shape and a dtype.  `get_config` and `from_config` say and take its settings."""

    settings: ClassVar[tuple[str, ...]] = ()

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """A Tensor of this shape.  Raises: ShapeError where an extent is not known."""
        dims = kinds.dims_of(shape)
        if dims is None or None in dims:
            raise ShapeError(f"an initializer fills a shape that is known, not {kinds.written(dims)}")
        kind = kinds.kind_of(dtype if dtype is not None else getattr(self, "dtype", np.float32))
        return self.made(dims, kind)

    def made(self, dims: Any, kind: Any) -> Any:
        """A Tensor of these extents."""
        return _drawn(self.rule(dims), list(dims), kind, getattr(self, "seed", None))

    def rule(self, dims: Any) -> Any:
        """What draws its numbers: a function of shape and generator."""
        return init.zeros

    def get_config(self) -> dict[str, Any]:
        """What it was made with."""
        return {name: getattr(self, name) for name in self.settings}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """What `get_config` gave."""
        return cls(**config)


def _constant(value: Any, kind: Any, name: str = "Const") -> Any:
    array = np.asarray(value, kind)
    return as_tensor(array, name=name) if here.graph is not None else kinds.tensor_class()(array)


class zeros_initializer(Initializer):
    """Zeros.  Args: dtype, where the call says none."""

    settings: ClassVar[tuple[str, ...]] = ("dtype",)

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def made(self, dims: Any, kind: Any) -> Any:
        """Zeros."""
        return _constant(np.zeros(dims, kind), kind, "zeros")


class ones_initializer(Initializer):
    """Ones.  Args: dtype, where the call says none."""

    settings: ClassVar[tuple[str, ...]] = ("dtype",)

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def made(self, dims: Any, kind: Any) -> Any:
        """Ones."""
        return _constant(np.ones(dims, kind), kind, "ones")


class constant_initializer(Initializer):
    """One number everywhere, or the numbers of a list, the last of which goes on.

    Args:
        value: a number, list or array.
        dtype: where the call says none.
        verify_shape: whether the value must have the shape that is asked for.

    Raises: ShapeError for more numbers than the shape holds, or another shape where verify_shape.
    """

    settings: ClassVar[tuple[str, ...]] = ("value", "dtype")

    def __init__(self, value: Any = 0, dtype: Any = np.float32, verify_shape: bool = False) -> None:  # noqa: FBT001, FBT002
        self.value, self.dtype, self._verify = value, dtype, verify_shape

    def made(self, dims: Any, kind: Any) -> Any:
        """The numbers."""
        array = np.asarray(self.value, kind)
        if self._verify and array.shape != dims:
            raise ShapeError(f"Expected Tensor's shape: {dims}, got {array.shape}.")
        count = math.prod(dims)
        if array.ndim and array.size > count:
            raise ShapeError(f"Too many elements provided. Needed at most {count}, but received {array.size}")
        if array.size < count:
            array = np.concatenate([array.reshape(-1), np.full(count - array.size, array.reshape(-1)[-1], kind)])
        return _constant(array.reshape(dims), kind)


class random_uniform_initializer(Initializer):
    """Uniform on [minval, maxval).  Args: minval, maxval, seed, dtype."""

    settings: ClassVar[tuple[str, ...]] = ("minval", "maxval", "seed", "dtype")

    def __init__(self, minval: float = 0.0, maxval: float | None = None, seed: Any = None, dtype: Any = np.float32) -> None:
        self.minval, self.maxval, self.seed, self.dtype = minval, 1.0 if maxval is None else maxval, seed, dtype

    def rule(self, dims: Any) -> Any:
        """Uniform."""
        return init.Uniform(self.minval, self.maxval)


class random_normal_initializer(Initializer):
    """Normal numbers.  Args: mean, stddev, seed, dtype."""

    settings: ClassVar[tuple[str, ...]] = ("mean", "stddev", "seed", "dtype")

    def __init__(self, mean: float = 0.0, stddev: float = 1.0, seed: Any = None, dtype: Any = np.float32) -> None:
        self.mean, self.stddev, self.seed, self.dtype = mean, stddev, seed, dtype

    def rule(self, dims: Any) -> Any:
        """Normal."""
        return init.Normal(self.mean, self.stddev)


class truncated_normal_initializer(random_normal_initializer):
    """Normal numbers, those not further than two deviations from the mean.  Args: mean, stddev, seed, dtype."""

    def rule(self, dims: Any) -> Any:
        """Truncated."""
        return init.Normal(self.mean, self.stddev, truncated=True)


class variance_scaling_initializer(Initializer):
    """Numbers of variance scale / fan, so that signals keep their size.

    Args:
        scale: of the variance.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "uniform", "truncated_normal" (also "normal") or "untruncated_normal".
        seed, dtype: as of the others.

    Raises: ArgumentError for other modes and distributions.
    Source: He et al., 2015, "Delving deep into rectifiers".
    """

    settings: ClassVar[tuple[str, ...]] = ("scale", "mode", "distribution", "seed", "dtype")

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: Any = None, dtype: Any = np.float32
    ) -> None:  # fmt: skip
        if scale <= 0.0:
            raise ArgumentError("`scale` must be positive float.")
        if mode not in ("fan_in", "fan_out", "fan_avg"):
            raise ArgumentError(f"Invalid `mode` argument: {mode}")
        self.distribution = distribution.lower()
        if self.distribution not in ("normal", "uniform", "truncated_normal", "untruncated_normal"):
            raise ArgumentError(f"Invalid `distribution` argument: {distribution}")
        self.scale, self.mode, self.seed, self.dtype = scale, mode, seed, dtype

    def rule(self, dims: Any) -> Any:
        """Scaled by the fan of the shape."""
        kind = {"uniform": "uniform", "untruncated_normal": "normal"}.get(self.distribution, "truncated_normal")
        return init.VarianceScaling(self.scale, self.mode, kind)  # type: ignore[arg-type]  # both were looked at when it was made


class glorot_uniform_initializer(variance_scaling_initializer):
    """Uniform, of variance 1 / mean fan.  Args: seed, dtype.

    Source: Glorot and Bengio, 2010, "Understanding the difficulty of training deep feedforward neural networks".
    """

    settings: ClassVar[tuple[str, ...]] = ("seed", "dtype")

    def __init__(self, seed: Any = None, dtype: Any = np.float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)


class glorot_normal_initializer(variance_scaling_initializer):
    """Truncated normal, of variance 1 / mean fan.  Args: seed, dtype."""

    settings: ClassVar[tuple[str, ...]] = ("seed", "dtype")

    def __init__(self, seed: Any = None, dtype: Any = np.float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)


class orthogonal_initializer(Initializer):
    """A matrix of orthogonal rows or columns.  Args: gain, seed, dtype."""

    settings: ClassVar[tuple[str, ...]] = ("gain", "seed", "dtype")

    def __init__(self, gain: float = 1.0, seed: Any = None, dtype: Any = np.float32) -> None:
        self.gain, self.seed, self.dtype = gain, seed, dtype

    def rule(self, dims: Any) -> Any:
        """Orthogonal."""
        return init.Orthogonal(self.gain)


class identity_initializer(Initializer):
    """The unit matrix, times a gain.  Args: gain, dtype."""

    settings: ClassVar[tuple[str, ...]] = ("gain", "dtype")

    def __init__(self, gain: float = 1.0, dtype: Any = np.float32) -> None:
        self.gain, self.dtype = gain, dtype

    def made(self, dims: Any, kind: Any) -> Any:
        """The matrix.  Raises: ShapeError for another number of axes than two."""
        if len(dims) != 2:
            raise ShapeError("Identity matrix initializer can only be used for 2D matrices.", facts=(f"shape {dims}",))
        return _constant(self.gain * np.eye(*dims, dtype=kind), kind)


class uniform_unit_scaling_initializer(Initializer):
    """Uniform on +-factor * sqrt(3 / inputs).  Args: factor, seed, dtype."""

    settings: ClassVar[tuple[str, ...]] = ("factor", "seed", "dtype")

    def __init__(self, factor: float = 1.0, seed: Any = None, dtype: Any = np.float32) -> None:
        self.factor, self.seed, self.dtype = factor, seed, dtype

    def rule(self, dims: Any) -> Any:
        """Of the product of all extents but the last."""
        limit = math.sqrt(3.0 / max(math.prod(dims[:-1]), 1)) * self.factor
        return init.Uniform(-limit, limit)


def he_normal(seed: Any = None) -> variance_scaling_initializer:
    """Truncated normal, of variance 2 / inputs."""
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: Any = None) -> variance_scaling_initializer:
    """Uniform, of variance 2 / inputs."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: Any = None) -> variance_scaling_initializer:
    """Truncated normal, of variance 1 / inputs."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: Any = None) -> variance_scaling_initializer:
    """Uniform, of variance 1 / inputs."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed)
