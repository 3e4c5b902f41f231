"""Functions at the points where a derivative is a matter of convention: ours, PyTorch's, and the arguments.

Recorded are PyTorch's values, gradients and second derivatives (tests/peers/freeze.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradwerk.nn import divergence_loss, loss, margin_loss
from gradwerk.ops import activations, elementwise, functions, norms, quantiles, reduction

INF, NAN = float("inf"), float("nan")


class Point(NamedTuple):
    """One function at some arguments; `theirs` takes the torch module first."""

    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    arguments: Sequence[Any]
    second: bool = True
    """Whether second derivatives are compared: not where PyTorch gives NaN for a function that is flat there."""


def lines(function: str) -> Callable[..., Any]:
    """torch's function of one name."""
    return lambda t, *xs: getattr(t, function)(*xs)


BITS = [0.0, 1.0, 0.5, 1.0, 0.0]
ENDLESS = [[-INF, 0.0], [2.0, -INF], [0.0, 0.0]]
ABOVE = [[INF, 0.0], [INF, INF], [INF, -INF], [NAN, 0.0]]
HOLES = [[NAN, 1, 2, NAN], [0, NAN, NAN, 3], [1, 1, -INF, -INF], [INF, 1, 5, NAN], [-INF] * 4, [2, 2, INF, INF]]
FEW = (
    ("all", None, [[[2.0, 1, 4], [2, 3, 1]]]), ("rows", 1, [[[2.0, 1], [3, 3], [0, 0]]]),
    ("columns", 0, [[[2.0, 1, 1], [3, 3, 1], [-1, 5, 1]]]),
    ("a few", None, [[2.0, 1, 1.5]]), ("equals", None, [[2.0, 2]]), ("both axes", (0, 1), [[[2.0, 1]]]),
)  # fmt: skip
"""Numbers of which a variance is taken with a correction below, at and above their count, and along which axes."""
EDGES = [[1.0, 0, 2, 0.5], [0.0, 1, -INF, 0.25]]
"""Scores that are less than the first by just the margin, among others."""
WINDOWS = (((2, 2), ((0, 0), (0, 0))), ((3, 3), ((1, 1), (1, 1))), ((1, 4), ((0, 0), (0, 0))), ((4, 1), ((2, 2), (0, 0))))
POINTS: dict[str, Point] = {
    "clamp": Point(lambda x: functions.clip(x, -1, 1), lambda t, x: x.clamp(-1, 1), [[-2.0, -1, 0, 1, 2]]),
    "clamp, bounds crossed": Point(lambda x: functions.clip(x, 2, 1), lambda t, x: x.clamp(2, 1), [[-2.0, 1, 1.5, 2, 3]]),
    "clamp from below": Point(lambda x: functions.clip(x, 0), lambda t, x: x.clamp(min=0), [[-1.0, 0, 1]]),
    "clamp by Tensors": Point(functions.clip, lines("clamp"), [[-2.0, -1, 0, 1, 2], [-1.0] * 5, [1.0] * 5]),
    "maximum": Point(elementwise.maximum, lines("maximum"), [[1.0, 2, 0, NAN, 1], [1.0, 3, -1, 1, NAN]]),
    "minimum": Point(elementwise.minimum, lines("minimum"), [[1.0, 2, 0, NAN, 1], [1.0, 3, -1, 1, NAN]]),
    "max of all": Point(lambda x: reduction.reduce_max(x), lambda t, x: x.max(), [[[1.0, 2], [2, 0]]]),
    "min of all": Point(lambda x: reduction.reduce_min(x), lambda t, x: x.min(), [[[1.0, 0], [2, 0]]]),
    "amax": Point(lambda x: reduction.reduce_max(x, 1), lambda t, x: x.amax(1), [[[1.0, 2, 2], [0, 0, 0]]]),
    "max along": Point(lambda x: reduction.largest(x, 1)[0], lambda t, x: x.max(1).values, [[[1.0, 2, 2], [0, 0, 0]]]),
    "min along": Point(lambda x: reduction.smallest(x, 0)[0], lambda t, x: x.min(0).values, [[[1.0, 2, 2], [1, 0, 2]]]),
    "median of all": Point(quantiles.median_of_all, lambda t, x: x.median(), [[1.0, 2, 2, 2, 5]]),
    "median of all, NaN": Point(quantiles.median_of_all, lambda t, x: x.median(), [[1.0, NAN, 2, NAN, 5]]),
    "median of all but NaN": Point(
        lambda x: quantiles.median_of_all(x, ignores_nan=True), lambda t, x: x.nanmedian(), [[1.0, 2, 2, NAN, 5, -INF]],
    ),
    "quantiles of equals": Point(
        lambda x: quantiles.quantile(x, np.array([0.5, 0.25, 1.0]))[:, 0], lambda t, x: x.quantile(t.tensor([0.5, 0.25, 1.0]).double()),
        [[1.0, 2, 2, 3]],
    ),
    "norm of nothing but 0": Point(norms.norm, lambda t, x: x.norm(), [[0.0, 0, 0]], second=False),
    "norm": Point(norms.norm, lambda t, x: x.norm(), [[3.0, 0, -4]]),
    "norm along": Point(lambda x: norms.norm(x, 1), lambda t, x: x.norm(dim=1), [[[3.0, 0, -4], [0, 0, 1]]]),
    "deviation of equals": Point(lambda x: norms.deviation(x, correction=1), lambda t, x: x.std(), [[2.0, 2, 2]]),
    "deviation": Point(lambda x: norms.deviation(x, 0, correction=1), lambda t, x: x.std(0), [[[2.0, 1], [0.5, 3], [1, 1]]]),
    "deviation of one": Point(lambda x: norms.deviation(x, correction=1), lambda t, x: x.std(), [[2.0]], second=False),
    "deviation of rows of one": Point(
        lambda x: norms.deviation(x, 1, correction=1), lambda t, x: x.std(1), [[[2.0], [0.0], [INF], [NAN]]], second=False,
    ),
    "deviation of few": Point(
        lambda x: norms.deviation(x, 0, correction=2), lambda t, x: x.std(0, correction=2), [[[2.0, 1], [2.0, 3]]], second=False,
    ),
    "deviation of one, biased": Point(norms.deviation, lambda t, x: x.std(correction=0), [[2.0]]),
    "deviation of equal rows": Point(
        lambda x: norms.deviation(x, 1, correction=1), lambda t, x: x.std(1), [[[2.0, 2], [1, 3], [0, 0]]], second=False,
    ),
    "variance of one": Point(lambda x: functions.variance(x, correction=1), lambda t, x: x.var(), [[2.0]], second=False),
    "variance of rows of one": Point(
        lambda x: functions.variance(x, 1, correction=1), lambda t, x: x.var(1), [[[2.0], [0.0], [INF], [NAN]]], second=False,
    ),
    "variance of rows of one, biased": Point(
        lambda x: functions.variance(x, 1), lambda t, x: x.var(1, correction=0), [[[2.0], [0.0], [INF], [NAN]]],
    ),
    "variance of equals": Point(lambda x: functions.variance(x, correction=1), lambda t, x: x.var(), [[2.0, 2, 2]]),
    "variance of few": Point(
        lambda x: functions.variance(x, correction=2), lambda t, x: x.var(correction=2), [[2.0, 1]], second=False,
    ),
    **{
        f"{name} of {few} less {correction}": Point(
            lambda x, ours=ours, axes=axes, correction=correction: ours(x, axes, correction=correction),
            lambda t, x, name=name, axes=axes, correction=correction: getattr(x, name)(dim=axes, correction=correction),
            numbers, second=False,
        )
        for few, axes, numbers in FEW for name, ours in (("var", functions.variance), ("std", norms.deviation))
        for correction in (0, 2, 3, 2.5, 4, 7)
    },
    "variance of nothing, more than that": Point(lambda x: functions.variance(x, correction=-1), lambda t, x: x.var(correction=-1), [[]]),
    "deviation of nothing, more than that": Point(lambda x: norms.deviation(x, correction=-1), lambda t, x: x.std(correction=-1), [[]]),
    "relu": Point(elementwise.relu, lines("relu"), [[0.0, -0.0, NAN, 1, -1]]),
    "parametric relu": Point(
        activations.leaky_relu, lambda t, x, w: t.nn.functional.prelu(x, w), [[INF, -INF, 2.0, NAN, -1], [0.25]], second=False,
    ),
    "parametric relu of infinity": Point(
        activations.leaky_relu, lambda t, x, w: t.nn.functional.prelu(x, w), [[INF, 0.0, -0.0, 2, -1], [0.25]], second=False,
    ),
    "abs": Point(elementwise.abs_, lines("abs"), [[0.0, -0.0, -1]]),
    "sqrt": Point(elementwise.sqrt, lines("sqrt"), [[0.0, 1, INF]]),
    "rsqrt": Point(elementwise.rsqrt, lines("rsqrt"), [[0.0, 1]]),
    "log": Point(elementwise.log, lines("log"), [[0.0, 1]]),
    "exp": Point(elementwise.exp, lines("exp"), [[-INF, 0.0, -800]]),
    "sigmoid": Point(elementwise.sigmoid, lines("sigmoid"), [[0.0, 1000, -1000, INF, -INF]]),
    "tanh": Point(elementwise.tanh, lines("tanh"), [[0.0, 1000, INF]]),
    "softplus": Point(elementwise.softplus, lambda t, x: t.nn.functional.softplus(x, threshold=1e4), [[0.0, -20, 30, -100, 100]]),
    "gelu": Point(functions.gelu, lambda t, x: t.nn.functional.gelu(x), [[0.0, -30, 30]]),
    "quotient": Point(elementwise.div, lines("div"), [[1.0, 0, -1], [0.0, 2, 0]], second=False),
    "square": Point(lambda x: x**2, lambda t, x: x**2, [[0.0, -1, INF]]),
    "cube": Point(lambda x: x**3, lambda t, x: x**3, [[0.0, -1]]),
    "power 1.5": Point(lambda x: x**1.5, lambda t, x: x**1.5, [[0.0, 1, 4]]),
    "power -1": Point(lambda x: x**-1, lambda t, x: x**-1, [[0.0, -1, INF]]),
    "power -2": Point(lambda x: x**-2, lambda t, x: x**-2, [[0.0, -1, INF]]),
    "power 0": Point(lambda x: x**0, lambda t, x: x**0, [[0.0, NAN, INF]]),
    "2 to the power": Point(lambda x: 2**x, lambda t, x: 2**x, [[0.0, -1, 3]]),
    "0 to the power": Point(lambda x: 0**x, lambda t, x: 0**x, [[0.0, 1, 2]], second=False),
    "power 1.5 at the ends": Point(lambda x: x**1.5, lambda t, x: x**1.5, [[-INF, -1, -0.0, INF, NAN]]),
    **{
        f"remainder by {divisor}": Point(
            lambda x, y: functions.remainder(x, y), lambda t, x, y: x % y, [[7.5, -7.5, 1, 0, 2.0**90, 1e300, INF, NAN], [divisor] * 8],
        )
        for divisor in (0.1, -3.0, 0.0, INF)
    },
    **{
        f"largest of windows {window}": Point(
            lambda x, window=window, padding=padding: functions.max_pool(x, window, (1, 1), padding),
            lambda t, x, window=window, padding=padding: t.nn.functional.max_pool2d(
                x[None, None], window, 1, tuple(low for low, _ in padding))[0, 0],
            [HOLES],
        )
        for window, padding in WINDOWS
    },
    "softmax of infinity": Point(functions.softmax, lambda t, x: x.softmax(-1), [ABOVE]),
    "log_softmax of infinity": Point(functions.log_softmax, lambda t, x: x.log_softmax(-1), [ABOVE]),
    "logsumexp of infinity": Point(functions.logsumexp, lambda t, x: x.logsumexp(-1), [ABOVE]),
    "quotients of denormals": Point(elementwise.div, lines("div"), [[1.0, 0, -1, 0], [5e-324, 5e-324, 1e-200, 1e-200]]),
    "chosen away": Point(
        lambda x: elementwise.where(x > 0, elementwise.sqrt(elementwise.where(x > 0, x, 1)), x),
        lambda t, x: t.where(x > 0, t.sqrt(t.where(x > 0, x, 1)), x), [[-1.0, 0, 4]],
    ),
    "softmax": Point(functions.softmax, lambda t, x: x.softmax(-1), [[*ENDLESS, [-INF, -INF], [1000, -1000]]]),
    "log_softmax": Point(functions.log_softmax, lambda t, x: x.log_softmax(-1), [[*ENDLESS, [-INF, -INF], [1000, -1000]]]),
    "logsumexp": Point(functions.logsumexp, lambda t, x: x.logsumexp(-1), [[*ENDLESS, [-INF, -INF], [1000, 1000]]]),
    "absolute error": Point(
        lambda x: loss.absolute_error(x, np.array([0.0, 1])), lambda t, x: (x - t.tensor([0.0, 1])).abs(), [[0.0, 3]],
    ),
    "cross-entropy": Point(
        lambda x: loss.softmax_cross_entropy(x, np.array([0, 0, 1, 0])),
        lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([0, 0, 1, 0]), reduction="none"), [[*ENDLESS, [-INF, -INF]]],
    ),
    "cross-entropy, smoothed": Point(
        lambda x: loss.softmax_cross_entropy(x, np.array([0, 1]), smoothing=0.1),
        lambda t, x: t.nn.functional.cross_entropy(x, t.tensor([0, 1]), reduction="none", label_smoothing=0.1), [[[0.0, 0], [1000, -1000]]],
    ),
    "binary cross-entropy of logits": Point(
        lambda x: loss.binary_cross_entropy(x, np.array([0.0, 1, 0.5, 1, 0, 1])),
        lambda t, x: t.nn.functional.binary_cross_entropy_with_logits(x, t.tensor([0.0, 1, 0.5, 1, 0, 1]).double(), reduction="none"),
        [[0.0, 0, 0, 1000, 1000, -1000]],
    ),
    "divergence": Point(
        divergence_loss.kl_divergence, lambda t, q, y: t.nn.functional.kl_div(q, y, reduction="none"),
        [[-INF, -1.0, 0, -1], [1.0, 0.5, 1, -1]], second=False,
    ),
    **{
        f"multi-margin, power {power}": Point(
            lambda x, power=power: margin_loss.multi_margin(x, np.array([0, 1]), power=power),
            lambda t, x, power=power: t.nn.functional.multi_margin_loss(x, t.tensor([0, 1]), p=power, reduction="none"), [EDGES],
            second=False,
        )
        for power in (1, 2)
    },
    "multilabel margin": Point(
        lambda x: margin_loss.multilabel_margin(x, np.array([[0, 2, -1, 1], [1, -1, 0, 0]])),
        lambda t, x: t.nn.functional.multilabel_margin_loss(x, t.tensor([[0, 2, -1, 1], [1, -1, 0, 0]]), reduction="none"), [EDGES],
        second=False,
    ),
    "binary cross-entropy": Point(
        lambda x: elementwise.log_loss(x, np.array(BITS)),
        lambda t, x: t.nn.functional.binary_cross_entropy(x, t.tensor(BITS).double(), reduction="none"), [[0.0, 0, 1, 1, 1]], second=False,
    ),
}  # fmt: skip


def weights(shape: tuple[int, ...]) -> Any:
    """What results are weighted by before they are summed."""
    return np.cos(np.arange(np.prod(shape, dtype=int))).reshape(shape)


def recorded(torch: Any) -> dict[str, Any]:
    """PyTorch's answers: `name/value`, `name/gradient k`, `name/second k`."""
    found = {}
    for name, point in POINTS.items():
        xs = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point.arguments]
        value = point.theirs(torch, *xs)
        found[f"{name}/value"] = value.detach().numpy()
        first = torch.autograd.grad((value * torch.tensor(weights(value.shape))).sum(), xs, create_graph=True)
        found.update({f"{name}/gradient {k}": g.detach().numpy() for k, g in enumerate(first)})
        total = sum((g * torch.tensor(weights(g.shape))).sum() for g in first)
        if point.second:
            second = torch.autograd.grad(total, xs, allow_unused=True) if total.requires_grad else [None] * len(xs)
            for k, (x, g) in enumerate(zip(xs, second, strict=True)):
                found[f"{name}/second {k}"] = np.zeros(x.shape) if g is None else g.numpy(force=True)
    return found
