"""Attention and AdditiveAttention: averages of values by how well their keys fit a query."""

from __future__ import annotations

from typing import Any, Unpack

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.layers.core import known_extent
from gradwerk.keras.layers.fixed import fixed
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.layers.layer import Layer, Shape
from gradwerk.keras.layers.regularization import rate_of
from gradwerk.keras.masked import as_mask
from gradwerk.keras.options import LayerOptions, checked_except, choice, whole
from gradwerk.nn.attention import additive_scores, attend, dot_scores, earlier, lowered
from gradwerk.ops.elementwise import mul, where
from gradwerk.ops.logic import all_of, truth
from gradwerk.ops.movement import expand_dims
from gradwerk.tensor.random import Generator, fresh_seed

Operand = Any
"""A Tensor."""


@fixed("score_mode", "use_scale")
class Attention(Layer):
    """softmax(scores) value, the scores being products of query and key; or with score_mode "concat" sums of tanh(query + key).

    The layer is called with a list [query, value] or [query, value, key]; without a key the values are it.  Masks, a list as long, leave
    out values, and give zeros for queries; with `use_causal_mask` a query sees no place behind its own.

    Shape: query (batch, queries, width), value (batch, keys, width of values), key (batch, keys, width) -> (batch, queries, width of
    values); with `return_attention_scores` also the weights (batch, queries, keys).  Weights: scale (), where `use_scale`;
    concat_score_weight () in that mode.  Raises: ArgumentError for another number of inputs, ShapeError where they do not fit.

    Args:
        use_scale: whether the scores are multiplied with a weight.
        score_mode: "dot" or "concat".
        dropout: the share of weights that become 0 while training.
        seed: what draws for it begins here.
    """

    @checked_except("score_mode", "dropout", "seed")
    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: int | None = None,  # noqa: FBT001, FBT002
        **options: Unpack[LayerOptions],
    ) -> None:  # fmt: skip
        super().__init__(**options)
        owner = type(self).__name__
        self.use_scale, self.score_mode = use_scale, choice(owner, "score_mode", score_mode, ("dot", "concat"))
        self.dropout, self.seed = rate_of(owner, dropout), None if seed is None else whole(owner, "seed", seed)
        self.generator = Generator(fresh_seed() if self.seed is None else self.seed)

    def build(self, input_shape: Any) -> None:  # noqa: ANN401  a list of shapes
        """Makes the factors."""
        self._checked(input_shape)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        concat = self.score_mode == "concat"
        self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight") if concat else None

    def call(
        self, inputs: Any, mask: Any = None, training: bool = False, return_attention_scores: bool = False,  # noqa: ANN401, FBT001, FBT002
        use_causal_mask: bool = False,  # noqa: FBT001, FBT002
    ) -> Any:  # noqa: ANN401  a Tensor, or two
        """See `attend`."""
        self._checked([tuple(x.shape) for x in self._checked(inputs)])
        query, value, key = (floating(x) for x in (*inputs, inputs[1])[:3])
        query_mask, value_mask = self._masks(mask)
        scores = self.scores(query, key)
        seen = None if value_mask is None else expand_dims(truth(value_mask), 1)
        if use_causal_mask:
            seen = earlier(query, key) if seen is None else all_of(seen, earlier(query, key))
        scores = scores if seen is None else lowered(scores, seen)
        y, weights = attend(scores, value, rate=self.dropout if training else 0.0, generator=self.generator, averaged=True)
        y = y if query_mask is None else where(expand_dims(truth(query_mask), query_mask.ndim), y, 0)
        return (y, weights) if return_attention_scores else y

    def scores(self, query: Operand, key: Operand) -> Operand:
        """How well each key fits each query.  Shape: (batch, queries, width), (batch, keys, width) -> (batch, queries, keys)."""
        inside = 1.0 if self.scale is None else self.scale
        if self.score_mode == "dot":
            return dot_scores(query, key, inside)
        return mul(additive_scores(query, key, inside), self.concat_score_weight)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ANN401  # as Keras names it here
        """That of the query."""
        return self._masks(mask)[0]

    def compute_output_shape(self, input_shape: Any) -> Shape:  # noqa: ANN401  a list of shapes
        """That of the query, as wide as the values."""
        query, value, *_ = input_shape
        return (*query[:-1], value[-1])

    def _checked(self, inputs: Any) -> Any:  # noqa: ANN401  a list of Tensors, or of their shapes
        """Raises: ArgumentError for what are not two or three inputs, ShapeError where they do not fit."""
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in {2, 3}:
            given = f"{len(inputs)} of them" if isinstance(inputs, (list, tuple)) else "one input"
            likely = "layer([query, value]) or layer([query, value, key]), in a list"
            raise ArgumentError(f"{type(self).__name__} takes [query, value] or [query, value, key], this is {given}", likely=likely)
        if isinstance(inputs[0], tuple):
            query, value, key = (*inputs, inputs[1])[:3]
            if any(len(shape) < 3 for shape in inputs) or not _alike(query[-1], key[-1]) or not _alike(value[-2], key[-2]):
                facts = tuple(f"{name} {tuple(shape)}" for name, shape in (("query", query), ("value", value), ("key", key)))
                raise ShapeError(f"{self.label}: query and key have other widths, or key and value other counts", facts=facts)
        return inputs

    def _masks(self, mask: Any) -> tuple[Any, Any]:  # noqa: ANN401
        """Those of query and values.  Raises: ArgumentError for what is no list of masks."""
        if mask is None:
            return None, None
        if not isinstance(mask, (list, tuple)) or len(mask) not in {2, 3}:
            raise ArgumentError(f"{type(self).__name__}: the mask is a list, one for each input or None; this is a {type(mask).__name__}")
        return as_mask(mask[0]), as_mask(mask[1])


@fixed("use_scale")
class AdditiveAttention(Attention):
    """softmax(scores) value, the scores being sums of scale tanh(query + key) over the features.

    It is called as `Attention` is.  Shape: as there.  Weight: scale (width,), where `use_scale`.  Source: Bahdanau et al., arXiv:1409.0473.
    Raises: ArgumentError for another number of inputs, ShapeError where they do not fit.
    """

    @checked_except("dropout")
    def __init__(
        self, use_scale: bool = True, dropout: float = 0.0, *, seed: int | None = None, **options: Unpack[LayerOptions]  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(use_scale, "concat", dropout, seed, **options)

    def build(self, input_shape: Any) -> None:  # noqa: ANN401  a list of shapes
        """Makes the factors."""
        self._checked(input_shape)
        width = (known_extent(self, input_shape[0]),) if self.use_scale else ()
        self.scale = self.add_weight(width, "glorot_uniform", name="scale") if self.use_scale else None

    def scores(self, query: Operand, key: Operand) -> Operand:
        """See `additive_scores`."""
        return additive_scores(query, key, outside=1.0 if self.scale is None else self.scale)


def _alike(one: int | None, other: int | None) -> bool:
    """Whether two extents may be equal."""
    return one is None or other is None or one == other
