"""What operators in a functional model are called in Keras' files, and what layers write besides their arguments."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

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
MODULE = f"{PACKAGE}.numpy"
POLICY: Mapping[str, Any] = MappingProxyType(
    {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
)


def class_of(kind: str) -> str:
    """`true_divide` -> `TrueDivide`."""
    return "".join(word.capitalize() for word in kind.split("_"))


def made(name: str, config: Mapping[str, Any]) -> Operation:
    """The operation that a file describes."""
    options = {option: value for option, value in config.items() if option != "name"}
    function = functools.partial(NAMED[name], **options) if options else NAMED[name]
    return Operation(function, snake_case(name)).named(config.get("name"))


def described(operation: Operation) -> dict[str, Any]:
    """An operator as a file has it."""
    name = class_of(operation.kind)
    options = operation.function.keywords if isinstance(operation.function, functools.partial) else {}
    return {"module": MODULE, "class_name": name, "config": {"name": operation.name, **options}, "registered_name": name}


def as_keras(layer: Any, config: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  a Layer
    """The config of a layer as Keras writes it."""
    if isinstance(layer, InputLayer):
        return {
            "batch_shape": list(layer.batch_shape), "dtype": layer.dtype, "sparse": False, "ragged": False, "name": layer.name,
            "optional": False,
        }  # fmt: skip
    head = {"name": config.pop("name", layer.name), "trainable": config.pop("trainable", True), "dtype": dict(POLICY)}
    return head | config
