"""Layers that compute on the host, before or in front of a model: of texts too, which no compiled step takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import module_path
from gradwerk.keras.layers.calls import BY_NAME, first_by_name
from gradwerk.keras.layers.drawing import draw
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.symbolic import has_symbols
from gradwerk.keras.options import choice, whole
from gradwerk.tensor.state import outside
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


class HostLayer(Layer):
    """A layer whose `call` takes what it is given as it is: texts, lists, arrays; Tensors as arrays."""

    on_host: ClassVar[bool] = True

    def __call__(self, inputs: Any = BY_NAME, *args: Any, training: bool | None = None, **kwargs: Any) -> Any:  # noqa: ANN401
        """The result as a Tensor; texts as an array."""
        return called_on_host(self, inputs, args, kwargs)


def called_on_host(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  a layer
    """What `call` gives for data, as a Tensor where it is numbers; on symbolic values the call is noted."""
    inputs = first_by_name(layer, kwargs) if inputs is BY_NAME else inputs
    if has_symbols(inputs, args, kwargs):
        return draw(layer, (inputs, *args), kwargs)
    with module_path(layer.label):
        outside(f"{type(layer).__name__} computes on the host", likely="call it on the data before the model sees them")
        if not layer.built:
            layer.build_for_call(np.zeros(0))
        result = layer.call(plain(inputs), *args, **kwargs)
        return result if dtypes.is_text(result.dtype) else Tensor(result)


def plain(value: Any) -> Any:  # noqa: ANN401
    """A Tensor, or several in a list, as arrays."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value.numpy() if isinstance(value, Tensor) else value


def batches_of(data: Any, steps: int | None) -> Iterator[Any]:  # noqa: ANN401
    """What to learn from: a list or array whole, of anything else that gives batches `steps` of them."""
    if isinstance(data, (list, tuple, np.ndarray, Tensor, str, bytes)) or hasattr(data, "to_numpy") or not isinstance(data, Iterable):
        return iter((plain(data),))
    return (plain(batch) for batch in islice(data, steps))


MODES = ("int", "one_hot", "multi_hot", "count", "tf_idf")


def mode_of(owner: str, value: object, allowed: tuple[str, ...] = MODES) -> str:
    """How results are written.  Raises: ArgumentError."""
    return choice(owner, "output_mode", {"binary": "multi_hot", "tf-idf": "tf_idf"}.get(str(value), value), allowed)


def refuse_sparse(owner: str, **given: object) -> None:
    """Raises: ArgumentError where results are to be sparse or ragged."""
    for name, value in given.items():
        if value:
            raise ArgumentError(f"{owner}: {name}=True is not supported here yet: results are dense arrays")


def salt_of(owner: str, salt: object) -> tuple[int, int] | None:
    """Two numbers that say which hash, from one or two.  Raises: ArgumentError."""
    if salt is None:
        return None
    pair = list(salt) if isinstance(salt, (tuple, list)) else [salt, salt]
    if len(pair) != 2:
        raise ArgumentError(f"{owner}: salt is a whole number or two of them, this is {salt!r}")
    first, second = (whole(owner, "salt", one) for one in pair)
    return first, second
