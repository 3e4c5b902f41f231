"""Keras' relatives of Adagrad and Adam, Lion, and Ftrl, over nn.adagrad, nn.moments, nn.directions and nn.online."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Unpack

from gradwerk.keras.optimizers.arguments import between
from gradwerk.keras.optimizers.optimizer import Optimizer, Rate
from gradwerk.keras.options import OptimizerOptions, checked_except, whole
from gradwerk.nn import adagrad, directions, moments, online, schedule_free
from gradwerk.nn import optimizer as known
from gradwerk.tensor.tensor import Parameter, Tensor


class Adagrad(Optimizer):
    """Adagrad: a <- a + g^2;  w <- w - learning_rate g / sqrt(a + epsilon)."""

    settings = ("initial_accumulator_value", "epsilon")
    columns = (("sum_of_squares",),)

    @checked_except("initial_accumulator_value", "epsilon")
    def __init__(
        self, learning_rate: Rate = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.adagrad.Adagrad."""
        return adagrad.Adagrad(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Both from 0."""
        return {"start": _from_0(self, "initial_accumulator_value"), "epsilon": _from_0(self, "epsilon")}


class Adadelta(Optimizer):
    """Adadelta (see nn.adagrad.adadelta)."""

    settings = ("rho", "epsilon")
    columns = (("mean_square", "mean_square_of_steps"),)

    @checked_except("rho", "epsilon")
    def __init__(self, learning_rate: Rate = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **options: Unpack[OptimizerOptions]) -> None:
        super().__init__(learning_rate, **options)
        self.rho, self.epsilon = rho, epsilon

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.adagrad.Adadelta."""
        return adagrad.Adadelta(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Rho from 0 to below 1, epsilon from 0."""
        return {"rho": between(self, "rho", self.rho, 0.0, 1.0, below=True), "epsilon": _from_0(self, "epsilon")}


class OfMoments(Optimizer):
    """What relatives of Adam hold."""

    settings = ("beta_1", "beta_2", "epsilon")
    columns = (("first_moment", "second_moment"),)
    made: ClassVar[type[moments.Moments]]
    """The rule."""

    @checked_except("beta_1", "beta_2", "epsilon")
    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **options: Unpack[OptimizerOptions],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.moments."""
        return self.made(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Betas from 0 to below 1, epsilon from 0."""
        betas = {name: between(self, name, getattr(self, name), 0.0, 1.0, below=True) for name in ("beta_1", "beta_2")}
        return betas | {"epsilon": _from_0(self, "epsilon")}


class Adamax(OfMoments):
    """Adam of the largest gradient (see nn.moments.adamax)."""

    made = moments.Adamax
    columns = (("first_moment", "largest_gradient"),)


class Nadam(OfMoments):
    """Adam with Nesterov's momentum (see nn.moments.nadam)."""

    made = moments.Nadam

    @property
    def variables(self) -> list[Tensor]:
        """As of the others; behind them the product of the momentum of all steps."""
        products = self.rule.slots["momentum_product"][:1] if self.rule is not None else []
        return [*super().variables, *products]


class Lamb(OfMoments):
    """Adam with steps in the size of the weights (see nn.moments.lamb)."""

    made = moments.Lamb


class Lion(Optimizer):
    """The sign of a mean gradient (see nn.directions.lion)."""

    settings = ("beta_1", "beta_2")
    columns = (("momentum",),)

    @checked_except("beta_1", "beta_2")
    def __init__(self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **options: Unpack[OptimizerOptions]) -> None:
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.directions.Lion."""
        return directions.Lion(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Betas from 0 to 1."""
        return {name: between(self, name, getattr(self, name), 0.0, 1.0) for name in ("beta_1", "beta_2")}


class Ftrl(Optimizer):
    """Follow the regularised leader (see nn.online.ftrl)."""

    settings = (
        "learning_rate_power", "initial_accumulator_value", "l1_regularization_strength", "l2_regularization_strength",
        "l2_shrinkage_regularization_strength", "beta",
    )  # fmt: skip
    columns = (("sum_of_squares", "linear"),)

    @checked_except(*settings)
    def __init__(
        self, learning_rate: Rate = 0.001, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float = 0.0, **options: Unpack[OptimizerOptions],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.learning_rate_power, self.initial_accumulator_value = learning_rate_power, initial_accumulator_value
        self.l1_regularization_strength, self.l2_regularization_strength = l1_regularization_strength, l2_regularization_strength
        self.l2_shrinkage_regularization_strength, self.beta = l2_shrinkage_regularization_strength, beta

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.online.Ftrl."""
        return online.Ftrl(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """The power at most 0, all others from 0."""
        held = {
            "start": "initial_accumulator_value", "l1": "l1_regularization_strength", "l2": "l2_regularization_strength",
            "shrinkage": "l2_shrinkage_regularization_strength", "beta": "beta",
        }  # fmt: skip
        power = between(self, "learning_rate_power", self.learning_rate_power, -math.inf, 0.0)
        return {"exponent": power, **{name: _from_0(self, theirs) for name, theirs in held.items()}}


def _from_0(owner: Optimizer, name: str) -> float:
    return between(owner, name, getattr(owner, name), 0.0, math.inf)


class ScheduleFreeAdamW(Optimizer):
    """AdamW of a constant rate, the weights near the mean of all points (see nn.schedule_free), as Keras computes it on JAX.

    On its other backends Keras reads the point behind its step where it means the one before, and gives other numbers.
    """

    settings = ("beta_1", "beta_2", "epsilon", "warmup_steps")
    columns = (("point", "mean_square"),)

    @checked_except("beta_1", "beta_2", "epsilon", "warmup_steps")
    def __init__(
        self, learning_rate: Rate = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8, warmup_steps: int = 0,
        **options: Unpack[OptimizerOptions],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.schedule_free.ScheduleFreeAdamW."""
        return schedule_free.ScheduleFreeAdamW(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Betas from 0 to below 1, epsilon from 0, a count of steps."""
        betas = {name: between(self, name, getattr(self, name), 0.0, 1.0, below=True) for name in ("beta_1", "beta_2")}
        return betas | {"epsilon": _from_0(self, "epsilon"), "warm_up": whole("ScheduleFreeAdamW", "warmup_steps", self.warmup_steps)}
