"""keras.ops: cross-entropies, CTC, encodings of classes, and attention."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.ops import decoding
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, floating, tensor, tensors, wanted, whole
from gradwerk.keras.ops.promotion import floatx
from gradwerk.nn import loss
from gradwerk.nn.attention import attention
from gradwerk.nn.ctc_loss import ctc
from gradwerk.ops import functions, movement
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.reduction import reduce_max
from gradwerk.ops.truths import reduce_any
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; Keras' signatures
op = Family("nn")


def _one_shape(name: str, target: Any, output: Any) -> None:
    """Raises: ShapeError."""
    if tuple(target.shape) != tuple(output.shape):
        facts = (f"target {tuple(target.shape)}  output {tuple(output.shape)}",)
        raise ShapeError(f"ops.{name}: target and output have one shape", facts=facts)


def _logits(output: Any, from_logits: bool, made_by: str) -> tuple[Any, bool]:
    """What an activation gave is known by its logits: of a probability of 0 or 1 there is no gradient left."""
    known = None if from_logits else activations.logits_of(output, made_by)
    return (output, bool(from_logits)) if known is None else (known, True)


@op(2)
def binary_crossentropy(target: Operand, output: Operand, from_logits: bool = False) -> Any:
    """-(y log(p) + (1 - y) log(1 - p)) of each element, of logits by their sigmoid.  Shape: that of both.  Dtype: floating."""
    output = floating(output)
    output, logits = _logits(output, from_logits, "sigmoid")
    target = tensor(target, output.dtype)
    _one_shape("binary_crossentropy", target, output)
    if logits:
        return loss.binary_cross_entropy(output, target)
    return loss.binary_cross_entropy_of_probabilities(output, target, epsilon=SETTINGS.epsilon)


@op(2)
def categorical_crossentropy(target: Operand, output: Operand, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum(y log(p)) along an axis, p brought to sum 1; of logits by their softmax.  Shape: without the axis.  Dtype: floating."""
    output = floating(output)
    output, logits = _logits(output, from_logits, "softmax")
    target = tensor(target, output.dtype)
    _one_shape("categorical_crossentropy", target, output)
    target, output = (move_axes(one, [axis], [-1]) for one in (target, output))
    if logits:
        return loss.categorical_cross_entropy(output, target)
    return loss.cross_entropy_of_probabilities(output, target, epsilon=SETTINGS.epsilon)


