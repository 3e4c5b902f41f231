"""Variables of a graph: nodes whose value a session keeps from run to run."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.graph import Graph
from gradwerk.tf.graph.infer import Said
from gradwerk.tf.graph.nodes import as_tensor, building, identity
from gradwerk.tf.graph.symbols import Operation, Tensor, give_operators
from gradwerk.tf.operations import SYMBOLS, Known, here
from gradwerk.tf.tensors import COUNTED
from gradwerk.tf.variables import COUNTS, VariableKind

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class GraphKeys:
    """The names of collections that the library itself fills."""

    GLOBAL_VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    METRIC_VARIABLES = "metric_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    SUMMARIES = "summaries"
    QUEUE_RUNNERS = "queue_runners"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    CONCATENATED_VARIABLES = "concatenated_variables"
    SAVERS = "savers"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    SAVEABLE_OBJECTS = "saveable_objects"
    RESOURCES = "resources"
    LOCAL_RESOURCES = "local_resources"
    TRAINABLE_RESOURCE_VARIABLES = "trainable_resource_variables"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SUMMARY_OP = "summary_op"
    GLOBAL_STEP = "global_step"
    EVAL_STEP = "eval_step"
    TRAIN_OP = "train_op"
    COND_CONTEXT = "cond_context"
    WHILE_CONTEXT = "while_context"


def _read(run: Any, op: Operation) -> Any:
    return run.read(op._variable)


def _given(op: Operation, value: Any) -> Any:
    """What is assigned.  Raises: InvalidArgumentError where its shape, found in the run alone, is another than the variable's."""
    variable = op._variable
    shape = getattr(value, "shape", None)
    if op._attributes.get("validated") and shape is not None and not _fits(tuple(shape), variable._dims):
        shapes = f"lhs shape= {list(variable._dims)} rhs shape= {list(shape)}"
        raise InvalidArgumentError(f"{op.type} requires shapes of both tensors to match. {shapes}", facts=(f"variable {variable.name}",))
    return value


def _assign(run: Any, op: Operation, value: Any) -> Any:
    return run.write(op._variable, _given(op, value))


def _assign_add(run: Any, op: Operation, value: Any) -> Any:
    return run.write(op._variable, run.read(op._variable) + _given(op, value))


def _assign_sub(run: Any, op: Operation, value: Any) -> Any:
    return run.write(op._variable, run.read(op._variable) - _given(op, value))


def _is_initialized(run: Any, op: Operation) -> Any:
    return np.asarray(run.holds(op._variable))


def _held_or_first(run: Any, op: Operation, first: Any) -> Any:
    return run.read(op._variable) if run.holds(op._variable) else first


def _uninitialized(run: Any, op: Operation) -> Any:
    return np.asarray([each.op.name.encode() for each in op._attributes["variables"] if not run.holds(each)], kinds.TEXT)


FIRST = Known("If", _held_or_first, "initialized_value", stateful=True)
VARIABLE = Known("VariableV2", _read, "Variable", stateful=True)
READ = Known("Identity", _read, "read", stateful=True)
ASSIGN = Known("Assign", _assign, "Assign", effects=True, stateful=True)
ASSIGN_ADD = Known("AssignAdd", _assign_add, "AssignAdd", effects=True, stateful=True)
ASSIGN_SUB = Known("AssignSub", _assign_sub, "AssignSub", effects=True, stateful=True)
IS_INITIALIZED = Known("IsVariableInitialized", _is_initialized, "IsVariableInitialized", effects=True, host=True, stateful=True)
UNINITIALIZED = Known("ReportUninitialized", _uninitialized, "report_uninitialized_variables", effects=True, host=True, stateful=True)


def is_initialized(variable: Variable) -> Tensor:
    """A truth: whether something was assigned to a variable."""
    op = building().add(IS_INITIALIZED, "IsVariableInitialized")
    op._variable = variable
    found: Tensor = op.give(Said((), np.dtype(bool)))
    return found


def uninitialized(variables: list[Variable], name: str) -> Tensor:
    """The names of those to which nothing was assigned."""
    op = building().add(UNINITIALIZED, name)
    op._attributes["variables"] = variables
    found: Tensor = op.give(Said((None,), kinds.TEXT))
    return found


