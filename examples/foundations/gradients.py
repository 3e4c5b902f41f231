"""Gradients that vanish and explode, over depth and over time.  Course: 3.2 Vanishing gradients, 11.4 Problems of recurrent networks.

    python examples/foundations/gradients.py

Over depth: how large the gradient of the loss is at each of 30 layers of 64 units, before any training, for three activations and four
initialisers (Glorot and Bengio, 2010; He et al., 2015).  Over time: how much of the gradient of the last output arrives at each earlier
step of a recurrent net (Elman's, with small and with large recurrent weights) and of an LSTM.
"""

from __future__ import annotations

from collections.abc import Callable

import drawing
import numpy as np

from gradwerk import torch
from gradwerk.torch import nn

LAYERS, UNITS, STEPS = 30, 64, 60
ACTIVATIONS = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "ReLU": nn.ReLU}
INITIALISERS: dict[str, Callable[[torch.Tensor], object]] = {
    "small, deviation 0.01": lambda w: nn.init.normal_(w, std=0.01),
    "large, deviation 0.4": lambda w: nn.init.normal_(w, std=0.4),
    "Glorot": nn.init.xavier_normal_,
    "He": lambda w: nn.init.kaiming_normal_(w, nonlinearity="relu"),
}


def over_depth(activation: str, initialiser: str) -> np.ndarray:
    """The norm of the gradient of each layer's weights, from the first layer to the last."""
    torch.manual_seed(0)
    layers = [nn.Linear(UNITS, UNITS) for _ in range(LAYERS)]
    for layer in layers:
        INITIALISERS[initialiser](layer.weight)
    model = nn.Sequential(*(part for layer in layers for part in (layer, ACTIVATIONS[activation]())))
    (model(torch.randn(128, UNITS)) ** 2).mean().backward()
    return np.array([layer.weight.grad.norm().item() for layer in layers])


def over_time(name: str) -> np.ndarray:
    """The norm of the last output's gradient at the input of each step, relative to the last step's."""
    generator = np.random.default_rng(0)
    x = torch.tensor(generator.normal(size=(STEPS, 8, 4)).astype(np.float32), requires_grad=True)
    torch.manual_seed(0)
    if name == "LSTM":
        net = nn.LSTM(4, 32)
        with torch.no_grad():
            net.bias_ih_l0[32:64] = 3.0  # an open forget gate, as Gers et al., 2000, and Jozefowicz et al., 2015, advise
        y, _ = net(x)
    else:
        scale = 0.6 if name == "simple, small weights" else 1.8
        kernel, recurrent = (torch.tensor(generator.normal(size=(n, 32)) * s / np.sqrt(n)).float() for n, s in ((4, 0.1), (32, scale)))
        h, states = torch.zeros(8, 32), []
        for step in range(STEPS):
            h = torch.tanh(x[step] @ kernel + h @ recurrent)
            states.append(h)
        y = torch.stack(states)
    y[-1].sum().backward()
    norms = (x.grad**2).sum((1, 2)).sqrt().numpy()
    return norms / norms[-1]


def main() -> None:
    """Measures both, prints a table, and draws them."""
    asked = drawing.options(__doc__)
    figure, (*axes, time, rest) = drawing.panels(3, 2)
    rest.remove()
    said = []
    for panel, initialiser in zip(axes, INITIALISERS, strict=True):
        for k, activation in enumerate(ACTIVATIONS):
            norms = over_depth(activation, initialiser)
            ratio = norms[0] / norms[-1] if norms[-1] else 0.0
            first, last = f"layer 1: {norms[0]:9.2e}", f"layer {LAYERS}: {norms[-1]:9.2e}"
            print(f"{initialiser:24}{activation:9} gradient at {first}, at {last}, ratio {ratio:.1e}")
            said.append(f"{activation} with {initialiser} {ratio:.0e}")
            panel.semilogy(
                range(1, LAYERS + 1), np.maximum(norms, 1e-30), color=drawing.COLOURS[k], linestyle=drawing.DASHES[k], label=activation
            )
        panel.set(title=f"Over depth: {initialiser}", xlabel="layer", ylabel="norm of the gradient", ylim=(1e-30, 1e25))
        panel.legend(frameon=False)
    for k, name in enumerate(("simple, small weights", "simple, large weights", "LSTM")):
        shares = over_time(name)
        print(f"over time, {name:24} the first of {STEPS} steps gets {shares[0]:.1e} of what the last gets")
        said.append(f"{name} over {STEPS} steps {shares[0]:.0e}")
        time.semilogy(range(1, STEPS + 1), np.maximum(shares, 1e-30), color=drawing.COLOURS[k], linestyle=drawing.DASHES[k], label=name)
    time.set(title="Over time", xlabel="step", ylabel="gradient, relative to the last step's")
    time.legend(frameon=False)
    drawing.save(figure, asked.out, "gradients.png", "gradient at the first layer or step relative to the last: " + "; ".join(said))


if __name__ == "__main__":
    main()