@op(2)
def sparse_categorical_crossentropy(target: Operand, output: Operand, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(p[label]) along the last axis, of logits by their softmax.  Shape: that of the labels.  Dtype: floating.

    Raises: ArgumentError for another axis.
    """
    output = floating(output)
    if axis not in {-1, output.ndim - 1}:
        raise ArgumentError(f"ops.sparse_categorical_crossentropy: the classes stand along the last axis, axis is {axis}")
    output, logits = _logits(output, from_logits, "softmax")
    labels = cast(tensor(target), dtypes.int64)
    if labels.ndim == output.ndim and labels.shape[-1] == 1:
        labels = movement.squeeze(labels, -1)
    if logits:
        return loss.softmax_cross_entropy(output, labels)
    return loss.sparse_cross_entropy_of_probabilities(output, labels, epsilon=SETTINGS.epsilon)


@op(4, "CTCLoss")
def ctc_loss(target: Operand, output: Operand, target_length: Operand, output_length: Operand, mask_index: int = 0) -> Any:
    """-log of the probability of each row of labels, over all its alignments with the steps of logits.

    Shape: target (batch, most), output (batch, steps, classes), lengths (batch,); result (batch,).  Dtype: floating.
    """
    scores = functions.log_softmax(floating(output), -1)
    labels, ends, counts = (cast(tensor(one), dtypes.int64) for one in (target, output_length, target_length))
    return ctc(movement.transpose(scores, (1, 0, 2)), labels, ends, counts, blank=mask_index)


@op(2, "CTCDecode", eager=True)
def ctc_decode(
    inputs: Operand, sequence_lengths: Operand, strategy: str = "greedy", beam_width: int = 100, top_paths: int = 1,
    merge_repeated: bool = True, mask_index: int = 0,
) -> tuple[Any, Any]:  # fmt: skip
    """The labels of the likeliest paths and how likely they are: the best class of each step, or a beam search; eager only.

    Shape: inputs (batch, steps, classes); labels (paths, batch, steps), -1 behind them, and scores (batch, paths).  Dtype: int32, floating.
    Raises: ArgumentError for another strategy, ShapeError for other axes.

    Args:
        inputs: logits or logarithms of probabilities.
        sequence_lengths: how many steps count, (batch,).
        strategy: `greedy` or `beam_search`.
        beam_width, top_paths: of the beam search: how many are kept, and how many are given back.
        merge_repeated: whether equal classes of steps that follow each other are one label.
        mask_index: the class that is no label.
    """
    x = floating(inputs)
    held = np.asarray(dtypes.widened(x.contents("ops.ctc_decode")), np.float64)
    lengths = np.asarray(tensor(sequence_lengths).contents("ops.ctc_decode"), np.int64)
    if held.ndim != 3 or lengths.shape != held.shape[:1]:
        facts = (f"inputs {held.shape}  sequence_lengths {lengths.shape}",)
        raise ShapeError("ops.ctc_decode takes (batch, steps, classes) and a length for each", facts=facts)
    if strategy == "greedy":
        labels, scores = decoding.greedy(held, lengths, blank=mask_index % held.shape[2], merges=bool(merge_repeated))
    elif strategy == "beam_search":
        count = whole("ctc_decode", "top_paths", top_paths)
        labels, scores = decoding.beams(held, lengths, blank=mask_index % held.shape[2], width=beam_width, count=count)
    else:
        raise ArgumentError(f"ops.ctc_decode: the strategy is 'greedy' or 'beam_search', this is {strategy!r}")
    return Tensor(labels, dtypes.int32), Tensor(scores, x.dtype)


@op()
def one_hot(x: Operand, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 where a new axis counts to the class, else 0; a class outside 0 .. num_classes - 1 gives zeros.  Shape: with the axis.

    Dtype: `dtype`, by default floatx.  Raises: ArgumentError for sparse results.
    """
    if sparse:
        raise ArgumentError("ops.one_hot: sparse Tensors are not here", likely="sparse=False")
    x = tensor(x)
    labels = x if dtypes.is_integer(x.dtype) else cast(x, dtypes.int64)
    made = functions.one_hot(labels, whole("one_hot", "num_classes", num_classes), wanted(dtype, floatx()))
    return made if axis in {-1, made.ndim - 1} else move_axes(made, [-1], [axis])


@op()
def multi_hot(
    inputs: Operand, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any
) -> Any:  # fmt: skip
    """1 for each class that stands in a row, else 0.  Shape: (..., count) -> (..., num_classes).  Dtype: `dtype`, by default floatx.

    Raises: ArgumentError without num_classes, and for sparse results.
    """
    count = kwargs.pop("num_tokens", None) if num_classes is None else num_classes
    if count is None or kwargs or sparse:
        raise ArgumentError("ops.multi_hot takes num_classes, and gives no sparse Tensors")
    x = tensor(inputs)
    wide = wanted(dtype, floatx())
    made = one_hot(x, count, axis, "int32" if dtypes.is_bool(wide) else wide)
    along = 1 if x.ndim > 1 else 0
    return reduce_any(made, along) if dtypes.is_bool(wide) else reduce_max(made, along)


@op(6)
def dot_product_attention(
    query: Operand, key: Operand, value: Operand, bias: Operand = None, mask: Operand = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: bool | None = None, attn_logits_soft_cap: float | None = None,
) -> Any:  # fmt: skip
    """softmax(query key^T scale + bias) value of several heads; fewer heads of keys are shared.

    Shape: query (batch, queries, heads, features), key and value (batch, keys, heads, features); result that of query.
    Dtype: in which they meet.  Raises: ShapeError for other axes, ArgumentError for a cap of the logits.

    Args:
        query, key, value: as above.
        bias: added to the scores, (batch, heads, queries, keys).
        mask: True where a query sees a key.
        scale: of the scores, 1 / sqrt(features) unless given.
        is_causal: query i sees keys 0..i alone.
        flash_attention: says how a GPU computes it, nothing here.
        attn_logits_soft_cap: is not here.
    """
    if attn_logits_soft_cap is not None:
        raise ArgumentError("ops.dot_product_attention: attn_logits_soft_cap is not here")
    q, k, v = tensors(tensor(query), key, value, beside=(float,))
    if not q.ndim == k.ndim == v.ndim == 4:
        facts = (f"query {tuple(q.shape)}  key {tuple(k.shape)}  value {tuple(v.shape)}",)
        raise ShapeError("ops.dot_product_attention takes (batch, steps, heads, features)", facts=facts)
    heads = q.shape[2]
    if k.shape[2] not in {1, heads} and heads % k.shape[2] == 0:
        k, v = (_shared(one, heads // one.shape[2]) for one in (k, v))
    q, k, v = (movement.transpose(one, (0, 2, 1, 3)) for one in (q, k, v))
    added = None if bias is None else tensor(bias, q.dtype)
    if mask is not None:
        seen = tensor(mask, dtypes.bool_)
        added = seen if added is None else (added + cast(~seen, q.dtype) * (-0.7 * dtypes.limits(q.dtype).max))
    found = attention(q, k, v, added, causal=bool(is_causal), scale=None if scale is None else float(scale))
    return movement.transpose(found, (0, 2, 1, 3))


def _shared(x: Any, times: int) -> Any:
    """Each head so often, side by side."""
    batch, steps, heads, features = x.shape
    wide = movement.broadcast_to(movement.expand_dims(x, 3), (batch, steps, heads, times, features))
    return movement.reshape(wide, (batch, steps, heads * times, features))
