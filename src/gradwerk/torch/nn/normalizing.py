"""torch.nn.functional's normalisations and attention."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import attention, normalization
from gradwerk.tensor.random import default_generator
from gradwerk.torch import arguments
from gradwerk.torch.nn import checks
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments
Extents = int | Sequence[int]


def _last_axes(name: str, input: Tensor, normalized_shape: Any, parts: dict[str, Any]) -> int:  # noqa: ANN401
    """How many axes are normalised.  Raises: ShapeError, ArgumentTypeError, DTypeError."""
    arguments.tensor(name, input)
    checks.floating(name, input.dtype)
    shape = arguments.sizes(name, (normalized_shape,))
    if not shape or tuple(input.shape[-len(shape) :]) != shape:
        message = f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}]"
        raise ShapeError(f"{message}, but got input of size{list(input.shape)}")
    checks.parts(name, parts)
    for argument, value in parts.items():
        if value is not None and tuple(value.shape) != shape:
            raise ShapeError(f"{name}: expected {argument} of the shape {list(shape)}, got {list(value.shape)}")
    return len(shape)


@as_recorded()
def layer_norm(
    input: Tensor, normalized_shape: Extents, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / sqrt(variance + eps) of the last axes, times weight, plus bias.  Shape: kept; weight and bias `normalized_shape`."""
    count = _last_axes("layer_norm", input, normalized_shape, {"weight": weight, "bias": bias})
    return normalization.layer_norm(input, count, weight, bias, epsilon=eps)


@as_recorded()
def rms_norm(input: Tensor, normalized_shape: Extents, weight: Tensor | None = None, eps: float | None = None) -> Tensor:
    """x / sqrt(mean of squares + eps) of the last axes, times weight; eps is the dtype's unless given."""
    count = _last_axes("rms_norm", input, normalized_shape, {"weight": weight})
    return normalization.rms_norm(input, count, weight, epsilon=eps)


@as_recorded()
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """`layer_norm` of each group of channels and all of space.  Shape: input (N, C, ...), kept; weight, bias (C,).  Raises: ShapeError."""
    arguments.tensor("group_norm", input)
    checks.floating("group_norm", input.dtype)
    groups = arguments.whole("group_norm", "num_groups", num_groups)
    if input.ndim < 2 or groups < 1 or input.shape[1] % groups:
        message = f"Expected number of channels in input to be divisible by num_groups, but got input of shape {list(input.shape)}"
        raise ShapeError(f"{message} and num_groups={groups}")
    checks.parts("group_norm", {"weight": weight, "bias": bias}, input.shape[1])
    return normalization.group_norm(input, groups, weight, bias, epsilon=eps)


@as_recorded()
def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None, weight: Tensor | None = None,
    bias: Tensor | None = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of each example by itself, or by the running statistics; these are updated in place when it is by itself.

    Shape: input (N, C, ...), kept; the others (C,).  Raises: ShapeError, ArgumentError.
    """
    arguments.tensor("instance_norm", input)
    checks.floating("instance_norm", input.dtype)
    own = arguments.switch("instance_norm", "use_input_stats", use_input_stats)
    if input.ndim < 2 or (own and input.ndim > 2 and math.prod(input.shape[2:]) == 1):
        raise ShapeError(f"Expected more than 1 spatial element when training, got input size {list(input.shape)}")
    parts = {"running_mean": running_mean, "running_var": running_var, "weight": weight, "bias": bias}
    checks.parts("instance_norm", parts, input.shape[1])
    if not own and (running_mean is None or running_var is None):
        raise ArgumentError("Expected running_mean and running_var to be defined when use_input_stats=False")
    running = None if running_mean is None or running_var is None else (running_mean, running_var)
    return normalization.instance_norm(input, running, weight, bias, epsilon=eps, momentum=1 - momentum, by_itself=own)


@as_recorded()
def local_response_norm(input: Tensor, size: int, alpha: float = 0.0001, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha times the mean square of `size` neighbouring channels)**beta.  Shape: (N, C, ...), kept.  Raises: ShapeError."""
    arguments.tensor("local_response_norm", input)
    checks.floating("local_response_norm", input.dtype)
    if input.ndim < 3:
        raise ShapeError(f"Expected 3D or higher dimensionality input (got {input.ndim} dimensions)")
    width = arguments.whole("local_response_norm", "size", size)
    return normalization.local_response_norm(input, width, alpha=alpha, beta=beta, offset=k)


@as_recorded()
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:  # noqa: ANN401
    """x / max(norm, eps) along axes."""
    arguments.tensor("normalize", input)
    checks.floating("normalize", input.dtype)
    axes, order = arguments.axes("normalize", dim, input.ndim), arguments.number("normalize", "p", p)
    return normalization.unit_norm(input, axes, order=order, epsilon=eps)


@as_recorded(name="nn.functional.scaled_dot_product_attention")
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, is_causal: bool = False, *,
    scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(query key^T scale + mask) value; a mask of bools says which keys are seen, one of numbers is added.

    Shape: query (..., L, E), key (..., S, E), value (..., S, V), mask (..., L, S); result (..., L, V).  Raises: ShapeError, ArgumentError.
    """
    for name, given in (("query", query), ("key", key), ("value", value)):
        arguments.tensor("scaled_dot_product_attention", given, name)
        checks.same_dtype("scaled_dot_product_attention", given, query)
    checks.floating("scaled_dot_product_attention", query.dtype)
    causal = arguments.switch("scaled_dot_product_attention", "is_causal", is_causal)
    if causal and attn_mask is not None:
        raise ArgumentError("Explicit attn_mask should not be set when is_causal=True")
    rate = checks.probability("scaled_dot_product_attention", dropout_p)
    if min(query.ndim, key.ndim, value.ndim) < 2:
        raise ShapeError("scaled_dot_product_attention: expected at least 2 dimensions each")
    if enable_gqa:
        key, value = (x.repeat_interleave(query.shape[-3] // x.shape[-3], -3) for x in (key, value))
    return attention.attention(query, key, value, attn_mask, causal=causal, scale=scale, rate=rate, generator=default_generator())
