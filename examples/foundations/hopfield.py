"""A completely connected network recalls digits that were damaged.  Course: 2.4 Topologies (completely connected).

    python examples/foundations/hopfield.py
"""

from __future__ import annotations

import drawing
import numpy as np

from gradwerk.data import datasets
from gradwerk.zoo.hopfield import Hopfield

DAMAGE = 0.25
SHOWN = 6


def main() -> None:
    """Stores one image of each digit, damages them and lets the net come to rest."""
    asked = drawing.options(__doc__, digits=10, seed=0)
    digits = datasets.digits().train
    images = np.stack([digits.x[np.flatnonzero(digits.y == digit)[0]] for digit in range(asked.digits)])
    patterns = np.where(images.reshape(asked.digits, -1) > 127, 1.0, -1.0)
    net = Hopfield(patterns)
    generator = np.random.default_rng(asked.seed)
    figure, axes = drawing.panels(min(SHOWN, asked.digits), 4, width=1.5, height=1.6)
    rows = [axes[k : k + min(SHOWN, asked.digits)] for k in range(0, len(axes), min(SHOWN, asked.digits))]
    right = 0
    for digit, pattern in enumerate(patterns):
        damaged = np.where(generator.random(pattern.shape) < DAMAGE, -pattern, pattern)
        recalled, energies = net.recall(damaged, seed=asked.seed)
        right += np.array_equal(recalled, pattern)
        fall = " ".join(f"{energy:.1f}" for energy in energies)
        print(f"digit {digit}: energy {fall}, wrong units {(damaged != pattern).sum()} -> {(recalled != pattern).sum()}")
        if digit < SHOWN:
            for row, state in zip(rows, (pattern, damaged, recalled), strict=False):
                row[digit].imshow(state.reshape(28, 28), cmap="Greys", vmin=-1, vmax=1)
                row[digit].set(xticks=[], yticks=[])
            rows[3][digit].plot(energies, marker="o", markersize=3, color=drawing.COLOURS[0])
            rows[3][digit].set(xlabel="round", xticks=range(len(energies)))
    for row, name in zip(rows, ("stored", f"{DAMAGE:.0%} of units turned", "recalled", "energy"), strict=True):
        row[0].set_ylabel(name, fontsize=8)
    words = f"{right} of {asked.digits} digits recalled without a wrong unit, {DAMAGE:.0%} of them turned before; the energy only falls"
    drawing.save(figure, asked.out, "hopfield.png", words)


if __name__ == "__main__":
    main()
