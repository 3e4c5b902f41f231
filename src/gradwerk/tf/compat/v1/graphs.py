"""Building graphs: what stands at the top of TensorFlow 1 and is no computation."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.tf.graph import graph as graphs
from gradwerk.tf.graph import kinds, nodes, variables
from gradwerk.tf.graph.graph import Graph, get_default_graph, reset_default_graph
from gradwerk.tf.graph.initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from gradwerk.tf.graph.nodes import gradients, group, no_op, placeholder, placeholder_with_default
from gradwerk.tf.graph.session import InteractiveSession, Session
from gradwerk.tf.graph.symbols import NodeDef, Operation
from gradwerk.tf.graph.variable_scopes import AUTO_REUSE, VariableScope, get_variable, get_variable_scope, variable_scope
from gradwerk.tf.graph.variables import GraphKeys, Variable
from gradwerk.tf.operations import PROCESS, here

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "AUTO_REUSE", "ConfigProto", "GPUOptions", "Graph", "GraphKeys", "GraphOptions", "InteractiveSession", "NodeDef", "Operation",
    "OptimizerOptions", "RunMetadata", "RunOptions", "Session", "Variable", "VariableScope", "add_check_numerics_ops",
    "add_to_collection", "add_to_collections", "all_variables", "assign", "assign_add", "assign_sub", "colocate_with",
    "constant_initializer", "control_dependencies", "convert_to_tensor", "device", "disable_control_flow_v2",
    "disable_eager_execution", "disable_resource_variables", "disable_tensor_equality", "disable_v2_behavior",
    "disable_v2_tensorshape", "enable_control_flow_v2", "enable_eager_execution", "enable_resource_variables",
    "enable_tensor_equality", "enable_v2_behavior", "enable_v2_tensorshape", "executing_eagerly",
    "executing_eagerly_outside_functions", "get_collection", "get_collection_ref", "get_default_graph", "get_default_session",
    "get_seed", "get_variable", "get_variable_scope", "global_variables", "global_variables_initializer", "glorot_normal_initializer",
    "glorot_uniform_initializer", "gradients", "group", "initialize_all_tables", "initialize_all_variables",
    "initialize_local_variables", "initialize_variables", "is_variable_initialized", "local_variables", "local_variables_initializer",
    "model_variables", "moving_average_variables", "name_scope", "no_op", "ones_initializer", "op_scope", "orthogonal_initializer",
    "placeholder", "placeholder_with_default", "random_normal_initializer", "random_uniform_initializer",
    "report_uninitialized_variables", "reset_default_graph", "set_random_seed", "tables_initializer", "trainable_variables",
    "truncated_normal_initializer", "tuple", "uniform_unit_scaling_initializer", "variable_op_scope", "variable_scope",
    "variables_initializer", "variance_scaling_initializer", "zeros_initializer",
]  # fmt: skip

tuple = nodes.tuple_  # noqa: A001  TensorFlow's name


class Options:
    """Settings of a session or a run, taken by name and without effect: what runs here has none of them.

    Settings that hold others are made when they are asked for: `config.gpu_options.allow_growth = True`.
    """

    def __init__(self, **settings: Any) -> None:
        vars(self).update(settings)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        held = vars(self)[name] = Options()
        return held

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "\n".join(f"{name}: {value}" for name, value in vars(self).items())

    def CopyFrom(self, other: Any) -> None:  # noqa: N802  TensorFlow's name
        """Takes the settings of another."""
        vars(self).update(vars(other))


class ConfigProto(Options):
    """Settings of a session: operation_timeout_in_ms ends what waits for a queue; the others are taken, without effect.

    Threads are said by `GRADWERK_THREADS`.
    """


class GPUOptions(Options):
    """Settings of a GPU: taken, without effect."""


class GraphOptions(Options):
    """Settings of how a graph is made faster: taken, without effect."""


class OptimizerOptions(Options):
    """The same.  L0, L1 and the others are numbers."""

    L0, L1, DEFAULT, DEFAULT_LEVEL, OFF, ON_1, ON_2 = 0, 1, 0, 0, -1, 1, 2


class RunOptions(Options):
    """Settings of one run: taken, without effect."""

    NO_TRACE, SOFTWARE_TRACE, HARDWARE_TRACE, FULL_TRACE = 0, 1, 2, 3


class RunMetadata(Options):
    """What a run says of itself: empty here."""


# ---- modes


def disable_eager_execution() -> None:
    """From now on operations are noted in the default graph."""
    graphs.note_in_default_graph()


def enable_eager_execution(config: Any = None, device_policy: Any = None, execution_mode: Any = None) -> None:
    """From now on operations compute at once.  All arguments are taken, without effect."""
    graphs.compute_at_once()


def disable_v2_behavior() -> None:
    """TensorFlow 1: from now on operations are noted in the default graph."""
    disable_eager_execution()


def enable_v2_behavior() -> None:
    """TensorFlow 2: from now on operations compute at once."""
    enable_eager_execution()


def executing_eagerly() -> bool:
    """Whether operations compute at once."""
    return here.graph is None


def executing_eagerly_outside_functions() -> bool:
    """Whether operations compute at once where no graph is built."""
    return not PROCESS


def _taken() -> None:
    """Taken: there is one way here."""


enable_resource_variables = disable_resource_variables = enable_control_flow_v2 = disable_control_flow_v2 = _taken
enable_tensor_equality = disable_tensor_equality = enable_v2_tensorshape = disable_v2_tensorshape = _taken


def get_default_session() -> Any:
    """The innermost session that is default; None where there is none."""
    return kinds.default_session()


# ---- scopes


def name_scope(name: str | None, default_name: str | None = None, values: Any = None) -> AbstractContextManager[Any]:
    """Names of nodes inside the block stand in this scope.

    Args:
        name: of the scope.
        default_name: where the name is None.
        values: taken, without effect.
    """
    chosen = default_name if name is None else name
    return nullcontext(f"{chosen}/") if here.graph is None else nodes.building().name_scope(chosen)


def op_scope(values: Any, name: str | None, default_name: str | None = None) -> AbstractContextManager[Any]:
    """`name_scope` with its arguments in a former order."""
    return name_scope(name, default_name, values)


def variable_op_scope(values: Any, name_or_scope: Any, default_name: str | None = None, **options: Any) -> AbstractContextManager[Any]:
    """`variable_scope` with its arguments in a former order."""
    return variable_scope(name_or_scope, default_name, values, **options)


def control_dependencies(control_inputs: Any) -> AbstractContextManager[Any]:
    """Operations made inside the block run after these."""
    return nullcontext() if here.graph is None else nodes.building().control_dependencies(control_inputs)


def colocate_with(op: Any, ignore_existing: bool = False) -> AbstractContextManager[Any]:
    """All operations are in one place: this changes nothing."""
    return nullcontext()


def device(device_name_or_function: Any) -> AbstractContextManager[Any]:
    """The name is kept with operations made inside the block; all run on the processor."""
    return nullcontext() if here.graph is None else nodes.building().device(device_name_or_function)


# ---- collections


def add_to_collection(name: Any, value: Any) -> None:
    """Keeps a value under a name in the default graph."""
    get_default_graph().add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Keeps a value under several names in the default graph."""
    get_default_graph().add_to_collections(names, value)


