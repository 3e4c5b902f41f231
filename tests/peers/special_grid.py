"""Every function of one element that our PyTorch front end has, at every special value: PyTorch's values, gradients and second
derivatives, recorded.

Where PyTorch's vector code and its code for what is left over differ, both answers are recorded, and either is right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]
INF, NAN = float("inf"), float("nan")
DTYPES = ("float32", "float64")
VECTOR = 64
"""Arguments are repeated to a multiple of so many, so that PyTorch computes all of them by vectors."""


class Function(NamedTuple):
    """A function of Tensors; `torch` is PyTorch's module or our front end.  `gradient`: PyTorch gives one."""

    call: Callable[..., Any]
    arguments: int = 1
    gradient: bool = True


def method(name: str, *args: Any) -> Callable[..., Any]:
    """The method of one name, with these arguments behind the Tensor."""
    return lambda torch, x: getattr(x, name)(*args)


def of_two(name: str) -> Callable[..., Any]:
    """The method of one name, of two Tensors."""
    return lambda torch, x, y: getattr(x, name)(y)


def clamped(low: float | None, high: float | None) -> Callable[..., Any]:
    """x.clamp(low, high)."""
    return lambda torch, x: x.clamp(low, high)


def raised(exponent: float) -> Callable[..., Any]:
    """x ** exponent."""
    return lambda torch, x: x**exponent


def based(base: float) -> Callable[..., Any]:
    """base ** x."""
    return lambda torch, x: base**x


def divided(divisor: float) -> Callable[..., Any]:
    """x / divisor."""
    return lambda torch, x: x / divisor


def rested(divisor: float) -> Callable[..., Any]:
    """x % divisor."""
    return lambda torch, x: x % divisor


def floored(divisor: float) -> Callable[..., Any]:
    """x // divisor."""
    return lambda torch, x: x // divisor


METHODS = (
    "abs", "neg", "relu", "sign", "floor", "exp", "log", "tanh", "sigmoid", "sqrt", "rsqrt", "sin", "cos", "square", "reciprocal",
    "expm1", "exp2", "log2", "log10", "tan", "asin", "acos", "atan", "sinh", "cosh", "acosh", "erfinv", "deg2rad", "rad2deg",
    "ceil", "trunc", "round", "frac", "nan_to_num", "logit",
)  # fmt: skip
"""Not asinh, atanh, erf, erfc, lgamma, digamma, i0, sinc, hypot, logaddexp, fmod: there PyTorch has NaN, or too large a number, where the
square of an argument overflows or two large terms cancel, in derivatives, or in vector code, and ours are right.  Nor log1p, which takes a
denormal for 0 there.
"""
QUESTIONS = ("isnan", "isinf", "isfinite", "isposinf", "isneginf", "signbit", "logical_not")
PAIRS = ("atan2", "copysign", "xlogy", "fmax", "fmin")
BOUNDS = (
    (NAN, None), (None, NAN), (NAN, 1.0), (-1.0, NAN), (NAN, NAN), (-1.0, 1.0), (1.0, -1.0), (-INF, INF), (INF, None), (None, -INF),
    (0.0, None), (-0.0, None), (None, 0.0), (-1, 2),
)  # fmt: skip
EXPONENTS = (
    0.5, 1.5, 2, 3, -1, 0, 1, 2.0, 3.0, -1.0, 0.0, 2.5, 3.5, -0.5, -2, -3, -1.5, 0.25, 64, 65, -7, INF, -INF, NAN,
)  # fmt: skip
BASES = (0.0, -0.0, 1, 2, -1, -2, 0.5, INF, -INF, NAN)
DIVISORS = (0.0, -0.0, 1.0, -2.0, 0.1, INF, NAN)
FUNCTIONS: dict[str, Function] = {
    **{name: Function(method(name)) for name in METHODS},
    **{name: Function(method(name), gradient=False) for name in QUESTIONS},
    **{name: Function(of_two(name), 2) for name in PAIRS},
    **{f"clamp {low} {high}": Function(clamped(low, high)) for low, high in BOUNDS},
    **{f"power {exponent!r}": Function(raised(exponent)) for exponent in EXPONENTS},
    **{f"base {base!r}": Function(based(base)) for base in BASES},
    **{f"by {divisor!r}": Function(divided(divisor)) for divisor in DIVISORS},
    **{f"rest {divisor!r}": Function(rested(divisor)) for divisor in DIVISORS},
    **{f"whole {divisor!r}": Function(floored(divisor), gradient=False) for divisor in DIVISORS},
    "maximum": Function(lambda torch, x, y: torch.maximum(x, y), 2),
    "minimum": Function(lambda torch, x, y: torch.minimum(x, y), 2),
    "clamp from": Function(lambda torch, x, y: x.clamp(min=y), 2),
    "clamp to": Function(lambda torch, x, y: x.clamp(max=y), 2),
    "clamp between": Function(lambda torch, x, y: x.clamp(y, y + 1), 2),
    "clamp by one bound": Function(lambda torch, x, y: x.clamp(y, y), 2),
    "power": Function(lambda torch, x, y: x**y, 2),
    "product": Function(lambda torch, x, y: x * y, 2),
    "quotient": Function(lambda torch, x, y: x / y, 2),
    "rest": Function(lambda torch, x, y: x % y, 2),
    "whole": Function(lambda torch, x, y: x // y, 2, gradient=False),
    "chosen": Function(lambda torch, x, y: torch.where(x < y, x, y), 2),
    "largest of all": Function(lambda torch, x: x.max()),
    "smallest of all": Function(lambda torch, x: x.min()),
    "largest": Function(lambda torch, x: x.reshape(-1, 4).amax(1)),
    "smallest": Function(lambda torch, x: x.reshape(-1, 4).amin(1)),
    "largest and place": Function(lambda torch, x: x.reshape(-1, 4).max(1)[0]),
    "norm inf": Function(lambda torch, x: x.reshape(-1, 4).norm(INF, dim=1)),
    "norm 1": Function(lambda torch, x: x.reshape(-1, 4).norm(1, dim=1)),
}
"""By name."""


def values(dtype: str) -> list[float]:
    """The special values of a dtype."""
    limits = np.finfo(dtype)
    tiny, smallest, largest = (float(x) for x in (limits.tiny, limits.smallest_subnormal, limits.max))
    usual = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -3.0, 2.5, -2.5, INF, -INF, NAN, 88.5]
    return [*usual, -104.0, 1e10, tiny, smallest, -smallest, largest, -largest]


