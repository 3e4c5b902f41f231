"""What layers add to the loss of a step, and what weights are brought back to after it.

    Dense(8, kernel_regularizer="l2")             a weight's own, of every weight that is trained
    Dense(8, activity_regularizer="l1")           what a layer gives
    self.add_loss(value)                          in a layer's call
    Dense(8, kernel_constraint="non_neg")         after each update

A class says by `weight_options` which of its weights have such options; `add_weight` finds them by the weight's name.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten
from gradwerk.keras import constraints, regularizers
from gradwerk.keras.layers.calls import Added, calls
from gradwerk.keras.variables import Variable
from gradwerk.ops.precision import in_accumulator
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor

REGULARIZER, CONSTRAINT = "_regularizer", "_constraint"


class Penalised(Protocol):
    """What is asked of a layer."""

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes."""

    def modules(self) -> Iterator[Any]:
        """The layer and those inside."""


def options_of(weights: Sequence[str]) -> list[str]:
    """The options of a layer for weights of these names."""
    return [f"{weight}{kind}" for kind in (REGULARIZER, CONSTRAINT) for weight in weights]


def kept(weights: Sequence[str], given: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that a layer keeps of its options.  Raises: ArgumentError for what is no regularizer or constraint."""
    found = {f"{weight}{REGULARIZER}": regularizers.get(given.get(f"{weight}{REGULARIZER}")) for weight in weights}
    found |= {f"{weight}{CONSTRAINT}": constraints.get(given.get(f"{weight}{CONSTRAINT}")) for weight in weights}
    return found | {"activity_regularizer": regularizers.get(given.get("activity_regularizer"))}


def rule(layer: Any, weight: Variable, name: str | None, regularizer: Any, constraint: Any) -> None:  # noqa: ANN401
    """Gives a weight the rules that are given, or those of the layer's options for a weight of its name."""
    weight.regularizer = regularizers.get(regularizer or getattr(layer, f"{name}{REGULARIZER}", None))
    weight.constraint = constraints.get(constraint or getattr(layer, f"{name}{CONSTRAINT}", None))


def add(layer: Penalised, value: Any) -> None:  # noqa: ANN401  a 0-d Tensor, or a list of them
    """Notes what a layer adds to the loss in the call under way.  Raises: ArgumentError for what is no number."""
    for one in flatten(value):
        if not isinstance(one, Tensor) and not isinstance(one, (int, float)):
            raise ArgumentError(f"add_loss takes a Tensor of one number, this is a {type(one).__name__}")
        loss = in_accumulator(one) if isinstance(one, Tensor) else Tensor(float(one))
        if loss.shape != ():
            raise ArgumentError(f"add_loss takes a Tensor of one number, this has the shape {tuple(loss.shape)}", likely="its .mean()")
        calls.added = (*calls.added, Added(weakref.ref(layer), loss, mode.trace))


def add_activity(layer: Penalised, regularizer: Any, results: Any) -> None:  # noqa: ANN401
    """Notes what the results of a call cost, an example on average."""
    for result in flatten(results):
        if isinstance(result, Tensor):
            cost = regularizer(in_accumulator(result))
            add(layer, cost / max(result.shape[0], 1) if result.shape else cost)


def losses_of(layer: Penalised) -> list[Tensor]:
    """What the last call of the layer, and the weights that are trained, add to the loss."""
    inside = {id(module) for module in layer.modules()}
    found = [added.loss for added in calls.added if id(added.layer()) in inside and added.trace is mode.trace]
    of_weights = (getattr(weight, "regularizer", None) for weight in layer.trainable_weights)
    return found + [rule(weight) for rule, weight in zip(of_weights, layer.trainable_weights, strict=True) if rule is not None]


def forget(layer: Penalised) -> None:
    """What earlier calls of the layer, of those inside, and of layers that are gone, have added is of no use any more."""
    if calls.added:
        inside = {id(module) for module in layer.modules()} | {id(None)}
        calls.added = tuple(added for added in calls.added if id(added.layer()) not in inside)


def constrain(weights: Iterable[Tensor]) -> None:
    """Brings weights back to what their constraints allow."""
    for weight in weights:
        rule = getattr(weight, "constraint", None)
        if rule is not None and isinstance(weight, Parameter):
            with no_grad():
                weight.assign(rule(weight))
