"""What a model says of its training."""

from __future__ import annotations

from gradwerk.base.errors import StateError
from gradwerk.keras.callbacks.callback import History
from gradwerk.keras.losses import LossLike
from gradwerk.keras.metrics.metric import Metric
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.keras.training import Training


class Trained:
    """The part of a model that says what `compile` was told, and how training goes."""

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

    @property
    def loss(self) -> LossLike | None:
        """The loss given to compile, as it was given."""
        objective = self.training_state.objective
        return None if objective is None else objective.asked_loss

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, once they have met data."""
        return list(self.training_state.metrics)

    @property
    def metrics_names(self) -> list[str]:
        """`loss`, then the metrics' names."""
        return ["loss", *(metric.name for metric in self.metrics)]

    def reset_metrics(self) -> None:
        """The loss and all metrics begin anew."""
        self.training_state.reset()

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
