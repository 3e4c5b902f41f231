"""torch.nn.Embedding and EmbeddingBag: the work is done by `embeddings`."""

from __future__ import annotations

from typing import Any, Self

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tensor.random import default_generator
from gradwerk.torch.nn import embeddings
from gradwerk.torch.nn.checks import count
from gradwerk.torch.nn.module import Module
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: A002, FBT001, FBT002  torch's names and orders of arguments


class Table(Module):
    """What both have.  Parameter: weight (num_embeddings, embedding_dim), standard normal, zeros at padding_idx."""

    def _make(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None, max_norm: float | None, norm_type: float,
        scale_grad_by_freq: bool, sparse: bool, weight: Tensor | None,
    ) -> None:  # fmt: skip
        """Takes the arguments that both have.  Raises: ArgumentError, ShapeError."""
        name = type(self).__name__
        rows, units = count(name, "num_embeddings", num_embeddings), count(name, "embedding_dim", embedding_dim)
        if padding_idx is not None:
            if not -rows <= padding_idx < rows:
                raise ArgumentError("Padding_idx must be within num_embeddings", facts=(f"{padding_idx}, {rows}",))
            padding_idx %= rows
        self.num_embeddings, self.embedding_dim, self.padding_idx = rows, units, padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = max_norm, norm_type, scale_grad_by_freq, sparse
        if weight is not None:
            if tuple(weight.shape) != (rows, units):
                raise ShapeError("Shape of weight does not match num_embeddings and embedding_dim", facts=(f"{tuple(weight.shape)}",))
            self.weight = Parameter(weight)
            return
        values = init.Normal(0.0, 1.0)((rows, units), default_generator())
        if padding_idx is not None:
            values[padding_idx] = 0
        self.weight = Parameter(Tensor.of(values))

    @classmethod
    def from_pretrained(cls, embeddings: Tensor, freeze: bool = True, **options: Any) -> Self:  # noqa: ANN401  those of the class
        """A layer whose table is given, and not trained unless `freeze` is False.  Raises: ShapeError for what is no matrix."""
        if embeddings.ndim != 2:
            raise ShapeError("Embeddings parameter is expected to be 2-dimensional", facts=(f"{tuple(embeddings.shape)}",))
        make: Any = cls
        made: Self = make(*embeddings.shape, _weight=embeddings, **options)
        made.weight.requires_grad_(not freeze)
        return made

    def extra_repr(self) -> str:
        """torch's text."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        defaults = {"padding_idx": None, "max_norm": None, "norm_type": 2, "scale_grad_by_freq": False, "sparse": False}
        return ", ".join([*parts, *(f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value)])


class Embedding(Table):
    """Rows of a table.  Shape: (...) integer gives (..., embedding_dim).  Raises: ArgumentError, ShapeError."""

    @as_recorded()
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._make(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight)

    def forward(self, input: Tensor) -> Tensor:
        """See `functional.embedding`."""
        return embeddings.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq)


class EmbeddingBag(Table):
    """The sum, mean or maximum of bags of rows.  Shape: see `functional.embedding_bag`.  Raises: ArgumentError, ShapeError."""

    @as_recorded()
    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, _weight: Tensor | None = None,
        include_last_offset: bool = False, padding_idx: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._make(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight)
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """See `functional.embedding_bag`."""
        return embeddings.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode,
            per_sample_weights=per_sample_weights, include_last_offset=self.include_last_offset, padding_idx=self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """torch's text."""
        parts = [f"{self.num_embeddings}, {self.embedding_dim}"]
        parts += [f"{name}={getattr(self, name)}" for name in ("max_norm",) if self.max_norm is not None]
        parts += [f"norm_type={self.norm_type}"] if self.norm_type != 2 else []
        parts += [f"scale_grad_by_freq={self.scale_grad_by_freq}"] if self.scale_grad_by_freq else []
        parts += [f"mode={self.mode!r}"]
        return ", ".join([*parts, *([f"padding_idx={self.padding_idx}"] if self.padding_idx is not None else [])])
