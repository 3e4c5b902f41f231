"""What operators in a functional model are called in Keras' files, and what layers write besides their arguments."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from gradwerk.keras.layers.input import InputLayer


def get_item(x: Any, key: Any) -> Any:  # noqa: ANN401
    """x[key]; a file has lists where a key is a tuple."""
    return x[tuple(key) if isinstance(key, list) else key]


NAMED: Mapping[str, Callable[..., Any]] = MappingProxyType({
    "Add": operator.add, "Subtract": operator.sub, "Multiply": operator.mul, "TrueDivide": operator.truediv, "Divide": operator.truediv,
    "FloorDivide": operator.floordiv, "Mod": operator.mod, "Power": operator.pow, "Matmul": operator.matmul, "Negative": operator.neg,
    "Absolute": operator.abs, "GetItem": get_item, "Less": operator.lt, "LessEqual": operator.le, "Greater": operator.gt,
    "GreaterEqual": operator.ge, "NotEqual": operator.ne, "LogicalAnd": operator.and_, "LogicalOr": operator.or_,
    "LogicalNot": operator.invert, "LogicalXor": operator.xor,
})  # fmt: skip
"""Operations by the names of their classes in `keras.src.ops.numpy`."""
MODULE = "keras.src.ops.numpy"
POLICY: Mapping[str, Any] = MappingProxyType(
    {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}, "registered_name": None}
)


def class_of(kind: str) -> str:
    """`true_divide` -> `TrueDivide`."""
    return "".join(word.capitalize() for word in kind.split("_"))


def described(operation: Any) -> dict[str, Any]:  # noqa: ANN401  an Operation
    """An operator as a file has it."""
    name = class_of(operation.kind)
    return {"module": MODULE, "class_name": name, "config": {"name": operation.name}, "registered_name": name}


def as_keras(layer: Any, config: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401  a Layer
    """The config of a layer as Keras writes it."""
    if isinstance(layer, InputLayer):
        return {
            "batch_shape": list(layer.batch_shape), "dtype": layer.dtype, "sparse": False, "ragged": False, "name": layer.name,
            "optional": False,
        }  # fmt: skip
    head = {"name": config.pop("name", layer.name), "trainable": config.pop("trainable", True), "dtype": dict(POLICY)}
    return head | config
