"""Functions at the top of TensorFlow 1 whose arguments have other names there: each calls that of gradwerk.tf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk import tf
from gradwerk.base.errors import ArgumentError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.nodes import as_tensor
from gradwerk.tf.operations import here

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "Print", "argmax", "argmin", "arg_max", "arg_min", "batch_gather", "count_nonzero", "div", "expand_dims", "floor_div", "gather",
    "multinomial", "norm", "py_func", "random_crop", "random_gamma", "random_normal", "random_poisson", "random_shuffle",
    "random_uniform", "reduce_all", "reduce_any", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_sum", "scatter_add", "scatter_div", "scatter_max", "scatter_min", "scatter_mul", "scatter_sub", "scatter_update",
    "squeeze", "substr", "to_bfloat16", "to_complex64", "to_complex128", "to_double", "to_float", "to_int32", "to_int64",
    "truncated_normal", "verify_tensor_all_finite", "where",
]  # fmt: skip


def one_of(name: str, value: Any, former: str, given: Any) -> Any:
    """An argument under its name or a former one.  Raises: ArgumentError for both."""
    if given is None:
        return value
    if value is not None:
        raise ArgumentError(f"Cannot specify both '{former}' and '{name}'.")
    return given


def _reduction(what: str) -> Callable[..., Any]:
    function = f"reduce_{what}"

    def reduce(
        input_tensor: Any, axis: Any = None, keepdims: bool | None = None, name: str | None = None, reduction_indices: Any = None,
        keep_dims: bool | None = None,
    ) -> Any:  # fmt: skip
        axis = one_of("axis", axis, "reduction_indices", reduction_indices)
        kept = one_of("keepdims", keepdims, "keep_dims", keep_dims)
        return getattr(tf, function)(input_tensor, axis=axis, keepdims=bool(kept), name=name)

    reduce.__name__ = reduce.__qualname__ = function
    reduce.__doc__ = f"""`tf.{function}` under the names that its arguments had: reduction_indices is axis, keep_dims is keepdims.

    Raises: ArgumentError where both are given.
    """
    return reduce


reduce_sum, reduce_mean, reduce_max, reduce_min = map(_reduction, ("sum", "mean", "max", "min"))
reduce_prod, reduce_all, reduce_any, reduce_logsumexp = map(_reduction, ("prod", "all", "any", "logsumexp"))


def count_nonzero(
    input_tensor: Any = None, axis: Any = None, keepdims: bool | None = None, dtype: Any = np.int64, name: str | None = None,
    reduction_indices: Any = None, keep_dims: bool | None = None, input: Any = None,
) -> Any:  # fmt: skip
    """How many elements are not 0.  Args: as of the reductions, with the dtype of the result."""
    axis, kept = one_of("axis", axis, "reduction_indices", reduction_indices), one_of("keepdims", keepdims, "keep_dims", keep_dims)
    return tf.math.count_nonzero(one_of("input_tensor", input_tensor, "input", input), axis, bool(kept), dtype, name)


def argmax(input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = np.int64) -> Any:
    """The place of the largest element along an axis (of old `dimension`), 0 where None."""
    axis = one_of("axis", axis, "dimension", dimension)
    return tf.argmax(input, 0 if axis is None else axis, output_type, name)


def argmin(input: Any, axis: Any = None, name: str | None = None, dimension: Any = None, output_type: Any = np.int64) -> Any:
    """The place of the smallest element along an axis (of old `dimension`), 0 where None."""
    axis = one_of("axis", axis, "dimension", dimension)
    return tf.argmin(input, 0 if axis is None else axis, output_type, name)


arg_max, arg_min = argmax, argmin


def squeeze(input: Any, axis: Any = None, name: str | None = None, squeeze_dims: Any = None) -> Any:
    """Without axes of extent 1, all or those named (of old by `squeeze_dims`)."""
    return tf.squeeze(input, one_of("axis", axis, "squeeze_dims", squeeze_dims), name)


def expand_dims(input: Any, axis: Any = None, name: str | None = None, dim: Any = None) -> Any:
    """With an axis of extent 1 more (of old `dim`)."""
    return tf.expand_dims(input, one_of("axis", axis, "dim", dim), name)


def norm(
    tensor: Any, ord: Any = "euclidean", axis: Any = None, keepdims: bool | None = None, name: str | None = None,
    keep_dims: bool | None = None,
) -> Any:  # fmt: skip
    """`tf.norm`, with keepdims of old as keep_dims."""
    return tf.norm(tensor, ord, axis, bool(one_of("keepdims", keepdims, "keep_dims", keep_dims)), name)


def gather(params: Any, indices: Any, validate_indices: Any = None, name: str | None = None, axis: Any = None, batch_dims: int = 0) -> Any:
    """`tf.gather`, along the axis behind the batch's where None."""
    return tf.gather(params, indices, axis=axis, batch_dims=batch_dims, name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """`gather` whose batch axes are all of the indices' but the last."""
    rank = len(as_tensor(indices).shape if here.graph is not None else tf.convert_to_tensor(indices).shape) - 1
    return tf.gather(params, indices, axis=rank, batch_dims=rank, name=name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """x where the condition is true, else y; without both the places where it is true.

    A condition of one axis chooses rows.
    """
    if x is None or y is None:
        return tf.where(condition, x, y, name)
    flag, one = (tf.convert_to_tensor(each) if here.graph is None else as_tensor(each) for each in (condition, x))
    ranks = [each._dims if here.graph is not None else tuple(each.shape) for each in (flag, one)]
    if ranks[0] is not None and ranks[1] is not None and len(ranks[0]) == 1 < len(ranks[1]):
        flag = tf.reshape(flag, [-1] + [1] * (len(ranks[1]) - 1))
    return tf.where(flag, one, y, name)


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """Division as Python 2 had it: of whole numbers the floor, else the quotient."""
    one = as_tensor(x, _kind_of(y)) if here.graph is not None else tf.convert_to_tensor(x)
    kind = one._kind if here.graph is not None else one._type.dtype
    return tf.math.divide(one, y, name) if kinds.has_gradient(kind) else tf.math.floordiv(one, y, name)


floor_div = div


def _kind_of(x: Any) -> Any:
    return getattr(x, "_kind", None)


def _cast(name: str, dtype: str) -> Callable[..., Any]:
    def to(x: Any, name: str | None = None) -> Any:
        return tf.cast(x, dtype, name)

    to.__name__ = to.__qualname__ = name
    to.__doc__ = f"The numbers in {dtype}."
    return to


to_float, to_double = _cast("to_float", "float32"), _cast("to_double", "float64")
to_int32, to_int64 = _cast("to_int32", "int32"), _cast("to_int64", "int64")
to_bfloat16 = _cast("to_bfloat16", "bfloat16")
to_complex64, to_complex128 = _cast("to_complex64", "complex64"), _cast("to_complex128", "complex128")


# ---- draws


def random_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32, seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Normal numbers."""
    return tf.random.normal(shape, mean, stddev, dtype, seed, name)


def random_uniform(
    shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = np.float32, seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Numbers between two ends; of floats from 0 to 1 where none are said."""
    return tf.random.uniform(shape, minval, maxval, dtype, seed, name)


def truncated_normal(
    shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = np.float32, seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Normal numbers, those not further than two deviations from the mean."""
    return tf.random.truncated_normal(shape, mean, stddev, dtype, seed, name)


def random_shuffle(value: Any, seed: Any = None, name: str | None = None) -> Any:
    """The rows in random order."""
    return tf.random.shuffle(value, seed, name)


def random_crop(value: Any, size: Any, seed: Any = None, name: str | None = None) -> Any:
    """A part of this size at a random place."""
    return tf.image.random_crop(value, size, seed, name)


def random_gamma(
    shape: Any, alpha: Any, beta: Any = None, dtype: Any = np.float32, seed: Any = None, name: str | None = None
) -> Any:  # fmt: skip
    """Numbers of gamma distributions."""
    return tf.random.gamma(shape, alpha, beta, dtype, seed, name)


def random_poisson(lam: Any, shape: Any, dtype: Any = np.float32, seed: Any = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """Numbers of Poisson distributions."""
    return tf.random.poisson(shape, lam, dtype, seed, name)


def multinomial(logits: Any, num_samples: Any, seed: Any = None, name: str | None = None, output_dtype: Any = None) -> Any:
    """Classes drawn by unnormalised log-probabilities."""
    return tf.random.categorical(logits, num_samples, output_dtype or np.int64, seed, name)


# ---- variables by rows


def _scatter(what: str, combine: Callable[[Any, Any, Any], Any]) -> Callable[..., Any]:
    function = f"scatter_{what}"

    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
        at = tf.expand_dims(indices, -1)
        return ref.assign(combine(ref.read_value(), at, updates), name=name or function.title().replace("_", ""))

    scatter.__name__ = scatter.__qualname__ = function
    scatter.__doc__ = f"""Rows of a variable changed at these places ({what}): a Tensor that is the variable afterwards.

    Args:
        ref: the variable.
        indices: of rows.
        updates: a row for each.
        use_locking: taken, without effect.
        name: of the node.
    """
    return scatter


scatter_update = _scatter("update", tf.tensor_scatter_nd_update)
scatter_add = _scatter("add", tf.tensor_scatter_nd_add)
scatter_sub = _scatter("sub", tf.tensor_scatter_nd_sub)
scatter_max = _scatter("max", tf.tensor_scatter_nd_max)
scatter_min = _scatter("min", tf.tensor_scatter_nd_min)
scatter_mul = _scatter("mul", lambda held, at, rows: tf.tensor_scatter_nd_update(held, at, tf.gather_nd(held, at) * rows))
scatter_div = _scatter("div", lambda held, at, rows: tf.tensor_scatter_nd_update(held, at, tf.gather_nd(held, at) / rows))


# ---- Python between


def py_func(func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None) -> Any:  # noqa: N803
    """What a function of Python makes of arrays, in the midst of a graph.

    Args:
        func: of as many arrays as there are inputs.
        inp: a list of Tensors.
        Tout: the dtype of the result, or a list of them.
        stateful: taken: it runs whenever its result is needed.
        name: of the node.
    """
    from gradwerk.tf.graph.python import called  # noqa: PLC0415  seldom needed

    return called(func, list(inp), Tout, name or "PyFunc")


def Print(  # noqa: N802  TensorFlow's name
    input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None, name: str | None = None
) -> Any:  # fmt: skip
    """The same value, and on standard error the message and the data whenever it is computed.

    Args:
        input_: the value.
        data: a list of Tensors.
        message: before them.
        first_n: how often, always where None.
        summarize: how many elements of each, 3 where None.
        name: of the node.
    """
    from gradwerk.tf.graph.python import printed  # noqa: PLC0415  seldom needed

    return printed(input_, list(data), message or "", first_n, summarize or 3, name or "Print")


def verify_tensor_all_finite(t: Any = None, msg: str = "", name: str | None = None, x: Any = None, message: str = "") -> Any:
    """The same value; an InvalidArgumentError where it holds NaN or infinity."""
    return tf.debugging.check_numerics(one_of("t", t, "x", x), msg or message, name)


def substr(input: Any, pos: Any, len: Any, name: str | None = None, unit: str = "BYTE") -> Any:
    """Parts of texts."""
    return tf.strings.substr(input, pos, len, unit, name)


def __getattr__(name: str) -> Any:
    """`tf.math.floormod`: what has the same arguments in TensorFlow 2.  Raises: AbsentNameError."""
    return getattr(tf.math, name)
