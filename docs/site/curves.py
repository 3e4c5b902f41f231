"""The numbers of pictures: functions of one element with their derivatives, losses, schedules, and the paths of update rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk.base.errors import GradwerkError, ShapeError
from gradwerk.ir.op import Interval, Op, Unary
from gradwerk.nn.activation import NAMED
from gradwerk.nn.optimizer import Optimizer
from gradwerk.nn.schedules import Schedule

Array = np.ndarray[Any, np.dtype[np.float64]]
Function = Callable[[Any], Any]
PLAIN = frozenset({"relu", "sigmoid", "tanh", "softplus", "gelu", "elu"})
"""Activations that stand elsewhere than in ops/activations.py."""


@dataclass(frozen=True)
class Curve:
    """y and dy/dx over x, under a name."""

    name: str
    x: Array
    y: Array
    slope: Array


def sampled(function: Function, x: Array, name: str = "") -> Curve:
    """The curve of a function of Tensors that treats each element alone; its derivative by automatic differentiation."""
    at = gw.Parameter(x)
    with np.errstate(all="ignore"):
        y = function(at)
        (slope,) = gw.grad(gw.reduce_sum(y), [at])
    values, slopes = np.array(y.numpy(), np.float64), np.array(slope.numpy(), np.float64)
    slopes[np.isnan(values)] = np.nan
    return Curve(name, x, values, slopes)


def of_one_element(subject: object) -> Function | None:
    """The function, where it takes one argument, treats each element alone, and is differentiable; else None."""
    if isinstance(subject, type) and issubclass(subject, Op):
        needed = any(f.default is MISSING and f.default_factory is MISSING for f in fields(subject))
        subject = subject() if issubclass(subject, Unary) and not needed else None
    elif not inspect.isfunction(subject) or _needed(subject) != [inspect.Parameter.POSITIONAL_OR_KEYWORD]:
        return None
    if subject is None:
        return None
    function: Function = subject  # type: ignore[assignment]
    tried = np.linspace(0.2, 0.8, 6)
    try:
        whole, half = function(gw.Tensor(tried)), function(gw.Tensor(tried[::2].copy()))
        alike = whole.shape == (6,) and whole.dtype == np.float64 and bool(np.array_equal(whole.numpy()[::2], half.numpy(), equal_nan=True))
        same = [np.array_equal(np.asarray(function(gw.Tensor(x)).numpy()), x) for x in (tried, -tried)]
        return function if alike and not all(same) and sampled(function, tried) else None
    except (GradwerkError, TypeError, ValueError, AttributeError, IndexError):  # it takes something else
        return None


def _needed(function: Function) -> list[Any]:
    """The kinds of the arguments that must be given."""
    return [p.kind for p in inspect.signature(function).parameters.values() if p.default is p.empty]


def is_activation(name: str, subject: object) -> bool:
    """Whether it is one of those that networks use."""
    return name in PLAIN or name in NAMED or getattr(subject, "__module__", "").endswith("ops.activations")


def shown_interval(subject: object) -> Interval:
    """Where a function is drawn: around 0, further where the op says so."""
    domain = getattr(subject, "domain", None)
    reach = max(4.0, *(abs(end) for end in (domain.low, domain.high))) if isinstance(domain, Interval) else 4.0
    return Interval(-reach, reach)


# ---- what is said of an activation


def facts(function: Function) -> list[tuple[str, str]]:
    """Range, whether it is centred at zero, where it saturates, where it has no derivative: each measured."""
    far = np.geomspace(20, 1e6, 60)
    curve = sampled(function, np.concatenate([-far[::-1], np.linspace(-20, 20, 4001), far]))
    normal = np.linspace(-6, 6, 2401)
    mean = float(np.average(sampled(function, normal).y, weights=np.exp(-normal * normal / 2)))
    odd = bool(np.allclose(curve.y, -curve.y[::-1], atol=1e-9))
    centred = "yes: f(-x) = -f(x)" if odd else f"no: its mean over a standard normal x is {mean:.2g}"
    return [
        ("Range", f"{_end(curve.y.min())} to {_end(curve.y.max())}"), ("Zero-centred", centred), ("Saturates", _saturation(curve)),
        ("Without derivative", _kinks(function)),
    ]  # fmt: skip


def _end(value: float) -> str:
    return ("-infinity" if value < 0 else "infinity") if abs(value) > 1e3 else f"{value + 0.0:.4g}"


def _saturation(curve: Curve) -> str:
    """Beyond which x the derivative is below 0.01 for good."""
    flat = np.abs(curve.slope) < 0.01
    low = len(flat) if flat.all() else int(np.argmin(flat))
    high = len(flat) if flat.all() else int(np.argmin(flat[::-1]))
    said = [f"below x = {curve.x[low - 1]:.3g}"] * bool(low) + [f"above x = {curve.x[-high]:.3g}"] * bool(high)
    return f"{' and '.join(said)}, where its derivative is less than 0.01" if said else "nowhere"


def _kinks(function: Function) -> str:
    """Where the slopes from both sides differ, and what the derivative is there."""
    at = np.arange(-32, 33) / 4.0
    step = 1e-6
    left, middle, right = (sampled(function, at + k * step) for k in (-1, 0, 1))
    differs = np.abs((right.y - middle.y) - (middle.y - left.y)) > 1e-3 * step
    said = [f"x = {x:g} (taken as {slope + 0.0:.4g})" for x, slope in zip(at[differs], middle.slope[differs], strict=True)]
    return ", ".join(said) or "nowhere"


# ---- losses

LOGITS, SHARES, NUMBERS = np.linspace(-5, 5, 401), np.linspace(0.005, 0.995, 397), np.linspace(-3, 3, 401)
TOLD = ("labels", "signs", "targets", "others")
"""What losses call their second argument."""
FURTHER = {"others": 0.0, "variances": 1.0}
"""What some losses take besides."""
OF_ROWS = ("circle", "cosine", "ctc", "multilabel", "triplet")
"""Losses of whole rows, of which no picture over one number says anything."""


@dataclass(frozen=True)
class LossPicture:
    """The curves of a loss, and what runs along."""

    axis: str
    curves: tuple[Curve, ...]


def loss_picture(name: str, loss: Function) -> LossPicture | None:
    """The loss of one prediction, for each of one or two targets; None for a loss that is no number for each of them."""
    first, *others = [p.name for p in inspect.signature(loss).parameters.values() if p.default is p.empty]
    if name.startswith(OF_ROWS) or not others or others[0] not in TOLD or not {*TOLD, *FURTHER}.issuperset(others):
        return None
    along, axis = {
        "logits": (LOGITS, "logit"), "probabilities": (SHARES, "probability"), "log_probabilities": (SHARES, "probability"),
    }.get(first, (NUMBERS, "prediction"))  # fmt: skip
    of_classes = others[0] == "labels" or name.startswith(("categorical", "cross_entropy", "kl_"))
    try:
        curves = _of_classes(loss, first, others, along) if of_classes else _of_elements(loss, first, others, along)
    except ShapeError:  # it takes all together
        return None
    return LossPicture(f"{axis} of the first of two classes" if of_classes else axis, curves)


def _of_elements(loss: Function, first: str, others: Sequence[str], along: Array) -> tuple[Curve, ...]:
    told = {"signs": (1.0, -1.0), "targets": (1.0,) if first == "predictions" else (1.0, 0.0)}
    curves = []
    for target in told[next(name for name in others if name in told)]:
        given = {name: gw.Tensor(np.full((len(along), 1), FURTHER.get(name, target))) for name in others}

        def of(x: Any, given: dict[str, Any] = given) -> Any:  # noqa: ANN401
            return gw.reshape(loss(gw.reshape(x, (len(along), 1)), **given), (len(along),))

        curves.append(sampled(of, along, f"{'sign' if 'signs' in others else 'target'} {target:g}"))
    return tuple(curves)


def _of_classes(loss: Function, first: str, others: Sequence[str], along: Array) -> tuple[Curve, ...]:
    """Rows of two classes: the number that runs along, and 0 beside a logit, the rest beside a share."""
    curves = []
    for label in (0, 1):
        one_hot = np.eye(2)[np.full(len(along), label)]
        target = gw.Tensor(one_hot) if others[0] == "targets" else gw.Tensor(np.full(len(along), label))

        def of(x: Any, target: Any = target) -> Any:  # noqa: ANN401
            row = gw.stack([x, x * 0 if first in ("logits", "predictions") else 1 - x], 1)
            row = gw.log(row) if first == "log_probabilities" else row
            y = loss(row, target)
            return gw.reduce_sum(y, (1,)) if len(y.shape) == 2 else y

        curves.append(sampled(of, along, f"it is the {('first', 'second')[label]}"))
    return tuple(curves)


# ---- schedules

STEPS = 120
SETTINGS: dict[str, Any] = {
    "first": 1.0, "last": 0.1, "top": 1.0, "length": 40, "base": 0.5, "speed": 1.0, "boundaries": (30, 70), "values": (1.0, 0.5, 0.1),
    "milestones": (30, 70), "behind": 1.0, "up": 20,
}  # fmt: skip
"""What schedules are drawn with, by the names of their fields."""
INSTEAD: dict[str, dict[str, Any]] = {"Cyclic": {"first": 0.1}, "OneCycle": {"length": STEPS}, "WarmUp": {"length": 40}}


def schedule_curve(cls: type[Schedule]) -> Curve | None:
    """The rate of each step; None for a schedule that needs what is not known here."""
    settings: dict[str, Any] = {}
    for one in fields(cls):  # type: ignore[arg-type]
        needed = one.default is MISSING or one.name == "up"
        if needed and one.name not in SETTINGS:
            return None
        if needed:
            settings[one.name] = INSTEAD.get(cls.__name__, {}).get(one.name, SETTINGS[one.name])
    schedule = cls(**settings)
    rates = [float(schedule(step)) for step in range(STEPS)]
    said = ", ".join(f"{name} {value}" for name, value in settings.items())
    return Curve(said, np.arange(STEPS, dtype=float), np.array(rates), np.zeros(STEPS))


# ---- update rules

START = (-9.0, 2.0)
RATES = (3.0, 1.0, 0.5, 0.2, 0.1, 0.03, 0.01)
WALKED = 40


@dataclass(frozen=True)
class Walk:
    """Where a rule came past on the valley x^2 / 20 + y^2."""

    rate: float
    places: Array
    """(steps + 1, 2)."""

    @property
    def heights(self) -> Array:
        """The loss at each place."""
        return self.places[:, 0] ** 2 / 20 + self.places[:, 1] ** 2


def is_walked(subject: object) -> bool:
    """Whether it is a rule of one gradient."""
    return isinstance(subject, type) and issubclass(subject, Optimizer) and subject.rule is not Optimizer.rule


def walk(rule: type[Optimizer]) -> Walk:
    """Of several learning rates the one that comes lowest."""
    with np.errstate(all="ignore"):
        walks = [_walked(rule, rate) for rate in RATES]
    return min(walks, key=lambda one: one.heights[-1] if np.isfinite(one.heights).all() else np.inf)


def _walked(rule: type[Optimizer], rate: float) -> Walk:
    at = gw.Parameter(np.array([START]))  # a matrix: one rule takes no other
    optimizer = rule([at], rate)
    scale = np.array([[0.1, 2.0]])
    places = [at.numpy().copy()]
    for _ in range(WALKED):
        optimizer.apply([gw.Tensor(at.numpy() * scale)])
        places.append(at.numpy().copy())
    return Walk(rate, np.array(places)[:, 0])