def arguments(function: Function, dtype: str) -> list[Array]:
    """Every special value against every one, so often that vectors hold them all."""
    grid = np.meshgrid(*[np.array(values(dtype), dtype)] * function.arguments, indexing="ij")
    return [np.resize(x.ravel(), -(-x.size // VECTOR) * VECTOR) for x in grid]


def step(torch: Any, function: Function) -> Callable[..., tuple[Any, list[Any], list[Any]]]:
    """What is recorded of PyTorch: the value, the gradients of its sum, and the gradients of their sum."""

    def run(*xs: Any) -> tuple[Any, list[Any], list[Any]]:
        value = function.call(torch, *xs)
        if not function.gradient:
            return value.detach(), [], []
        first = torch.autograd.grad(value.sum(), xs, create_graph=True)
        parts = [g.sum() for g in first if g.requires_grad]
        found = torch.autograd.grad(parts, xs, allow_unused=True) if parts else [None] * len(xs)
        second = [torch.zeros_like(x) if g is None else g + torch.zeros_like(g) for g, x in zip(found, xs, strict=True)]
        return value.detach(), [g.detach() for g in first], second  # PyTorch has zeros without memory: those added have

    return run


def answered(torch: Any, function: Function, arrays: Sequence[Array], made: Callable[..., Any] = lambda step: step) -> dict[str, Array]:
    """The value, the gradients and the second ones as arrays; `made` makes of the step what runs."""
    value, first, second = made(step(torch, function))(*(torch.tensor(x, requires_grad=function.gradient) for x in arrays))
    named = {"value": value} | {f"{name} {k}": x for name, xs in (("gradient", first), ("second", second)) for k, x in enumerate(xs)}
    return {key: x.detach().numpy() for key, x in named.items()}


def recorded(torch: Any) -> dict[str, Array]:
    """PyTorch's answers: `name/dtype value`, `name/dtype gradient k`; with ` alone` where one element by itself gives another answer."""
    found = {}
    for name, function in FUNCTIONS.items():
        for dtype in DTYPES:
            arrays = arguments(function, dtype)
            whole = answered(torch, function, arrays)
            found.update({f"{name}/{dtype} {key}": array for key, array in whole.items()})
            if whole["value"].shape != arrays[0].shape:
                continue
            singles = [answered(torch, function, [x[k : k + 1] for x in arrays]) for k in range(arrays[0].size)]
            for key, array in whole.items():
                alone = np.concatenate([single[key] for single in singles])
                if not np.array_equal(alone, array, equal_nan=True) or not np.array_equal(np.signbit(alone), np.signbit(array)):
                    found[f"{name}/{dtype} {key} alone"] = alone
    return found
