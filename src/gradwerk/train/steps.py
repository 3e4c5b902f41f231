"""The step: forward, loss, backward, update and metrics as one compiled program.

A `Task` says what is trained; `Steps` holds its three functions.  The running means live in Tensors, so counting is a part of the step, and
a step gives nothing back but what it wrote.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.base.origin import module_path
from gradwerk.base.trees import flatten, map_tree
from gradwerk.jit.compile import compile_once
from gradwerk.nn.metric import Mean
from gradwerk.nn.module import Module, place_of
from gradwerk.nn.wrapped import Updates
from gradwerk.ops.elementwise import cast
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.grad import grad, no_grad
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.mode import mode

Loss = Callable[..., Any]
"""(prediction, targets) or (prediction, targets, weights) -> a 0-d Tensor, the mean over the batch; or one value for each example.
One with `parts` gives that and a dict of as many 0-d Tensors, which are counted beside it."""
Step = Callable[..., Any]


class Metric(Protocol):
    """What a step can count."""

    def update(self, prediction: Tensor, targets: Tensor) -> None:
        """Counts a batch; traced."""

    def result(self) -> float:
        """The value so far."""

    def reset(self) -> None:
        """Forgets everything; traced or not."""


def in_mode(model: Module, x: Tensor, *, training: bool) -> Any:  # noqa: ANN401  what the model gives
    """The model's answer in training or in inference."""
    with mode(model, training=training):
        return model(x)


def no_penalties(model: Module) -> Sequence[Tensor]:
    """Nothing is added to the loss."""
    return ()


def nothing_after(model: Module) -> None:
    """An update is all there is."""


@dataclass(frozen=True)
class Task:
    """A model, what it minimises, by which rule, and what is measured meanwhile."""

    model: Module
    loss: Loss | None = None
    """None where the model is only asked."""
    optimizer: Updates | None = None
    metrics: Mapping[str, Metric] = field(default_factory=dict)
    call: Callable[..., Any] = in_mode
    """How the model is asked: (model, x, training=)."""
    penalties: Callable[[Any], Sequence[Tensor]] = no_penalties
    """What a model that was just asked adds to the loss: 0-d Tensors."""
    after_update: Callable[[Any], None] = nothing_after
    """What is done to the model behind an update, in the step."""
    counts_only: bool = False
    """Whether a training step of a model without weights counts its batch and updates nothing."""
    weighted: Mapping[str, Any] = field(default_factory=dict)
    """Metrics whose updates are told the weights of a batch, where it has any."""


class Stepping(Protocol):
    """What the loop asks: steps on trees of arrays, and what they have counted."""

    def train(self, *parts: Any) -> Any:  # noqa: ANN401  trees of arrays
        """Trains on a batch (x, y) or (x, y, weights)."""

    def test(self, *parts: Any) -> Any:  # noqa: ANN401
        """Counts a batch without training."""

    def predict(self, *parts: Any) -> Any:  # noqa: ANN401
        """The answer to x."""

    def logs(self) -> dict[str, float]:
        """The means so far."""

    def reset(self) -> None:
        """The means begin again."""


