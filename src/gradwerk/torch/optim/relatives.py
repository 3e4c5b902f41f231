"""torch.optim: the rules beside SGD and Adam."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import adagrad, directions, moments, online
from gradwerk.nn.updates import Decay
from gradwerk.torch.optim.groups import Rule, number
from gradwerk.torch.optim.optimizers import Optimizer, check_rate, hinted, in_range
from gradwerk.torch.optim.state import COUNT
from gradwerk.torch.options import as_recorded

ADDED = {"maximize": False, "foreach": None, "capturable": False, "differentiable": False}
"""Options that came to torch's rules later, and what they are in older state dicts."""


def shared(options: dict[str, Any]) -> dict[str, Any]:
    """What torch's options say of what composes around every rule."""
    hinted(options, "foreach")
    decay = number("weight_decay value", options.get("weight_decay", 0))
    decoupled = bool(options.get("decoupled_weight_decay", False))
    return {"decay": Decay(decay, decoupled=decoupled), "maximize": bool(options["maximize"])}


def check(options: dict[str, Any], *names: str) -> None:
    """The learning rate, and these numbers, from 0; betas below 1.  Raises: ArgumentError, ArgumentTypeError."""
    check_rate(options["lr"], strictly=True)
    for name in names:
        if name != "betas":
            in_range(f"{name} value", options[name], strictly=True)
            continue
        for place in (0, 1):
            in_range(f"beta parameter at index {place}", options["betas"][place], high=1.0, strictly=True)


def of_moments(options: dict[str, Any]) -> dict[str, Any]:
    """Betas and epsilon."""
    beta_1, beta_2 = options["betas"]
    return {
        "beta_1": number("beta parameter at index 0", beta_1), "beta_2": number("beta parameter at index 1", beta_2),
        "epsilon": number("epsilon value", options["eps"]), **shared(options),
    }  # fmt: skip


class RMSprop(Optimizer):
    """RMSprop: v <- alpha v + (1 - alpha) g^2; w <- w - lr g / (sqrt(v) + eps) (see `nn.adagrad.rmsprop`)."""

    rule = adagrad.RMSprop
    names = {"step": COUNT, "square_avg": "mean_square", "momentum_buffer": "velocity", "grad_avg": "mean"}
    old_defaults = {"momentum": 0, "centered": False, **ADDED}

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "eps", "momentum", "weight_decay", "alpha")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.adagrad.RMSprop`."""
        return {
            "rho": number("alpha value", options["alpha"]), "epsilon": number("epsilon value", options["eps"]),
            "momentum": number("momentum value", options["momentum"]), "centered": bool(options["centered"]),
            "epsilon_inside": False, "velocity_of_steps": False, **shared(options),
        }  # fmt: skip


class Adagrad(Optimizer):
    """Adagrad: s <- s + g^2; w <- w - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps) (see `nn.adagrad.adagrad`).

    `initial_accumulator_value` is what the sums begin with: that of the optimizer, whatever a group says.  The parameters that are there
    when it is made have state from then on, others from their first step.
    """

    rule: Rule | None = adagrad.Adagrad
    names = {"step": COUNT, "sum": "sum_of_squares"}
    old_defaults = {"maximize": False, "foreach": None, "differentiable": False, "fused": None}

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "lr_decay", "weight_decay", "initial_accumulator_value", "eps")
        self.rule = partial(adagrad.Adagrad, start=number("initial_accumulator_value value", options["initial_accumulator_value"]))
        super().__init__(params, options)
        self._shown.update(parameter for group in self.param_groups for parameter in group["params"])

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.adagrad.Adagrad`."""
        return {
            "epsilon": number("epsilon value", options["eps"]), "rate_decay": number("lr_decay value", options["lr_decay"]),
            "epsilon_inside": False, **shared(options),
        }  # fmt: skip


class Adadelta(Optimizer):
    """Adadelta (see `nn.adagrad.adadelta`).  Raises: ArgumentError for a rho outside 0..1."""

    rule = adagrad.Adadelta
    names = {"step": COUNT, "square_avg": "mean_square", "acc_delta": "mean_square_of_steps"}
    old_defaults = ADDED

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "eps", "weight_decay")
        if not 0.0 <= number("rho value", options["rho"]) <= 1.0:
            raise ArgumentError(f"Invalid rho value: {options['rho']}")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.adagrad.Adadelta`."""
        return {"rho": number("rho value", options["rho"]), "epsilon": number("epsilon value", options["eps"]), **shared(options)}