def get_collection(key: Any, scope: str | None = None) -> list[Any]:
    """What is kept under a name; with a scope, what has a name that begins so."""
    return get_default_graph().get_collection(key, scope)


def get_collection_ref(key: Any) -> list[Any]:
    """The very list that is kept under a name."""
    return get_default_graph().get_collection_ref(key)


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables that are saved."""
    return get_collection(GraphKeys.GLOBAL_VARIABLES, scope)


all_variables = global_variables


def trainable_variables(scope: str | None = None) -> list[Any]:
    """The variables that optimizers train where none are named."""
    return get_collection(GraphKeys.TRAINABLE_VARIABLES, scope)


def local_variables(scope: str | None = None) -> list[Any]:
    """The variables that are not saved: of metrics, of readers."""
    return get_collection(GraphKeys.LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """The variables that layers say are the model's."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """The variables of which ExponentialMovingAverage keeps a mean."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


# ---- initializers


def variables_initializer(var_list: Any, name: str = "init") -> Any:
    """An Operation that assigns their initial values to these variables."""
    return group(*[each.initializer for each in var_list], name=name) if var_list or here.graph is not None else None


def global_variables_initializer() -> Any:
    """An Operation that assigns their initial values to all global variables."""
    return None if here.graph is None else variables_initializer(global_variables())


