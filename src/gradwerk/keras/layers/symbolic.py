"""Symbolic values: what stands for data while a model is drawn, and what is noted of each call on them.

    x = keras.Input((4,))          a KerasTensor: shape, dtype, and the call that gives it
    y = layers.Dense(2)(x)         another; the layer is built, nothing is computed
    z = y * 2 + x[:, :2]           operators and functions are noted as Operations
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, Self, TypeGuard

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError
from gradwerk.base.trees import flatten, map_tree, structure
from gradwerk.keras.layers.shapes import EXTENTS, Shape, Shapes, common_extents
from gradwerk.keras.naming import unique_name
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor

TEXT = "string"
"""The dtype of texts, which layers on the host take."""


class Caller(Protocol):
    """What is called on symbolic values: a layer or an operation."""

    name: str

    def note(self, node: Node) -> int:
        """Keeps a call; its number among those of this caller."""


@dataclass(eq=False)
class Node:
    """One call of a layer or operation on symbolic values: its arguments as given, and what it gave."""

    caller: Caller
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    results: Any
    """A KerasTensor, or a list, tuple or dict of them."""
    number: int = 0
    """Which of the caller's calls it is."""

    @property
    def given(self) -> list[KerasTensor]:
        """The symbolic values among the arguments, in order."""
        return symbols_in((self.args, self.kwargs))


class KerasTensor:
    """A value of a model that is being drawn: `shape`, with None for what is not known, and `dtype`; no data.

    Layers, operators, indices and the functions of `gradwerk` take it and give others.

    Raises: ArgumentError for sparse or ragged values.
    """

    def __init__(
        self, shape: Shape, dtype: Any = "float32", sparse: bool = False, ragged: bool = False, record_history: bool = True,  # noqa: ANN401, FBT001, FBT002
        name: str | None = None,
    ) -> None:  # fmt: skip
        if sparse or ragged or not record_history:
            raise ArgumentError("KerasTensor: sparse and ragged values, and values without history, are not here yet")
        self.shape: Shape = tuple(shape)
        self.dtype: str = TEXT if dtype == TEXT else dtypes.name(dtypes.named(dtype))
        self.name = name or unique_name("KerasTensor")
        self.node: Node | None = None

    sparse = ragged = False

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    rank = ndim

    def __reduce__(self) -> tuple[Any, ...]:
        return KerasTensor, (self.shape, self.dtype, False, False, True, self.name)

    def __deepcopy__(self, memo: dict[int, Any]) -> KerasTensor:
        return self

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, sparse=False, ragged=False, name={self.name}>"

    def __gradwerk_apply__(self, op: object, args: tuple[Any, ...]) -> NoReturn:
        self._refuse(f"for {getattr(op, 'name', 'an operation')}")

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401  whatever an index can be
        return applied(operator.getitem, "get_item", self, key)

    def _refuse(self, what: str) -> NoReturn:
        raise ArgumentTypeError(
            f"{self.name} is a value of a model that is being drawn: it has no data {what}",
            likely="compute it in the call of a layer of your own; the model that is made of layers takes data",
        )

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        self._refuse("for NumPy")

    def __bool__(self) -> bool:
        self._refuse("to decide by")

    def __iter__(self) -> Iterator[Any]:
        self._refuse("to go through")

    def __len__(self) -> int:
        self._refuse("to count")

    def __float__(self) -> float:
        self._refuse("to read")

    __int__ = __float__


def _binary(function: Callable[[Any, Any], Any], name: str) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    return (lambda x, other: applied(function, name, x, other)), (lambda x, other: applied(function, name, other, x))


for _name, _function, _spoken in (
    ("add", operator.add, "add"), ("sub", operator.sub, "subtract"), ("mul", operator.mul, "multiply"),
    ("truediv", operator.truediv, "true_divide"), ("floordiv", operator.floordiv, "floor_divide"), ("mod", operator.mod, "mod"),
    ("pow", operator.pow, "power"), ("matmul", operator.matmul, "matmul"), ("and", operator.and_, "logical_and"),
    ("or", operator.or_, "logical_or"), ("xor", operator.xor, "logical_xor"),
):  # fmt: skip
    _forward, _backward = _binary(_function, _spoken)
    setattr(KerasTensor, f"__{_name}__", _forward)
    setattr(KerasTensor, f"__r{_name}__", _backward)
for _name, _function, _spoken in (
    ("lt", operator.lt, "less"), ("le", operator.le, "less_equal"), ("gt", operator.gt, "greater"), ("ge", operator.ge, "greater_equal"),
    ("ne", operator.ne, "not_equal"),
):  # fmt: skip
    setattr(KerasTensor, f"__{_name}__", _binary(_function, _spoken)[0])
for _name, _unary, _spoken in (
    ("neg", operator.neg, "negative"), ("abs", operator.abs, "absolute"), ("invert", operator.invert, "logical_not"),
):  # fmt: skip
    setattr(KerasTensor, f"__{_name}__", lambda x, function=_unary, name=_spoken: applied(function, name, x))


