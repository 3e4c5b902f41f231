"""MultiHeadAttention and GroupQueryAttention: several attentions at a time, each over projections of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_lowercase
from typing import Any, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.keras import initializers
from gradwerk.keras.activations import ActivationLike
from gradwerk.keras.initializers import Initializer, InitializerLike
from gradwerk.keras.layers.contents import arguments_of
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.einsum_dense import EinsumDense
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import as_inputs, floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.regularization import rate_of
from gradwerk.keras.masked import as_mask, mask_of, without_mask
from gradwerk.keras.options import LayerOptions, checked_except, positive_integer, whole
from gradwerk.nn.attention import earlier, multi_head, near
from gradwerk.ops.arrangement import repeat
from gradwerk.ops.elementwise import mul
from gradwerk.ops.logic import all_of, truth
from gradwerk.ops.movement import expand_dims
from gradwerk.tensor.random import Generator, fresh_seed

Operand = Any
"""A Tensor."""


class Heads(Layer):
    """What both share: the options, the projections, and which keys a query sees."""

    weight_options = ("kernel", "bias")
    computes_in = np.float32
    supports_masking = True
    dropout: float
    use_bias: bool
    use_gate: bool
    sliding_window: int | None
    _gate_dense: EinsumDense

    def settle(
        self, dropout: object, sliding_window: object, flash_attention: object, seed: object, kernel_initializer: InitializerLike,
        bias_initializer: InitializerLike,
    ) -> None:  # fmt: skip
        """Keeps what both take.  Raises: ArgumentError for what is no rate, count or seed; and for `flash_attention`."""
        owner = type(self).__name__
        self.dropout, self.seed = rate_of(owner, dropout), None if seed is None else whole(owner, "seed", seed)
        self.sliding_window = None if sliding_window is None else positive_integer(owner, "sliding_window", sliding_window)
        if flash_attention not in (None, False):
            raise ArgumentError(f"{owner}: flash_attention={flash_attention!r} asks for a kernel of some GPUs, which is not here")
        self.flash_attention = flash_attention
        self.generator = Generator(fresh_seed() if self.seed is None else self.seed)
        self.kernel_initializer, self.bias_initializer = initializers.get(kernel_initializer), initializers.get(bias_initializer)

    def projection(
        self, name: str, equation: str, outputs: Sequence[int | None], bias_axes: str, shape: Shape, activation: ActivationLike = None
    ) -> EinsumDense:
        """A projection, built for inputs of a shape; none begins as another does, unless the initializer has a seed."""
        options = {f"{one}_{kind}": getattr(self, f"{one}_{kind}") for one in ("kernel", "bias") for kind in ("regularizer", "constraint")}
        made = EinsumDense(
            equation, outputs, activation, bias_axes if self.use_bias else None, name=name, dtype=self.dtype_policy,
            trainable=self.trainable, kernel_initializer=_anew(self.kernel_initializer),
            bias_initializer=_anew(self.bias_initializer), **options,
        )  # fmt: skip
        made.build(shape)
        return made

    def attended(
        self, given: tuple[Operand, Operand, Operand | None], masks: tuple[Any, Any, Any, Any], rate: float, *, causal: bool, scores: bool,
        axes: Sequence[int],
    ) -> Any:  # fmt: skip  # noqa: ANN401  a Tensor, or two
        """All of `call`: what is projected, attended to, and projected back."""
        query, value = (floating(as_inputs(self, without_mask(x), further=True)) for x in given[:2])
        key = value if given[2] is None else floating(as_inputs(self, without_mask(given[2]), further=True))
        seen = self._seen(query, value, masks, causal=causal)
        *projections, back = self.projections
        q, k, v = (self.spread_out(project(x)) for project, x in zip(projections, (query, key, value), strict=True))
        bare = not self.dropout and not scores and q.ndim == 4
        y, weights = multi_head(q, k, v, seen, axes=axes, rate=rate, generator=self.generator, spread=bare)
        if self.use_gate:
            y = mul(y, self._gate_dense(query))
        y = back(y)
        return (y, weights) if scores else y

    @property
    def projections(self) -> tuple[Callable[[Operand], Operand], ...]:
        """Those of query, key and value, and that of what the heads give."""
        raise StateError(f"{type(self).__name__} has no projections")

    def spread_out(self, x: Operand) -> Operand:
        """A projection with as many heads as the query has."""
        return x

    def _seen(self, query: Operand, value: Operand, masks: tuple[Any, Any, Any, Any], *, causal: bool) -> Operand | None:
        """Which keys each query sees: all that no mask hides; None for all."""
        of_query, of_value, of_key, given = (None if mask is None else truth(as_mask(mask)) for mask in masks)
        parts = [] if of_query is None else [expand_dims(of_query, of_query.ndim)]
        parts += [expand_dims(mask, mask.ndim - 1) for mask in (of_value, of_key) if mask is not None]
        parts += [earlier(query, value)] if causal else []
        parts += [near(query, value, self.sliding_window)] if self.sliding_window is not None else []
        parts += [] if given is None else [given]
        found = None
        for part in parts:
            found = part if found is None else all_of(found, part)
        return found


@fixed("num_heads", "key_dim", "value_dim", "attention_axes", "use_gate", once_built=("use_bias",))
class MultiHeadAttention(Heads):
    """Attention by several heads: query, key and value are projected for each, attended to, and what comes out is projected back.

    The layer is called with (query, value, key=None); without a key the values are it.  Masks of the inputs, as Embedding gives them, hide
    keys, so do `attention_mask` (batch, queries, keys), `use_causal_mask` (what stands behind a query) and a `sliding_window`.

    Shape: query (batch, queries, features), value (batch, keys, features) -> (batch, queries, features of the query, or `output_shape`);
    with `return_attention_scores` also (batch, heads, queries, keys).  With `attention_axes` there are further axes, or several of these.
    Weights: kernel and bias of query, key, value and attention_output (and gate).  Source: Vaswani et al., arXiv:1706.03762.
    Raises: ArgumentError for what is no count, rate or axis; ShapeError where key and value do not fit.

    Args:
        num_heads: how many.
        key_dim: the width of query and key in a head.
        value_dim: that of values, `key_dim` unless given.
        dropout: the share of weights that become 0 while training.
        use_bias: whether projections have one.
        output_shape: the features of the result.
        attention_axes: over which axes; all between the batch and the features unless given.
        sliding_window: how many places, itself included, a query sees on either side.
        flash_attention: None or False.
        use_gate: whether what comes out of the heads is multiplied with a gate of the query.
        seed: what draws for dropout begins here.
    """

    query_dense: EinsumDense
    key_dense: EinsumDense
    value_dense: EinsumDense
    output_dense: EinsumDense

    @checked_except(
        "num_heads", "key_dim", "value_dim", "dropout", "output_shape", "attention_axes", "sliding_window", "flash_attention", "seed"
    )
    def __init__(
        self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0, use_bias: bool = True,  # noqa: FBT001, FBT002
        output_shape: int | Sequence[int] | None = None, attention_axes: int | Sequence[int] | None = None,
        sliding_window: int | None = None, flash_attention: bool | None = None,  # noqa: FBT001
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros", *, use_gate: bool = False,
        seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = "MultiHeadAttention"
        self.num_heads, self.key_dim = positive_integer(owner, "num_heads", num_heads), positive_integer(owner, "key_dim", key_dim)
        self.value_dim = self.key_dim if value_dim is None else positive_integer(owner, "value_dim", value_dim)
        self.use_bias, self.use_gate = use_bias, use_gate
        said = output_shape if isinstance(output_shape, (list, tuple)) or output_shape is None else [output_shape]
        self.said_shape = None if not said else tuple(positive_integer(owner, "output_shape", extent) for extent in said)
        axes = attention_axes if isinstance(attention_axes, (list, tuple)) or attention_axes is None else [attention_axes]
        self.attention_axes = None if not axes else tuple(whole(owner, "attention_axes", axis, -32) for axis in axes)
        self.settle(dropout, sliding_window, flash_attention, seed, kernel_initializer, bias_initializer)

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:  # type: ignore[override]  # of several
        """Makes the projections."""
        _check_pairs(self, value_shape, key_shape)
        shapes = (query_shape, value_shape if key_shape is None else key_shape, value_shape)
        widths = (self.key_dim, self.key_dim, self.value_dim)
        for name, shape, width in zip(("query", "key", "value"), shapes, widths, strict=True):
            equation, bias, outputs = projecting(len(shape) - 1, 1, (self.num_heads, width))
            setattr(self, f"{name}_dense", self.projection(name, equation, outputs, bias, shape))
            if name == "key" and self.use_gate:
                equation, bias, outputs = projecting(len(query_shape) - 1, 1, (self.num_heads, self.value_dim))
                self._gate_dense = self.projection("gate", equation, outputs, bias, query_shape, "sigmoid")
        equation, bias, outputs = projecting(len(query_shape) - 1, 2, self.said_shape or (known_extent(self, query_shape),))
        inside = (*query_shape[:-1], self.num_heads, self.value_dim)
        self.output_dense = self.projection("attention_output", equation, outputs, bias, inside)

    def call(
        self, query: Operand, value: Operand, key: Operand | None = None, query_mask: Any = None, value_mask: Any = None,  # noqa: ANN401
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: bool | None = None,  # noqa: ANN401, FBT001, FBT002
        use_causal_mask: bool = False,  # noqa: FBT001, FBT002  Keras' signature
    ) -> Any:  # noqa: ANN401  a Tensor, or two
        """See `multi_head`."""
        masks = (_own(query_mask, query), _own(value_mask, value), _own(key_mask, key), attention_mask)
        axes = _axes(self.attention_axes, query.ndim)
        return self.attended(
            (query, value, key), masks, self.dropout if training else 0.0, causal=use_causal_mask, scores=return_attention_scores, axes=axes
        )

    def compute_output_shape(self, query_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> Shape:
        """That of the query, with the features of `output_shape`."""
        if value_shape is not None:
            _check_pairs(self, value_shape, key_shape)
        return (*query_shape[:-1], *self.said_shape) if self.said_shape else tuple(query_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        own = arguments_of(self, {"output_shape", "flash_attention"})
        return {**self.base_config(), **own, "output_shape": self.said_shape}

    @property
    def projections(self) -> tuple[Callable[[Operand], Operand], ...]:
        """Those of query, key and value, and that of what the heads give."""
        return self.query_dense, self.key_dense, self.value_dense, self.output_dense


@fixed("head_dim", "num_query_heads", "num_key_value_heads", "use_gate", once_built=("use_bias",))
class GroupQueryAttention(Heads):
    """`MultiHeadAttention` in which several heads of queries share one of keys and values.

    It is called as that is.  Shape: query (batch, queries, features), value (batch, keys, features) -> as the query; with
    `return_attention_scores` also (batch, heads, queries, keys).  Source: Ainslie et al., arXiv:2305.13245.
    Weights: kernel and bias of query, key, value and attention_output (and gate).
    Raises: ArgumentError for what is no count or rate, and where groups would not be equal; ShapeError where key and value do not fit.

    Args:
        head_dim: the width of a head.
        num_query_heads: how many there are of queries.
        num_key_value_heads: of keys and values: a divisor of that.
        dropout, use_bias, sliding_window, flash_attention, use_gate, seed: as there.
    """

    @checked_except("head_dim", "num_query_heads", "num_key_value_heads", "dropout", "sliding_window", "flash_attention", "seed")
    def __init__(
        self, head_dim: int, num_query_heads: int, num_key_value_heads: int, dropout: float = 0.0, use_bias: bool = True,  # noqa: FBT001, FBT002
        sliding_window: int | None = None, flash_attention: bool | None = None,  # noqa: FBT001
        kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros", *, use_gate: bool = False,
        seed: int | None = None, **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = "GroupQueryAttention"
        self.head_dim, self.num_query_heads = (
            positive_integer(owner, name, value) for name, value in (("head_dim", head_dim), ("num_query_heads", num_query_heads))
        )
        self.num_key_value_heads = positive_integer(owner, "num_key_value_heads", num_key_value_heads)
        if self.num_query_heads % self.num_key_value_heads:
            raise ArgumentError(
                f"GroupQueryAttention: {num_query_heads} heads of queries cannot share {num_key_value_heads} of keys in equal groups"
            )
        self.use_bias, self.use_gate = use_bias, use_gate
        self.settle(dropout, sliding_window, flash_attention, seed, kernel_initializer, bias_initializer)

    def build(self, query_shape: Shape, value_shape: Shape, key_shape: Shape | None = None) -> None:  # type: ignore[override]  # of several
        """Makes the projections."""
        _check_pairs(self, value_shape, key_shape)
        queries, keys = ((None, heads, self.head_dim) for heads in (self.num_query_heads, self.num_key_value_heads))
        self._query_dense = self.projection("query", "bqm,muh->bquh", queries, "uh", query_shape)
        self._key_dense = self.projection("key", "bkm,mvh->bkvh", keys, "vh", value_shape if key_shape is None else key_shape)
        if self.use_gate:
            self._gate_dense = self.projection("gate", "bqm,muh->bquh", queries, "uh", query_shape, "sigmoid")
        self._value_dense = self.projection("value", "bkm,mvh->bkvh", keys, "vh", value_shape)
        inside = (None, None, self.num_query_heads, self.head_dim)
        self._output_dense = self.projection("attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m", inside)

    def call(
        self, query: Operand, value: Operand, key: Operand | None = None, query_mask: Any = None, value_mask: Any = None,  # noqa: ANN401
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: bool | None = None,  # noqa: ANN401, FBT001, FBT002
        use_causal_mask: bool = False,  # noqa: FBT001, FBT002  Keras' signature
    ) -> Any:  # noqa: ANN401  a Tensor, or two
        """See `multi_head`."""
        masks = (_own(query_mask, query), _own(value_mask, value), _own(key_mask, key), attention_mask)
        return self.attended(
            (query, value, key), masks, self.dropout if training else 0.0, causal=use_causal_mask, scores=return_attention_scores, axes=(1,)
        )

    @property
    def projections(self) -> tuple[Callable[[Operand], Operand], ...]:
        """Those of query, key and value, and that of what the heads give."""
        return self._query_dense, self._key_dense, self._value_dense, self._output_dense

    def spread_out(self, x: Operand) -> Operand:
        """Each head of keys for all queries of its group."""
        return x if x.shape[2] == self.num_query_heads else repeat(x, self.num_query_heads // x.shape[2], 2)

    def compute_output_shape(self, query_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> Shape:
        """That of the query."""
        if value_shape is not None:
            _check_pairs(self, value_shape, key_shape)
        return tuple(query_shape)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {name: value for name, value in super().get_config().items() if name != "flash_attention"}


def projecting(free: int, bound: int, outputs: Sequence[int]) -> tuple[str, str, list[int | None]]:
    """The equation of a projection of so many axes (the batch among them) that stay, and so many that are summed; the axes of its bias;
    and the shape of its result.
    """
    letters = ascii_lowercase[: free + bound + len(outputs)]
    stay, summed, new = letters[:free], letters[free : free + bound], letters[free + bound :]
    return f"{stay}{summed},{summed}{new}->{stay}{new}", new, [*[None] * (free - 1), *outputs]


def _check_pairs(layer: Layer, value_shape: Shape, key_shape: Shape | None) -> None:
    """Keys and values are as many.  Raises: ShapeError."""
    if key_shape is not None and tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
        facts = (f"value {tuple(value_shape)}      key {tuple(key_shape)}",)
        raise ShapeError(f"{layer.label}: there is a value for each key, these are other numbers of them", facts=facts)


def _axes(named: Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """The axes of attention, counted from the front: all but batch and features where none are named."""
    return tuple(range(1, ndim - 1)) if named is None else tuple(axis if axis >= 0 else ndim + axis for axis in named)


def _own(given: Any, x: Any) -> Any:  # noqa: ANN401
    """The mask that is given, else that of the value."""
    return mask_of(x) if given is None and x is not None else given


def _anew(initializer: Any) -> Any:  # noqa: ANN401
    """An equal initializer that draws by itself, unless it has a seed."""
    if type(initializer) is Initializer or not isinstance(initializer, Initializer):
        return initializer
    return type(initializer)(**initializer.get_config())
