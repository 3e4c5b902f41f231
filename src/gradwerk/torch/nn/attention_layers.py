"""torch.nn.MultiheadAttention, over `nn.attention`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.nn.attention import attention
from gradwerk.nn.dropout import dropout
from gradwerk.nn.linear import linear
from gradwerk.ops.arithmetic import add, cast, mul, where
from gradwerk.ops.functions import matmul, mean, softmax
from gradwerk.ops.movement import broadcast_to, concatenate, expand_dims, reshape, slice_axis, squeeze, transpose
from gradwerk.ops.source import full
from gradwerk.tensor.random import default_generator
from gradwerk.torch.nn.checks import count, probability
from gradwerk.torch.nn.layers import Linear
from gradwerk.torch.nn.layout import physical, weight
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: FBT001, FBT002  torch's names and orders of arguments
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.


class NonDynamicallyQuantizableLinear(Linear):
    """Linear, under the name that torch prints for the projection of what heads give."""


class MultiheadAttention(Module):
    """softmax(q k^T / sqrt(head size) + mask) v in each head, of projections of query, key and value; then a projection of all heads.

    Parameters: in_proj_weight (3 embed, embed), or q_proj_weight, k_proj_weight, v_proj_weight where kdim or vdim differ, Glorot uniform;
    in_proj_bias (3 embed,) zeros; out_proj; bias_k and bias_v with `add_bias_kv`.
    Shape: query (L, N, embed), key (S, N, kdim), value (S, N, vdim), with `batch_first` the batch first, or all without a batch.
    Raises: ArgumentError where embed_dim is no multiple of num_heads.  Source: Vaswani et al., 2017.
    """

    @as_recorded()
    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        name = "MultiheadAttention"
        embed, heads = count(name, "embed_dim", embed_dim), count(name, "num_heads", num_heads)
        if not embed or not heads:
            raise ArgumentError(f"embed_dim and num_heads must be greater than 0, got embed_dim={embed} and num_heads={heads} instead")
        if embed % heads:
            raise ArgumentError("embed_dim must be divisible by num_heads", facts=(f"{embed} and {heads}",))
        self.embed_dim, self.num_heads, self.head_dim = embed, heads, embed // heads
        self.kdim, self.vdim = embed if kdim is None else kdim, embed if vdim is None else vdim
        self.dropout, self.batch_first, self.add_zero_attn = probability(name, dropout), batch_first, add_zero_attn
        self.in_proj_weight: Parameter | None = None
        self.q_proj_weight: Parameter | None = None
        self.k_proj_weight: Parameter | None = None
        self.v_proj_weight: Parameter | None = None
        self._qkv_same_embed_dim = self.kdim == embed and self.vdim == embed
        glorot, normal = init.glorot_uniform, init.Normal(0.0, math.sqrt(1 / embed))
        if self._qkv_same_embed_dim:
            self.in_proj_weight = weight(_glorot((3 * embed, embed), glorot))
        else:
            sizes = (embed, self.kdim, self.vdim)
            self.q_proj_weight, self.k_proj_weight, self.v_proj_weight = (weight(_glorot((embed, size), glorot)) for size in sizes)
        self.in_proj_bias = Parameter(Tensor.of(np.zeros(3 * embed, np.float32))) if bias else None
        self.out_proj = NonDynamicallyQuantizableLinear(embed, embed, bias)
        if bias:
            self.out_proj.bias.data.zero_()  # type: ignore[union-attr]  # it has one
        made = [Parameter(Tensor.of(normal((1, 1, embed), default_generator()))) if add_bias_kv else None for _ in range(2)]
        self.bias_k, self.bias_v = made

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """The result, and the weights of the heads or their mean, (N, L, S) or (N, heads, L, S); None unless `need_weights`.

        Args:
            key_padding_mask: (N, S): True, or what is added to the scores, for keys that nobody sees.
            attn_mask: (L, S) or (N * heads, L, S): True for keys that a query does not see, or what is added to the scores.
            is_causal: that attn_mask is the causal one; it has to be given.

        Raises: ShapeError, ArgumentError.
        """
        batched = query.ndim == 3
        self._look_at(query, key, value, key_padding_mask, attn_mask)
        if is_causal and attn_mask is None:
            raise ArgumentError("Need attn_mask if specifying the is_causal hint.")
        if not batched:
            query, key, value = (expand_dims(x, 1) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else expand_dims(key_padding_mask, 0)
        elif self.batch_first:
            query, key, value = (transpose(x, (1, 0, 2)) for x in (query, key, value))
        result, weights = self._attend(*self._projected(query, key, value), key_padding_mask, attn_mask, need_weights=need_weights)
        if weights is not None and average_attn_weights:
            weights = mean(weights, 1)
        if not batched:
            return squeeze(result, 1), None if weights is None else squeeze(weights, 0)
        return transpose(result, (1, 0, 2)) if self.batch_first else result, weights

    def _look_at(self, query: Any, key: Any, value: Any, padding: Any, mask: Any) -> None:  # noqa: ANN401
        """Raises: ShapeError."""
        facts = tuple(f"{name:<8}{tuple(x.shape)}" for name, x in (("query", query), ("key", key), ("value", value)))
        if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
            raise ShapeError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D query tensor", facts=facts)
        for what, found, wanted in (("query", query, self.embed_dim), ("key", key, self.kdim), ("value", value, self.vdim)):
            if found.shape[-1] != wanted:
                raise ShapeError(f"was expecting embedding dimension of {wanted}, but got {found.shape[-1]} of {what}", facts=facts)
        if tuple(key.shape[:-1]) != tuple(value.shape[:-1]):
            raise ShapeError("key and value differ in their sequences or batches", facts=facts)
        if query.ndim == 3 and query.shape[0 if self.batch_first else 1] != key.shape[0 if self.batch_first else 1]:
            likely = "MultiheadAttention(..., batch_first=True) takes (batch, length, features)" if not self.batch_first else ""
            raise ShapeError("query and key differ in their batches", facts=facts, likely=likely)
        lengths = [x.shape[1 if self.batch_first and query.ndim == 3 else 0] for x in (query, key)]
        heads = self.num_heads * (query.shape[0 if self.batch_first else 1] if query.ndim == 3 else 1)
        if mask is not None and tuple(mask.shape) not in ((lengths[0], lengths[1]), (heads, lengths[0], lengths[1])):
            message = f"The shape of the attn_mask is {tuple(mask.shape)}, but should be {(lengths[0], lengths[1])}"
            raise ShapeError(f"{message} or {(heads, *lengths)}.", facts=facts)
        rows = () if query.ndim == 2 else (query.shape[0 if self.batch_first else 1],)
        if padding is not None and tuple(padding.shape) != (*rows, lengths[1]):
            raise ShapeError(f"key_padding_mask should be {(*rows, lengths[1])}, got {tuple(padding.shape)}", facts=facts)

    def _projected(self, query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Query, key and value of all heads.  Shape: (length, N, embed)."""
        embed, bias = self.embed_dim, self.in_proj_bias
        biases = [None if bias is None else slice_axis(bias, 0, k * embed, (k + 1) * embed) for k in range(3)]
        if self.in_proj_weight is not None:
            whole = physical(self.in_proj_weight)
            if query is key and key is value:
                joint = linear(query, whole, bias)
                q, k, v = (slice_axis(joint, -1, part * embed, (part + 1) * embed) for part in range(3))
                return q, k, v
            kernels = [slice_axis(whole, 1, part * embed, (part + 1) * embed) for part in range(3)]
        else:
            kernels = [physical(held) for held in (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)]
        q, k, v = (linear(x, kernel, own) for x, kernel, own in zip((query, key, value), kernels, biases, strict=True))
        return q, k, v

    def _attend(
        self, q: Tensor, k: Tensor, v: Tensor, padding: Tensor | None, mask: Tensor | None, *, need_weights: bool
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        queries, batch, embed = q.shape
        added = 0
        if self.bias_k is not None and self.bias_v is not None:
            k, v = (concatenate([x, broadcast_to(one, (1, batch, embed))], 0) for x, one in ((k, self.bias_k), (v, self.bias_v)))
            added += 1
        if self.add_zero_attn:
            zeros = full((1, batch, embed), 0.0, q.dtype, like=(q,))
            k, v = concatenate([k, zeros], 0), concatenate([v, zeros], 0)
            added += 1
        heads = [transpose(reshape(x, (x.shape[0], batch, self.num_heads, self.head_dim)), (1, 2, 0, 3)) for x in (q, k, v)]
        hidden = self._hidden(padding, mask, batch, added, q)
        rate = self.dropout if self.training else 0.0
        if need_weights:
            scores = matmul(mul(heads[0], 1 / math.sqrt(self.head_dim)), transpose(heads[1], (0, 1, 3, 2)))
            weights = softmax(scores if hidden is None else add(scores, hidden))
            weights = dropout(weights, rate, default_generator()) if rate else weights
            seen = matmul(weights, heads[2])
        else:
            weights = None
            seen = attention(heads[0], heads[1], heads[2], hidden, rate=rate, generator=default_generator() if rate else None)
        joined = reshape(transpose(seen, (2, 0, 1, 3)), (queries, batch, embed))
        return self.out_proj(joined), weights

    def _hidden(self, padding: Tensor | None, mask: Tensor | None, batch: int, added: int, like: Tensor) -> Tensor | None:
        """What both masks add to the scores.  Shape: broadcast to (N, heads, L, S + added)."""
        parts = []
        if mask is not None:
            numbers = _numbers(mask, like)
            apart = reshape(numbers, (batch, self.num_heads, *mask.shape[1:])) if mask.ndim == 3 else reshape(numbers, (1, 1, *mask.shape))
            parts.append(apart)
        if padding is not None:
            parts.append(reshape(_numbers(padding, like), (batch, 1, 1, padding.shape[-1])))
        if not parts:
            return None
        whole = parts[0] if len(parts) == 1 else add(*parts)
        if added:
            whole = concatenate([whole, full((*whole.shape[:-1], added), 0.0, like.dtype, like=(like,))], -1)
        return whole


def _glorot(shape: tuple[int, int], glorot: init.Initializer) -> Any:  # noqa: ANN401  an array
    return np.ascontiguousarray(glorot(shape[::-1], default_generator()).T)


def _numbers(mask: Tensor, like: Tensor) -> Tensor:
    """A mask of bools, True where nothing is seen, as what is added to scores."""
    if not dtypes.is_bool(mask.dtype):
        return cast(mask, like.dtype)
    zeros = full(tuple(mask.shape), 0.0, like.dtype, like=(like,))
    return where(mask, -math.inf, zeros)
