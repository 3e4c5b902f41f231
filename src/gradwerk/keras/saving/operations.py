"""What operators in a functional model are called in Keras' files, and what layers write besides their arguments."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.masking import any_over
from gradwerk.keras.layers.symbolic import Operation
from gradwerk.keras.naming import snake_case


def get_item(x: Any, key: Any) -> Any:  # noqa: ANN401
    """x[key]; a file has lists where a key is a tuple."""
    return x[tuple(key) if isinstance(key, list) else key]


NAMED: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "Add": operator.add, "Subtract": operator.sub, "Multiply": operator.mul, "TrueDivide": operator.truediv, "Divide": operator.truediv,
    "FloorDivide": operator.floordiv, "Mod": operator.mod, "Power": operator.pow, "Matmul": operator.matmul, "Negative": operator.neg,
    "Absolute": operator.abs, "GetItem": get_item, "Less": operator.lt, "LessEqual": operator.le, "Greater": operator.gt,
    "GreaterEqual": operator.ge, "NotEqual": operator.ne, "LogicalAnd": operator.and_, "LogicalOr": operator.or_,
    "LogicalNot": operator.invert, "LogicalXor": operator.xor, "Any": any_over,
})  # fmt: skip
"""Operations by the names of their classes in `keras.src.ops.numpy`."""
PACKAGE = "keras.src.ops"
POLICY: Mapping[str, Any] = MappingProxyType(
    {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
)


def class_of(kind: str) -> str:
    """`true_divide` -> `TrueDivide`."""
    return "".join(word.capitalize() for word in kind.split("_"))


def of_keras(name: str, module: str) -> Callable[..., Any] | None:
    """The operation of a class and module of Keras: an operator, or one of keras.ops; None for what is none."""
    if not module.startswith(PACKAGE):
        return None
    from gradwerk.keras import ops  # noqa: F401, PLC0415  its names are registered; who saves no model loads none of them
    from gradwerk.keras.ops.calling import REGISTRY  # noqa: PLC0415

    return NAMED.get(name) or REGISTRY.get((module.removeprefix(f"{PACKAGE}."), name))


def made(name: str, module: str, config: Mapping[str, Any]) -> Operation:
    """The operation that a file describes, one that `of_keras` knows."""
    function = of_keras(name, module)
    if function is None:
        raise ArgumentError(f"the file has an operation {name!r} of {module}, which is not here")
    options = {option: value for option, value in config.items() if option != "name"}
    return Operation(functools.partial(function, **options) if options else function, snake_case(name)).named(config.get("name"))


def described(operation: Operation) -> dict[str, Any]:
    """An operation as a file has it.

    Raises: ArgumentError for one with an array or a function among its options, which a file does not hold.
    """
    if type(operation).__module__.split(".")[0] != "gradwerk":
        message = f"{operation.name} is an operation of a class of your own, which a file does not hold"
        raise ArgumentError(message, likely="a layer of your own")
    partial = operation.function if isinstance(operation.function, functools.partial) else None
    function, options = (partial.func, dict(partial.keywords)) if partial else (operation.function, {})
    module, name = getattr(function, "keras_class", ("numpy", class_of(operation.kind)))
    for option, value in options.items():
        if any(callable(leaf) or hasattr(leaf, "dtype") for leaf in flatten(value)):
            raise ArgumentError(f"{operation.name}: its {option} is no plain number or text, which a file cannot hold")
    return {"module": f"{PACKAGE}.{module}", "class_name": name, "config": {"name": operation.name, **options}, "registered_name": name}


def as_keras(layer: Any, config: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  a Layer
    """The config of a layer as Keras writes it."""
    if isinstance(layer, InputLayer):
        return {
            "batch_shape": list(layer.batch_shape), "dtype": layer.dtype, "sparse": False, "ragged": False, "name": layer.name,
            "optional": False,
        }  # fmt: skip
    head = {"name": config.pop("name", layer.name), **({"trainable": config.pop("trainable")} if "trainable" in config else {})}
    policy = dict(POLICY) | {"config": {"name": layer.dtype_policy.name}}
    return head | {"dtype": policy} | {name: value for name, value in config.items() if name != "dtype"}
