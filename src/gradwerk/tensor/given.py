"""Gradients that somebody else says: a function whose derivative is given beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.source import full
from gradwerk.tensor.grad import copied, no_grad
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import version_of
from gradwerk.tensor.tape import FREED, record, unread, written
from gradwerk.tensor.tensor import Tensor


class Kept:
    """Tensors that a function of gradients reads later: those that were written to since, or let go of, are refused.

    Args:
        tensors: Tensors, and None.
        name: for messages.
    """

    def __init__(self, tensors: Sequence[Any], name: str) -> None:
        self.tensors = tuple(tensors)
        self.versions = [_version(one) for one in self.tensors]
        self.name, self.freed = name, False
        self.places: dict[int, int] = {}
        """Which of them are results, by identity: their numbers."""
        self.results: Sequence[Operand] | None = None
        """Those as the tape has them, with their history, while gradients are computed: held on to, they would hold themselves."""

    def read(self) -> tuple[Any, ...]:
        """They.  Raises: StateError."""
        if self.freed:
            raise unread(FREED)
        for one, version in zip(self.tensors, self.versions, strict=True):
            if _version(one) != version:
                raise unread(written(one._type, self.name, one._storage))
        results = self.results
        if results is None:
            return self.tensors
        return tuple(results[self.places[id(one)]] if id(one) in self.places else one for one in self.tensors)

    def free(self) -> None:
        """Lets go of them."""
        self.tensors, self.versions, self.freed = (), [], True


class Given:
    """The tape's entry for results of which a function of the user tells the gradients.

    Args:
        function: of the gradients of the results; gives one for each argument, or None.
        name: for messages.
        kept: what the function reads.
    """

    def __init__(self, function: Callable[..., Any], name: str, kept: Kept | None = None) -> None:
        self.function, self.name, self.kept = function, name, kept

    def release(self) -> None:
        """After the last walk."""
        if self.kept is not None:
            self.kept.free()

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """What the function says.  Raises: ArgumentError for another number of gradients, ShapeError for one of another shape."""
        whole = [full(tuple(y.shape), 0.0, y.dtype, like=(y,)) if ct is None else ct for ct, y in zip(cts, ys, strict=True)]
        if self.kept is None:
            made = self.function(*whole)
        else:
            self.kept.results = ys
            try:
                made = self.function(*whole)
            finally:
                self.kept.results = None
        found = list(made) if isinstance(made, (tuple, list)) else [made]
        if len(found) != len(xs):
            raise ArgumentError(f"{self.name}: its gradient gives {len(found)} results, it has {len(xs)} arguments")
        for place, (one, x) in enumerate(zip(found, xs, strict=True)):
            if one is not None and not isinstance(one, Handle):
                raise ArgumentTypeError(f"{self.name}: its gradient gives a {type(one).__name__}, a Tensor is needed")
            if one is not None and tuple(one.shape) != tuple(x.shape):
                facts = (f"gradient {tuple(one.shape)}      argument {tuple(x.shape)}",)
                raise ShapeError(f"{self.name}: the gradient of argument {place} has another shape", facts=facts)
        return found


def with_gradient(
    results: Sequence[Tensor], args: Sequence[Tensor], function: Callable[..., Any], name: str, kept: Kept | None = None
) -> list[Tensor]:  # fmt: skip
    """The results, of which no history is known, as those of `args` with gradients by `function`, which reads what is kept."""
    with no_grad():
        made = [copied(result) for result in results]
    if mode.grad and any(x.requires_grad for x in args):
        record(Given(function, name, kept), tuple(args), made)
        if kept is not None:
            given = {id(x) for x in args}
            kept.places = {id(result): number for number, result in enumerate(results) if id(result) not in given}
    return made


def _version(one: Any) -> int:  # noqa: ANN401  a Tensor, or None
    if not isinstance(one, Handle):
        return 0
    return version_of(one._storage) if mode.trace is None else mode.trace.version_of(one._storage)
