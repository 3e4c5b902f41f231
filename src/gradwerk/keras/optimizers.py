"""keras.optimizers: Keras' names and recurrences over nn.optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import by_name, checked
from gradwerk.nn import optimizer as known
from gradwerk.tensor.tensor import Parameter, Tensor


class Optimizer:
    """An update rule, told its parameters by the model that is compiled with it."""

    def __init__(self, learning_rate: float, name: str | None) -> None:
        if callable(learning_rate):
            raise ArgumentError("learning rate schedules are not supported here yet", likely="set optimizer.learning_rate in a callback")
        if not 0 <= float(learning_rate) < float("inf"):
            raise ArgumentError(f"the learning rate is {learning_rate}")
        self.name = name or unique_name(type(self).__name__)
        self.rule: known.Optimizer | None = None
        self._rate = float(learning_rate)

    def build(self, parameters: Mapping[str, Parameter]) -> known.Optimizer:
        """Makes the state for these parameters; once."""
        if self.rule is None:
            self.rule = self.make(parameters, self._rate)
        elif [id(p) for p in self.rule.targets.values()] != [id(p) for p in parameters.values()]:
            raise ArgumentError(
                f"the optimizer {self.name!r} was built for another model, or for other weights of this one",
                likely="make a new optimizer and compile the model with it",
            )
        return self.rule

    def make(self, parameters: Mapping[str, Parameter], learning_rate: float) -> known.Optimizer:
        """The rule with its state.  A subclass writes it."""
        raise ArgumentError(f"{type(self).__name__} defines no rule")

    @property
    def built(self) -> bool:
        """True once the state exists."""
        return self.rule is not None

    @property
    def learning_rate(self) -> Tensor:
        """The learning rate, 0-d.  Assigning a number changes it without compiling anything again."""
        return self.rule.learning_rate if self.rule is not None else Tensor(np.asarray(self._rate, np.float32))

    @learning_rate.setter
    def learning_rate(self, value: float | Tensor) -> None:
        self._rate = float(value.item() if isinstance(value, Tensor) else value)
        if self.rule is not None:
            self.rule.learning_rate = self._rate

    @property
    def iterations(self) -> Tensor:
        """The number of updates so far, 0-d."""
        return self.rule.iterations if self.rule is not None else Tensor(np.asarray(0, np.int64))

    @property
    def variables(self) -> list[Tensor]:
        """Iterations, learning rate, then the slots."""
        slots = [tensor for tensors in self.rule.slots.values() for tensor in tensors] if self.rule is not None else []
        return [self.iterations, self.learning_rate, *slots]

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal optimizer."""
        return {"name": self.name, "learning_rate": float(self.learning_rate.item())}

    @classmethod
    @checked
    def from_config(cls, config: Mapping[str, Any]) -> Optimizer:
        """An optimizer from `get_config`'s answer."""
        return cls(**config)


class SGD(Optimizer):
    """Gradient descent: v <- momentum v - learning_rate g;  w <- w + v, with Nesterov w <- w + momentum v - learning_rate g."""

    @checked
    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, *, name: str | None = None  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        super().__init__(learning_rate, name)
        if not 0 <= momentum <= 1:
            raise ArgumentError(f"SGD: the momentum lies between 0 and 1, this is {momentum}")
        self.momentum, self.nesterov = float(momentum), bool(nesterov)

    def make(self, parameters: Mapping[str, Parameter], learning_rate: float) -> known.Optimizer:
        """See nn.optimizer.SGD."""
        return known.SGD(parameters, learning_rate, momentum=self.momentum, nesterov=self.nesterov and self.momentum > 0)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Adam, with Keras' "epsilon hat"."""

    @checked
    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7, *, name: str | None = None
    ) -> None:
        super().__init__(learning_rate, name)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def make(self, parameters: Mapping[str, Parameter], learning_rate: float) -> known.Optimizer:
        """See nn.optimizer.Adam."""
        return known.Adam(parameters, learning_rate, beta_1=self.beta_1, beta_2=self.beta_2, epsilon=self.epsilon)

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return super().get_config() | {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


NAMED: dict[str, type[Any]] = {"sgd": SGD, "adam": Adam}


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
