"""torch.Tensor's methods that draw numbers."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ops import elementwise
from gradwerk.ops.functions import clip
from gradwerk.tensor import draws
from gradwerk.tensor.handle import Handle, make
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.state import mode
from gradwerk.torch import arguments
from gradwerk.torch.options import as_recorded


def source(generator: Generator | None) -> Generator:
    """The generator, or the default one."""
    return default_generator() if generator is None else generator


def floating(function: str, dtype: DType) -> DType:
    """Raises: DTypeError for whole numbers."""
    if not dtypes.is_float(dtype):
        raise DTypeError(f"{function}(): not implemented for {arguments.name_of(dtype)!r}", likely="use .float()")
    return dtype


def probabilities(function: str, x: Any) -> Any:  # noqa: ANN401
    """Numbers from 0 to 1, where contents can be seen; in a compiled step others are held.  Raises: ArgumentError."""
    if mode.trace is None:
        held = dtypes.widened(np.asarray(x.contents(f"{function}()") if isinstance(x, Handle) else x))  # type: ignore[attr-defined]  # a Tensor
        if held.size and not (held.min() >= 0 and held.max() <= 1):
            raise ArgumentError(f"Expected p_in >= 0 && p_in <= 1 in {function}()", facts=(f"from {held.min()} to {held.max()}",))
    return clip(x, 0, 1) if isinstance(x, Handle) else float(x)


def as_tensor(cls: Any, drawn: Any) -> Any:  # noqa: ANN401
    """What a generator drew, in a Tensor of this class."""
    return make(cls, drawn._storage, drawn._held, drawn._type)


class Drawing:
    """Numbers drawn."""

    __slots__ = ()
    if TYPE_CHECKING:
        ndim: int
        dtype: DType

        @property
        def shape(self) -> tuple[int, ...]: ...
        def copy_(self, value: Any) -> Self: ...  # noqa: ANN401
        def contents(self, what: str) -> Any: ...  # noqa: ANN401

    @as_recorded()
    def bernoulli(self, p: float | None = None, *, generator: Generator | None = None) -> Self:
        """1 with a probability, that of each element or p for all, else 0; of its shape and dtype."""
        chance = probabilities("bernoulli", self if p is None else arguments.number("bernoulli", "p", p))
        if p is None:
            floating("bernoulli", self.dtype)
        drawn = draws.bernoulli(source(generator), chance, tuple(self.shape))
        return as_tensor(type(self), elementwise.cast(drawn, self.dtype))

    @as_recorded()
    def bernoulli_(self, p: Any = 0.5, *, generator: Generator | None = None) -> Self:  # noqa: ANN401  a number, or a Tensor of them
        """In place: 1 with a probability, else 0."""
        chance = probabilities("bernoulli_", p if isinstance(p, Handle) else arguments.number("bernoulli_", "p", p))
        return self.copy_(elementwise.cast(draws.bernoulli(source(generator), chance, tuple(self.shape)), self.dtype))

    @as_recorded()
    def multinomial(self, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Self:  # noqa: FBT001, FBT002
        """Places along the last axis in proportion to its numbers, `num_samples` of each row.  Raises: ArgumentError, ShapeError."""
        floating("multinomial", self.dtype)
        count = arguments.whole("multinomial", "num_samples", num_samples)
        again = arguments.switch("multinomial", "replacement", replacement)
        if self.ndim not in (1, 2):
            raise ShapeError("prob_dist must be 1 or 2 dim", facts=(f"Tensor {tuple(self.shape)}",))
        if count < 1 or not self.shape[-1]:
            raise ArgumentError("cannot sample n_sample <= 0 samples", facts=(f"num_samples {count}, Tensor {tuple(self.shape)}",))
        if not again and count > self.shape[-1]:
            raise ArgumentError("cannot sample n_sample > prob_dist.size(-1) samples without replacement")
        if mode.trace is None:
            held = dtypes.widened(self.contents("multinomial()"))
            if not (np.isfinite(held).all() and (held >= 0).all()):
                raise ArgumentError("probability tensor contains either `inf`, `nan` or element < 0")
            if (np.count_nonzero(held, -1) < (1 if again else count)).any():
                raise ArgumentError("invalid multinomial distribution (with replacement=False, not enough non-negative category to sample)"
                                    if held.any() else "invalid multinomial distribution (sum of probabilities <= 0)")  # fmt: skip
        return as_tensor(type(self), draws.categorical(source(generator), self, count, replacement=again))

    @as_recorded()
    def exponential_(self, lambd: float = 1, *, generator: Generator | None = None) -> Self:
        """In place: of mean 1 / lambd.  Raises: ArgumentError unless lambd is above 0."""
        rate = arguments.number("exponential_", "lambd", lambd)
        if not rate > 0:
            raise ArgumentError(f"exponential_ expects lambda > 0.0, but found lambda={rate}")
        return self.copy_(draws.exponential(source(generator), tuple(self.shape), rate, floating("exponential_", self.dtype)))

    @as_recorded()
    def cauchy_(self, median: float = 0, sigma: float = 1, *, generator: Generator | None = None) -> Self:
        """In place: median + sigma tan(pi (u - 1/2)).  Raises: ArgumentError unless sigma is above 0."""
        centre, scale = arguments.number("cauchy_", "median", median), arguments.number("cauchy_", "sigma", sigma)
        if not scale > 0:
            raise ArgumentError(f"cauchy_ expects sigma > 0.0, but found sigma={scale}")
        return self.copy_(draws.cauchy(source(generator), tuple(self.shape), centre, scale, floating("cauchy_", self.dtype)))

    @as_recorded()
    def geometric_(self, p: float, *, generator: Generator | None = None) -> Self:
        """In place: how many trials of probability p it takes.  Raises: ArgumentError unless p lies between 0 and 1."""
        chance = arguments.number("geometric_", "p", p)
        if not 0 < chance < 1:
            raise ArgumentError(f"geometric_ expects p to be in (0, 1), but got p={chance}")
        return self.copy_(elementwise.cast(draws.geometric(source(generator), tuple(self.shape), chance, dtypes.float64), self.dtype))

    @as_recorded()
    def log_normal_(self, mean: float = 1, std: float = 2, *, generator: Generator | None = None) -> Self:
        """In place: e to the power of normal numbers.  Raises: ArgumentError unless std is above 0."""
        centre, spread = arguments.spread("log_normal_", mean, std)
        if not spread > 0:
            raise ArgumentError(f"log_normal_ expects std > 0.0, but found std={spread}")
        return self.copy_(draws.log_normal(source(generator), tuple(self.shape), centre, spread, floating("log_normal_", self.dtype)))
