"""What keras.backend had in Keras 2, by keras.ops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.keras import activations, ops, random
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.layers.symbolic import is_symbol
from gradwerk.keras.ops.operands import Operand, floating, tensor
from gradwerk.keras.ops.promotion import floatx
from gradwerk.nn.ctc_loss import ctc
from gradwerk.ops import functions, movement
from gradwerk.ops.arithmetic import cast as as_dtype

# ruff: noqa: A001, ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
Array = np.ndarray[Any, np.dtype[Any]]
Axis = Any

(
    abs, exp, log, sqrt, square, sin, cos, round, sign, equal, not_equal, greater, greater_equal, less, less_equal, maximum, minimum,
    tanh, sigmoid, softplus, softsign, elu, hard_sigmoid, expand_dims, stop_gradient, reshape, tile, ones_like, zeros_like, cast,
    shape, one_hot,
) = (
    ops.abs, ops.exp, ops.log, ops.sqrt, ops.square, ops.sin, ops.cos, ops.round, ops.sign, ops.equal, ops.not_equal, ops.greater,
    ops.greater_equal, ops.less, ops.less_equal, ops.maximum, ops.minimum, ops.tanh, ops.sigmoid, ops.softplus, ops.softsign, ops.elu,
    ops.hard_sigmoid, ops.expand_dims, ops.stop_gradient, ops.reshape, ops.tile, ops.ones_like, ops.zeros_like, ops.cast, ops.shape,
    ops.one_hot,
)  # fmt: skip


def all(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether all along axes are others than 0."""
    return ops.all(x, axis, keepdims)


