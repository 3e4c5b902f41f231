"""The parts of a graph: Operation, a node, and Tensor, one of the values that it gives."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError
from gradwerk.base.origin import Origin, capture
from gradwerk.base.trees import flatten, map_tree
from gradwerk.tf.graph import kinds
from gradwerk.tf.operations import SYMBOLS, Known, here
from gradwerk.tf.tensors import COUNTED

Dims = tuple[int | None, ...] | None
"""Extents, None for one that is not known; None for all where their number is not known."""


class Operation:
    """A node of a graph: it takes Tensors, gives Tensors, and is run by a Session.

    `type` is TensorFlow's name of what it does, `name` its own; `inputs`, `outputs` and `control_inputs` are lists.
    """

    __slots__ = ("_args", "_attributes", "_control_inputs", "_index", "_inputs", "_known", "_kwargs", "_origin", "_tree",
                 "_variable", "device", "graph", "name", "outputs", "type")  # fmt: skip

    def __init__(
        self, graph: Any, known: Known, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], inputs: list[Tensor]  # noqa: ANN401  a Graph
    ) -> None:  # fmt: skip
        self.graph, self._known, self.name, self.type = graph, known, name, known.kind
        self._args, self._kwargs, self._inputs = args, kwargs, inputs
        self._control_inputs: list[Operation] = []
        self.outputs: list[Tensor] = []
        self._tree: Any = None
        self._attributes: dict[str, Any] = {}
        self._variable: Any = None
        self._index = -1
        self.device = ""
        self._origin: Origin = capture()

    def give(self, said: Any) -> Any:  # noqa: ANN401  a tree of Said
        """Makes its outputs; the tree of them."""
        def made(one: Any) -> Any:  # noqa: ANN401
            if one is None:
                return None
            tensor = Tensor(self, len(self.outputs), one.dims, one.kind)
            self.outputs.append(tensor)
            return tensor

        self._tree = map_tree(made, said)
        return self._tree

    def flat(self, results: Any) -> list[Any]:  # noqa: ANN401
        """What its body gave, a value for each of its outputs."""
        return [one for one in flatten(results) if one is not None]

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The Tensors that it takes."""
        return tuple(self._inputs)

    @property
    def control_inputs(self) -> list[Operation]:
        """The Operations that run before it without giving it a value."""
        return list(self._control_inputs)

    @property
    def op_def(self) -> Any:  # noqa: ANN401
        """What is known of its type."""
        return self._known

    @property
    def node_def(self) -> NodeDef:
        """Its name, type and inputs, as they are printed."""
        return NodeDef(self)

    @property
    def traceback(self) -> list[str]:
        """The line of the program that made it."""
        return [self._origin.describe()] if self._origin.file else []

    def values(self) -> tuple[Tensor, ...]:
        """Its outputs."""
        return tuple(self.outputs)

    def get_attr(self, name: str) -> Any:  # noqa: ANN401
        """What was given for an option.  Raises: ArgumentError for an option that the node lacks."""
        if name == "T" and self._inputs:
            return self._inputs[0].dtype
        if name == "dtype" and self.outputs:
            return self.outputs[0].dtype
        for options in (self._attributes, self._kwargs):
            if name in options:
                return options[name]
        raise ArgumentError(f"Operation {self.name!r} has no attr named {name!r}.")

    def run(self, feed_dict: Any = None, session: Any = None) -> None:  # noqa: ANN401
        """Runs it in a session, the default one where none is given.  Raises: StateError where there is none."""
        kinds.session_for(self, session).run(self, feed_dict)

    def _add_control_input(self, op: Operation) -> None:
        self._control_inputs.append(op)

    def _update_input(self, index: int, tensor: Tensor) -> None:
        """Another input of a Merge: the NextIteration that closes its loop.  Raises: ArgumentError for other nodes, and another dtype."""
        if self.type != "Merge" or not 0 <= index < len(self._inputs):
            raise ArgumentError(f"input {index} of {self.name!r} ({self.type}) stays as it is: a Merge takes another NextIteration alone")
        if tensor._kind != self._inputs[index]._kind:
            raise ArgumentError(f"input {index} of {self.name!r} is of another dtype", facts=(f"{self._inputs[index]}", f"given {tensor}"))
        self._inputs[index]._consumers.remove(self)
        self._inputs[index] = tensor
        tensor._consumers.append(self)

    def __repr__(self) -> str:
        return f"<tf.Operation '{self.name}' type={self.type}>"

    def __str__(self) -> str:
        return str(self.node_def)


