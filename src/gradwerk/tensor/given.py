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
from gradwerk.tensor.tape import record
from gradwerk.tensor.tensor import Tensor


class Given:
    """The tape's entry for results of which a function of the user tells the gradients.

    Args:
        function: of the gradients of the results; gives one for each argument, or None.
        name: for messages.
    """

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function, self.name = function, name

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """What the function says.  Raises: ArgumentError for another number of gradients, ShapeError for one of another shape."""
        whole = [full(tuple(y.shape), 0.0, y.dtype, like=(y,)) if ct is None else ct for ct, y in zip(cts, ys, strict=True)]
        made = self.function(*whole)
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


def with_gradient(results: Sequence[Tensor], args: Sequence[Tensor], function: Callable[..., Any], name: str) -> list[Tensor]:
    """The results, of which no history is known, as those of `args` with gradients by `function`."""
    with no_grad():
        made = [copied(result) for result in results]
    if mode.grad and any(x.requires_grad for x in args):
        record(Given(function, name), tuple(args), made)
    return made
