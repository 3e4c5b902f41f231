"""The global step, means of variables over steps, and states of training in sessions."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.graph import Graph, get_default_graph
from gradwerk.tf.graph.nodes import as_tensor, building, group
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.variable_scopes import get_variable, variable_scope
from gradwerk.tf.graph.variables import GraphKeys, Variable
from gradwerk.tf.operations import Known

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "ExponentialMovingAverage", "assert_global_step", "create_global_step", "get_global_step", "get_or_create_global_step",
    "global_step",
]  # fmt: skip


def get_global_step(graph: Graph | None = None) -> Any:
    """The variable that counts steps; None where there is none."""
    graph = graph or get_default_graph()
    held = graph.get_collection(GraphKeys.GLOBAL_STEP)
    if held:
        return held[0]
    named = [v for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if v.op.name == "global_step"]
    return named[0] if named else None


def create_global_step(graph: Graph | None = None) -> Any:
    """A new variable that counts steps, int64.  Raises: ArgumentError where there is one."""
    graph = graph or get_default_graph()
    if get_global_step(graph) is not None:
        raise ArgumentError('"global_step" already exists.')
    with graph.as_default(), graph.name_scope(None), variable_scope(""):
        keys = [GraphKeys.GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP]
        return get_variable("global_step", [], np.int64, _zero, trainable=False, collections=keys)


def _zero(shape: Any, dtype: Any = None) -> Any:
    return as_tensor(np.zeros(shape, np.int64), name="zeros")


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The variable that counts steps, made where there is none."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def assert_global_step(global_step_tensor: Any) -> None:
    """Raises: ArgumentTypeError for what is no whole number of no axes."""
    dims, kind = (getattr(global_step_tensor, name, None) for name in ("_dims", "_kind"))
    if dims not in ((), None) or kind not in (np.int32, np.int64):
        raise ArgumentTypeError(f"the global step is a whole number without axes, not {global_step_tensor!r:.80}")


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """How many steps a session has counted."""
    return int(sess.run(global_step_tensor))


def _averaged(run: Any, op: Operation, decay: Any, *values: Any) -> list[Any]:
    shadow = op._attributes["shadow"]
    held = run.read(shadow)
    (value,) = values or (run.read(op._attributes["of"]),)
    run.write(shadow, held - (held - value) * (1.0 - decay))
    return []


AVERAGE = Known("AssignMovingAverage", _averaged, "AssignMovingAvg", effects=True, stateful=True)


class ExponentialMovingAverage:
    """Means of variables over steps: shadow <- decay * shadow + (1 - decay) * variable.

    Args:
        decay: the share that stays.
        num_updates: the number of updates so far: the decay is at most (1 + num_updates) / (10 + num_updates).
        zero_debias: refused where True.
        name: of the nodes, and of the shadows behind the variables' names.

    Raises: ArgumentError for zero_debias.
    Source: https://www.tensorflow.org/api_docs/python/tf/train/ExponentialMovingAverage
    """

    def __init__(self, decay: Any, num_updates: Any = None, zero_debias: bool = False, name: str = "ExponentialMovingAverage") -> None:
        if zero_debias:
            raise ArgumentError("ExponentialMovingAverage: zero_debias is not here")
        self._decay, self._num_updates, self._name = decay, num_updates, name
        self._averages: dict[Any, Variable] = {}

    @property
    def name(self) -> str:
        """Of the nodes."""
        return self._name

    def apply(self, var_list: Any = None) -> Any:
        """An Operation that brings the means up to date; makes those that are not there.

        Args:
            var_list: variables or Tensors; all trainable variables where None.

        Raises: ArgumentError for what has no float numbers.
        """
        graph = building()
        given = list(var_list) if var_list is not None else graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        for each in given:
            if not kinds.has_gradient(each._kind):
                raise ArgumentError(f"The variables must be half, float, or double: {each}")
            if each not in self._averages:
                with graph.control_dependencies(None), graph.name_scope(None):
                    first = each.initialized_value() if isinstance(each, Variable) else np.zeros(each._dims, each._kind)
                    self._averages[each] = Variable(first, trainable=False, name=f"{each.op.name}/{self._name}")
                if isinstance(each, Variable):
                    graph.add_to_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, each)
        with graph.name_scope(self._name) as scope:
            decay = as_tensor(self._decay, np.float32, "decay")
            if self._num_updates is not None:
                count = graph.note(kinds.known("Cast"), (as_tensor(self._num_updates), "float32"), {})
                decay = graph.note(kinds.known("Minimum"), (decay, (count + 1.0) / (count + 10.0)), {})
            return group(*[self._update(graph, each, decay) for each in given], name=scope)

    def _update(self, graph: Graph, of: Any, decay: Tensor) -> Operation:
        shadow = self._averages[of]
        given = [] if isinstance(of, Variable) else [of]
        op = graph.add(AVERAGE, "AssignMovingAvg", (decay, *given), {}, [decay, *given])
        reads = [shadow, of] if isinstance(of, Variable) else [shadow]
        op._attributes.update(shadow=shadow, of=of, reads=reads, writes=[shadow])
        return op

    def average(self, var: Any) -> Any:
        """The mean of a variable, a variable too; None where there is none."""
        return self._averages.get(var)

    def average_name(self, var: Any) -> str:
        """What the mean of a variable is called, whether it is there or not."""
        return self._averages[var].op.name if var in self._averages else f"{var.op.name}/{self._name}"

    def variables_to_restore(self, moving_avg_variables: Any = None) -> dict[str, Any]:
        """For a Saver: variables by the names under which their means were saved."""
        graph = get_default_graph()
        means = list(moving_avg_variables) if moving_avg_variables is not None else [
            *graph.get_collection(GraphKeys.TRAINABLE_VARIABLES), *graph.get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES),
        ]  # fmt: skip
        found = {self.average_name(each): each for each in dict.fromkeys(means)}
        shadows = set(self._averages.values())
        others = [v for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES) if v not in means and v not in shadows]
        return found | {each.op.name: each for each in others}