def any(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """Whether one along axes is another than 0."""
    return ops.any(x, axis, keepdims)


def sum(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The sum along axes."""
    return ops.sum(x, axis, keepdims)


def prod(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The product along axes."""
    return ops.prod(x, axis, keepdims)


def mean(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The mean along axes."""
    return ops.mean(x, axis, keepdims)


def var(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The variance along axes."""
    return ops.var(x, axis, keepdims)


def std(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The deviation along axes."""
    return ops.std(x, axis, keepdims)


def max(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The largest along axes."""
    return ops.max(x, axis, keepdims)


def min(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """The smallest along axes."""
    return ops.min(x, axis, keepdims)


def logsumexp(x: Operand, axis: Axis = None, keepdims: bool = False) -> Any:
    """log(sum(e**x)) along axes."""
    return ops.logsumexp(x, axis, keepdims)


def argmax(x: Operand, axis: int = -1) -> Any:
    """The place of the first largest along an axis."""
    return ops.argmax(x, axis)


def argmin(x: Operand, axis: int = -1) -> Any:
    """The place of the first smallest along an axis."""
    return ops.argmin(x, axis)


def cumsum(x: Operand, axis: int = 0) -> Any:
    """The running sum along an axis."""
    return ops.cumsum(x, axis)


def cumprod(x: Operand, axis: int = 0) -> Any:
    """The running product along an axis."""
    return ops.cumprod(x, axis)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    """start, start + step, ... before stop."""
    return ops.arange(start, stop, step, dtype)


def pow(x: Operand, a: Operand) -> Any:
    """x ** a."""
    return ops.power(x, a)


def clip(x: Operand, min_value: Any, max_value: Any) -> Any:
    """x held between two bounds."""
    return ops.clip(x, min_value, max_value)


def dot(x: Operand, y: Operand) -> Any:
    """The matrix product; of more axes the sum over the last of x and the last but one of y."""
    return _product(x, y)


def transpose(x: Operand) -> Any:
    """The axes in reverse order."""
    return ops.transpose(x)


def permute_dimensions(x: Operand, pattern: Sequence[int]) -> Any:
    """The axes in this order."""
    return ops.transpose(x, tuple(pattern))


def concatenate(tensors: Sequence[Operand], axis: int = -1) -> Any:
    """Several one behind the other."""
    return ops.concatenate(list(tensors), axis)


def stack(x: Sequence[Operand], axis: int = 0) -> Any:
    """Several along a new axis."""
    return ops.stack(list(x), axis)


def repeat_elements(x: Operand, rep: int, axis: int) -> Any:
    """Each element of an axis so often."""
    return ops.repeat(x, rep, axis)


def repeat(x: Operand, n: int) -> Any:
    """Rows (batch, features) so often: (batch, n, features)."""
    return ops.repeat(ops.expand_dims(x, 1), n, 1)


def reverse(x: Operand, axes: Axis) -> Any:
    """In reverse order along axes."""
    return ops.flip(x, axes)


def squeeze(x: Operand, axis: int) -> Any:
    """Without an axis of extent 1."""
    return ops.squeeze(x, axis)


def flatten(x: Operand) -> Any:
    """All elements along one axis."""
    return ops.reshape(x, (-1,))


def batch_flatten(x: Operand) -> Any:
    """All axes but the first as one."""
    return _flat(x)


def gather(reference: Operand, indices: Operand) -> Any:
    """The slices at these places."""
    return ops.take(reference, indices, 0)


def switch(condition: Operand, then_expression: Any, else_expression: Any) -> Any:
    """One of two values, or of what two functions give, by a condition."""
    return _chosen(condition, then_expression, else_expression)


def softmax(x: Operand, axis: int = -1) -> Any:
    """e**x / sum(e**x) along an axis."""
    return ops.softmax(x, axis)


def relu(x: Operand, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """max(x, 0), or with a slope, a bound and a limit."""
    return activations.relu(floating(x), float(alpha), max_value, float(threshold))


def l2_normalize(x: Operand, axis: Axis = None) -> Any:
    """x by its root of the sum of squares along axes."""
    return ops.normalize(x, _all(x) if axis is None else axis, 2, 1e-6)


def bias_add(x: Operand, bias: Operand, data_format: str | None = None) -> Any:
    """x with a number added to each channel."""
    return _biased(x, bias, data_format)


def binary_crossentropy(target: Operand, output: Operand, from_logits: bool = False) -> Any:
    """See keras.ops."""
    return ops.binary_crossentropy(target, output, from_logits)


def categorical_crossentropy(target: Operand, output: Operand, from_logits: bool = False, axis: int = -1) -> Any:
    """See keras.ops."""
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(target: Operand, output: Operand, from_logits: bool = False, axis: int = -1) -> Any:
    """See keras.ops."""
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


def in_top_k(predictions: Operand, targets: Operand, k: int) -> Any:
    """Whether fewer than k scores are above that of the target."""
    return ops.in_top_k(targets, predictions, k)


def dropout(x: Operand, level: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """x with a share of its elements 0."""
    return random.dropout(x, level, noise_shape, seed)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    """The unit matrix."""
    return ops.eye(size, dtype=dtype)


def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """0 everywhere."""
    return ops.zeros(shape, dtype)


def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """1 everywhere."""
    return ops.ones(shape, dtype)


def random_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normal numbers."""
    return random.normal(shape, mean, stddev, dtype, seed)


def random_uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Uniform numbers."""
    return random.uniform(shape, minval, maxval, dtype, seed)


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Normal numbers within two deviations of the mean."""
    return random.truncated_normal(shape, mean, stddev, dtype, seed)


def random_bernoulli(shape: Any, p: float = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """1 with a probability, else 0."""
    return ops.cast(random.uniform(shape, seed=seed) < p, floatx() if dtype is None else dtype)


def map_fn(fn: Callable[[Any], Any], elems: Operand, name: str | None = None, dtype: Any = None) -> Any:
    """A function of each slice along the first axis."""
    return ops.map(fn, elems)


def ndim(x: Operand) -> int:
    """The number of axes."""
    return len(x.shape) if is_symbol(x) else ops.ndim(x)


def int_shape(x: Operand) -> tuple[int | None, ...]:
    """The extents, None for those that are not known."""
    return tuple(ops.shape(x))


def dtype(x: Operand) -> str:
    """The name of the dtype."""
    return ops.dtype(x)


def is_sparse(tensor: object) -> bool:
    """Whether it is a sparse Tensor: never."""
    return False


def batch_dot(x: Operand, y: Operand, axes: Any = None) -> Any:
    """The sum of products over one axis of each, example by example.  Shape: both without it, the batch once; of vectors (batch, 1)."""
    a, b = floating(x), floating(y)
    if axes is None:
        axes = (a.ndim - 1, b.ndim - 1 if b.ndim == 2 else b.ndim - 2)
    first, second = (axes, axes) if isinstance(axes, int) else axes
    found = ops.vectorized_map(lambda pair: ops.tensordot(pair[0], pair[1], [[first % a.ndim - 1], [second % b.ndim - 1]]), (a, b))
    return ops.expand_dims(found, 1) if found.ndim == 1 else found


def ctc_batch_cost(y_true: Operand, y_pred: Operand, input_length: Operand, label_length: Operand) -> Any:
    """CTC of probabilities, the last class being the blank.

    Shape: (batch, most), (batch, steps, classes), (batch, 1) twice -> (batch, 1).
    """
    scores = functions.log_softmax(_log(floating(y_pred)), -1)
    labels, ends, counts = (as_dtype(tensor(one), dtypes.int64) for one in (y_true, input_length, label_length))
    ends, counts = movement.reshape(ends, (-1,)), movement.reshape(counts, (-1,))
    found = ctc(movement.transpose(scores, (1, 0, 2)), labels, ends, counts, blank=scores.shape[-1] - 1)
    return movement.expand_dims(found, 1)


def _log(x: Any) -> Any:
    return (x + SETTINGS.epsilon).log()


def ctc_decode(y_pred: Operand, input_length: Operand, greedy: bool = True, beam_width: int = 100, top_paths: int = 1) -> tuple[Any, Any]:
    """The labels of the likeliest paths of probabilities, of which the last class is the blank; and their scores: ops.ctc_decode."""
    scores = _log(floating(y_pred))
    strategy = "greedy" if greedy else "beam_search"
    labels, sizes = ops.ctc_decode(scores, input_length, strategy, beam_width, top_paths, mask_index=scores.shape[-1] - 1)
    return list(labels), sizes


def cast_to_floatx(x: Operand) -> Any:
    """x in floatx: an array stays one."""
    return np.asarray(x, floatx()) if isinstance(x, np.ndarray) else tensor(x, floatx())


def image_dim_ordering() -> str:
    """`tf` where channels stand last, `th` where they stand first."""
    return "tf" if SETTINGS.image_data_format == "channels_last" else "th"


def _product(x: Operand, y: Operand) -> Any:
    two = ndim(x) <= 2 and ndim(y) <= 2
    return ops.matmul(x, y) if two else ops.dot(x, y)


def _flat(x: Operand) -> Any:
    rest = ops.shape(x)[1:]
    return ops.reshape(x, (-1, int(np.prod([n or 1 for n in rest])))) if None not in rest else ops.reshape(x, (ops.shape(x)[0] or -1, -1))


def _chosen(condition: Any, then: Any, otherwise: Any) -> Any:
    if callable(then) or callable(otherwise):
        return ops.cond(condition, then if callable(then) else lambda: then, otherwise if callable(otherwise) else lambda: otherwise)
    wide = ndim(then) - ndim(condition)
    for _ in range(wide):
        condition = ops.expand_dims(condition, -1)
    return ops.where(condition, then, otherwise)


def _biased(x: Operand, bias: Operand, data_format: str | None) -> Any:
    first = (data_format or SETTINGS.image_data_format) == "channels_first"
    return ops.add(x, ops.reshape(bias, (1, -1, *(1,) * (ndim(x) - 2))) if first else bias)


def _all(x: Operand) -> tuple[int, ...]:
    return tuple(range(ndim(x)))
