"""TensorFlow 1's optimizers.

The rules are those of gradwerk.nn.  Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/train
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn.adagrad import adadelta, adagrad, rmsprop
from gradwerk.nn.online import ftrl
from gradwerk.nn.updates import adam, descend, momentum_of_gradients
from gradwerk.ops.elementwise import div, mul, sqrt, sub
from gradwerk.tf.graph.nodes import building
from gradwerk.tf.graph.symbols import Operation
from gradwerk.tf.graph.variables import Variable
from gradwerk.tf.train.optimizer import Optimizer

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "AdadeltaOptimizer", "AdagradOptimizer", "AdamOptimizer", "FtrlOptimizer", "GradientDescentOptimizer", "MomentumOptimizer", "Optimizer",
    "RMSPropOptimizer",
]  # fmt: skip


class GradientDescentOptimizer(Optimizer):
    """w <- w - learning_rate * g.  Args: learning_rate, use_locking, name."""

    kind = "ApplyGradientDescent"

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(use_locking, name)
        self._numbers = {"rate": learning_rate}

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        return (descend(held[0], g, numbers["rate"]),)


class MomentumOptimizer(Optimizer):
    """accumulation <- momentum * accumulation + g;   w <- w - learning_rate * accumulation.

    Args: learning_rate, momentum, use_locking, name, use_nesterov (w <- w - learning_rate * (g + momentum * accumulation)).
    """

    kind = "ApplyMomentum"
    slots = (("momentum", ""),)

    def __init__(
        self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum", use_nesterov: bool = False
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._numbers, self._nesterov = {"rate": learning_rate, "momentum": momentum}, use_nesterov

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        return momentum_of_gradients(held[0], g, held[1], numbers["rate"], numbers["momentum"], nesterov=self._nesterov)


class AdamOptimizer(Optimizer):
    """Adam: rate = learning_rate * sqrt(1 - beta2^t) / (1 - beta1^t);   w <- w - rate * m / (sqrt(v) + epsilon).

    Args: learning_rate, beta1, beta2, epsilon, use_locking, name.
    Source: Kingma and Ba, 2014, "Adam: a method for stochastic optimization", section 2.
    """

    kind = "ApplyAdam"
    slots = (("m", ""), ("v", ""))

    def __init__(
        self, learning_rate: Any = 0.001, beta1: Any = 0.9, beta2: Any = 0.999, epsilon: Any = 1e-08, use_locking: bool = False,
        name: str = "Adam",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._numbers = {"rate": learning_rate, "beta1": beta1, "beta2": beta2, "epsilon": epsilon}
        self._betas = beta1, beta2

    def _create_slots(self, variables: list[Any]) -> None:
        graph = building()
        for name, beta in zip(("beta1_power", "beta2_power"), self._betas, strict=True):
            if (graph, name) not in self._shared:
                first = beta() if callable(beta) else beta
                self._shared[graph, name] = Variable(first, trainable=False, name=name, dtype=variables[0].dtype)
        super()._create_slots(variables)

    def _get_beta_accumulators(self) -> tuple[Any, Any]:
        graph = building()
        return self._shared[graph, "beta1_power"], self._shared[graph, "beta2_power"]

    def _read(self) -> list[Any]:
        return list(self._get_beta_accumulators())

    def _finish(self, updates: list[Operation]) -> list[Any]:
        graph = building()
        with graph.control_dependencies(updates):
            changed = [power.assign(power * beta) for power, beta in zip(self._get_beta_accumulators(), self._betas, strict=True)]
        return [*updates, *changed]

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        power1, power2 = (run.read(self._shared[run.session.graph, name]) for name in ("beta1_power", "beta2_power"))
        rate = div(mul(sqrt(sub(1.0, power2)), numbers["rate"]), sub(1.0, power1))
        return adam(*(held[0], g, held[1], held[2]), rate, numbers["epsilon"], numbers["beta1"], numbers["beta2"])


class AdagradOptimizer(Optimizer):
    """accumulator <- accumulator + g^2;   w <- w - learning_rate * g / sqrt(accumulator).

    Args: learning_rate, initial_accumulator_value, use_locking, name.  Raises: ArgumentError for a first value that is not above 0.
    Source: Duchi et al., 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
    """

    kind = "ApplyAdagrad"
    slots = (("accumulator", ""),)

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False, name: str = "Adagrad"
    ) -> None:  # fmt: skip
        if initial_accumulator_value <= 0.0:
            raise ArgumentError(f"initial_accumulator_value must be positive: {initial_accumulator_value}")
        super().__init__(use_locking, name)
        self._numbers, self._start = {"rate": learning_rate}, initial_accumulator_value

    def _first(self, slot: str) -> float:
        return self._start

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        return adagrad(held[0], g, held[1], numbers["rate"], 0.0, inside=True)


class AdadeltaOptimizer(Optimizer):
    """A step has the size of the steps before, over that of the gradients.  Args: learning_rate, rho, epsilon, use_locking, name.

    Source: Zeiler, 2012, "ADADELTA: an adaptive learning rate method".
    """

    kind = "ApplyAdadelta"
    slots = (("accum", ""), ("accum_update", ""))

    def __init__(
        self, learning_rate: Any = 0.001, rho: Any = 0.95, epsilon: Any = 1e-08, use_locking: bool = False, name: str = "Adadelta"
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._numbers = {"rate": learning_rate, "rho": rho, "epsilon": epsilon}

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        return adadelta(held[0], g, held[1], held[2], numbers["rate"], numbers["rho"], numbers["epsilon"])


class RMSPropOptimizer(Optimizer):
    """rms <- decay * rms + (1 - decay) * g^2;   w <- w - learning_rate * g / sqrt(rms + epsilon), the steps with a momentum.

    The mean square begins with ones.  Args: learning_rate, decay, momentum, epsilon, use_locking, centered (less the squared mean), name.
    Source: Hinton, 2012, "Neural networks for machine learning", lecture 6e.
    """

    kind = "ApplyRMSProp"

    def __init__(
        self, learning_rate: Any, decay: Any = 0.9, momentum: Any = 0.0, epsilon: Any = 1e-10, use_locking: bool = False,
        centered: bool = False, name: str = "RMSProp",
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        self._numbers = {"rate": learning_rate, "decay": decay, "momentum": momentum, "epsilon": epsilon}
        self._centered = centered
        self.slots = (("rms", ""), *((("mg", ""),) if centered else ()), ("momentum", ""))  # type: ignore[misc]  # of this instance

    def _first(self, slot: str) -> float:
        return 1.0 if slot == "rms" else 0.0

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        w, v, *rest = held
        mean = rest[0] if self._centered else None
        return rmsprop(w, g, v, mean, rest[-1], numbers["rate"], numbers["decay"], numbers["momentum"], numbers["epsilon"])


class FtrlOptimizer(Optimizer):
    """Follow the regularised leader.

    Args: learning_rate, learning_rate_power, initial_accumulator_value, l1_regularization_strength, l2_regularization_strength,
    use_locking, name, accum_name and linear_name (of the slots), l2_shrinkage_regularization_strength, beta.
    Raises: ArgumentError for values that are negative, and a power above 0.
    Source: McMahan et al., 2013, "Ad click prediction: a view from the trenches".
    """

    kind = "ApplyFtrl"
    slots = (("accum", ""), ("linear", ""))

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False, name: str = "Ftrl",
        accum_name: str | None = None, linear_name: str | None = None, l2_shrinkage_regularization_strength: float = 0.0,
        beta: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__(use_locking, name)
        for what, value in (
            ("initial_accumulator_value", initial_accumulator_value), ("l1_regularization_strength", l1_regularization_strength),
            ("l2_regularization_strength", l2_regularization_strength), ("-learning_rate_power", -learning_rate_power),
            ("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength),
        ):  # fmt: skip
            if value < 0.0:
                raise ArgumentError(f"{what} {value} needs to be positive or zero")
        self._numbers = {"rate": learning_rate}
        self._start, self._power = initial_accumulator_value, learning_rate_power
        self._l1, self._l2 = l1_regularization_strength, l2_regularization_strength
        self._shrinkage, self._beta = l2_shrinkage_regularization_strength, beta or 0.0
        self.slots = (("accum", accum_name or ""), ("linear", linear_name or ""))  # type: ignore[misc]  # of this instance

    def _first(self, slot: str) -> float:
        return self._start if slot == "accum" else 0.0

    def rule(self, run: Any, g: Any, held: list[Any], numbers: dict[str, Any]) -> tuple[Any, ...]:
        """See the class."""
        ways = self._power, self._l1, self._l2 + self._beta / (2.0 * float(self._numbers["rate"])) if self._beta else self._l2
        return ftrl(held[0], g, held[1], held[2], numbers["rate"], *ways, self._shrinkage, 0.0)


RULES: dict[str, Callable[..., Optimizer]] = {
    "SGD": GradientDescentOptimizer, "Adam": AdamOptimizer, "Adagrad": AdagradOptimizer, "Ftrl": FtrlOptimizer,
    "RMSProp": RMSPropOptimizer, "Momentum": lambda learning_rate: MomentumOptimizer(learning_rate, momentum=0.9),
}  # fmt: skip
"""By the names that `optimize_loss` of contrib.layers takes."""
