"""A net of two layers learns XOR, which no single unit can.  Course: 2.3 Perceptron (multilayer), 4.5 Back- and 4.6 Forward propagation.

    python examples/foundations/xor.py
"""

from __future__ import annotations

import drawing
import numpy as np

from gradwerk import torch
from gradwerk.torch import nn

CORNERS = torch.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
TARGETS = torch.tensor([[0.0], [1.0], [1.0], [0.0]])


def main() -> None:
    """Trains 2-4-1 and draws where its answer changes."""
    asked = drawing.options(__doc__, epochs=1000, seed=0)
    torch.manual_seed(asked.seed)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)

    @torch.compile
    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(model(CORNERS), TARGETS)  # forward
        loss.backward()  # backward
        optimizer.step()  # update
        return loss

    losses = [step().item() for _ in range(asked.epochs)]
    answers = torch.sigmoid(model(CORNERS)).detach().numpy().ravel()
    right = int((np.round(answers) == TARGETS.numpy().ravel()).sum())
    print(f"loss {losses[0]:.3f} -> {losses[-1]:.4f}; answers {np.round(answers, 3)}; {right} of 4 right")

    figure, (curve, boundary) = drawing.panels(2)
    curve.semilogy(losses, color=drawing.COLOURS[0])
    curve.set(title="Loss", xlabel="step", ylabel="cross-entropy")
    grid = np.linspace(-0.5, 1.5, 150, dtype=np.float32)
    points = np.stack(np.meshgrid(grid, grid), -1).reshape(-1, 2)
    heights = torch.sigmoid(model(torch.tensor(points))).detach().numpy().reshape(150, 150)
    filled = boundary.contourf(grid, grid, heights, levels=np.linspace(0, 1, 11), cmap="cividis")
    boundary.contour(grid, grid, heights, levels=[0.5], colors="white", linestyles="--")
    figure.colorbar(filled, ax=boundary, label="answer")
    for corner, target in zip(CORNERS.numpy(), TARGETS.numpy().ravel().astype(int), strict=True):
        boundary.plot(*corner, drawing.MARKERS[target], color="white", markeredgecolor="black", markersize=11)
    boundary.set(title="Answer; dashed: 0.5", xlabel="first input", ylabel="second input")
    words = f"the loss falls to {losses[-1]:.4f}; a band answers 1, the plane on both sides of it 0: {right} of 4 corners right"
    drawing.save(figure, asked.out, "xor.png", words)


if __name__ == "__main__":
    main()
