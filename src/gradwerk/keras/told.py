"""What `compile` told a model, and what follows from it for its steps."""

from __future__ import annotations

import inspect
from typing import Any, Self

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.trees import map_tree
from gradwerk.keras import metrics, optimizers
from gradwerk.keras.callbacks.callback import History
from gradwerk.keras.known import Made, Since
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.shapes import Shapes
from gradwerk.keras.losses import LossLike
from gradwerk.keras.objective import Objective, Output, names_of
from gradwerk.keras.optimizers.rules import OptimizerLike
from gradwerk.keras.optimizers.scaling import LossScaleOptimizer
from gradwerk.keras.saving.objects import serialize_keras_object as plain
from gradwerk.keras.stepping import TRAINING, CompileMetrics, OwnSteps
from gradwerk.nn.wrapped import Updates
from gradwerk.tensor.random import Shuffles
from gradwerk.tensor.tensor import Parameter
from gradwerk.train.steps import Steps


class Told:
    """The state of a model's training.  It is no Module: changing it traces nothing again.  Copies begin without compiled steps."""

    def __init__(self, model: Layer, own_steps: frozenset[str] = frozenset()) -> None:
        self.model, self.own_steps = model, own_steps
        self.tracker, self.given_metrics = metrics.Mean("loss"), CompileMetrics(self.outputs_of)
        self._parts: dict[str, metrics.Mean] = {}
        self._rule: Updates | None = None
        self._own: OwnSteps | None = None
        self.optimizer: optimizers.Optimizer | None = None
        self.objective: Objective | None = None
        self.metrics: list[metrics.Metric] = []
        self.history: History | None = None
        self.stop = False
        self.first_epoch: int | None = None
        """With which epoch `fit` begins, where a callback says so."""
        self.loss_said: Any = None
        """What stands in the model's attribute `loss`, where somebody has set it."""
        self.shuffles = Shuffles()
        self.steps_per_execution = 1
        self._eager = False
        self._made: Made | None = None
        self._asking: Steps | None = None
        self._on_rows: Any = None
        """Steps on rows of different lengths, once they were asked for."""
        self._since = Since()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_made": None, "_asking": None, "_on_rows": None, "_since": Since(), "_own": None}

    def of(self, model: Layer) -> Self:
        """The same for another model: what was compiled, without the steps."""
        twin = type(self).__new__(type(self))
        vars(twin).update(self.__getstate__(), model=model)
        return twin

    @property
    def eager(self) -> bool:
        """Whether steps run op by op.  Setting it makes the steps anew."""
        return self._eager

    @eager.setter
    def eager(self, value: bool) -> None:
        if value != self._eager:
            self._eager, self._made, self._asking, self._on_rows, self._own = value, None, None, None, None

    def configure(
        self, optimizer: OptimizerLike, loss: LossLike | None, asked_metrics: Any, loss_weights: Any, weighted_metrics: Any, *,  # noqa: ANN401
        run_eagerly: bool, steps_per_execution: int,
    ) -> None:  # fmt: skip
        """What `compile` says."""
        rule = optimizers.get(optimizer)
        if rule is None:
            raise ArgumentError("compile needs an optimizer", facts=(f"known: {', '.join(sorted(optimizers.NAMED))}",))
        if self.model.dtype_policy.name == "mixed_float16" and not isinstance(rule, LossScaleOptimizer):
            rule = LossScaleOptimizer(rule, name="loss_scale_optimizer")
        self.objective = Objective(loss, loss_weights, asked_metrics, weighted_metrics)
        self.steps_per_execution, self._own, self._rule, self._parts, self.loss_said = steps_per_execution, None, None, {}, None
        self.tracker, self.given_metrics = metrics.Mean("loss"), CompileMetrics(self.outputs_of)
        self.optimizer, self._eager, self._made, self._asking, self._on_rows, self.metrics = rule, run_eagerly, None, None, None, []

    def described(self) -> dict[str, Any]:
        """What `configure` was told, as plain data.  Raises: StateError before it."""
        optimizer, objective = self.compiled()
        return {
            "optimizer": plain(optimizer), "loss": plain(objective.asked_loss), "loss_weights": plain(objective.asked_weights),
            "metrics": plain(objective.asked_metrics), "weighted_metrics": plain(objective.asked_weighted), "run_eagerly": self._eager,
            "steps_per_execution": self.steps_per_execution, "jit_compile": False,
        }  # fmt: skip

    def take(self, rule: optimizers.Optimizer | None) -> None:
        """Another optimizer than `compile` was given."""
        self.optimizer, self._made, self._own, self._rule = rule, None, None, None

    @property
    def steps_itself(self) -> bool:
        """Whether training and testing is done by methods of the model: where it writes some, and where `compile` was given no loss."""
        return bool(self.own_steps & TRAINING) or (self.objective is not None and self.objective.asked_loss is None)

    @property
    def loss_takes_training(self) -> bool:
        """Whether the model's `compute_loss` has an argument `training`: an older one has not."""
        asked = inspect.signature(type(self.model).compute_loss).parameters  # type: ignore[attr-defined]  # a Model's
        return "training" in asked or any(p.kind is p.VAR_KEYWORD for p in asked.values())

    def rule(self) -> Updates:
        """What updates the weights, for steps of the model's own."""
        if self._rule is None or not self._rule.targets:
            named = self.model.named_parameters()
            self._rule = self.compiled()[0].begin({path: p for path, p in named if isinstance(p, Parameter)})
        return self._rule

    def part(self, name: str) -> metrics.Mean:
        """What counts the loss of one output of several."""
        return self._parts.setdefault(name, metrics.Mean(name))

    def metrics_known(self) -> list[metrics.Metric]:
        """The metrics of `compile`; of steps of the model's own as one, behind the loss."""
        if not self.steps_itself:
            return list(self.metrics)
        if self.objective is None:
            return []
        given = [self.given_metrics] if self.objective.metrics or self.objective.weighted else []
        return [self.tracker, *given, *self._parts.values()]

    def own(self) -> OwnSteps:
        """The steps that the model writes itself."""
        if self._own is None:
            self._own = OwnSteps(self.model, compiled=not self._eager)
        return self._own

    def reset(self) -> None:
        """Loss and metrics begin anew."""
        if self._made is not None:
            self._made.steps.reset()

    def built_optimizer(self) -> None:
        """Makes the optimizer's state for the model's weights, where there is none yet."""
        self.compiled()[0].begin({path: p for path, p in self.model.named_parameters() if isinstance(p, Parameter)})

    def compiled(self) -> tuple[optimizers.Optimizer, Objective]:
        """What `compile` was given.  Raises: StateError before it."""
        if self.objective is None or self.optimizer is None:
            raise StateError("the model is not compiled yet", likely="model.compile(optimizer='adam', loss=..., metrics=[...])")
        return self.optimizer, self.objective

    def outputs(self) -> tuple[Output, ...]:
        """What is asked of each output.  Raises: StateError before `compile`; ArgumentError where compile said others."""
        made = self._right(self._since.found())
        if made is not None:
            return made.outputs
        return self._outputs(self.model.output_shape)

    def outputs_of(self, y_pred: Any) -> tuple[Output, ...]:  # noqa: ANN401  a tree of Tensors
        """The same of a model that gave this."""
        return self._outputs(map_tree(lambda one: (None, *one.shape[1:]), y_pred))

    def _outputs(self, shapes: Shapes) -> tuple[Output, ...]:
        return tuple(self.compiled()[1].outputs(shapes, names_of(shapes, self.model.known_output_names)))

    def _right(self, found: dict[str, Any]) -> Made | None:
        """What was made, where that was found to be right."""
        return self._made if found.get("made") is self._made else None
