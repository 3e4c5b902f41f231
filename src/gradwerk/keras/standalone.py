"""What Keras has at its top beside models and layers: variables and operations of one's own, scopes of names and devices."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import initializers
from gradwerk.keras.layers import symbolic
from gradwerk.keras.layers.symbolic import KerasTensor, called_on_symbols, has_symbols, map_results
from gradwerk.keras.naming import snake_case
from gradwerk.keras.ops.operands import extents, tensor, wanted
from gradwerk.keras.ops.promotion import floatx
from gradwerk.keras.variables import Variable as Held
from gradwerk.keras.variables import Weight

# ruff: noqa: ANN401, FBT001, FBT002  Keras' signatures; operands are Tensors, arrays, lists and numbers
_scopes: list[str] = []


class _Made(type):
    """Every variable is one of `Variable`, whichever class of ours it has; and a new one is made by its call."""

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Held)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Held)

    def __call__(
        cls, initializer: Any, shape: Any = None, dtype: Any = None, trainable: bool = True, autocast: bool = True,
        aggregation: str = "none", synchronization: str = "auto", name: str | None = None,
    ) -> Any:  # fmt: skip
        """A variable of these contents, or filled by an initializer of a shape; a trained one is of the class of layers' weights."""
        if isinstance(initializer, str) or callable(initializer):
            if shape is None:
                raise ArgumentError("keras.Variable: an initializer fills a shape, which is not given", likely="shape=(2, 3)")
            made = initializers.get(initializer)(extents("Variable", shape))
            held = tensor(made, wanted(dtype, floatx()))
        else:
            held = tensor(initializer, None if dtype is None else wanted(dtype, floatx()))
            held = held if dtype is not None or not isinstance(initializer, (list, float, int)) else tensor(held, floatx())
        contents = np.array(held.numpy())
        owner: Any = Weight if trainable and dtypes.is_float(held.dtype) else Held
        return owner(contents, contents.dtype).named(name, tuple(_scopes))


class Variable(Held, metaclass=_Made):
    """A Tensor with a name, whose contents change in place: `keras.Variable(np.zeros(3))`, `keras.Variable("ones", shape=(3,))`.

    Layers and models that hold one in an attribute train it.

    Raises: ArgumentError for an initializer without a shape.
    """


class Operation(symbolic.Operation):
    """An operation of one's own: a class with `call`.  On symbolic values it is noted, in the model it computes.

    Raises: ArgumentError for a name with a slash.
    """

    def __init__(self, name: str | None = None) -> None:
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ArgumentError(f"a name is a text without a slash, this is {name!r}")
        super().__init__(self.call, snake_case(type(self).__name__))
        self.named(name)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """What it computes.  Raises: StateError where a class does not say it."""
        raise StateError(f"{type(self).__name__} has no call: an operation of one's own says what it computes")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """`call` on data, a node on symbolic values."""
        return self.symbolic_call(*args, **kwargs) if has_symbols(None, args, kwargs) else self.call(*args, **kwargs)

    def symbolic_call(self, *args: Any, **kwargs: Any) -> Any:
        """The node of a call on symbolic values."""
        return called_on_symbols(self, args, kwargs)

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:
        """Symbolic values of the shapes and dtypes that it will give."""
        return map_results(KerasTensor, self.result_of(args, kwargs))

    def get_config(self) -> dict[str, Any]:
        """Its name."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """What `get_config` gave."""
        return cls(**config)


@contextmanager
def name_scope(name: str, **options: Any) -> Iterator[str]:
    """Variables that are made inside have this name in their path.  Raises: ArgumentError for what is no name."""
    if not isinstance(name, str) or not name or "/" in name:
        raise ArgumentError(f"keras.name_scope takes a name without a slash, this is {name!r}")
    _scopes.append(name)
    try:
        yield name
    finally:
        _scopes.pop()


@contextmanager
def device(device_name: str) -> Iterator[None]:
    """What is inside is computed on a device: the CPU.  Raises: ArgumentError for another one."""
    if not isinstance(device_name, str) or device_name.lower().split(":")[0].strip("/") not in {"cpu", "device"}:
        raise ArgumentError(f"keras.device: there is the CPU alone, not {device_name!r}", likely='keras.device("cpu")')
    yield


def version() -> str:
    """The Keras whose names these are."""
    return "3.15.1"
