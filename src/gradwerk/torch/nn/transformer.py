"""torch.nn.Transformer, its encoder and decoder.  Source: Vaswani et al., 2017."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tensor.random import default_generator
from gradwerk.torch.nn import activations, functional
from gradwerk.torch.nn.attention_layers import MultiheadAttention
from gradwerk.torch.nn.containers import ModuleList
from gradwerk.torch.nn.layers import Dropout, Linear
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.normalizing_layers import LayerNorm
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's names and orders of arguments
Activation = str | Callable[[Tensor], Tensor]


class TransformerEncoderLayer(Module):
    """Attention of a sequence to itself, then two linear layers, each beside a shortcut and with a LayerNorm.

    Shape: src (S, N, d_model), with `batch_first` (N, S, d_model), or (S, d_model); kept.
    Raises: ArgumentError for an activation by another name than "relu" and "gelu".
    """

    @as_recorded()
    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = functional.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first)
        self.linear1, self.dropout = Linear(d_model, dim_feedforward, bias), Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.norm1, self.norm2 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(2))
        self.dropout1, self.dropout2 = Dropout(dropout), Dropout(dropout)
        self.activation = activation_of(activation)

    def forward(
        self, src: Tensor, src_mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool = False
    ) -> Tensor:  # fmt: skip
        """The sequence, changed; masks as MultiheadAttention has them."""
        if self.norm_first:
            x = src + self._attend(self.norm1(src), src_mask, src_key_padding_mask, is_causal)
            return x + self._feed(self.norm2(x))
        x = self.norm1(src + self._attend(src, src_mask, src_key_padding_mask, is_causal))
        return self.norm2(x + self._feed(x))

    def _attend(self, x: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool) -> Tensor:
        causal = is_causal and mask is not None
        attended, _ = self.self_attn(x, x, x, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=causal)
        return self.dropout1(attended)

    def _feed(self, x: Tensor) -> Tensor:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """Attention of a sequence to itself, then to the encoder's result, then two linear layers.

    Shape: tgt (T, N, d_model), memory (S, N, d_model), or batch first, or without a batch; result as tgt.
    Raises: ArgumentError as TransformerEncoderLayer.
    """

    @as_recorded()
    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = functional.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, bias=bias)
        self.multihead_attn = MultiheadAttention(d_model, nhead, dropout=dropout, batch_first=batch_first, bias=bias)
        self.linear1, self.dropout = Linear(d_model, dim_feedforward, bias), Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias)
        self.norm_first = norm_first
        self.norm1, self.norm2, self.norm3 = (LayerNorm(d_model, layer_norm_eps, bias=bias) for _ in range(3))
        self.dropout1, self.dropout2, self.dropout3 = (Dropout(dropout) for _ in range(3))
        self.activation = activation_of(activation)

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """The sequence, changed; masks as MultiheadAttention has them."""
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            normed = self.norm1(tgt)
            x = tgt + self.dropout1(attended(self.self_attn, normed, normed, *own))
            x = x + self.dropout2(attended(self.multihead_attn, self.norm2(x), memory, *other))
            return x + self._feed(self.norm3(x))
        x = self.norm1(tgt + self.dropout1(attended(self.self_attn, tgt, tgt, *own)))
        x = self.norm2(x + self.dropout2(attended(self.multihead_attn, x, memory, *other)))
        return self.norm3(x + self._feed(x))

    def _feed(self, x: Tensor) -> Tensor:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerEncoder(Module):
    """A stack of copies of a layer, and a normalisation behind them.

    enable_nested_tensor and mask_check are taken and change nothing: padded steps are computed like others.
    """

    @as_recorded(ignored=("enable_nested_tensor", "mask_check"))
    def __init__(self, encoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = copies(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, src: Tensor, mask: Tensor | None = None, src_key_padding_mask: Tensor | None = None, is_causal: bool | None = None
    ) -> Tensor:  # fmt: skip
        """The sequence behind all layers."""
        for layer in self.layers:
            src = layer(src, src_mask=mask, is_causal=bool(is_causal), src_key_padding_mask=src_key_padding_mask)
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """A stack of copies of a layer, and a normalisation behind them."""

    @as_recorded()
    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = copies(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None, memory_key_padding_mask: Tensor | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """The sequence behind all layers."""
        for layer in self.layers:
            tgt = layer(
                tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=bool(tgt_is_causal), memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder and a decoder; all weights with more than one axis Glorot uniform.

    Shape: src (S, N, d_model), tgt (T, N, d_model), or batch first, or without a batch; result as tgt.
    Raises: ShapeError where src and tgt differ in batch or features.
    """

    @as_recorded()
    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6, dim_feedforward: int = 2048,
        dropout: float = 0.1, activation: Activation = functional.relu, custom_encoder: Any = None, custom_decoder: Any = None,  # noqa: ANN401
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        options: dict[str, Any] = {"batch_first": batch_first, "norm_first": norm_first, "bias": bias}
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
        if custom_encoder is None:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias)
            custom_encoder = TransformerEncoder(TransformerEncoderLayer(*sizes, **options), num_encoder_layers, norm)
        if custom_decoder is None:
            norm = LayerNorm(d_model, layer_norm_eps, bias=bias)
            custom_decoder = TransformerDecoder(TransformerDecoderLayer(*sizes, **options), num_decoder_layers, norm)
        self.encoder, self.decoder = custom_encoder, custom_decoder
        for parameter in self.parameters():
            if parameter.ndim > 1:
                values = init.glorot_uniform(tuple(parameter.shape[::-1]), default_generator())
                parameter.assign(Tensor.of(np.ascontiguousarray(values.T)))
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Tensor | None = None, tgt_mask: Tensor | None = None, memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None, tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None, src_is_causal: bool | None = None, tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """What the decoder makes of tgt beside the encoded src."""
        facts = (f"src {tuple(src.shape)}, tgt {tuple(tgt.shape)}",)
        axis = 0 if self.batch_first else 1
        if src.ndim == 3 and src.shape[axis] != tgt.shape[axis]:
            raise ShapeError("the batch number of src and tgt must be equal", facts=facts)
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise ShapeError("the feature number of src and tgt must be equal to d_model", facts=facts)
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:  # noqa: ANN401
        """What hides from each step those behind it: -inf above the diagonal.  Shape: (sz, sz)."""
        mask = Tensor.of(np.triu(np.full((sz, sz), -math.inf, np.float32), 1))
        return mask if dtype is None else mask.to(dtype)


def attended(
    layer: MultiheadAttention, x: Tensor, to: Tensor, mask: Tensor | None, padding: Tensor | None, is_causal: bool
) -> Tensor:  # fmt: skip
    """What attention of x to a sequence gives."""
    causal = is_causal and mask is not None
    result: Tensor = layer(x, to, to, attn_mask=mask, key_padding_mask=padding, need_weights=False, is_causal=causal)[0]
    return result


def copies(layer: Module, count: int) -> ModuleList:
    """Copies of a layer."""
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


def activation_of(activation: Activation) -> Callable[[Tensor], Tensor]:
    """A function, or one of two by name.  Raises: ArgumentError."""
    if not isinstance(activation, str):
        return activation
    known: dict[str, Callable[[Tensor], Tensor]] = {"relu": functional.relu, "gelu": activations.gelu}
    if activation not in known:
        raise ArgumentError(f"activation should be relu/gelu, not {activation}")
    return known[activation]
