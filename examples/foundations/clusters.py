"""Unsupervised: an autoencoder's codes are clustered, no label seen.  Course: 1.3 Types of learning (unsupervised).

    python examples/foundations/clusters.py

An autoencoder squeezes digits through 8 numbers and draws them again; k-means (Lloyd, 1957) groups the codes.  The labels are looked at
afterwards only, to say how much of each group is one digit.
"""

from __future__ import annotations

import drawing
import numpy as np

from gradwerk import torch
from gradwerk.data import datasets
from gradwerk.torch import nn

CODES, GROUPS, BATCH = 8, 20, 100


def autoencoder() -> tuple[nn.Sequential, nn.Sequential]:
    """784 -> 8 and back."""
    encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, CODES))
    decoder = nn.Sequential(nn.Linear(CODES, 64), nn.ReLU(), nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 784))
    return encoder, decoder


@torch.compile
def nearest(points: torch.Tensor, centres: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The nearest centre of each point, and the mean square of its distance."""
    squares = (points**2).sum(1, keepdim=True) - 2 * points @ centres.T + (centres**2).sum(1)
    return squares.argmin(1), squares.amin(1).mean()


def k_means(points: torch.Tensor, seed: int, rounds: int = 50) -> tuple[np.ndarray, torch.Tensor, list[float]]:
    """The group of each point, the centres, and the mean square of the distances by round, which only falls."""
    generator = np.random.default_rng(seed)
    array = points.numpy()
    centres = torch.tensor(array[generator.choice(len(array), GROUPS, replace=False)])
    spreads: list[float] = []
    for _ in range(rounds):
        groups, spread = nearest(points, centres)
        spreads.append(spread.item())
        if len(spreads) > 1 and spreads[-2] - spreads[-1] < 1e-6:
            break
        found = groups.numpy()
        kept = centres.numpy()
        centres = torch.tensor(np.stack([array[found == k].mean(0) if (found == k).any() else kept[k] for k in range(GROUPS)]))
    return groups.numpy(), centres, spreads


def main() -> None:
    """Trains without labels, groups the codes, and draws what the centres stand for."""
    asked = drawing.options(__doc__, epochs=15, seed=0)
    digits = datasets.digits()
    x = torch.tensor(digits.train.x.reshape(-1, 784).astype(np.float32) / 255)
    torch.manual_seed(asked.seed)
    encoder, decoder = autoencoder()
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=0.002)

    @torch.compile
    def step(x: torch.Tensor) -> torch.Tensor:
        optimizer.zero_grad()
        loss = nn.functional.binary_cross_entropy_with_logits(decoder(encoder(x)), x)
        loss.backward()
        optimizer.step()
        return loss

    for epoch in range(asked.epochs):
        order = torch.randperm(len(x))
        loss = sum(step(x[order[k : k + BATCH]]).item() for k in range(0, len(x), BATCH)) / (len(x) // BATCH)
        print(f"epoch {epoch + 1}/{asked.epochs}  loss {loss:.4f}")

    with torch.no_grad():
        codes = encoder(x)
        groups, centres, spreads = k_means(codes, asked.seed)
        drawn = torch.sigmoid(decoder(centres)).numpy()
    counts = np.array([np.bincount(digits.train.y[groups == k], minlength=10) for k in range(GROUPS)])
    purity = counts.max(1).sum() / counts.sum()
    print(f"{len(spreads)} rounds of k-means, mean squared distance {spreads[0]:.2f} -> {spreads[-1]:.2f}")
    print(f"share of the images that lie in a group of their digit: {purity:.1%}")
    print("(each group named by its commonest digit; by chance 11 %)")

    figure, axes = drawing.panels(GROUPS // 2, 2, width=1.2, height=1.5)
    for panel, image, count in zip(axes, drawn, counts, strict=True):
        panel.imshow(image.reshape(28, 28), cmap="Greys", vmin=0, vmax=1)
        panel.set(xticks=[], yticks=[])
        panel.set_title(f"{count.sum()} images,\n{count.max() / max(count.sum(), 1):.0%} are {count.argmax()}", fontsize=8)
    words = f"{GROUPS} centres of codes, drawn by the decoder: {purity:.0%} of the images are in a group of their digit, no label seen"
    drawing.save(figure, asked.out, "clusters.png", words)


if __name__ == "__main__":
    main()
