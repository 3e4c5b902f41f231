"""What a layer is called with: arrays become Tensors, floats of other sizes those that it computes in, as Keras' autocast does."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.layers.calls import calls
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import cast
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import as_data, check_ids

Array = np.ndarray[Any, np.dtype[Any]]
_WIDER = {"int8": np.int32, "int16": np.int32, "uint16": np.int32, "uint64": np.int64}
"""Integers of which few operations are asked, and those in which layers take them."""


class TakesArrays(Protocol):
    """What is asked of a layer about the arrays that it is called with."""

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401  a NumPy dtype, or None
        """What arrays are cast to; None: floats to `casts_to`, integers stay."""

    @property
    def casts_to(self) -> Any:  # noqa: ANN401  a dtype, or None
        """What floating inputs are cast to; None for nothing."""

    def check_inputs(self, x: Array) -> None:
        """Refuses data that the layer could not make sense of.  Raises: DataError."""


def as_inputs(layer: TakesArrays, value: Any, *, further: bool = False) -> Any:  # noqa: ANN401
    """An input as `call` gets it: a Tensor, or a list, tuple or dict of them.  `further` arguments that are no arrays stay what they are.

    Raises: ArgumentError for an `Input`; DTypeError, DataError for what is not numeric or no row of a table.
    """
    if not isinstance(value, Tensor) and getattr(layer, "takes_texts", False) and holds_texts(value):
        return np.asarray(value, object)
    if isinstance(value, Tensor):
        wanted = layer.casts_to
        return cast(value, wanted) if wanted is not None and dtypes.is_float(value.dtype) and value.dtype != wanted else value
    if isinstance(value, Module):
        raise ArgumentError(
            f"called on {value.label}, which is a layer and no data", likely=f"call {value.label} first, and this on what it gives"
        )
    if isinstance(value, dict):
        return {name: as_inputs(layer, item, further=further) for name, item in value.items()}
    if isinstance(value, (list, tuple)) and any(isinstance(item, (Tensor, np.ndarray, Module)) for item in value):
        return type(value)([as_inputs(layer, item, further=further) for item in value])
    if further and not isinstance(value, np.ndarray):
        return value
    return Tensor(as_input_array(layer, value, "the input"))


def holds_texts(value: Any) -> bool:  # noqa: ANN401
    """Whether it is a text, or an array or list of texts; a list of arrays is none."""
    while isinstance(value, (list, tuple)) and value and not isinstance(value[0], np.ndarray):
        value = value[0]
    if isinstance(value, np.ndarray) and dtypes.is_objects(value.dtype) and value.size:
        value = value.flat[0]
    return isinstance(value, (str, bytes)) or (isinstance(value, np.ndarray) and dtypes.is_text(value.dtype))


def as_input_array(layer: TakesArrays, value: Any, what: str) -> Array:  # noqa: ANN401  whatever NumPy takes
    """An array as the layer computes on it, looked at before it is cast: a cast hides what is out of range."""
    array = as_data(value, what, empty=True)
    if layer.input_dtype is None:
        if dtypes.is_float(array.dtype):
            return array if layer.casts_to is None else dtypes.converted(array, layer.casts_to)
        return array.astype(_WIDER.get(array.dtype.name, array.dtype), copy=False)
    layer.check_inputs(array)
    wanted = dtypes.named(layer.input_dtype)
    if dtypes.is_integer(wanted) and dtypes.is_numeric(array.dtype) and array.dtype != wanted and array.size:
        check_ids(array, int(np.iinfo(wanted).max) + 1, what)
    return dtypes.converted(array, wanted)


def shapes_of(x: Any) -> Any:  # noqa: ANN401
    """The shape of a Tensor with None for the batch; of a list or dict of them a list or dict."""
    if isinstance(x, dict):
        return {name: shapes_of(item) for name, item in x.items()}
    if isinstance(x, (list, tuple)):
        return [shapes_of(item) for item in x]
    return (None, *x.shape[1:]) if x.shape else ()


def single(x: Any) -> Any:  # noqa: ANN401  a Tensor
    """x, where it is one input.  Raises: ArgumentError for several."""
    if not hasattr(x, "dtype"):
        raise ArgumentError(f"the layer takes one input, this is a {type(x).__name__} of {len(x)}")
    return x


def floating(x: Any) -> Any:  # noqa: ANN401  a Tensor
    """Whole numbers as floats: what layers with weights compute on.  Raises: ArgumentError for several inputs."""
    if dtypes.is_float(single(x).dtype):
        return x
    return cast(x, dtypes.named(getattr(calls.inside[-1], "compute_dtype", "float32") if calls.inside else "float32"))
