"""Random numbers from a seed and a counter, both Tensors: equal eager and compiled, and different at every draw.

Draw number n of a generator is a pure function of (seed, n, element): see ops/random.py.  The counter advances by `assign`, so a
compiled step advances it like any other state, and a loop carries it.  The `_array` forms give NumPy arrays, for filling parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import ParamSpec

import numpy as np

from gradwerk.base.dtypes import DType, accumulator, float32
from gradwerk.base.errors import ArgumentError
from gradwerk.base.forks import Renewed
from gradwerk.ir.op import Array
from gradwerk.ops import from_bits
from gradwerk.ops.elementwise import add, cast, mul
from gradwerk.ops.random import random_bits
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.state import mode, outside
from gradwerk.tensor.tensor import Tensor
from gradwerk.tensor.turns import turns_of

P = ParamSpec("P")
_making = Renewed()
_LAYER = "make and initialise layers before, outside of the function"
"""Held while the default generator is made or asked for a seed."""


def drawn(function: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """What draws: without history, and at once, so that one seed gives one set of bits however often it was drawn from before."""

    @wraps(function)
    @unrecorded
    def draw(*args: P.args, **options: P.kwargs) -> Tensor:
        if mode.trace is not None:
            return function(*args, **options)
        with recorder.at_once():
            return function(*args, **options)

    return draw


class Generator:
    """A stream of random numbers.  `seed` and `counter` are 0-d uint32 Tensors: the whole state, saved and restored like any other."""

    def __init__(self, seed: int = 0) -> None:
        self._seed = Tensor(_word(seed))
        self.counter = Tensor(np.zeros((), np.uint32))

    def _turn(self) -> AbstractContextManager[object]:
        """From reading the counter to setting it: no two threads draw the same numbers, in compiled functions or outside of them."""
        return nullcontext() if mode.trace is not None else turns_of([self.counter._storage])[0].lock

    def _carry(self) -> None:
        """Its state is one of the loop's whose body is traced."""
        if mode.trace is not None:
            mode.trace.carry(self._seed)
            mode.trace.carry(self.counter)

    @property
    def seed(self) -> Tensor:
        """The seed.  Assigning a number begins again from it, in place: compiled functions that draw here follow."""
        return self._seed

    @seed.setter
    def seed(self, value: int | Tensor) -> None:
        self.manual_seed(int(value))

    def manual_seed(self, seed: int) -> Generator:
        """Begins again from `seed`; returns itself.  Raises: ArgumentError for a negative seed."""
        word = _word(seed)
        self._carry()
        with self._turn():
            self.seed.assign(word)
            self.counter.assign(np.zeros((), np.uint32))
        return self

    @unrecorded
    def bits(self, shape: Sequence[int]) -> Tensor:
        """Uniform uint32 of `shape`; the next draw gives others, also in another thread."""
        self._carry()
        with self._turn():
            drawn: Tensor = random_bits(tuple(shape), self.seed, self.counter)
            self.counter.assign(add(self.counter, np.uint32(1)))
        return drawn

    @drawn
    def uniform(self, shape: Sequence[int] = (), low: float = 0.0, high: float = 1.0, dtype: DType = float32) -> Tensor:
        """Of `shape` and a floating dtype, uniform on [low, high); a narrow one is rounded once."""
        unit: Tensor = from_bits.uniform(self.bits(shape), dtype)
        if (low, high) == (0.0, 1.0):
            return unit
        stretched: Tensor = cast(add(mul(cast(unit, accumulator(dtype)), high - low), low), dtype)
        return stretched

    @drawn
    def normal(self, shape: Sequence[int] = (), mean: float = 0.0, deviation: float = 1.0, dtype: DType = float32) -> Tensor:
        """Of `shape` and a floating dtype, normal: two uniform draws by the transform of Box and Muller (ops/from_bits.py)."""
        drawn: Tensor = from_bits.normal(self.bits(shape), self.bits(shape), accumulator(dtype))
        stretched: Tensor = cast(drawn if (mean, deviation) == (0.0, 1.0) else add(mul(drawn, deviation), mean), dtype)
        return stretched

    def permutation(self, count: int) -> Array:
        """0 .. count - 1 in random order, int64, on the host: the order of 64-bit keys drawn here."""
        high, low = self.bits((count,)).numpy(), self.bits((count,)).numpy()
        return np.argsort(high.astype(np.uint64) << np.uint64(32) | low, kind="stable")

    def uniform_array(self, shape: Sequence[int]) -> Array:
        """`uniform` as an array, for a layer's weights.  Raises: TraceError inside a compiled function."""
        outside("weights are drawn", likely=_LAYER)
        return self.uniform(shape).numpy()

    def normal_array(self, shape: Sequence[int]) -> Array:
        """`normal` as an array, for a layer's weights.  Raises: TraceError inside a compiled function."""
        outside("weights are drawn", likely=_LAYER)
        return self.normal(shape).numpy()

    def get_state(self) -> tuple[int, int]:
        """(seed, counter)."""
        with self._turn():
            return int(self.seed), int(self.counter)

    def set_state(self, state: tuple[int, int]) -> None:
        """Goes on where `get_state` was asked."""
        self._carry()
        with self._turn():
            self.seed.assign(np.uint32(state[0]))
            self.counter.assign(np.uint32(state[1]))


def _word(seed: int) -> Array:
    """A seed of any size folded into 32 bits; those below 2**32 stay as they are."""
    if seed < 0:
        raise ArgumentError(f"a seed is not negative, this is {seed}")
    while seed >= 2**32:
        seed = (seed & 0xFFFFFFFF) ^ (seed >> 32)
    return np.asarray(seed, np.uint32)


_default: list[Generator] = []
_seeded = [0]
"""How often the default generator was seeded."""


def default_generator() -> Generator:
    """The generator used where none is given; begins with seed 0."""
    if not _default:
        with _making.lock:
            trace, mode.under_way = mode.under_way, None  # it outlives the trace in which it may be asked for first
            try:
                _default[:] = _default or [Generator(0)]
            finally:
                mode.under_way = trace
    return _default[0]


def seed(number: int) -> Generator:
    """Seeds the default generator; returns it."""
    _seeded[0] += 1
    return default_generator().manual_seed(number)


class Shuffles:
    """Seeds for one model's shuffling: a function of the seed it was made with and of how many were asked for, or, where the default
    generator was seeded since, of that seed.  So nothing depends on what other models do meanwhile.
    """

    def __init__(self) -> None:
        self.own, self.seeded_at, self.asked = fresh_seed(), _seeded[0], 0

    def seed(self) -> int:
        """The next."""
        if self.seeded_at != _seeded[0]:
            self.own, self.seeded_at, self.asked = int(default_generator().seed), _seeded[0], 0
        self.asked += 1
        return int(np.random.SeedSequence([self.own, self.asked]).generate_state(1)[0])


def fresh_seed() -> int:
    """A seed for a generator of one's own, drawn from the default generator: what is made in the same order gets the same ones.

    Raises: TraceError inside a compiled function, where it would be drawn once, while it is traced.
    """
    outside("a layer or generator is made")
    with _making.lock:
        return int(default_generator().bits(()).item())


def uniform(shape: Sequence[int] = (), low: float = 0.0, high: float = 1.0) -> Tensor:
    """`Generator.uniform` of the default generator."""
    return default_generator().uniform(shape, low, high)


def normal(shape: Sequence[int] = (), mean: float = 0.0, deviation: float = 1.0) -> Tensor:
    """`Generator.normal` of the default generator."""
    return default_generator().normal(shape, mean, deviation)
