"""Weights as a layer computes with them: cast to its compute dtype while its call runs, where the policy keeps them in another."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from gradwerk.base import dtypes
from gradwerk.keras.masked import remembering
from gradwerk.keras.variables import Variable
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Tensor


class Cast(Tensor):
    """A weight in another dtype; what is assigned to it is assigned to the weight."""

    __slots__ = ("weight",)
    weight: Variable
    result_class: ClassVar[type[Handle]] = Tensor

    def assign(self, value: Any) -> Any:  # noqa: ANN401  a Tensor or an array; the weight
        """Writes to the weight, whose dtype the value is cast to."""
        return self.weight.assign(cast(value, self.weight.dtype) if isinstance(value, Tensor) else value)


@contextmanager
def weights_cast(layers: list[Any]) -> Iterator[None]:
    """The attributes of layers that are weights of another float than is computed in are cast ones, inside."""
    held = []
    try:
        for layer in layers:
            wanted = dtypes.named(layer.compute_dtype)
            for name, weight in list(vars(layer).items()):
                casts = isinstance(weight, Variable) and weight.autocast and dtypes.is_float(weight.dtype)
                if casts and weight.dtype != wanted:
                    held.append((layer, name, weight))
                    vars(layer)[name] = remembering(cast(weight, wanted), Cast, weight=weight)  # no setting: it is put back
        yield
    finally:
        for layer, name, weight in held:
            vars(layer)[name] = weight
