"""Weights as a layer computes with them: cast to its compute dtype while its call runs, where the policy keeps them in another."""

from __future__ import annotations

import threading
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


_ONE_AT_A_TIME = threading.RLock()
"""Held while the attributes of layers are cast ones: another thread that calls one of them waits until they are put back."""


@contextmanager
def weights_cast(layers: list[Any]) -> Iterator[None]:
    """The attributes of layers that are weights of another float than is computed in are cast ones, inside."""
    if not any(_to_cast(layer) for layer in layers):
        yield
        return
    with _ONE_AT_A_TIME:
        held = [(layer, name, weight) for layer in layers for name, weight in _to_cast(layer) if isinstance(weight, Variable)]
        try:
            for layer, name, weight in held:  # no setting of an attribute: it is put back
                vars(layer)[name] = remembering(cast(weight, dtypes.named(layer.compute_dtype)), Cast, weight=weight)
            yield
        finally:
            for layer, name, weight in held:
                vars(layer)[name] = weight


def _to_cast(layer: Any) -> list[tuple[str, Any]]:  # noqa: ANN401
    """The attributes that are weights of another float than the layer computes in, or are cast now, by another thread perhaps."""
    wanted = dtypes.named(layer.compute_dtype)
    return [(name, held) for name, held in list(vars(layer).items()) if isinstance(held, Cast) or _differs(held, wanted)]


def _differs(held: object, wanted: dtypes.DType) -> bool:
    return isinstance(held, Variable) and held.autocast and dtypes.is_float(held.dtype) and held.dtype != wanted
