"""keras.initializers: Keras' names and defaults over nn.init."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.parameters import parameters_of
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.custom_objects import custom_object_scope
from gradwerk.keras.identifiers import as_config, object_of, of_config
from gradwerk.keras.options import checked, checked_except, choice, whole
from gradwerk.nn import init
from gradwerk.tensor.random import Generator, fresh_seed

Array = np.ndarray[Any, np.dtype[Any]]


class Initializer:
    """The base: a subclass gives an array of a shape in `__call__`, and says its arguments in `get_config`."""

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:  # noqa: ANN401  an array or a Tensor; a dtype or its name
        """An array of this shape.  A subclass writes it."""
        raise ArgumentError(f"{type(self).__name__} defines no __call__", likely="write `def __call__(self, shape, dtype=None): ...`")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Initializer:
        """An initializer from `get_config`'s answer."""
        return cls(**config)

    def clone(self) -> Initializer:
        """Another one of the same arguments."""
        return self.from_config(self.get_config())


class _Ruled(Initializer):
    """A rule, and a seed: one initializer gives equal numbers at every call, as in Keras.  Without a seed it draws one when it is made."""

    def __init__(self, rule: init.Initializer, config: Mapping[str, Any] = MappingProxyType({})) -> None:
        self.rule, self.config = rule, dict(config)
        given = self.config.get("seed")
        if given is not None:
            self.seed = whole(type(self).__name__, "seed", given)
        else:
            self.seed = fresh_seed() if "seed" in self.config else 0

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Array:  # noqa: ANN401  a dtype or its name
        """An array of this shape."""
        values = np.asarray(self.rule(tuple(shape), Generator(self.seed)))
        return values if dtype is None else dtypes.converted(values, dtypes.named(dtype))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  what an argument is
        held = vars(self).get("config", {})
        if name in held:
            return held[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal initializer."""
        return dict(self.config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Ruled) and type(other) is type(self) and (other.rule, other.config) == (self.rule, self.config)

    def __hash__(self) -> int:
        return hash((type(self), self.rule))


class Zeros(_Ruled):
    """All zero."""

    @checked
    def __init__(self) -> None:
        super().__init__(init.zeros)


class Ones(_Ruled):
    """All one."""

    @checked
    def __init__(self) -> None:
        super().__init__(init.ones)


class Constant(_Ruled):
    """All `value`.  Raises: ArgumentError for what is no number."""

    @checked
    def __init__(self, value: float = 0.0) -> None:
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ArgumentError(f"Constant: the value is a number, this is {value!r}") from None
        super().__init__(init.Constant(number), {"value": value})


class RandomUniform(_Ruled):
    """Uniform on [minval, maxval)."""

    @checked_except("seed")
    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None) -> None:
        super().__init__(init.Uniform(minval, maxval), {"minval": minval, "maxval": maxval, "seed": seed})


class RandomNormal(_Ruled):
    """Normal."""

    @checked_except("seed")
    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(init.Normal(mean, stddev), {"mean": mean, "stddev": stddev, "seed": seed})


class TruncatedNormal(_Ruled):
    """Normal; what lies beyond two deviations is drawn again."""

    @checked_except("seed")
    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(init.Normal(mean, stddev, truncated=True), {"mean": mean, "stddev": stddev, "seed": seed})


class GlorotUniform(_Ruled):
    """Uniform on +-sqrt(6 / (fan_in + fan_out))."""

    @checked_except("seed")
    def __init__(self, seed: int | None = None) -> None:
        super().__init__(init.glorot_uniform, {"seed": seed})


class GlorotNormal(_Ruled):
    """Truncated normal of variance 2 / (fan_in + fan_out)."""

    @checked_except("seed")
    def __init__(self, seed: int | None = None) -> None:
        super().__init__(init.glorot_normal, {"seed": seed})


class HeUniform(_Ruled):
    """Uniform on +-sqrt(6 / fan_in)."""

    @checked_except("seed")
    def __init__(self, seed: int | None = None) -> None:
        super().__init__(init.he_uniform, {"seed": seed})


class HeNormal(_Ruled):
    """Truncated normal of variance 2 / fan_in."""

    @checked_except("seed")
    def __init__(self, seed: int | None = None) -> None:
        super().__init__(init.he_normal, {"seed": seed})


class LecunUniform(_Ruled):
    """Uniform on +-sqrt(3 / fan_in)."""

    @checked_except("seed")
    def __init__(self, seed: int | None = None) -> None:
        super().__init__(init.lecun_uniform, {"seed": seed})


class LecunNormal(_Ruled):
    """Truncated normal of variance 1 / fan_in."""

    @checked_except("seed")
    def __init__(self, seed: int | None = None) -> None:
        super().__init__(init.lecun_normal, {"seed": seed})


class VarianceScaling(_Ruled):
    """Of variance scale / fan, for the inputs, the outputs, or the mean of both.

    Raises: ArgumentError for a scale that is not above 0.
    """

    @checked_except("seed")
    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal", seed: int | None = None
    ) -> None:  # fmt: skip
        if not scale > 0:
            raise ArgumentError(f"VarianceScaling: the scale is above 0, this is {scale}")
        mode = choice("VarianceScaling", "mode", mode, ("fan_in", "fan_out", "fan_avg"))
        kinds = ("truncated_normal", "untruncated_normal", "uniform", "normal")
        kind = choice("VarianceScaling", "distribution", distribution.lower() if isinstance(distribution, str) else distribution, kinds)
        drawn = {"normal": "truncated_normal", "untruncated_normal": "normal"}.get(kind, kind)
        rule = init.VarianceScaling(scale, mode, drawn)  # type: ignore[arg-type]  # both are looked at above
        super().__init__(rule, {"scale": scale, "mode": mode, "distribution": distribution, "seed": seed})


class Identity(_Ruled):
    """`gain` on the diagonal of a matrix."""

    @checked
    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(init.Identity(gain), {"gain": gain})


class Orthogonal(_Ruled):
    """An orthogonal matrix times `gain`."""

    @checked_except("seed")
    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(init.Orthogonal(gain), {"gain": gain, "seed": seed})


@dataclass(frozen=True)
class FromFunction:
    """A rule made of a function of the shape."""

    function: Callable[..., Any]

    def __call__(self, shape: tuple[int, ...], generator: Generator) -> Array:
        told = {"dtype": "float32"} if "dtype" in parameters_of(self.function) else {}
        return np.asarray(self.function(shape, **told), np.float32)


OrthogonalInitializer, IdentityInitializer = Orthogonal, Identity
NAMED: dict[str, type[Any]] = {
    "zeros": Zeros, "zero": Zeros, "ones": Ones, "one": Ones, "constant": Constant,
    "random_uniform": RandomUniform, "uniform": RandomUniform,
    "random_normal": RandomNormal, "normal": RandomNormal, "truncated_normal": TruncatedNormal, "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal, "he_uniform": HeUniform, "he_normal": HeNormal, "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal, "orthogonal": Orthogonal, "variance_scaling": VarianceScaling,
    "identity": Identity,
}  # fmt: skip
InitializerLike = str | Initializer | Mapping[str, Any] | Callable[..., Any]
"""What layers take for one."""
CLASSES: dict[str, Callable[..., Initializer]] = {made.__name__: made for made in NAMED.values()}


def get(identifier: InitializerLike | None) -> Any:  # noqa: ANN401  an Initializer; None of None
    """The initializer of a name or a config; an instance is itself; a function is called with the shape; None stays.

    Raises: ArgumentError for an unknown name.
    """
    if identifier is None or isinstance(identifier, Initializer):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Initializer):
        made_by: Callable[[], Initializer] = identifier  # those that are public need no argument
        return made_by()
    if isinstance(identifier, Mapping):
        configured: Initializer = of_config("initializer", "keras.initializers", identifier, CLASSES)
        return configured
    if callable(identifier):
        made = identifier
        return _Ruled(FromFunction(made))
    initializer: Initializer = object_of("initializer", "keras.initializers", identifier, NAMED | CLASSES)
    return initializer if isinstance(initializer, Initializer) else get(initializer)


def serialize(initializer: Initializer) -> str | dict[str, Any]:
    """The name of an initializer where its arguments are the defaults, else its class and arguments."""
    for name, made in NAMED.items():
        defaults = {p.name: p.default for p in inspect.signature(made).parameters.values()}
        if isinstance(initializer, _Ruled) and type(initializer) is made and initializer.config == defaults:
            return name
    return as_config("keras.initializers", initializer)


def deserialize(config: InitializerLike, custom_objects: Mapping[str, Any] | None = None) -> Initializer:
    """The initializer of `serialize`'s answer; of one's own where `custom_objects` names it.  Raises: ArgumentError."""
    with custom_object_scope(custom_objects or {}):
        found: Initializer = get(config)
        return found


__getattr__ = ORIGINAL.module("keras.initializers", __name__)
