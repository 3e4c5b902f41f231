"""keras.backend: what Keras 3 has, and the functions that Keras 2 had there (backend_functions.py, backend_values.py)."""

from __future__ import annotations

from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.backend_functions import (
    abs,
    all,
    any,
    arange,
    argmax,
    argmin,
    batch_dot,
    batch_flatten,
    bias_add,
    binary_crossentropy,
    cast,
    cast_to_floatx,
    categorical_crossentropy,
    clip,
    concatenate,
    cos,
    ctc_batch_cost,
    ctc_decode,
    cumprod,
    cumsum,
    dot,
    dropout,
    dtype,
    elu,
    equal,
    exp,
    expand_dims,
    eye,
    flatten,
    gather,
    greater,
    greater_equal,
    hard_sigmoid,
    image_dim_ordering,
    in_top_k,
    int_shape,
    is_sparse,
    l2_normalize,
    less,
    less_equal,
    log,
    logsumexp,
    map_fn,
    max,
    maximum,
    mean,
    min,
    minimum,
    ndim,
    not_equal,
    one_hot,
    ones,
    ones_like,
    permute_dimensions,
    pow,
    prod,
    random_bernoulli,
    random_normal,
    random_uniform,
    relu,
    repeat,
    repeat_elements,
    reshape,
    reverse,
    round,
    shape,
    sigmoid,
    sign,
    sin,
    softmax,
    softplus,
    softsign,
    sparse_categorical_crossentropy,
    sqrt,
    square,
    squeeze,
    stack,
    std,
    stop_gradient,
    sum,
    switch,
    tanh,
    tile,
    transpose,
    truncated_normal,
    var,
    zeros,
    zeros_like,
)
from gradwerk.keras.backend_values import (
    batch_get_value,
    batch_set_value,
    constant,
    eval,
    get_value,
    set_value,
    update,
    update_add,
    update_sub,
    variable,
)
from gradwerk.keras.config import backend, epsilon, floatx, image_data_format, set_epsilon, set_floatx, set_image_data_format
from gradwerk.keras.layers.symbolic import is_symbol
from gradwerk.keras.naming import number_of_uses
from gradwerk.keras.ops.promotion import result_type, standardize_dtype
from gradwerk.keras.utils.seeding import clear_session
from gradwerk.keras.variables import Variable

# ruff: noqa: A004  Keras' names

__all__ = [
    "Variable", "abs", "all", "any", "arange", "argmax", "argmin", "backend", "batch_dot", "batch_flatten", "batch_get_value",
    "batch_set_value", "bias_add", "binary_crossentropy", "cast", "cast_to_floatx", "categorical_crossentropy", "clear_session", "clip",
    "concatenate", "constant", "cos", "ctc_batch_cost", "ctc_decode", "cumprod", "cumsum", "dot", "dropout", "dtype", "elu", "epsilon",
    "equal", "eval", "exp", "expand_dims", "eye", "flatten", "floatx", "gather", "get_uid", "get_value", "greater", "greater_equal",
    "hard_sigmoid", "image_data_format", "image_dim_ordering", "in_top_k", "int_shape", "is_float_dtype", "is_int_dtype",
    "is_keras_tensor", "is_sparse", "l2_normalize", "learning_phase", "less", "less_equal", "log", "logsumexp", "map_fn", "max",
    "maximum", "mean", "min", "minimum", "ndim", "not_equal", "one_hot", "ones", "ones_like", "permute_dimensions", "pow", "prod",
    "random_bernoulli", "random_normal", "random_uniform", "relu", "repeat", "repeat_elements", "reshape", "result_type", "reverse",
    "round", "set_epsilon", "set_floatx", "set_image_data_format", "set_learning_phase", "set_value", "shape", "sigmoid", "sign", "sin",
    "softmax", "softplus", "softsign", "sparse_categorical_crossentropy", "sqrt", "square", "squeeze", "stack", "standardize_dtype",
    "std", "stop_gradient", "sum", "switch", "tanh", "tile", "transpose", "truncated_normal", "update", "update_add", "update_sub",
    "var", "variable", "zeros", "zeros_like",
]  # fmt: skip


def get_uid(prefix: str = "") -> int:
    """How often a name was given so far, this time too: layers and this function count together."""
    return number_of_uses(prefix)


def is_float_dtype(dtype: object) -> bool:
    """Whether it is a floating dtype.  Raises: ArgumentError for what is no dtype."""
    return dtypes.is_float(dtypes.named(standardize_dtype(dtype)))


def is_int_dtype(dtype: object) -> bool:
    """Whether it is a dtype of whole numbers.  Raises: ArgumentError for what is no dtype."""
    return dtypes.is_integer(dtypes.named(standardize_dtype(dtype)))


def is_keras_tensor(x: object) -> bool:
    """Whether it is a symbolic value."""
    return is_symbol(x)


def learning_phase() -> int:
    """Whether layers train where nothing says so: 0, they do not."""
    return 0


def set_learning_phase(value: int) -> None:
    """Nothing for 0: training is said to each call, and `fit` says it.  Raises: StateError for 1."""
    if value:
        raise StateError("keras.backend.set_learning_phase(1) is of Keras 2", likely="model(x, training=True)")


__getattr__ = ORIGINAL.module("keras.backend", __name__, {
    "function": "call a model on data: keras.Model(inputs, outputs)(x)",
    "gradients": "gradwerk.value_and_grad(function) of the loss",
    "get_session": "there is no session: values are there when they are computed",
    "set_session": "there is no session: values are there when they are computed",
    "placeholder": "keras.Input(shape)",
    "tensorflow_backend": "there is no TensorFlow behind: keras.backend itself",
})  # fmt: skip