class Noted:
    """What keeps its calls on symbolic values, beside its settings."""

    label: str
    _nodes: Sequence[Node] = ()

    def note(self, node: Node) -> int:
        """Keeps a call on symbolic values, which is no setting; its number."""
        object.__setattr__(self, "_nodes", [*self._nodes, node])
        return len(self._nodes) - 1

    @property
    def input(self) -> Any:  # noqa: ANN401  a KerasTensor, or a tree of them
        """The symbolic input of the layer's first call.  Raises: StateError where it was never called on one."""
        return self._first_call().args[0]

    @property
    def output(self) -> Any:  # noqa: ANN401
        """The symbolic result of the layer's first call.  Raises: StateError where it was never called on a symbolic value."""
        return self._first_call().results

    def _first_call(self) -> Node:
        if not self._nodes:
            raise StateError(
                f"{self.label} was never called on a symbolic value: it has no input and no output yet",
                likely="begin the model with keras.Input(...)",
            )
        return self._nodes[0]


class Operation:
    """A function in a model: called on symbolic values it is noted, in the model it computes."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        self.function, self.kind = function, name
        self.name = unique_name(name)
        self.nodes: list[Node] = []

    def named(self, name: str | None) -> Self:
        """Itself, under a name that is given."""
        self.name = name or self.name
        return self

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"nodes": []}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  those of the function
        return self.function(*args, **kwargs)

    def note(self, node: Node) -> int:
        """Keeps a call."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def result_of(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  (shape, dtype), or a tree of them
        """Shapes and dtypes of what it gives, found by running it on zeros."""
        return tried(lambda given, named: self.function(*given, **named), self.kind, args, kwargs)


def applied(function: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    """A function called on symbolic values: what it will give."""
    return called_on_symbols(Operation(function, name), args, kwargs)


def is_symbol(value: object) -> TypeGuard[KerasTensor]:
    """Whether it stands for data."""
    return isinstance(value, KerasTensor)


def symbols_in(tree: Any) -> list[KerasTensor]:  # noqa: ANN401
    """The symbolic values in a tree, in order."""
    return [leaf for leaf in flatten(tree) if is_symbol(leaf)]


def has_symbols(inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:  # noqa: ANN401
    """Whether a call is one on symbolic values."""
    if isinstance(inputs, (Tensor, np.ndarray)) and not args and not kwargs:
        return False
    return is_symbol(inputs) or bool(symbols_in((inputs, args, kwargs)))


def called_on_symbols(caller: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  a layer or operation
    """Notes a call of what is built; the symbolic values that it gives."""
    return noted(caller, args, kwargs, map_results(KerasTensor, caller.result_of(args, kwargs)))


def noted(caller: Caller, args: tuple[Any, ...], kwargs: dict[str, Any], results: Any) -> Any:  # noqa: ANN401
    """The results, marked as those of this call."""
    node = Node(caller, args, kwargs, results)
    for symbol in flatten(results):
        symbol.node = node
    node.number = caller.note(node)
    return results


@dataclass(frozen=True)
class Said:
    """The shape and dtype of a value."""

    shape: Shape
    dtype: str


def map_results(function: Callable[[Shape, str], Any], said: Any) -> Any:  # noqa: ANN401  a tree of Said
    """`function` of each shape and dtype."""
    return map_tree(lambda one: function(one.shape, one.dtype), said)


def shapes_in(symbols: Any) -> Shapes:  # noqa: ANN401
    """The shapes of a tree of symbolic values."""
    return map_tree(lambda x: x.shape, symbols)


def tried(run: Callable[[tuple[Any, ...], dict[str, Any]], Any], label: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The shapes and dtypes of what a call gives, a tree of `Said`: it is made on zeros, twice where an extent is not known.

    Raises: as the call does; StateError where it gives no Tensor, or another number of axes for another batch.
    """
    unknown = [axis for x in symbols_in((args, kwargs)) for axis, n in enumerate(x.shape) if n is None]
    failed: ShapeError | None = None
    for small, large in EXTENTS:
        try:
            first = run(*_zeros_for((args, kwargs), small))
            other = run(*_zeros_for((args, kwargs), large)) if unknown else first
        except ShapeError as error:
            failed = failed or error
            if any(unknown):
                continue
            raise
        if structure(first) != structure(other):
            raise ShapeError(
                f"{label} gives another number of results for another extent of an axis that nobody knows",
                facts=tuple(f"input {x.shape}" for x in symbols_in((args, kwargs))),
            )
        return map_tree(lambda a, b: _said(label, a, b), first, other)
    raise failed or StateError(f"{label} was not tried")


def _zeros_for(tree: Any, extents: tuple[int, int]) -> Any:  # noqa: ANN401
    """The tree with zeros for symbolic values: `extents` stand for a batch, and for another axis, that is not known."""
    batch, other = extents

    def zeros(leaf: Any) -> Any:  # noqa: ANN401
        if not is_symbol(leaf):
            return leaf
        known = [n if n is not None else other if axis else batch for axis, n in enumerate(leaf.shape)]
        return Tensor(np.zeros(known, dtypes.named(leaf.dtype)))

    with no_grad():
        return map_tree(zeros, tree)


def _said(label: str, one: Any, other: Any) -> Said:  # noqa: ANN401  what two calls gave
    if not isinstance(one, Tensor):
        raise StateError(f"{label} gives a {type(one).__name__} in a model, a Tensor computed from its inputs is needed")
    return Said(common_extents(label, one, other), dtypes.name(one.dtype))
