"""A recurrent network finds structure in time: Elman's temporal XOR.  Course: 2.4 Topologies (recurrent), 11.2 Neuron, 11.3 Many to many.

    python examples/foundations/elman.py

A stream of bits in which each third is the XOR of the two before it (Elman, 1990).  Two of three bits are random, so nobody can foretell
them; the third can be, by who remembers.  The net predicts each next bit, and its error falls at every third step.  A net without memory
(the same weights, its state set to zero before each step) cannot do it: one bit says nothing about the XOR of two.
"""

from __future__ import annotations

import drawing
import numpy as np

import gradwerk as gw
from gradwerk.nn.loss import binary_cross_entropy, mean_loss
from gradwerk.nn.optimizer import Adam
from gradwerk.zoo.elman import Elman

BATCH, TRIPLES = 32, 20


def stream(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Bits and the bits that follow them, each (time, batch, 1)."""
    pairs = generator.integers(0, 2, (TRIPLES, 2, BATCH, 1))
    bits = np.concatenate([pairs, pairs[:, :1] ^ pairs[:, 1:]], 1).reshape(-1, BATCH, 1).astype(np.float32)
    return bits[:-1], bits[1:]


def errors_of(predict: object, steps: int) -> np.ndarray:
    """The squared error of the predicted next bit by place in the triple, of streams never seen."""
    generator = np.random.default_rng(99)
    found = []
    for _ in range(steps):
        x, y = stream(generator)
        probability = 1 / (1 + np.exp(-predict(gw.Tensor(x)).numpy()))
        found.append(((probability - y) ** 2).mean((1, 2)))
    mean = np.mean(found, 0)
    return np.array([mean[k::3].mean() for k in range(3)])


def main() -> None:
    """Trains, and measures the error at each place of the triples."""
    asked = drawing.options(__doc__, steps=1500, seed=0)
    gw.seed(asked.seed)
    net = Elman(1, 16, 1)
    parameters = list(net.parameters())
    optimizer = Adam(parameters, 0.01)

    @gw.compile
    def step(x: gw.Tensor, y: gw.Tensor) -> gw.Tensor:
        loss = mean_loss(binary_cross_entropy(net(x), y))
        optimizer.apply(gw.grad(loss, parameters))
        return loss

    generator = np.random.default_rng(asked.seed)
    losses = [step(*map(gw.Tensor, stream(generator))).item() for _ in range(asked.steps)]
    remembering = errors_of(gw.compile(net), 20)
    forgetful = errors_of(lambda x: gw.reshape(net(gw.reshape(x, (1, -1, 1))), x.shape), 20)
    names = ("second bit (random)", "XOR of the two", "next first bit (random)")
    for name, with_state, without in zip(names, remembering, forgetful, strict=True):
        print(f"{name:24} squared error {with_state:.3f}, without memory {without:.3f}")

    figure, (curve, bars) = drawing.panels(2)
    curve.plot(losses, color=drawing.COLOURS[0], linewidth=0.8)
    best = 2 / 3 * np.log(2)
    curve.axhline(best, color="black", linestyle="--", label=f"two random bits of three: {best:.3f}")
    curve.set(title="Loss", xlabel="step", ylabel="cross-entropy")
    curve.legend(frameon=False)
    for k, (values, label) in enumerate(((remembering, "with its state"), (forgetful, "without memory"))):
        bars.bar(np.arange(3) + 0.4 * k - 0.2, values, 0.38, color=drawing.COLOURS[k], hatch=("", "//")[k], label=label)
    bars.set(title="Squared error of the predicted bit", xticks=range(3), ylim=(0, 0.4))
    bars.set_xticklabels(names, fontsize=8)
    bars.legend(frameon=False)
    at_xor, without = remembering[1], forgetful[1]
    words = f"squared error at the XOR {at_xor:.3f} (without memory {without:.3f}), at random bits {remembering[0]:.3f}: 0.25 is a guess"
    drawing.save(figure, asked.out, "elman.png", words)


if __name__ == "__main__":
    main()
