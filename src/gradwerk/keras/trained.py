"""What a model says of its training."""

from __future__ import annotations

from typing import Any, ClassVar

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import stepping
from gradwerk.keras.callbacks.callback import History
from gradwerk.keras.former import Former
from gradwerk.keras.losses import LossLike
from gradwerk.keras.metrics.metric import Metric
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.keras.training import Training


class Trained:
    """The part of a model that says what `compile` was told, and how training goes.

    A subclass may write `train_step`, `test_step`, `predict_step`, `compute_loss` and `compute_metrics`: `fit` and its like then call them,
    compiled where that can be (their Python runs each time where it reads what cannot be watched), else op by op.
    """

    fit_generator = Former("fit_generator", "model.fit takes generators")
    evaluate_generator = Former("evaluate_generator", "model.evaluate takes generators")
    predict_generator = Former("predict_generator", "model.predict takes generators")
    predict_classes = Former("predict_classes", "model.predict(x).argmax(-1); of one output (model.predict(x) > 0.5).astype(int)")
    predict_proba = Former("predict_proba", "model.predict(x)")
    own_steps: ClassVar[frozenset[str]] = frozenset()
    """Which of these a class writes."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.own_steps = frozenset(name for name in stepping.WRITTEN if getattr(cls, name) is not getattr(Trained, name))

    def train_step(self, data: Any) -> dict[str, Any]:  # noqa: ANN401  a tree of Tensors
        """One update by a batch: x, (x, y) or (x, y, sample_weight); the loss and the metrics so far, by name."""
        return stepping.train_step(self, data)

    def test_step(self, data: Any) -> dict[str, Any]:  # noqa: ANN401
        """Counts a batch without training; the loss and the metrics so far, by name."""
        return stepping.test_step(self, data)

    def predict_step(self, data: Any) -> Any:  # noqa: ANN401  a tree of Tensors
        """The model's answer to a batch, of which only x is looked at."""
        model: Any = self
        return model(data[0] if isinstance(data, tuple) else data, training=False)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True,  # noqa: ANN401, FBT001, FBT002
    ) -> Any:  # noqa: ANN401  # fmt: skip
        """The loss of a batch, 0-d: that of `compile`, and what layers add.  Raises: ArgumentError where there is neither."""
        return stepping.compute_loss(self, y, y_pred, sample_weight)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:  # noqa: ANN401
        """Counts a batch by the metrics of `compile`; the loss and all metrics so far, by name."""
        state = self.training_state
        if state.objective is not None and (state.objective.metrics or state.objective.weighted):
            state.given_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The loss and all metrics so far, by name."""
        found: dict[str, Any] = {}
        for metric in self.metrics:
            result: Any = metric.result()
            found |= result if isinstance(result, dict) else {metric.name: result}
        return found

    def zero_grad(self) -> None:
        """Forgets the gradients that `backward` has left at the weights."""
        model: Any = self
        for weight in model.trainable_weights:
            weight.grad = None

    @property
    def training_state(self) -> Training:
        """What `compile` was told, and the steps made of it.  Raises: StateError where a subclass did not begin as one."""
        state: Training | None = vars(self).get("_training_state")
        if state is None:
            raise StateError(f"{type(self).__name__}.__init__ does not call that of its base", likely="begin it with super().__init__()")
        return state

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer given to compile."""
        return self.training_state.optimizer

    @optimizer.setter
    def optimizer(self, value: Optimizer | None) -> None:
        if value is not None and not isinstance(value, Optimizer):
            raise ArgumentError(f"model.optimizer is an optimizer, this is {value!r}", likely="keras.optimizers.get makes one of a name")
        self.training_state.take(value)

    @property
    def loss(self) -> LossLike | None:
        """The loss given to compile, as it was given; or what the attribute was set to, which no step computes by itself."""
        state = self.training_state
        return state.loss_said if state.loss_said is not None or state.objective is None else state.objective.asked_loss

    @loss.setter
    def loss(self, value: LossLike | None) -> None:
        self.training_state.loss_said = value

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, once there was data; of a model that writes its steps the loss, those of `compile` as one, and its attributes."""
        return [*self.training_state.metrics_known(), *stepping.metrics_inside(self)]

    @property
    def metrics_names(self) -> list[str]:
        """`loss`, then the metrics' names."""
        return list(dict.fromkeys(("loss", *(metric.name for metric in self.metrics))))

    def reset_metrics(self) -> None:
        """The loss and all metrics begin anew."""
        self.training_state.reset()
        for metric in self.metrics:
            metric.reset_state()

    @property
    def compiled(self) -> bool:
        """True after `compile`."""
        return self.training_state.objective is not None

    @property
    def history(self) -> History | None:
        """What the last `fit` gave back."""
        return self.training_state.history

    stop_evaluating = False
    """Set by a callback to end `evaluate`."""
    stop_predicting = False
    """Set by a callback to end `predict`."""

    @property
    def stop_training(self) -> bool:
        """Set by a callback to end `fit`."""
        return self.training_state.stop

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.training_state.stop = bool(value)

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run op by op instead of compiled."""
        return self.training_state.eager

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self.training_state.eager = bool(value)
