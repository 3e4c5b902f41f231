"""Five update rules walk down one loss surface.  Course: 6.2 Gradient descent to 6.7 Adam.

    python examples/foundations/optimizers.py

The surface is a long valley, f(x, y) = x^2 / 20 + y^2 (its curvature is 20 times as large across as along): plain descent zigzags across
it, momentum carries along it, RMSprop and Adam scale each direction by its own gradients.  SGD sees the gradient with noise, as of one
example.
"""

from __future__ import annotations

from collections.abc import Callable

import drawing
import numpy as np

from gradwerk import torch
from gradwerk.torch import optim

START = (-9.0, 2.0)
Rule = Callable[[list[torch.Tensor]], optim.Optimizer]
RULES: dict[str, tuple[Rule, float]] = {
    "gradient descent": (lambda at: optim.SGD(at, lr=0.9), 0.0),
    "SGD (noisy gradients)": (lambda at: optim.SGD(at, lr=0.6), 0.6),
    "momentum": (lambda at: optim.SGD(at, lr=0.3, momentum=0.8), 0.0),
    "RMSprop": (lambda at: optim.RMSprop(at, lr=0.3), 0.0),
    "Adam": (lambda at: optim.Adam(at, lr=0.8), 0.0),
}
"""Each rule, and how much noise is in the gradients that it sees."""


def surface(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The valley: its lowest point, 0, is at (0, 0)."""
    return x**2 / 20 + y**2


def path(rule: Rule, noise: float, steps: int) -> np.ndarray:
    """Where a rule comes past, (steps + 1, 2)."""
    torch.manual_seed(3)
    at = torch.tensor(START, requires_grad=True)
    optimizer = rule([at])
    places = [at.detach().numpy().copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        surface(at[0], at[1]).backward()
        at.grad += noise * torch.randn(2)
        optimizer.step()
        places.append(at.detach().numpy().copy())
    return np.array(places)


def main() -> None:
    """Walks, prints how far each came, and draws the paths and the losses."""
    asked = drawing.options(__doc__, steps=40)
    figure, (plane, losses) = drawing.panels(2, width=6)
    x, y = np.linspace(-10, 4, 200), np.linspace(-3, 3, 200)
    plane.contour(x, y, np.log(x[None] ** 2 / 20 + y[:, None] ** 2 + 0.02), levels=14, cmap="Greys", linewidths=0.7)
    said = []
    for k, (name, (rule, noise)) in enumerate(RULES.items()):
        places = path(rule, noise, asked.steps)
        heights = places[:, 0] ** 2 / 20 + places[:, 1] ** 2
        print(f"{name:22} loss {heights[0]:.2f} -> {heights[-1]:.6f}")
        said.append(f"{name} {heights[-1]:.2g}")
        style = {"color": drawing.COLOURS[k], "linestyle": drawing.DASHES[k], "label": name}
        plane.plot(*places.T, marker=drawing.MARKERS[k], markersize=3.5, linewidth=1.2, **style)
        losses.semilogy(np.maximum(heights, 1e-8), **style)
    plane.plot(0, 0, "*", color="black", markersize=14)
    plane.set(title="Paths on one surface; the star is its lowest point", xlabel="x", ylabel="y", xlim=(-10, 4), ylim=(-3, 3))
    losses.set(title="Loss", xlabel="step", ylabel="loss")
    losses.legend(frameon=False)
    start = surface(*map(torch.tensor, START)).item()
    drawing.save(figure, asked.out, "optimizers.png", f"loss after {asked.steps} steps from {start:.2f}: " + ", ".join(said))


if __name__ == "__main__":
    main()