class Steps:
    """The compiled functions of a task, called with arrays.  With `compiled=False` they run eagerly, to be stepped through."""

    def __init__(self, task: Task, *, compiled: bool = True) -> None:
        self.task = task
        self.loss = Mean()
        self.parts: dict[str, Mean] = {name: Mean() for name in getattr(task.loss, "parts", ())}
        wrap: Callable[[Step], Step] = compile_once if compiled else _eagerly
        self.train: Step = wrap(self._make_train(fresh=False))
        """Trains on a batch (x, y) or (x, y, weights)."""
        self.train_fresh: Step = wrap(self._make_train(fresh=True))
        """The same, the means counting this batch only."""
        self.test: Step = wrap(self._make_test(fresh=False))
        """Counts a batch without training."""
        self.test_fresh: Step = wrap(self._make_test(fresh=True))
        """The same, the means counting this batch only."""
        self.predict: Step = wrap(self._make_predict())
        """The model's answer to x, in inference mode."""

    @property
    def means(self) -> dict[str, Metric | Mean]:
        """The loss and the metrics, by name."""
        return {"loss": self.loss, **self.parts, **self.task.metrics, **self.task.weighted}

    def logs(self) -> dict[str, float]:
        """The means so far."""
        return {name: mean.result() for name, mean in self.means.items()}

    def reset(self) -> None:
        """The means begin again."""
        for mean in self.means.values():
            mean.reset()

    def _make_train(self, *, fresh: bool) -> Step:
        """The training step.  Written as a closure: what it reads is what the compiled step guards."""
        task, means, metrics = self.task, (self.loss, self.parts), counted_of(self.task)
        model, call, optimizer, loss_of, updates = task.model, task.call, task.optimizer, task.loss, not task.counts_only
        penalties, after_update = task.penalties, task.after_update

        def train_step(x: Any, *targets: Any) -> None:  # noqa: ANN401  Tensors, or trees of them
            prediction = call(model, x, training=True)
            loss, parts = _loss(loss_of, prediction, targets, penalties(model))
            if updates:
                update(optimizer, loss)
                after_update(model)
            _count(means, metrics, prediction, (loss, parts), targets, fresh=fresh)

        return train_step

    def _make_test(self, *, fresh: bool) -> Step:
        task, means, metrics = self.task, (self.loss, self.parts), counted_of(self.task)
        model, call, loss_of, penalties = task.model, task.call, task.loss, task.penalties

        def test_step(x: Any, *targets: Any) -> None:  # noqa: ANN401  Tensors, or trees of them
            with no_grad():
                prediction = call(model, x, training=False)
                _count(means, metrics, prediction, _loss(loss_of, prediction, targets, penalties(model)), targets, fresh=fresh)

        return test_step

    def _make_predict(self) -> Step:
        model, call = self.task.model, self.task.call

        def predict_step(x: Any) -> Any:  # noqa: ANN401  Tensors, or a tree of them; what the model gives
            with no_grad():
                return call(model, x, training=False)

        return predict_step


def _loss(
    loss_of: Loss | None, prediction: Any, targets: tuple[Any, ...], penalties: Sequence[Tensor]  # noqa: ANN401
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss with all that is added to it, and its parts where it has any."""
    if loss_of is None:
        raise StateError("this task has no loss: it can only predict")
    found = loss_of(prediction, *targets)
    loss, parts = found if isinstance(found, tuple) else (found, {})
    for penalty in penalties:
        loss = loss + (penalty if penalty.dtype == loss.dtype else cast(penalty, loss.dtype))
    return loss, parts


Counted = tuple[tuple[Metric, ...], tuple[Any, ...]]
"""The metrics of a task, and those that are told weights."""


def counted_of(task: Task) -> Counted:
    """What a step counts."""
    return tuple(task.metrics.values()), tuple(task.weighted.values())


def _count(
    means: tuple[Mean, Mapping[str, Mean]], metrics: Counted, prediction: Any, losses: tuple[Tensor, dict[str, Tensor]],  # noqa: ANN401
    targets: tuple[Any, ...], *, fresh: bool,
) -> None:  # fmt: skip
    """Adds a batch to the means; the loss counts once per example, whether it is one value or many."""
    (mean, means_of_parts), (loss, parts) = means, losses
    with no_grad(), module_path("running means"):
        if fresh:
            resetting: tuple[Mean | Metric, ...] = (mean, *means_of_parts.values(), *metrics[0], *metrics[1])
            for counted in resetting:
                counted.reset()
        examples = flatten(targets[0])[0].shape[0]
        mean.update(loss, examples / max(math.prod(loss.shape), 1))
        for name, part in parts.items():
            means_of_parts[name].update(part, examples)
        for metric in metrics[0]:
            metric.update(prediction, targets[0])
        for metric in metrics[1]:
            metric.update(prediction, *targets)


def update(optimizer: Updates | None, loss: Tensor) -> None:
    """One update of the parameters that are not frozen.  Takes the gradients as values: no `.grad` is read or left behind.

    A loss that is not reduced is minimised by its sum, and counted by its mean.

    Raises: StateError where nothing can be trained.
    """
    targets = list(optimizer.targets.values()) if optimizer is not None else []
    free = [parameter for parameter in targets if parameter.requires_grad]
    if optimizer is None or not free:
        raise StateError("there is nothing to train: " + ("every parameter is frozen" if targets else "no optimizer"))
    found = iter(grad(optimizer.scaled(loss if loss.shape == () else reduce_sum(loss)), free, allow_unused=True))
    with module_path(place_of(optimizer)):
        optimizer.apply([next(found) if parameter.requires_grad else None for parameter in targets])


def _eagerly(step: Step) -> Step:
    """The step run op by op, on arrays as the compiled one takes them."""
    return lambda *trees: step(*map_tree(lambda array: Tensor.sharing(array) if isinstance(array, np.ndarray) else array, trees))