class NodeDef:
    """What is printed of an Operation."""

    def __init__(self, op: Operation) -> None:
        self.name, self.op, self.device = op.name, op.type, op.device
        self.input = [each.name.removesuffix(":0") for each in op._inputs] + [f"^{each.name}" for each in op._control_inputs]

    def __str__(self) -> str:
        lines = [f'name: "{self.name}"', f'op: "{self.op}"', *(f'input: "{each}"' for each in self.input)]
        return "\n".join(lines) + "\n"

    __repr__ = __str__


class Tensor:
    """A value of a graph: `name`, `shape` (None where an extent is not known), `dtype`, and the `op` that gives it; no data.

    Raises: ArgumentTypeError where Python asks for its truth, length or numbers: a Session has them.
    """

    __slots__ = ("_consumers", "_dims", "_kind", "op", "value_index")
    __array_priority__ = 100

    def __init__(self, op: Operation, value_index: int, dims: Dims, kind: Any) -> None:  # noqa: ANN401  a NumPy dtype, or None
        self.op, self.value_index, self._dims, self._kind = op, value_index, dims, kind
        self._consumers: list[Operation] = []

    @property
    def name(self) -> str:
        """`op:0`."""
        return f"{self.op.name}:{self.value_index}"

    @property
    def graph(self) -> Any:  # noqa: ANN401  a Graph
        """The graph that it belongs to."""
        return self.op.graph

    @property
    def dtype(self) -> Any:  # noqa: ANN401
        """The element type."""
        return kinds.dtype_of(self._kind)

    @property
    def shape(self) -> Any:  # noqa: ANN401
        """The extents, a TensorShape."""
        return kinds.shape_of(self._dims)

    @property
    def device(self) -> str:
        """That of its op."""
        return self.op.device

    @property
    def ndim(self) -> int:
        """The number of axes.  Raises: ShapeError where it is not known."""
        if self._dims is None:
            raise ShapeError(f"{self.name} has an unknown number of axes")
        return len(self._dims)

    def get_shape(self) -> Any:  # noqa: ANN401
        """The extents, a TensorShape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:  # noqa: ANN401
        """Says extents that are not known.  Raises: ShapeError where they differ from those that are."""
        dims = kinds.dims_of(shape)
        if dims is None:
            return
        if self._dims is None:
            self._dims = dims
            return
        if len(dims) != len(self._dims) or any(a is not None and b is not None and a != b for a, b in zip(dims, self._dims, strict=True)):
            raise ShapeError(f"{self.name}: Shapes {kinds.written(self._dims)} and {kinds.written(dims)} are not compatible")
        self._dims = tuple(b if a is None else a for a, b in zip(dims, self._dims, strict=True))

    def consumers(self) -> list[Operation]:
        """The Operations that take it."""
        return list(self._consumers)

    def eval(self, feed_dict: Any = None, session: Any = None) -> Any:  # noqa: ANN401
        """Its value in a session, the default one where none is given.  Raises: StateError where there is none."""
        return kinds.session_for(self, session).run(self, feed_dict)

    def __repr__(self) -> str:
        dtype = self.dtype
        return f"<tf.Tensor '{self.name}' shape={kinds.written(self._dims)} dtype={getattr(dtype, 'name', dtype)}>"

    def __str__(self) -> str:
        dtype = self.dtype
        shape = "" if self._dims is None else f", shape={kinds.written(self._dims)}"
        return f'Tensor("{self.name}"{shape or ", shape=<unknown>"}, dtype={getattr(dtype, "name", dtype)})'

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401  whatever an index can be
        return self.op.graph.note(INDEXED, (self, key), {}) if here.graph is None else here.graph.note(INDEXED, (self, key), {})

    def __iter__(self) -> Any:  # noqa: ANN401
        if self._dims is None or not self._dims or self._dims[0] is None:
            raise ArgumentTypeError(f"{self.name}: Tensor objects are only iterable where the first extent is known")
        return (self[place] for place in range(self._dims[0]))

    def __len__(self) -> NoReturn:
        raise ArgumentTypeError(f"len is not well defined for a symbolic Tensor ({self.name})", likely="x.shape")

    def __bool__(self) -> NoReturn:
        self._refuse("Using a symbolic `tf.Tensor` as a Python `bool` is not allowed", "tf.cond")

    def __array__(self, *args: object, **kwargs: object) -> NoReturn:
        self._refuse(f"Cannot convert a symbolic tf.Tensor ({self.name}) to a numpy array", "sess.run")

    def __float__(self) -> float:
        self._refuse(f"a symbolic Tensor ({self.name}) has no number", "sess.run")

    __int__ = __index__ = __float__

    def numpy(self) -> NoReturn:
        """Raises: StateError: a symbolic value has no contents."""
        raise StateError(f"{self.name} is a value of a graph and has no contents", likely=f"session.run({self.name!r})")

    def _refuse(self, message: str, likely: str) -> NoReturn:
        raise ArgumentTypeError(message, facts=(str(self),), likely=likely)


def _indexed(x: Any, key: Any) -> Any:  # noqa: ANN401
    return kinds.as_value(x)[map_tree(_number, key)]


def _number(part: Any) -> Any:  # noqa: ANN401
    """A number of NumPy's in a key as one of Python's."""
    if isinstance(part, slice):
        return slice(_number(part.start), _number(part.stop), _number(part.step))
    return part.item() if isinstance(part, np.ndarray) and part.ndim == 0 else part


INDEXED = Known("StridedSlice", _indexed, "strided_slice")


def called(kind: str, name: str, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
    """A call of the operation of this type under TensorFlow's default name of an operator."""
    graph = kinds.graph_of(args)
    return graph.note(kinds.known(kind), args, {**kwargs, "name": name})


