"""keras.dtype_policies: in which dtype a layer computes, and in which it keeps its weights.

    layers.Dense(3, dtype="mixed_bfloat16")                    this layer: weights float32, products bfloat16
    keras.mixed_precision.set_global_policy("mixed_float16")   every layer that is made from now on
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.configured import SETTINGS

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]

MIXED: Mapping[str, str] = MappingProxyType({"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"})
"""What is computed in by policies whose weights are float32."""
QUANTIZED = ("int8", "int4", "float8", "gptq", "awq")
"""How policies of quantised layers begin."""


class DTypePolicy:
    """A name: that of a dtype, or "mixed_float16" or "mixed_bfloat16", whose weights are float32.

    Raises: ArgumentError for a name of neither, and for quantised ones, which are not here.
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = dtype_policy().name if name is None else _checked(name)
        self._compute = MIXED.get(self._name, self._name)
        self._variable = "float32" if self._name in MIXED else self._name

    @property
    def name(self) -> str:
        """As it was given."""
        return self._name

    @property
    def compute_dtype(self) -> str:
        """The dtype that floating inputs are cast to, and computed in."""
        return self._compute

    @property
    def variable_dtype(self) -> str:
        """The dtype of weights."""
        return self._variable

    @property
    def quantization_mode(self) -> None:
        """None: there are no quantised layers here."""
        return

    def get_config(self) -> dict[str, Any]:
        """The name."""
        return {"name": self._name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A policy from `get_config`'s answer."""
        return cls(**config)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self._name}">'

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other._name == self._name

    def __hash__(self) -> int:
        return hash(self._name)


FloatDTypePolicy = DTypePolicy


def _checked(name: Any) -> str:  # noqa: ANN401
    """Raises: ArgumentError for what is no policy's name."""
    if isinstance(name, str) and name.startswith(QUANTIZED) and name not in {"int8", "int4"}:
        raise ArgumentError(f"the dtype policy {name!r} is of quantised layers, which are not here yet")
    if isinstance(name, str) and name not in MIXED:
        try:
            found = dtypes.named(name)
        except (TypeError, ValueError):
            found = None
        if found is not None and dtypes.is_data(found):
            return dtypes.name(found)
    elif isinstance(name, str):
        return name
    facts = (f"known: {', '.join(('float32', 'float64', 'float16', 'bfloat16', *MIXED))}",)
    raise ArgumentError(f"not the name of a dtype policy: {name!r}", facts=facts)


class _Global:
    """The policy of layers that say none."""

    policy: DTypePolicy | None = None


_held = _Global()


def dtype_policy() -> DTypePolicy:
    """The policy of layers that are made without one: that of `floatx`, unless another was set."""
    if _held.policy is not None:
        return _held.policy
    return FLOAT32 if SETTINGS.floatx == "float32" else DTypePolicy(SETTINGS.floatx)


def set_dtype_policy(policy: Any) -> None:  # noqa: ANN401  a policy, or its name
    """Sets the policy of layers that are made from now on.  Raises: ArgumentError for what is none."""
    _held.policy = get(policy)


def get(identifier: Any) -> DTypePolicy:  # noqa: ANN401  a policy, its name or config, a dtype
    """The policy of a name, a config or a dtype; None is the global one.  Raises: ArgumentError for what is none."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, np.dtype) or (isinstance(identifier, type) and issubclass(identifier, np.generic)):
        return DTypePolicy(dtypes.name(np.dtype(identifier)))
    return DTypePolicy(_checked(identifier))


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """A policy as plain data.  Raises: ArgumentError for what is none."""
    if not isinstance(dtype_policy, DTypePolicy):
        raise ArgumentError(f"serialize takes a dtype policy, this is {dtype_policy!r}")
    return {"module": "keras", "class_name": "DTypePolicy", "config": dtype_policy.get_config(), "registered_name": None}


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> DTypePolicy:
    """A policy from `serialize`'s answer.  Raises: ArgumentError for a class that is not here."""
    name, inside = config.get("class_name"), config.get("config")
    if name not in {"DTypePolicy", "FloatDTypePolicy"} or not isinstance(inside, Mapping) or "name" not in inside:
        raise ArgumentError(f"the config describes no dtype policy that is here: {dict(config)!r}")
    return DTypePolicy(inside["name"])


FLOAT32 = DTypePolicy("float32")

__getattr__ = ORIGINAL.module("keras.dtype_policies", __name__)