def local_variables_initializer() -> Any:
    """An Operation that assigns their initial values to all local variables."""
    return None if here.graph is None else variables_initializer(local_variables())


def tables_initializer(name: str = "init_all_tables") -> Any:
    """An Operation that fills all lookup tables."""
    return group(*get_collection(GraphKeys.TABLE_INITIALIZERS), name=name)


initialize_variables, initialize_all_variables = variables_initializer, global_variables_initializer
initialize_local_variables, initialize_all_tables = local_variables_initializer, tables_initializer


def is_variable_initialized(variable: Any) -> Any:
    """A Tensor: whether something was assigned to a variable."""
    return variables.is_initialized(variable)


def report_uninitialized_variables(var_list: Any = None, name: str = "report_uninitialized_variables") -> Any:
    """A Tensor of the names of the variables to which nothing was assigned."""
    return variables.uninitialized(list(var_list) if var_list is not None else [*global_variables(), *local_variables()], name)


def assign(ref: Any, value: Any, validate_shape: bool | None = None, use_locking: bool | None = None, name: str | None = None) -> Any:
    """`ref.assign(value)`.  Raises: ArgumentTypeError for what is no variable."""
    return _variable(ref).assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """`ref.assign_add(value)`.  Raises: ArgumentTypeError for what is no variable."""
    return _variable(ref).assign_add(value, name=name)


def assign_sub(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """`ref.assign_sub(value)`.  Raises: ArgumentTypeError for what is no variable."""
    return _variable(ref).assign_sub(value, name=name)


def _variable(ref: Any) -> Any:
    found = nodes.variable_of(ref) if not hasattr(ref, "assign") else ref
    if found is None:
        raise ArgumentTypeError(f"a variable is assigned to, not {ref!r:.80}")
    return found


def set_random_seed(seed: int) -> None:
    """The random seed of the default graph: nodes made from now on follow it, in each session anew."""
    get_default_graph().seed = seed
    if here.graph is None:
        from gradwerk.tensor import random  # noqa: PLC0415  only where operations compute at once

        random.seed(seed)


def get_seed(op_seed: int | None) -> Any:
    """(seed of the graph, seed of an operation) as nodes made now have them."""
    graph = get_default_graph()
    if graph.seed is None and op_seed is None:
        return None, None
    return graph.seed if graph.seed is not None else 87654321, op_seed if op_seed is not None else graph.version


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None, preferred_dtype: Any = None, dtype_hint: Any = None) -> Any:
    """A Tensor for what may be an array, a number or a list of them: in a graph a constant.

    Args:
        value: it.
        dtype: of the Tensor.
        name: of the node.
        preferred_dtype, dtype_hint: taken: for values that say no dtype where dtype says none.
    """
    if here.graph is not None:
        return nodes.as_tensor(value, dtype, name)
    from gradwerk import tf  # noqa: PLC0415  only where operations compute at once

    return tf.convert_to_tensor(value, dtype, dtype_hint)


def add_check_numerics_ops() -> Any:
    """An Operation that does nothing: GRADWERK_CHECK_NAN=1 looks at all numbers, and says where the first NaN begins."""
    return no_op("add_check_numerics_ops")

