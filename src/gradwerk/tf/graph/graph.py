"""Graph: the nodes that a program notes before a Session runs them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, MissingOptionError, StateError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.infer import Said, results_of
from gradwerk.tf.graph.known import array_of, outside_of_traces
from gradwerk.tf.graph.names import Names
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.walk import converted, symbols_of
from gradwerk.tf.operations import PROCESS, Known, here


# ruff: noqa: ANN401  arguments are whatever the operations take
def _never(*args: Any) -> Any:
    """What is given to nodes before a run has no body."""
    raise AssertionError(args)


CONST = Known("Const", _never, "Const")
GIVEN = frozenset({"Const", "ConvertToTensor"})
"""Kinds of nodes whose value is there when they are made."""
CAPTURE = Known("Placeholder", _never, "captured")


class Graph:
    """A dataflow graph: `with Graph().as_default():` notes operations in it, a Session runs parts of it.

    `seed` is the graph's random seed (`set_random_seed`), `version` the number of its operations.
    """

    def __init__(self) -> None:
        self._operations: list[Operation] = []
        self._by_name: dict[str, Operation] = {}
        self._names = Names()
        self._collections: dict[Any, list[Any]] = {}
        self._controls: list[Operation] = []
        self._devices: list[Any] = []
        self._finalized = False
        self._unfeedable: set[Tensor] = set()
        self._unfetchable: set[Any] = set()
        self._variables: dict[str, Any] = {}
        self._variable_scope: Any = None
        self._overrides: dict[str, Any] = {}
        self._lock = threading.RLock()
        self.outer: Graph | None = None
        """The graph around a branch or a loop's body."""
        self.captures: dict[Tensor, Tensor] = {}
        self.seed: int | None = None

    # ---- noting

    def note(self, known: Known, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """A call becomes a node; what it will give: a symbolic Tensor, or a tree of them."""
        name = None
        if len(args) > known.name_at:
            name, args = args[known.name_at], (*args[: known.name_at], None, *args[known.name_at + 1 :])
        elif "name" in kwargs and "name" in known.options:
            kwargs = dict(kwargs)
            name = kwargs.pop("name")
        with self._lock:
            if known.kind in GIVEN:
                if type(args[0] if args else None) is Tensor:
                    return args[0]
                return self.constant(outside_of_traces(known.function, args, kwargs), name or known.label)
            args, kwargs = converted(self, args), converted(self, kwargs)
            inputs = symbols_of(args) + symbols_of(kwargs) if kwargs else symbols_of(args)
            said = results_of(known, args, kwargs, inputs)
            op = self.add(known, name or known.label, args, kwargs, inputs)
            if known.effects:
                op._attributes["graph_seed"] = self.seed
            return op.give(said)

    def constant(self, value: Any, name: str = "Const") -> Tensor:
        """A node that gives this value, an array or a Tensor with contents."""
        array = np.array(array_of(value))  # of its own: what is given may be written later
        op = self.add(CONST, name)
        op._attributes["value"] = array
        found: Tensor = op.give(Said(array.shape, kinds.TEXT if kinds.is_text(array.dtype) else array.dtype))
        return found

    def captured(self, x: Tensor) -> Tensor:
        """What stands here for a Tensor of the graph around this one.  Raises: ArgumentError for one of another graph."""
        if self.outer is None:
            raise ArgumentError(f"{x} must be from the same graph as what takes it", facts=(f"{x.name} is of another graph",))
        if x not in self.captures:
            inner = x if self.outer is x.op.graph else self.outer.captured(x)
            op = self.add(CAPTURE, f"captured_{x.op.name.replace('/', '_')}")
            op._attributes["captured"] = inner
            self.captures[x] = op.give(Said(x._dims, x._kind))
        return self.captures[x]

    def add(
        self, known: Known, name: str, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None, inputs: list[Tensor] | None = None
    ) -> Operation:  # fmt: skip
        """A new node without outputs.  Raises: StateError where the graph is finalized, ArgumentError for a tensor of another graph."""
        if self._finalized:
            raise StateError("Graph is finalized and cannot be modified.")
        given = inputs or []
        for each in given:
            if each.op.graph is not self:
                raise ArgumentError(f"{each} must be from the same graph as {name!r}.", facts=(f"{each.name} is of another graph",))
        op = Operation(self, known, self._names.of_node(name), args, kwargs or {}, given)
        op._index = len(self._operations)
        if self._controls:
            op._control_inputs = list(self._controls)
        if self._devices:
            op.device = str(self._devices[-1] or "")
        self._operations.append(op)
        self._by_name[op.name] = op
        for each in given:
            each._consumers.append(op)
        return op

    def root(self) -> Graph:
        """The outermost graph around it."""
        return self if self.outer is None else self.outer.root()

    # ---- what is in it

    @property
    def version(self) -> int:
        """The number of its operations."""
        return len(self._operations)

    @property
    def finalized(self) -> bool:
        """Whether it takes no more operations."""
        return self._finalized

    @property
    def building_function(self) -> bool:
        """Whether it is the body of a branch or loop."""
        return self.outer is not None

    def finalize(self) -> None:
        """From now on it takes no more operations."""
        self._finalized = True

    def _unsafe_unfinalize(self) -> None:
        self._finalized = False

    def get_operations(self) -> list[Operation]:
        """All of them, in the order in which they were made."""
        return list(self._operations)

    def get_operation_by_name(self, name: str) -> Operation:
        """The one of this name.  Raises: ArgumentTypeError, MissingOptionError."""
        if not isinstance(name, str):
            raise ArgumentTypeError(f"Operation names are strings (or similar), not {type(name).__name__}.")
        found = self._element(name)
        if not isinstance(found, Operation):
            raise ArgumentError(f"Name {name!r} appears to refer to a Tensor, not a Operation.")
        return found

    def get_tensor_by_name(self, name: str) -> Tensor:
        """The one called `op:0`.  Raises: ArgumentTypeError, ArgumentError, MissingOptionError."""
        if not isinstance(name, str):
            raise ArgumentTypeError(f"Tensor names are strings (or similar), not {type(name).__name__}.")
        found = self._element(name)
        if not isinstance(found, Tensor):
            raise ArgumentError(f"The name {name!r} refers to an Operation, not a Tensor.", likely=f"{name}:0")
        return found

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:  # noqa: FBT001, FBT002
        """The Tensor or Operation that an object or a name stands for.

        Raises: ArgumentError for one of another graph, ArgumentTypeError for what is none, MissingOptionError for an unknown name.
        """
        if isinstance(obj, str):
            found = self._element(obj)
        else:
            found = obj._as_graph_element() if hasattr(obj, "_as_graph_element") else obj
        kinds_ = (Tensor,) * bool(allow_tensor) + (Operation,) * bool(allow_operation)
        if not isinstance(found, kinds_):
            what = " or ".join(kind.__name__ for kind in kinds_)
            raise ArgumentTypeError(f"Can not convert a {type(obj).__name__} into a {what}.")
        if found.graph is not self:
            raise ArgumentError(f"{'Tensor' if isinstance(found, Tensor) else 'Operation'} {found} is not an element of this graph.")
        return found

    def _element(self, name: str) -> Any:
        op_name, colon, number = name.partition(":")
        op = self._by_name.get(op_name)
        what = "Tensor" if colon else "Operation"
        if op is None:
            missing = f"the operation {op_name!r} is not in the graph"
            raise MissingOptionError(f"The name {name!r} refers to {a(what)} which does not exist; {missing}.")
        if not colon:
            return op
        if not number.isdigit():
            raise ArgumentError(f"The name {name!r} looks like a Tensor name, but is not a valid one.", likely="op_name:0")
        if int(number) >= len(op.outputs):
            count = f"{op_name!r} has {len(op.outputs)} outputs"
            raise MissingOptionError(f"The name {name!r} refers to a Tensor which does not exist: {count}.")
        return op.outputs[int(number)]

    # ---- scopes

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Operations inside the block are noted in it."""
        before, here.graph = here.graph, self
        try:
            yield self
        finally:
            here.graph = before

    def name_scope(self, name: str | None) -> Any:
        """Names of nodes inside the block stand in this scope; gives it with a slash."""
        return self._names.inside(name)

    def get_name_scope(self) -> str:
        """The present scope."""
        return self._names.scope

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:  # noqa: FBT001, FBT002
        """The name, with a number where it is taken."""
        return self._names.unique(name, mark=mark_as_used)

    @contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Operations made inside the block run after these.  None: those made inside depend on nothing said so far."""
        before = self._controls
        if control_inputs is None:
            self._controls = []
        else:
            added = []
            for each in control_inputs:
                found = self.as_graph_element(each)
                op = found if isinstance(found, Operation) else found.op
                if op not in added and op not in before:
                    added.append(op)
            self._controls = [*before, *added]
        try:
            yield
        finally:
            self._controls = before

    @contextmanager
    def device(self, device_name_or_function: Any) -> Iterator[None]:
        """Says where operations inside the block run.  All run on the processor; the name is kept."""
        self._devices.append(device_name_or_function)
        try:
            yield
        finally:
            self._devices.pop()

    @contextmanager
    def colocate_with(self, op: Any, ignore_existing: bool = False) -> Iterator[None]:  # noqa: FBT001, FBT002
        """All operations are in one place: this changes nothing."""
        yield

    @contextmanager
    def container(self, container_name: str) -> Iterator[str]:
        """All state is a session's own: this changes nothing."""
        yield container_name

    # ---- collections

    def add_to_collection(self, name: Any, value: Any) -> None:
        """Keeps a value under a name."""
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Keeps a value under several names."""
        for name in [names] if isinstance(names, str) else dict.fromkeys(names):
            self.add_to_collection(name, value)

    def get_collection_ref(self, name: Any) -> list[Any]:
        """The very list that is kept under a name."""
        return self._collections.setdefault(name, [])

    def get_collection(self, name: Any, scope: str | None = None) -> list[Any]:
        """What is kept under a name; with a scope, what has a name that begins so."""
        found = self._collections.get(name, [])
        if scope is None:
            return list(found)
        match = re.compile(scope).match
        return [each for each in found if hasattr(each, "name") and match(each.name)]

    def get_all_collection_keys(self) -> list[Any]:
        """The names under which something is kept."""
        return [key for key in self._collections if isinstance(key, str) and self._collections[key]]

    def clear_collection(self, name: Any) -> None:
        """Drops what is kept under a name."""
        self._collections.pop(name, None)

    # ---- feeding and fetching

    def prevent_feeding(self, tensor: Tensor) -> None:
        """No run may feed it."""
        self._unfeedable.add(tensor)

    def is_feedable(self, tensor: Tensor) -> bool:
        """Whether a run may feed it."""
        return tensor not in self._unfeedable

    def prevent_fetching(self, op: Any) -> None:
        """No run may fetch it."""
        self._unfetchable.add(op)

    def is_fetchable(self, tensor_or_op: Any) -> bool:
        """Whether a run may fetch it."""
        return tensor_or_op not in self._unfetchable


def a(what: str) -> str:
    """With its article."""
    return f"an {what}" if what[0] in "AEIOU" else f"a {what}"


_default: list[Graph] = []
"""The graph of the process, once it was asked for."""


def get_default_graph() -> Graph:
    """The graph of the innermost `as_default()`, else that of the process."""
    if isinstance(here.graph, Graph):
        return here.graph
    if not _default:
        _default.append(Graph())
    return _default[0]


def reset_default_graph() -> None:
    """A new, empty default graph.  Raises: StateError inside of `as_default()`."""
    if here.graph is not None and here.graph not in PROCESS:
        raise StateError("Do not use tf.reset_default_graph() to clear nested graphs.", likely="with tf.Graph().as_default(): ...")
    _default[:] = [Graph()]
    if PROCESS:
        note_in_default_graph()


def note_in_default_graph() -> None:
    """Eager execution is off: operations are noted in the default graph, in all threads."""
    PROCESS.clear()
    here.graph = None
    PROCESS.append(get_default_graph())
    here.graph = PROCESS[0]


def compute_at_once() -> None:
    """Eager execution is on again."""
    PROCESS.clear()
    here.graph = None


def executing_eagerly() -> bool:
    """Whether operations compute at once."""
    return here.graph is None
