"""Ops that run Python.  Effects take and return a token, so their order is data."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError
from gradwerk.ir.graph import TOKEN, Type
from gradwerk.ir.op import Array, Example, Host, Operand, Source, no_gradient, typed
from gradwerk.ops.source import beside


@final
@dataclass(frozen=True)
class Token(Source):
    """The first token of a resource: where its order of effects begins.

    Shape: ().  Dtype: token.
    """

    resource: str

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return ((cls("output"), ()),)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (TOKEN,)

    def reference(self, *arrays: Array) -> Array:
        return np.zeros((), dtypes.token)


@final
@dataclass(frozen=True)
class Print(Host):
    """(token, values...) -> token: writes `text` with the values in its braces, and a line end, to standard output.

    Shape: any.  Dtype: any.  Raises: DTypeError where the first argument is no token.
    """

    vjp = no_gradient
    text: str

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls("loss {}"), (TOKEN, typed())), (cls("done"), (TOKEN,))

    @property
    def has_effect(self) -> bool:
        """It writes."""
        return True

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if not types or not types[0].is_token:
            raise DTypeError("print: the first argument must be a token", facts=(", ".join(map(str, types)),))
        return (TOKEN,)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        sys.stdout.write(self.text.format(*arrays[1:]) + "\n")
        return (arrays[0],)


def token(resource: str, *, like: Operand) -> Operand:
    """The first token of a resource, in the world of `like`."""
    return beside(Token(resource), (), (like,))


def print_(order: Operand, text: str, *values: Operand) -> Operand:
    """Prints when the program runs; returns the token that the next effect takes."""
    return Print(text)(order, *values)
