"""Full batch, single example and mini-batch beside each other.  Course: 6.2 Gradient descent, 6.3 SGD, 6.4 Mini-batch SGD.

    python examples/foundations/batches.py

A line with two weights is fitted to 1,024 points, so that the paths can be drawn on the loss surface: how much they
swing (how long they are beside the straight way), and what time and memory of inputs a pass over the data takes.
"""

from __future__ import annotations

import time

import drawing
import numpy as np

import gradwerk as gw

POINTS = 1024
SIZES = {"full batch": POINTS, "mini-batch of 32": 32, "single example": 1}
RATES = {"full batch": 0.5, "mini-batch of 32": 0.1, "single example": 0.02}


def data() -> tuple[np.ndarray, np.ndarray]:
    """y = 2 x - 1 with noise."""
    generator = np.random.default_rng(0)
    x = generator.uniform(-1, 1, POINTS).astype(np.float32)
    return x, (2 * x - 1 + 0.5 * generator.standard_normal(POINTS)).astype(np.float32)


def fit(x: np.ndarray, y: np.ndarray, size: int, rate: float, epochs: int) -> tuple[np.ndarray, float]:
    """Where the two weights come past, one place a step, and the seconds of an epoch."""
    weights = gw.Parameter(np.array([-1.5, 1.5], np.float32))

    @gw.compile
    def step(x: gw.Tensor, y: gw.Tensor) -> gw.Tensor:
        loss = gw.mean((weights[0] * x + weights[1] - y) ** 2)
        (gradient,) = gw.grad(loss, [weights])
        weights.assign(weights - rate * gradient)
        return loss

    generator = np.random.default_rng(1)
    places, seconds = [weights.numpy().copy()], []
    for _ in range(epochs):
        order = generator.permutation(len(x))
        batches = [order[k : k + size] for k in range(0, len(x), size)]
        began = time.perf_counter()
        for rows in batches:
            step(gw.Tensor(x[rows]), gw.Tensor(y[rows]))
            places.append(weights.numpy().copy())
        seconds.append(time.perf_counter() - began)
    return np.array(places), float(np.median(seconds))


def main() -> None:
    """Fits with each size, prints a table, and draws paths and losses."""
    asked = drawing.options(__doc__, epochs=5)
    x, y = data()
    figure, (plane, losses) = drawing.panels(2, width=5.6)
    slope, offset = np.linspace(-2, 4, 120), np.linspace(-3, 2, 120)
    square = [[np.mean((a * x + b - y) ** 2) for a in slope] for b in offset]
    plane.contour(slope, offset, np.log(square), levels=14, cmap="Greys", linewidths=0.7)
    said = []
    for k, (name, size) in enumerate(SIZES.items()):
        places, seconds = fit(x, y, size, RATES[name], asked.epochs)
        way = float(np.linalg.norm(np.diff(places, axis=0), axis=1).sum())
        swing = way / float(np.linalg.norm(places[-1] - places[0]))  # 1 is a straight line
        loss = float(np.mean((places[-1, 0] * x + places[-1, 1] - y) ** 2))
        steps = (len(places) - 1) // asked.epochs
        words = f"{name}: {steps} steps and {seconds * 1e3:.1f} ms an epoch, {size * 8:,} bytes a step, loss {loss:.3f}, swing {swing:.1f}"
        print(words)
        said.append(words)
        style = {"color": drawing.COLOURS[k], "linestyle": drawing.DASHES[k], "label": name}
        plane.plot(*places.T, marker=drawing.MARKERS[k] if size == POINTS else None, markersize=4, linewidth=1.0, **style)
        passed = np.arange(len(places)) / ((len(places) - 1) / asked.epochs)
        losses.plot(passed, [np.mean((a * x + b - y) ** 2) for a, b in places], linewidth=1.0, **style)
    plane.set(title="Paths on the loss surface", xlabel="slope", ylabel="offset", xlim=(-2, 4), ylim=(-3, 2))
    losses.set(title="Loss on all points", xlabel="epochs", ylabel="mean squared error", yscale="log")
    losses.legend(frameon=False)
    drawing.save(figure, asked.out, "batches.png", "; ".join(said))


if __name__ == "__main__":
    main()