OPERATORS = {
    "add": ("AddV2", "add"), "sub": ("Sub", "sub"), "mul": ("Mul", "mul"),
    "floordiv": ("FloorDiv", "floordiv"), "mod": ("FloorMod", "mod"), "pow": ("Pow", "pow"), "matmul": ("MatMul", "matmul"),
    "and": ("LogicalAnd", "and"), "or": ("LogicalOr", "or"), "xor": ("LogicalXor", "xor"),
}  # fmt: skip
COMPARISONS = {"lt": "Less", "le": "LessEqual", "gt": "Greater", "ge": "GreaterEqual"}
UNARY = {"neg": "Neg", "abs": "Abs", "invert": "LogicalNot"}


def _binary(kind: str, name: str) -> tuple[Any, Any]:
    return (lambda x, other: called(kind, name, x, other)), (lambda x, other: called(kind, name, other, x))


def _divided(x: Any, other: Any) -> Any:  # noqa: ANN401
    """x / other; of whole numbers in float64, of 8 and 16 bits in float32."""
    for each in (x, other):
        kind = getattr(each, "_kind", None)
        if kind is not None and kind != kinds.TEXT and dtypes.is_integer(kind):
            wide = "float32" if kind.itemsize < 4 else "float64"
            x, other = (called("Cast", "truediv/Cast", part, wide) if hasattr(part, "_kind") else part for part in (x, other))
            break
    return called("RealDiv", "truediv", x, other)


def give_operators(cls: type) -> None:
    """Puts Python's operators on a class of symbolic values."""
    for spoken, (kind, name) in OPERATORS.items():
        forward, backward = _binary(kind, name)
        setattr(cls, f"__{spoken}__", forward)
        setattr(cls, f"__r{spoken}__", backward)
    for spoken, function in (("truediv", _divided), ("rtruediv", lambda x, other: _divided(other, x))):
        setattr(cls, f"__{spoken}__", function)
    for spoken, kind in COMPARISONS.items():
        setattr(cls, f"__{spoken}__", _binary(kind, kind)[0])
    for spoken, kind in UNARY.items():
        setattr(cls, f"__{spoken}__", lambda x, kind=kind: called(kind, kind, x))


give_operators(Tensor)
SYMBOLS[Tensor] = lambda x: x.op.graph
COUNTED.add(Tensor)
