"""Over-fitting shown, and four cures.  Course: 4.4 Limitations (over-fitting, network size).

    python examples/foundations/overfitting.py

400 digits to train on, a fifth of their labels wrong (as where people labelled in haste), and 1,500 held back with right ones.  First wider
and deeper nets without any restraint, then the largest again with dropout, weight decay, early stopping, and beside it a net that is small
from the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import drawing
import numpy as np

from gradwerk import torch
from gradwerk.data import datasets
from gradwerk.torch import nn

EXAMPLES, WRONG = 400, 0.2


@dataclass(frozen=True)
class Kind:
    """What is trained."""

    width: int
    depth: int = 1
    dropout: float = 0.0
    decay: float = 0.0
    patience: int | None = None
    """Epochs without a better held-back loss after which training ends, with the weights of the best."""


SWEEP = {f"{depth} x {width}": Kind(width, depth) for depth in (1, 3) for width in (4, 16, 64, 256)}
CURES = {
    "3 x 256, no cure": Kind(256, 3),
    "dropout 0.5": Kind(256, 3, dropout=0.5),
    "weight decay 1": Kind(256, 3, decay=1.0),
    "early stopping": Kind(256, 3, patience=8),
    "a smaller net, 1 x 16": Kind(16),
}


def network(kind: Kind) -> nn.Sequential:
    """784, then `depth` layers of `width`, then 10."""
    parts: list[nn.Module] = []
    before = 784
    for _ in range(kind.depth):
        parts += [nn.Linear(before, kind.width), nn.ReLU(), nn.Dropout(kind.dropout)]
        before = kind.width
    return nn.Sequential(*parts, nn.Linear(before, 10))


def train(kind: Kind, epochs: int) -> tuple[np.ndarray, np.ndarray, int, float]:
    """The loss on what is trained on and on what is held back, by epoch, the epoch whose weights are kept, and their held-back accuracy."""
    digits = datasets.digits()
    x, held = (torch.tensor(part.reshape(len(part), -1).astype(np.float32) / 255) for part in (digits.train.x[:EXAMPLES], digits.test.x))
    generator = np.random.default_rng(0)
    labels = np.where(generator.random(EXAMPLES) < WRONG, generator.integers(0, 10, EXAMPLES), digits.train.y[:EXAMPLES])
    y, wanted = torch.tensor(labels), torch.tensor(digits.test.y)
    torch.manual_seed(0)
    model = network(kind)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, weight_decay=kind.decay)

    @torch.compile
    def epoch() -> None:
        for rows in (slice(k, k + 40) for k in range(0, EXAMPLES, 40)):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()

    @torch.compile
    def look() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        answers = model(held)
        losses = nn.functional.cross_entropy(model(x), y), nn.functional.cross_entropy(answers, wanted)
        return (*losses, (answers.argmax(1) == wanted).float().mean())

    on_training, on_held = [], []
    best, kept, kept_accuracy = np.inf, 0, 0.0
    for number in range(epochs):
        model.train()
        epoch()
        model.eval()
        with torch.no_grad():
            loss, held_loss, accuracy = (value.item() for value in look())
        on_training.append(loss)
        on_held.append(held_loss)
        if kind.patience is None or held_loss < best:
            best, kept, kept_accuracy = held_loss, number, accuracy
        elif number - kept >= kind.patience:
            break
    return np.array(on_training), np.array(on_held), kept, kept_accuracy


def main() -> None:
    """The sweep, then the cures: a table of each and a picture."""
    asked = drawing.options(__doc__, epochs=60)
    figure, (sizes, curves, cured) = drawing.panels(3, width=5)
    gaps = {}
    for name, kind in SWEEP.items():
        losses, held, _, accuracy = train(kind, asked.epochs)
        gaps[name] = held[-1] - losses[-1]
        print(f"{name:24} loss {losses[-1]:.4f}, held back {held[-1]:.3f} (best {held.min():.3f}), accuracy {accuracy:.1%}")
    for k, depth in enumerate((1, 3)):
        names = [name for name, kind in SWEEP.items() if kind.depth == depth]
        style = {"color": drawing.COLOURS[k], "linestyle": drawing.DASHES[k], "marker": drawing.MARKERS[k]}
        label = f"{depth} hidden layers" if depth > 1 else "1 hidden layer"
        sizes.plot([name.split()[-1] for name in names], [gaps[name] for name in names], label=label, **style)
    sizes.set(title="Held-back loss minus training loss", xlabel="width", ylabel="gap")
    sizes.legend(frameon=False)

    said = []
    for k, (name, kind) in enumerate(CURES.items()):
        losses, held, kept, accuracy = train(kind, asked.epochs)
        print(f"{name:24} loss {losses[kept]:.4f}, held back {held[kept]:.3f}, accuracy {accuracy:.1%}, weights of epoch {kept + 1}")
        said.append(f"{name}: held-back loss {held[kept]:.2f}, accuracy {accuracy:.1%}")
        style = {"color": drawing.COLOURS[k], "linestyle": drawing.DASHES[k]}
        if k == 0:
            curves.plot(losses, color="black", linestyle=":", label="training")
            curves.plot(held, label="held back", **style)
        cured.plot(held, label=name, **style)
    curves.set(title="Over-fitting: 3 x 256 on 400 digits", xlabel="epoch", ylabel="loss", ylim=(0, None))
    cured.set(title="Held-back loss, cured", xlabel="epoch", ylabel="loss", ylim=(0, None))
    for panel in (curves, cured):
        panel.legend(frameon=False)
    drawing.save(figure, asked.out, "overfitting.png", "; ".join(said))


if __name__ == "__main__":
    main()