class Variable:
    """A value that a session keeps: `assign` changes it, an optimizer trains it.  It is a Tensor wherever one is taken.

    Args:
        initial_value: what its initializer assigns: a Tensor, an array, or a function that gives one.
        trainable: whether optimizers train it where none are named.
        collections: where it is kept; GLOBAL_VARIABLES where None.
        validate_shape: whether only values of the initial shape may be assigned.
        name: of its node; made unique.
        dtype: what the initial value is converted to.
        expected_shape: taken, as `shape`.
        constraint: a function of the value that optimizers apply after a step.
        shape: of the initial value, where that does not say it.

    The other arguments of TensorFlow's (caching_device, variable_def, import_scope, use_resource, synchronization, aggregation) are taken
    and have no effect.  Raises: StateError where no graph is being built, ArgumentError without an initial value.
    """

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None, collections: Any = None, validate_shape: bool = True,
        caching_device: Any = None, name: str | None = None, variable_def: Any = None, dtype: Any = None, expected_shape: Any = None,
        import_scope: str | None = None, constraint: Any = None, use_resource: bool | None = None, synchronization: Any = None,
        aggregation: Any = None, shape: Any = None,
    ) -> None:  # fmt: skip
        if initial_value is None:
            raise ArgumentError("initial_value must be specified.")
        graph = building().root()  # a branch or a loop's body has no variables of its own
        self._trainable = True if trainable is None else bool(trainable)
        self.constraint, self._validate, self._graph = constraint, validate_shape, graph
        self._save_slice_info = None
        before, graph._controls = graph._controls, []
        try:
            with graph.as_default(), graph.name_scope(name or "Variable") as scope:
                own = scope[:-1]
                self._initial = self._first(graph, initial_value, dtype, own)
                dims = kinds.dims_of(shape if shape is not None else expected_shape) if self._initial._dims is None else self._initial._dims
                self._said = Said(dims if validate_shape else kinds.dims_of(shape), self._initial._kind)
                op = graph.add(VARIABLE, scope)
                op._variable = self
                op._attributes.update(reads=[self], dtype=kinds.dtype_of(self._said.kind))
                self._variable: Tensor = op.give(self._said)
                self.initializer: Operation = self._changed(graph, ASSIGN, self._initial, f"{own}/Assign/", first=True).op
                self._snapshot: Tensor = self._reading(graph, f"{own}/read/")
        finally:
            graph._controls = before
        keys = [GraphKeys.GLOBAL_VARIABLES] if collections is None else list(collections)
        if self._trainable and GraphKeys.TRAINABLE_VARIABLES not in keys:
            keys.append(GraphKeys.TRAINABLE_VARIABLES)
        graph.add_to_collections(keys, self)

    @staticmethod
    def _first(graph: Graph, value: Any, dtype: Any, own: str) -> Tensor:
        if callable(value) and type(value) not in SYMBOLS:
            with graph.name_scope("Initializer"):
                found: Tensor = as_tensor(value(), dtype, "initial_value", graph)
        else:
            found = as_tensor(value, dtype, "initial_value", graph)
        return found

    def _reading(self, graph: Graph, name: str) -> Tensor:
        op = graph.add(READ, name, (), {}, [])
        op._variable = self
        op._attributes["reads"] = [self]
        found: Tensor = op.give(self._said)
        return found

    def _changed(self, graph: Graph, known: Known, value: Any, name: str, *, first: bool = False) -> Tensor:
        given = as_tensor(value, self._said.kind, graph=graph)
        if self._validate and not first and not _fits(given._dims, self._said.dims):
            raise ShapeError(
                f"Dimensions must be equal: Shapes {kinds.written(self._said.dims)} and {kinds.written(given._dims)} are incompatible for "
                f"the assignment of {self.name}",
            )  # fmt: skip
        op = graph.add(known, name, (given,), {}, [given])
        op._variable = self
        op._attributes.update(validated=self._validate, writes=[self], reads=[] if known is ASSIGN else [self])
        found: Tensor = op.give(self._said)
        return found

    # ---- as a Tensor

    def _as_tensor(self, graph: Graph) -> Tensor:
        """The value for a node that is being made: read when what the node depends on has run."""
        if graph is not self._graph:
            return graph.captured(self._snapshot)
        return self._reading(graph, f"{self.op.name.rpartition('/')[2]}/read") if graph._controls else self._snapshot

    def _as_graph_element(self) -> Tensor:
        return self._variable

    def value(self) -> Tensor:
        """Its value."""
        return self._snapshot

    def read_value(self) -> Tensor:
        """Its value, read anew when what the present block depends on has run."""
        found: Tensor = identity(self._reading(building(), f"{self.op.name.rpartition('/')[2]}/read"))
        return found

    def initialized_value(self) -> Tensor:
        """Its value where something was assigned to it, else the initial value: for the initial values of others."""
        op = building().add(FIRST, "initialized_value", (self._initial,), {}, [self._initial])
        op._variable = self
        found: Tensor = op.give(self._said)
        return found

    @property
    def initial_value(self) -> Tensor:
        """What its initializer assigns."""
        return self._initial

    @property
    def op(self) -> Operation:
        """Its node."""
        return self._variable.op

    @property
    def graph(self) -> Graph:
        """The graph that it belongs to."""
        return self._graph

    @property
    def name(self) -> str:
        """`scope/name:0`."""
        return self._variable.name

    @property
    def _shared_name(self) -> str:
        return self.op.name

    @property
    def dtype(self) -> Any:
        """The element type."""
        return kinds.dtype_of(self._said.kind)

    @property
    def shape(self) -> Any:
        """The extents, a TensorShape."""
        return kinds.shape_of(self._said.dims)

    @property
    def _dims(self) -> Any:
        return self._said.dims

    @property
    def _kind(self) -> Any:
        return self._said.kind

    def get_shape(self) -> Any:
        """The extents, a TensorShape."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Says extents that are not known."""
        self._variable.set_shape(shape)
        self._snapshot.set_shape(shape)
        self._said = Said(self._variable._dims, self._said.kind)

    @property
    def device(self) -> str:
        """That of its node."""
        return self.op.device

    @property
    def trainable(self) -> bool:
        """Whether optimizers train it where none are named."""
        return self._trainable

    def eval(self, session: Any = None) -> Any:
        """What it holds in a session, the default one where none is given.  Raises: StateError, FailedPreconditionError."""
        return kinds.session_for(self, session).run(self)

    def load(self, value: Any, session: Any = None) -> None:
        """Has it hold a value in a session.  Raises: StateError where there is none."""
        kinds.session_for(self, session).run(self.initializer, {self.initializer.inputs[0]: value})

    # ---- changes

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """A Tensor that, when it is computed, has assigned this value, and is it.  Raises: ShapeError."""
        made = self._changed(building(), ASSIGN, value, name or "Assign")
        return made if read_value else made.op

    def assign_add(self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """A Tensor that, when it is computed, has added this value, and is the sum.  Raises: ShapeError."""
        made = self._changed(building(), ASSIGN_ADD, delta, name or "AssignAdd")
        return made if read_value else made.op

    def assign_sub(self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """A Tensor that, when it is computed, has subtracted this value, and is the difference.  Raises: ShapeError."""
        made = self._changed(building(), ASSIGN_SUB, delta, name or "AssignSub")
        return made if read_value else made.op

    def __getitem__(self, key: Any) -> Any:
        return self._as_tensor(building())[key]

    def __iter__(self) -> Any:
        raise ArgumentError("'Variable' object is not iterable.")

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __repr__(self) -> str:
        dtype = self.dtype
        return f"<tf.Variable '{self.name}' shape={kinds.written(self._said.dims)} dtype={getattr(dtype, 'name', dtype)}>"


def _fits(given: Any, wanted: Any) -> bool:
    if given is None or wanted is None:
        return True
    return len(given) == len(wanted) and all(a is None or b is None or a == b for a, b in zip(given, wanted, strict=True))


def _in_graph(*args: Any, **kwargs: Any) -> Variable | None:
    """`tf.Variable(...)` while a graph is built."""
    return None if here.graph is None else Variable(*args, **kwargs)


give_operators(Variable)
COUNTS.add(Variable)
COUNTED.add(Variable)
VariableKind.makers.append(_in_graph)
SYMBOLS[Variable] = lambda variable: variable.graph
