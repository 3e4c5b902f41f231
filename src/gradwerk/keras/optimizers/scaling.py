"""keras.optimizers.LossScaleOptimizer over nn.wrapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.identifiers import as_config, of_config
from gradwerk.keras.optimizers.arguments import between, by_path
from gradwerk.keras.optimizers.optimizer import FAMILY, Optimizer
from gradwerk.keras.options import checked_except, whole
from gradwerk.keras.variables import Variable
from gradwerk.nn.wrapped import LossScaled
from gradwerk.tensor.tensor import Parameter, Tensor


class LossScaleOptimizer(Optimizer):
    """Another optimizer with a loss that is scaled, so that gradients of narrow floats do not vanish.

    Where a gradient is not finite nothing is updated and the scale is halved; after `dynamic_growth_steps` good steps it is doubled.
    What composes around a rule is said of the inner optimizer.  Raises: ArgumentError where that is none.
    """

    @checked_except("initial_scale", "dynamic_growth_steps")
    def __init__(
        self, inner_optimizer: Optimizer, initial_scale: float = 2.0**15, dynamic_growth_steps: int = 2000, name: str | None = None
    ) -> None:
        if not isinstance(inner_optimizer, Optimizer):
            raise ArgumentError(f"LossScaleOptimizer: the inner optimizer is one of keras.optimizers, this is {inner_optimizer!r}")
        super().__init__(0.0, name=name)
        self.inner_optimizer = inner_optimizer
        self.initial_scale = between(self, "initial_scale", initial_scale, 0.0, float(np.finfo(np.float32).max))
        self.dynamic_growth_steps = whole("LossScaleOptimizer", "dynamic_growth_steps", dynamic_growth_steps, 1)
        self._scale = Variable(np.asarray(self.initial_scale, np.float32)).named("dynamic_scale", (self.name,))
        self._steps = Variable(np.asarray(0, np.int64)).named("step_counter", (self.name,))
        inner_optimizer.loss_scale_factor = None

    def build(self, variables: Sequence[Any]) -> None:
        """Makes the state for these weights; once."""
        inner = self.inner_optimizer.begin(by_path(variables, self._paths))
        if self.applied is None:
            self.rule, self.applied = self.inner_optimizer.rule, LossScaled(inner, self.initial_scale, self.dynamic_growth_steps)
            self.applied.scale, self.applied.good_steps = self._scale, self._steps

    def fits(self, parameters: Mapping[str, Parameter]) -> bool:
        """Whether the state is of these parameters, or there is none yet."""
        return self.inner_optimizer.fits(parameters)

    @property
    def dynamic_scale(self) -> Tensor:
        """The present scale, 0-d."""
        return self._scale

    @property
    def step_counter(self) -> Tensor:
        """How many good steps there were since the scale changed, 0-d."""
        return self._steps

    @property
    def learning_rate(self) -> Any:  # noqa: ANN401  as of Optimizer
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:  # noqa: ANN401
        self.inner_optimizer.learning_rate = value

    @property
    def iterations(self) -> Tensor:
        """The inner optimizer's."""
        return self.inner_optimizer.iterations

    @property
    def variables(self) -> list[Tensor]:
        """Its own count, rate, good steps and scale, in Keras' order, then the inner optimizer's."""
        own = [self._iterations, self._rate, *([self._steps, self._scale] if self.applied is not None else [])]
        return own + self.inner_optimizer.variables

    def scale_loss(self, loss: Tensor) -> Tensor:
        """The loss times the present scale."""
        return loss * self._scale

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        inner = as_config("keras.optimizers", self.inner_optimizer)
        growth = self.dynamic_growth_steps
        return {"name": self.name, "inner_optimizer": inner, "initial_scale": self.initial_scale, "dynamic_growth_steps": growth}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """An optimizer from `get_config`'s answer.  Raises: ArgumentError where it says no inner one."""
        if "inner_optimizer" not in config:
            raise ArgumentError("LossScaleOptimizer scales the loss of another optimizer", likely="LossScaleOptimizer(Adam())")
        inner = config["inner_optimizer"]
        if isinstance(inner, Mapping):
            inner = of_config("optimizer", "keras.optimizers", {**inner, "class_name": str(inner.get("class_name")).lower()}, FAMILY)
        return cls(**{**config, "inner_optimizer": inner})
