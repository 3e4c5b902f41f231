"""A perceptron learns AND and OR, and is shown not to learn XOR.  Course: 2.2 Neuron, 2.3 Perceptron, 4.2 Neuron model.

    python examples/foundations/perceptron.py
"""

from __future__ import annotations

import drawing
import numpy as np

from gradwerk import Tensor
from gradwerk.zoo.perceptron import Perceptron
from gradwerk.zoo.threshold import ThresholdUnit

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
TASKS = {"AND": (0, 0, 0, 1), "OR": (0, 1, 1, 1), "XOR": (0, 1, 1, 0)}


def main() -> None:
    """Learns each of the three, and draws the line that the unit ends with."""
    asked = drawing.options(__doc__, epochs=30)
    units = {"AND": ThresholdUnit(2), "OR": ThresholdUnit(1)}  # wired by hand, nothing learned: McCulloch and Pitts, 1943
    for name, unit in units.items():
        print(f"wired    {name:4}{unit(Tensor(CORNERS)).numpy().astype(int)}")

    figure, axes = drawing.panels(3)
    said = []
    for panel, (name, targets) in zip(axes, TASKS.items(), strict=True):
        unit = Perceptron(2)
        mistakes = list(unit.epochs(CORNERS, np.array(targets, np.float32), asked.epochs))
        learned = mistakes[-1] == 0
        print(f"learned  {name:4}{unit(Tensor(CORNERS)).numpy().astype(int)}  mistakes by epoch {' '.join(map(str, mistakes))}")
        said.append(f"{name} {'learned in ' + str(len(mistakes)) + ' epochs' if learned else f'not learned in {len(mistakes)} epochs'}")
        (w1, w2), bias = unit.weights.numpy(), unit.bias.item()
        grid = np.linspace(-0.5, 1.5, 200)
        heights = w1 * grid[None, :] + w2 * grid[:, None] + bias
        panel.contourf(grid, grid, heights > 0, levels=[-0.5, 0.5, 1.5], colors=["#ffffff", "#cfe3f1"])
        for corner, target in zip(CORNERS, targets, strict=True):
            panel.plot(*corner, drawing.MARKERS[target], color=drawing.COLOURS[target], markersize=11, label=f"target {target}")
        panel.set(title=said[-1], xlabel="first input", ylabel="second input", xticks=[0, 1], yticks=[0, 1])
    drawing.save(figure, asked.out, "perceptron.png", "; ".join(said) + ": no line has the two corners of XOR on one side")


if __name__ == "__main__":
    main()
