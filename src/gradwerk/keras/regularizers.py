"""keras.regularizers: what large weights, or large answers of a layer, add to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.identifiers import as_config, object_of
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import checked_except, choice, not_negative
from gradwerk.nn.configured import Configured
from gradwerk.nn.normalization import unit_norm
from gradwerk.ops.elementwise import abs_, add, mul, sub
from gradwerk.ops.functions import matmul, square
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.triangles import eye

Operand = Any
"""A Tensor."""


class Regularizer(Configured):
    """The base: a subclass computes a 0-d Tensor from a weight in `__call__`, and says its arguments in `get_config`."""

    def __call__(self, x: Operand) -> Operand:
        """What `x` adds to the loss, 0-d."""
        raise ArgumentError(f"{type(self).__name__} defines no __call__")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        raise ArgumentError(f"{type(self).__name__} defines no get_config")

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Regularizer:
        """A regularizer from `get_config`'s answer."""
        return cls(**config)


class L1L2(Regularizer):
    """l1 sum |x| + l2 sum x^2."""

    @checked_except("l1", "l2")
    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1, self.l2 = (not_negative("L1L2", name, 0.0 if value is None else value) for name, value in (("l1", l1), ("l2", l2)))

    def __call__(self, x: Operand) -> Operand:
        """l1 sum |x| + l2 sum x^2, 0-d.  Shape: any."""
        return add(mul(reduce_sum(abs_(x)), self.l1), mul(reduce_sum(square(x)), self.l2))

    def get_config(self) -> dict[str, Any]:
        """The factors."""
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """l1 sum |x|: many weights become 0."""

    @checked_except("l1")
    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = not_negative("L1", "l1", 0.01 if l1 is None else l1)

    def __call__(self, x: Operand) -> Operand:
        """l1 sum |x|, 0-d.  Shape: any."""
        return mul(reduce_sum(abs_(x)), self.l1)

    def get_config(self) -> dict[str, Any]:
        """The factor."""
        return {"l1": self.l1}


class L2(Regularizer):
    """l2 sum x^2: all weights stay small."""

    @checked_except("l2")
    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = not_negative("L2", "l2", 0.01 if l2 is None else l2)

    def __call__(self, x: Operand) -> Operand:
        """l2 sum x^2, 0-d.  Shape: any."""
        return mul(reduce_sum(square(x)), self.l2)

    def get_config(self) -> dict[str, Any]:
        """The factor."""
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """Rows (or columns) that point in like directions cost: half of factor times the sum of |cosine| over all pairs, by their number."""

    @checked_except("factor", "mode")
    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = not_negative("OrthogonalRegularizer", "factor", factor)
        self.mode = choice("OrthogonalRegularizer", "mode", mode, ("rows", "columns"))

    def __call__(self, x: Operand) -> Operand:
        """factor sum over i != j of |cos(x_i, x_j)| / (n (n - 1)), 0-d.  Shape: (rows, columns).  Raises: ShapeError."""
        if len(x.shape) != 2:
            raise ShapeError("OrthogonalRegularizer takes matrices", facts=(f"given {tuple(x.shape)}",))
        unit = unit_norm(x if self.mode == "rows" else transpose(x, (1, 0)), (1,))
        cosines, count = matmul(unit, transpose(unit, (1, 0))), unit.shape[0]
        pairs = max(count * (count - 1.0) / 2.0, 1.0)
        return mul(reduce_sum(abs_(mul(cosines, sub(1.0, eye(cosines))))), 0.5 * self.factor / pairs)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"factor": self.factor, "mode": self.mode}


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer
CLASSES: tuple[type[Regularizer], ...] = (L1, L2, L1L2, OrthogonalRegularizer)
NAMED: dict[str, Any] = {form: made for made in CLASSES for form in (made.__name__, snake_case(made.__name__))}


def get(identifier: Any) -> Any:  # noqa: ANN401  a regularizer or a function
    """What a name, a config, a class or a function says.  None is None.  Raises: ArgumentError for an unknown name."""
    return None if identifier is None else object_of("regularizer", "keras.regularizers", identifier, NAMED)


def serialize(regularizer: Any) -> dict[str, Any]:  # noqa: ANN401
    """A regularizer as plain data."""
    return as_config("keras.regularizers", regularizer)


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    """The regularizer of `serialize`'s answer; of one's own where `custom_objects` names it.  Raises: ArgumentError."""
    return object_of("regularizer", "keras.regularizers", config, NAMED | dict(custom_objects or {}))


__getattr__ = ORIGINAL.module("keras.regularizers", __name__)
