"""What TensorFlow 1's optimizers share: nodes that compute gradients, nodes that change variables by a rule, and slots beside variables.

A slot is a variable of the graph.  Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/Optimizer
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.tf.graph.initializers import constant_initializer, ones_initializer, zeros_initializer
from gradwerk.tf.graph.nodes import as_tensor, building, gradients, group
from gradwerk.tf.graph.symbols import Operation, Tensor
from gradwerk.tf.graph.variables import GraphKeys, Variable
from gradwerk.tf.operations import Known

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class Optimizer:
    """What all have: `minimize`, or `compute_gradients` and `apply_gradients`; `get_slot` gives a variable beside a variable.

    Args:
        use_locking: taken, without effect: a run changes a variable at once.
        name: of the nodes.
    """

    GATE_NONE, GATE_OP, GATE_GRAPH = 0, 1, 2
    kind: ClassVar[str] = ""
    slots: ClassVar[tuple[tuple[str, str], ...]] = ()
    """For each slot its name, and what follows the variable's name in its own."""

    def __init__(self, use_locking: bool, name: str) -> None:
        if not name:
            raise ArgumentError("Must specify the optimizer name")
        self._name, self._use_locking = name, use_locking
        self._slots: dict[str, dict[Variable, Variable]] = {}
        self._shared: dict[tuple[Any, str], Variable] = {}
        self._numbers: dict[str, Any] = {}
        """The settings that may be Tensors, by their names."""

    def get_name(self) -> str:
        """The name of its nodes."""
        return self._name

    def minimize(
        self, loss: Any, global_step: Any = None, var_list: Any = None, gate_gradients: int = GATE_OP, aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False, name: str | None = None, grad_loss: Any = None,
    ) -> Operation:  # fmt: skip
        """An Operation that goes a step down the gradient of the loss.

        Args:
            loss: a Tensor.
            global_step: a variable that is one more after each step.
            var_list: the variables; all trainable ones where None.
            name: of the Operation.
            grad_loss: weighs the loss.
            gate_gradients, aggregation_method, colocate_gradients_with_ops: taken, without effect.

        Raises: ArgumentError where the loss depends on none of them.
        """
        pairs = self.compute_gradients(loss, var_list, gate_gradients, aggregation_method, colocate_gradients_with_ops, grad_loss)
        if all(gradient is None for gradient, _ in pairs):
            names = [str(variable) for _, variable in pairs]
            raise ArgumentError(
                "No gradients provided for any variable, check your graph for ops that do not support gradients, between variables "
                f"{names} and loss {loss}.",
            )  # fmt: skip
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self, loss: Any, var_list: Any = None, gate_gradients: int = GATE_OP, aggregation_method: Any = None,
        colocate_gradients_with_ops: bool = False, grad_loss: Any = None,
    ) -> list[tuple[Any, Any]]:  # fmt: skip
        """(gradient, variable) for each variable; None in the place of a gradient where the loss does not depend on it.

        Args: see `minimize`.  Raises: ArgumentError for an unknown gate_gradients, and where there are no variables.
        """
        if gate_gradients not in (self.GATE_NONE, self.GATE_OP, self.GATE_GRAPH):
            known = "Optimizer.GATE_NONE, Optimizer.GATE_OP, Optimizer.GATE_GRAPH"
            raise ArgumentError(f"gate_gradients must be one of: {known}. Not {gate_gradients}")
        loss = loss() if callable(loss) else loss
        graph = building()
        found = list(var_list) if var_list is not None else graph.get_collection(GraphKeys.TRAINABLE_VARIABLES)
        if not found:
            raise ArgumentError("No variables to optimize.")
        for each in found:
            if not isinstance(each, Variable):
                raise ArgumentTypeError(f"Argument is not a tf.Variable: {each}")
        return list(zip(gradients(loss, found, grad_loss), found, strict=True))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Any]], global_step: Any = None, name: str | None = None) -> Operation:
        """An Operation that changes the variables by these gradients.

        Args:
            grads_and_vars: what `compute_gradients` gave, changed or not; variables without a gradient stay.
            global_step: a variable that is one more afterwards.
            name: of the Operation.

        Raises: ArgumentError where there is no gradient at all.
        """
        pairs = list(grads_and_vars)
        if not pairs:
            raise ArgumentError("No variables provided.")
        given = [(gradient, variable) for gradient, variable in pairs if gradient is not None]
        if not given:
            raise ArgumentError(f"No gradients provided for any variable: {[str(v) for _, v in pairs]}.")
        graph = building()
        controls, graph._controls = graph._controls, []
        try:
            with graph.name_scope(None):
                self._create_slots([variable for _, variable in given])
        finally:
            graph._controls = controls
        with graph.name_scope(name or self._name) as scope:
            self._prepare()
            updates = [self._apply(graph, gradient, variable) for gradient, variable in given]
            done = self._finish(updates)
            if global_step is None:
                train = group(*done, name=scope)
            else:
                with graph.control_dependencies([group(*done, name="update")]):
                    train = global_step.assign_add(1, name=scope).op
        if train not in graph.get_collection_ref(GraphKeys.TRAIN_OP):
            graph.add_to_collection(GraphKeys.TRAIN_OP, train)
        return train  # type: ignore[return-value]  # there is a graph, so group gives an Operation

    # ---- slots

    def get_slot(self, var: Any, name: str) -> Any:
        """The variable that the rule keeps beside one; None where it has none of this name."""
        return self._slots.get(name, {}).get(var)

    def get_slot_names(self) -> list[str]:
        """The names of the slots that were made."""
        return sorted(self._slots)

    def variables(self) -> list[Any]:
        """All that it keeps."""
        slots = [slot for held in self._slots.values() for slot in held.values()]
        return sorted([*self._shared.values(), *slots], key=lambda variable: str(variable.name))

    def _create_slots(self, variables: list[Any]) -> None:
        for slot, suffix in self.slots:
            held = self._slots.setdefault(slot, {})
            for variable in variables:
                if variable not in held:
                    first = _filling(self._first(slot), variable)
                    held[variable] = Variable(first, trainable=False, name=f"{variable.op.name}/{suffix or self._name}")

    def _first(self, slot: str) -> float:
        return 0.0

    def _number(self, graph: Any, name: str, kind: Any) -> Any:
        value = self._numbers[name]
        if callable(value) and not isinstance(value, Tensor):
            value = value()
        return as_tensor(value, kind) if isinstance(value, Tensor | Variable) else float(value)

    def _prepare(self) -> None:
        """Before the nodes of the variables are made."""

    def _finish(self, updates: list[Operation]) -> list[Any]:
        return updates

    def _apply(self, graph: Any, gradient: Any, variable: Any) -> Operation:
        """The node that changes one variable."""
        given = as_tensor(gradient, variable._kind, graph=graph)
        numbers = {name: self._number(graph, name, variable._kind) for name in self._numbers}
        extra = [value for value in numbers.values() if isinstance(value, Tensor)]
        slots = [self._slots[slot][variable] for slot, _ in self.slots]
        touched = [variable, *slots]
        with graph.name_scope(f"update_{variable.op.name.replace('/', '_')}"):
            known = Known(self.kind, self._updated, self.kind, effects=True, stateful=True)
            op: Operation = graph.add(known, self.kind, (given, numbers), {}, [given, *extra])
        op._variable = variable
        op._attributes.update(touched=touched, reads=[*touched, *self._read()], writes=touched)
        return op

    def _read(self) -> list[Any]:
        return []

    def _updated(self, run: Any, op: Operation, gradient: Any, numbers: dict[str, Any]) -> list[Any]:
        touched = op._attributes["touched"]
        for variable, value in zip(touched, self.rule(run, gradient, [run.read(each) for each in touched], numbers), strict=True):
            held = variable.constraint(value) if variable is touched[0] and variable.constraint is not None else value
            run.write(variable, held)
        return []

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """The variable and its slots after a step, of the gradient and what they hold."""
        raise AssertionError(type(self), run, g, held, numbers)


def _filling(value: float, variable: Any) -> Callable[[], Any]:
    make = {0.0: zeros_initializer, 1.0: ones_initializer}.get(value, lambda: constant_initializer(value))
    return lambda: make()(variable._dims, variable._kind)
