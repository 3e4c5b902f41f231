"""How an operation of keras.ops is called: on data it computes, on symbolic values it is noted as a call of the model.

    @op(2)                          the first two arguments are what Keras' class is called with, the rest what it is made with
    def add(x1, x2): ...            a file has it as keras.src.ops.numpy.Add
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, GradwerkError
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.layers.symbolic import KerasTensor, Operation, called_on_symbols, symbols_in, tried
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import nearest
from gradwerk.tensor.handle import Handle

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

F = TypeVar("F", bound=Callable[..., Any])
RAW = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
"""What Python and NumPy raise for arguments that make no sense."""
REGISTRY: dict[tuple[str, str], Callable[..., Any]] = {}
"""Operations by module and class of Keras."""


SETTLED: dict[tuple[str, str], Callable[[], Any]] = {
    ("data_format", "nn"): lambda: SETTINGS.image_data_format, ("dtype", "nn"): lambda: SETTINGS.floatx,
}  # fmt: skip
"""Options that a file holds as they are settled when a model is drawn, by their module."""


class Family:
    """The operations of one module of Keras: `keras.src.ops.numpy`, nn, math, linalg, image, core."""

    def __init__(self, module: str) -> None:
        self.module = module

    def __call__(
        self, inputs: int = 1, name: str = "", *, guarded: bool = True, eager: bool = False, also: str = "",
        matrices: bool = False,
    ) -> Callable[[F], F]:  # fmt: skip
        """A decorator.

        Args:
            inputs: how many arguments Keras' class is called with.
            name: of Keras' class, where it is not the function's own with capitals.
            guarded: whether errors of Python's are turned into ours: not where functions of the user are called.
            also: other arguments that it is called with, by their names.
            matrices: whether it takes matrices that can be inverted: its shapes are found with unit matrices, where others take zeros.
            eager: whether the shape of its result depends on data, so that no model has it.
        """

        def decorate(function: F) -> F:
            own = f"ops.{function.__name__}"

            @functools.wraps(function)
            def call(*args: Any, **kwargs: Any) -> Any:
                if _has_symbols(args) or (kwargs and _has_symbols(tuple(kwargs.values()))):
                    return unknown(own) if eager else drawn(call, inputs, also, args, kwargs, matrices=matrices)
                try:
                    return function(*args, **kwargs)
                except GradwerkError:
                    raise
                except RAW as error:
                    raise_for(own, function, args, kwargs)
                    if not guarded:
                        raise
                    facts = (*(f"given {_said(one)}" for one in (*args, *kwargs.values())), f"{type(error).__name__}: {error}")
                    raise ArgumentTypeError(f"{own} does not take these arguments", facts=facts) from None

            kind = name or "".join(word.capitalize() for word in function.__name__.split("_"))
            call.keras_class = (self.module, kind)  # type: ignore[attr-defined]  # read by saving
            REGISTRY.setdefault((self.module, kind), call)
            return call  # type: ignore[return-value]  # of the same signature

        return decorate


class OfMatrices(Operation):
    """An operation on matrices that can be inverted."""

    def result_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """As its parent, of unit matrices."""

        def run(given: tuple[Any, ...], named: dict[str, Any]) -> Any:
            return self.function(*(_unit(x) for x in given), **named)

        return tried(run, self.kind, args, kwargs)


def _unit(x: Any) -> Any:
    """Unit matrices in the place of zeros."""
    square = isinstance(x, Handle) and len(x.shape) > 1 and x.shape[-1] == x.shape[-2]
    return x + np.eye(x.shape[-1], dtype=x.dtype) if square else x


def unknown(own: str) -> NoReturn:
    """Raises: ArgumentTypeError for an operation on symbolic values whose result has a shape that depends on data."""
    raise ArgumentTypeError(f"{own} gives as many numbers as the data say: a model that is being drawn cannot have it")


def _has_symbols(args: tuple[Any, ...]) -> bool:
    """Whether a symbolic value is among the arguments, or in a list, tuple or dict of them."""
    for one in args:
        kind = type(one)
        if kind is KerasTensor:
            return True
        if kind in (list, tuple, dict) and one and symbols_in(one):
            return True
    return False


def raise_for(own: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    """Raises: ArgumentError for an unknown option, ArgumentTypeError for too few or too many arguments."""
    signature = inspect.signature(function)
    try:
        signature.bind(*args, **kwargs)
    except TypeError as error:
        known = list(signature.parameters)
        for option in kwargs:
            if option not in known:
                facts = (f"known: {', '.join(known)}",)
                raise ArgumentError(f"{own} has no option {option!r}", facts=facts, likely=nearest(option, known)) from None
        raise ArgumentTypeError(f"{own}: {error}", facts=(f"{own}{signature}".replace(" -> 'Operand'", ""),)) from None


def drawn(
    call: Callable[..., Any], inputs: int, also: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, matrices: bool
) -> Any:  # fmt: skip
    """The symbolic values that a call gives: its first arguments are those of the node, the others belong to the operation."""
    signature = inspect.signature(call)
    raise_for(f"ops.{call.__name__}", call, args, kwargs)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    given: list[Any] = []
    named: dict[str, Any] = {}
    options: dict[str, Any] = {}
    for place, (name, value) in enumerate(bound.arguments.items()):
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            given += value
        elif kind is inspect.Parameter.VAR_KEYWORD:
            named |= value
        elif place < inputs:
            given.append(value)
        else:
            (named if symbols_in(value) or (name in also.split() and value is not None) else options)[name] = value
    options = {name: value for name, value in options.items() if name not in also.split()}
    module, kind_ = call.keras_class  # type: ignore[attr-defined]  # set above
    options |= {name: said() for (name, of), said in SETTLED.items() if options.get(name, call) is None and of == module}
    while given and given[-1] is None and len(given) > 1:
        given.pop()
    function = functools.partial(call, **options) if options else call
    return called_on_symbols((OfMatrices if matrices else Operation)(function, snake_case(kind_)), tuple(given), named)


def _said(x: Any) -> str:
    """An argument in few words."""
    if isinstance(x, Handle) or (hasattr(x, "shape") and hasattr(x, "dtype")):
        return f"{type(x).__name__} {tuple(x.shape)} {x.dtype}"
    return f"{type(x).__name__} {x!r:.60}"
