"""keras.optimizers: Keras' names and recurrences over nn.optimizer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import by_name, checked
from gradwerk.nn import optimizer as known
from gradwerk.tensor.tensor import Parameter, Tensor

_ABSENT = object()


@ORIGINAL.completes("keras.optimizers.Optimizer")
class Optimizer:
    """An update rule, told its parameters by the model that is compiled with it.

    Its settings may change at any time: the next step computes with what they are then.
    """

    settings: ClassVar[tuple[str, ...]] = ()
    """The attributes that the rule depends on, the learning rate apart."""

    def __init__(self, learning_rate: float, name: str | None) -> None:
        self.name = name or unique_name(type(self).__name__)
        self.rule: known.Optimizer | None = None
        self._rate = Tensor(np.asarray(_checked_rate(learning_rate), np.float32))
        self._iterations = Tensor(np.asarray(0, np.int64))

    def __setattr__(self, name: str, value: object) -> None:
        if name not in self.settings:
            object.__setattr__(self, name, value)
            return
        before = vars(self).get(name, _ABSENT)
        object.__setattr__(self, name, value)
        try:
            if all(setting in vars(self) for setting in self.settings):
                told = self.rule_settings()
                if self.rule is not None:
                    self.rule.configure(**told)
        except BaseException:
            object.__delattr__(self, name) if before is _ABSENT else object.__setattr__(self, name, before)
            raise

    def build(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """Makes the state for these parameters; once."""
        if self.rule is None:
            self.rule = self.make(parameters)
            self.rule.rate, self.rule.iterations = self._rate, self._iterations
        elif [id(p) for p in self.rule.targets.values()] != [id(p) for p in parameters.values()]:
            raise ArgumentError(
                f"the optimizer {self.name!r} was built for another model, or for other weights of this one",
                likely="call model.compile again, with a new optimizer",
            )
        return self.rule

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """The rule with its state.  A subclass writes it."""
        raise ArgumentError(f"{type(self).__name__} defines no rule")

    def rule_settings(self) -> dict[str, Any]:
        """The settings as the rule takes them.  Raises: ArgumentError for what is out of range."""
        return {}

    @property
    def built(self) -> bool:
        """True once the state exists."""
        return self.rule is not None

    @property
    def learning_rate(self) -> Tensor:
        """The learning rate, 0-d.  Assigning a number changes it without compiling anything again."""
        return self._rate

    @learning_rate.setter
    def learning_rate(self, value: float | Tensor) -> None:
        self._rate.assign(np.asarray(_checked_rate(value), np.float32))

    @property
    def iterations(self) -> Tensor:
        """The number of updates so far, 0-d."""
        return self._iterations

    @property
    def variables(self) -> list[Tensor]:
        """Iterations, learning rate, then the slots."""
        slots = [tensor for tensors in self.rule.slots.values() for tensor in tensors] if self.rule is not None else []
        return [self.iterations, self.learning_rate, *slots]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        settings = {name: getattr(self, name) for name in self.settings}
        return {"name": self.name, "learning_rate": float(self.learning_rate.item()), **settings}

    @classmethod
    @checked
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """An optimizer from `get_config`'s answer."""
        return cls(**config)


class SGD(Optimizer):
    """Gradient descent: v <- momentum v - learning_rate g;  w <- w + v, with Nesterov w <- w + momentum v - learning_rate g."""

    settings = ("momentum", "nesterov")

    @checked
    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, *, name: str | None = None  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.momentum, self.nesterov = momentum, bool(nesterov)

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.optimizer.SGD."""
        return known.SGD(parameters, **self.rule_settings())

    def rule_settings(self) -> dict[str, Any]:
        """Momentum from 0 to 1; Nesterov's form where there is any."""
        momentum = _between(self, "momentum", self.momentum, 0.0, 1.0)
        return {"momentum": momentum, "nesterov": bool(self.nesterov) and momentum > 0}


class Adam(Optimizer):
    """Adam, with Keras' "epsilon hat"."""

    settings = ("beta_1", "beta_2", "epsilon")

    @checked
    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, *, name: str | None = None
    ) -> None:
        super().__init__(learning_rate, name)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.optimizer.Adam."""
        return known.Adam(parameters, **self.rule_settings())

    def rule_settings(self) -> dict[str, Any]:
        """Betas from 0 to below 1, epsilon from 0."""
        betas = {name: _between(self, name, getattr(self, name), 0.0, 1.0 - 1e-9) for name in ("beta_1", "beta_2")}
        return betas | {"epsilon": _between(self, "epsilon", self.epsilon, 0.0, math.inf)}


class RMSprop(Optimizer):
    """RMSprop: v <- rho v + (1 - rho) g^2;  w <- w - learning_rate g / sqrt(v + epsilon); see nn.optimizer.rmsprop for the other forms."""

    settings = ("rho", "momentum", "epsilon", "centered")

    @checked
    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, *, name: str | None = None,  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, bool(centered)

    def make(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """See nn.optimizer.RMSprop."""
        return known.RMSprop(parameters, **self.rule_settings())

    def rule_settings(self) -> dict[str, Any]:
        """rho and momentum from 0 to 1, epsilon from 0."""
        shares = {name: _between(self, name, getattr(self, name), 0.0, 1.0) for name in ("rho", "momentum")}
        return shares | {"epsilon": _between(self, "epsilon", self.epsilon, 0.0, math.inf), "centered": bool(self.centered)}


def _checked_rate(value: Any) -> float:  # noqa: ANN401  a number or a Tensor of one
    """Raises: ArgumentError for what is no learning rate."""
    if callable(value):
        raise ArgumentError("learning rate schedules are not supported here yet", likely="set optimizer.learning_rate in a callback")
    try:
        rate = float(value)
        is_text = isinstance(value, (str, bytes))
    except (TypeError, ValueError):
        raise ArgumentError(f"the learning rate is a number, this is {value!r}") from None
    if is_text:
        raise ArgumentError(f"the learning rate is a number, this is {value!r}", likely=f"write {rate}")
    if not 0 <= rate < math.inf:
        raise ArgumentError(f"the learning rate is {rate}")
    return rate


def _between(owner: Optimizer, name: str, value: Any, low: float, high: float) -> float:  # noqa: ANN401
    """A number of a range.  Raises: ArgumentError."""
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, np.number)) or not low <= value <= high:
        limits = f"lies between {low:g} and {high:g}" if high < math.inf else f"is at least {low:g}"
        raise ArgumentError(f"{type(owner).__name__}: the {name} {limits}, this is {value!r}")
    return float(value)


NAMED: dict[str, type[Any]] = {"sgd": SGD, "adam": Adam, "rmsprop": RMSprop}


def get(identifier: str | Optimizer) -> Optimizer:
    """The optimizer of a name, with Keras' defaults; an instance is itself.

    Raises: ArgumentError for an unknown name.
    """
    if isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, type):
        raise ArgumentError(f"the optimizer is the class {identifier.__name__}, not an instance", likely=f"write {identifier.__name__}()")
    name = identifier.lower() if isinstance(identifier, str) else identifier
    optimizer: Optimizer = by_name("optimizer", name, NAMED)()
    return optimizer

__getattr__ = ORIGINAL.module("keras.optimizers", __name__)
