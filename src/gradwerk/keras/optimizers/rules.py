"""Keras' update rules: its names and recurrences over nn.optimizer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Unpack

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.custom_objects import custom_object_scope
from gradwerk.keras.identifiers import as_config, of_config
from gradwerk.keras.optimizers.arguments import between
from gradwerk.keras.optimizers.matrices import Adafactor, Muon
from gradwerk.keras.optimizers.optimizer import Optimizer, Rate
from gradwerk.keras.optimizers.relatives import Adadelta, Adagrad, Adamax, Ftrl, Lamb, Lion, Nadam, ScheduleFreeAdamW
from gradwerk.keras.optimizers.scaling import LossScaleOptimizer
from gradwerk.keras.options import DecayingOptions, OptimizerOptions, checked_except
from gradwerk.nn import adagrad
from gradwerk.nn import optimizer as known
from gradwerk.tensor.tensor import Parameter


class SGD(Optimizer):
    """Gradient descent: v <- momentum v - learning_rate g;  w <- w + v, with Nesterov w <- w + momentum v - learning_rate g."""

    settings = ("momentum", "nesterov")
    columns = (("velocity",),)

    @checked_except("momentum")
    def __init__(
        self, learning_rate: Rate = 0.01, momentum: float = 0.0, nesterov: bool = False,  # noqa: FBT001, FBT002
        **options: Unpack[OptimizerOptions],
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.momentum, self.nesterov = momentum, bool(nesterov)

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.optimizer.SGD."""
        return known.SGD(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Momentum from 0 to 1; Nesterov's form where there is any."""
        momentum = between(self, "momentum", self.momentum, 0.0, 1.0)
        return {"momentum": momentum, "nesterov": bool(self.nesterov) and momentum > 0}


class Adam(Optimizer):
    """Adam, with Keras' "epsilon hat"."""

    settings = ("beta_1", "beta_2", "epsilon", "amsgrad")
    columns = (("first_moment", "second_moment"), ("largest_moment",))

    @checked_except("beta_1", "beta_2", "epsilon")
    def __init__(
        self, learning_rate: Rate = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **options: Unpack[OptimizerOptions],  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, bool(amsgrad)

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.optimizer.Adam."""
        return known.Adam(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """Betas from 0 to below 1, epsilon from 0."""
        betas = {name: between(self, name, getattr(self, name), 0.0, 1.0, below=True) for name in ("beta_1", "beta_2")}
        return betas | {"epsilon": between(self, "epsilon", self.epsilon, 0.0, math.inf), "amsgrad": bool(self.amsgrad)}


class AdamW(Adam):
    """Adam with weight decay: w <- w - learning_rate * weight_decay * w before each step."""

    @checked_except("beta_1", "beta_2", "epsilon")
    def __init__(
        self, learning_rate: Rate = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **options: Unpack[DecayingOptions],  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **options)

    def around(self) -> dict[str, Any]:
        """A decay of 0 is said with 0."""
        if self.weight_decay is None:
            raise ArgumentError("AdamW: weight_decay is a number", likely="keras.optimizers.Adam decays nothing")
        return super().around()


class RMSprop(Optimizer):
    """RMSprop: v <- rho v + (1 - rho) g^2;  w <- w - learning_rate g / sqrt(v + epsilon); see nn.adagrad.rmsprop for the other forms."""

    settings = ("rho", "momentum", "epsilon", "centered")
    columns = (("mean_square",), ("velocity",), ("mean",))

    @checked_except("rho", "momentum", "epsilon")
    def __init__(
        self, learning_rate: Rate = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **options: Unpack[OptimizerOptions],  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, **options)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, bool(centered)

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.adagrad.RMSprop."""
        return adagrad.RMSprop(parameters, **self.rule_settings(), **self.around())

    def rule_settings(self) -> dict[str, Any]:
        """rho and momentum from 0 to 1, epsilon from 0."""
        shares = {name: between(self, name, getattr(self, name), 0.0, 1.0) for name in ("rho", "momentum")}
        return shares | {"epsilon": between(self, "epsilon", self.epsilon, 0.0, math.inf), "centered": bool(self.centered)}


RULES = (SGD, Adam, AdamW, RMSprop, Adagrad, Adadelta, Adamax, Nadam, Lamb, Lion, Ftrl, Muon, Adafactor, ScheduleFreeAdamW)
NAMED: dict[str, type[Any]] = {made.__name__.lower(): made for made in (*RULES, LossScaleOptimizer)}


OptimizerLike = str | Optimizer | Mapping[str, Any]
"""What `compile` takes for one."""


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer as plain data."""
    return as_config("keras.optimizers", optimizer)


def deserialize(config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  an Optimizer
    """The optimizer of `serialize`'s answer; of one's own class where `custom_objects` names it.  Raises: ArgumentError."""
    with custom_object_scope(custom_objects or {}):
        return get(config)


def get(identifier: OptimizerLike | None) -> Optimizer | None:
    """The optimizer of a name, with Keras' defaults, or of a config; an instance and None are themselves.

    Raises: ArgumentError for an unknown name.
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type):
        raise ArgumentError(f"the optimizer is the class {identifier.__name__}, not an instance", likely=f"write {identifier.__name__}()")
    config = identifier if isinstance(identifier, Mapping) else {"class_name": identifier, "config": {}}
    name = config.get("class_name")
    lower = {"class_name": name.lower()} if isinstance(name, str) and name.lower() in NAMED else {}
    optimizer: Optimizer = of_config("optimizer", "keras.optimizers", {**config, **lower}, NAMED)
    return optimizer