class Adamax(Optimizer):
    """Adam of the largest gradient; the epsilon is added to the size of each (see `nn.moments.adamax`)."""

    rule = moments.Adamax
    names = {"step": COUNT, "exp_avg": "first_moment", "exp_inf": "largest_gradient"}
    old_defaults = ADDED

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "eps", "betas", "weight_decay")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.moments.Adamax`."""
        return {**of_moments(options), "epsilon_inside": True}


class NAdam(Optimizer):
    """Adam with Nesterov's momentum (see `nn.moments.nadam`)."""

    rule = moments.Nadam
    names = {"step": COUNT, "mu_product": "momentum_product", "exp_avg": "first_moment", "exp_avg_sq": "second_moment"}
    old_defaults = {"decoupled_weight_decay": False, **ADDED}

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "eps", "betas", "weight_decay", "momentum_decay")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.moments.Nadam`."""
        return {**of_moments(options), "momentum_decay": number("momentum_decay value", options["momentum_decay"])}


class RAdam(Optimizer):
    """Adam that waits for the second moment (see `nn.moments.radam`)."""

    rule = moments.RAdam
    names = {"step": COUNT, "exp_avg": "first_moment", "exp_avg_sq": "second_moment"}
    old_defaults = {"decoupled_weight_decay": False, **ADDED}

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "eps", "betas", "weight_decay")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.moments.RAdam`."""
        return of_moments(options)


class ASGD(Optimizer):
    """Averaged gradient descent (see `nn.online.asgd`); the average stands in the state as `ax`."""

    rule = online.ASGD
    names = {"step": COUNT, "eta": "rate_now", "mu": "share", "ax": "averaged"}
    old_defaults = ADDED

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "weight_decay")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.online.ASGD`."""
        return {
            "strength": number("lambd value", options["lambd"]), "exponent": number("alpha value", options["alpha"]),
            "begin": number("t0 value", options["t0"]), **shared(options),
        }  # fmt: skip


class Rprop(Optimizer):
    """Resilient backpropagation (see `nn.directions.rprop`).  Raises: ArgumentError for etas not on both sides of 1."""

    rule = directions.Rprop
    names = {"step": COUNT, "prev": "gradient_before", "step_size": "step_size"}
    old_defaults = ADDED

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options)
        low, high = options["etas"]
        if not 0.0 < low < 1.0 < high:
            raise ArgumentError(f"Invalid eta values: {low}, {high}")
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.directions.Rprop`."""
        (low, high), (least, most) = options["etas"], options["step_sizes"]
        pairs = {"factors": (number("eta", low), number("eta", high)), "sizes": (number("step size", least), number("step size", most))}
        return {**pairs, **shared(options)}


class Muon(Optimizer):
    """Momentum made orthogonal, of matrices only (see `nn.directions.Muon`), in the dtype of the parameters; torch does it in bfloat16.

    Raises: ArgumentError for another adjustment of the rate.
    """

    rule = directions.Muon
    names = {"momentum_buffer": "momentum_buffer"}

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check(options, "momentum", "weight_decay")
        if options["adjust_lr_fn"] not in (None, "original", "match_rms_adamw"):
            raise ArgumentError(f"Adjust learning rate function {options['adjust_lr_fn']} is not supported")
        super().__init__(params, options)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """One more group, of matrices.  Raises: ShapeError for a parameter of other rank."""
        super().add_param_group(param_group)
        for parameter in self.param_groups[-1]["params"]:
            if parameter.ndim != 2:
                self.param_groups.pop()
                raise ShapeError(f"Muon only supports 2D parameters whereas we found a parameter with size: {tuple(parameter.shape)}")

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.directions.Muon`."""
        decay = Decay(number("weight_decay value", options["weight_decay"]), decoupled=True)
        a, b, c = (number("ns_coefficients", factor) for factor in options["ns_coefficients"])
        return {
            "momentum": number("momentum value", options["momentum"]), "nesterov": bool(options["nesterov"]), "factors": (a, b, c),
            "steps": int(options["ns_steps"]), "epsilon": number("epsilon value", options["eps"]),
            "by_size": options["adjust_lr_fn"] == "match_rms_adamw", "decay": decay,
        }  # fmt: skip
