"""Keras' Muon and Adafactor, sums of gradients over steps and scaled losses, in either namespace; what is recorded of Keras 3.15.1.

Recorded are the weights of a small net after each of ten steps, after the end of training, and the optimizer's variables, in float64;
and Keras' own error in float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.peers.keras_cases import flat
from tests.peers.layer_cases import Array, drawn, error

Make = Callable[[Any], Any]
STEPS = 10


def made(kind: str, **options: Any) -> Make:
    """An optimizer of these options."""
    return lambda keras: getattr(keras.optimizers, kind)(**{"learning_rate": 0.05, **options})


def scheduled(keras: Any) -> Any:
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), gradient_accumulation_steps=3)


def excluding(keras: Any) -> Any:
    optimizer = keras.optimizers.Adam(0.05, weight_decay=0.3, beta_2=0.9)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def scaled(kind: str, scale: float, growth: int, **options: Any) -> Make:
    """One with a loss that is scaled."""
    return lambda keras: keras.optimizers.LossScaleOptimizer(made(kind, **options)(keras), scale, growth)


CASES: dict[str, Make] = {
    **{f"{kind}, {n} steps": made(kind, gradient_accumulation_steps=n, **options) for kind, options in {
        "SGD": {"momentum": 0.9}, "Adam": {"beta_2": 0.9}, "RMSprop": {}, "Nadam": {"beta_2": 0.9}, "Lamb": {"beta_2": 0.9}, "Ftrl": {},
        "Adagrad": {}, "Adadelta": {},
    }.items() for n in (2, 4)},
    "averages": made("SGD", gradient_accumulation_steps=3, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=2),
    "clipped and decaying": made("SGD", gradient_accumulation_steps=2, global_clipnorm=0.1, weight_decay=0.1), "scheduled": scheduled,
    "scaled": made("SGD", loss_scale_factor=128.0, clipnorm=0.05), "scaled steps": made(
        "Adagrad", loss_scale_factor=128.0, gradient_accumulation_steps=2
    ),
    "without decay of biases": excluding,
    "Muon": made("Muon", adam_beta_2=0.9), "Muon of means": made("Muon", nesterov=False, rms_rate=None, adam_beta_2=0.9),
    "Muon, some excluded": made("Muon", exclude_layers=["first"], adam_beta_2=0.9),
    "Muon, other numbers": made(
        "Muon", ns_steps=3, momentum=0.5, muon_a=3.0, adam_lr_ratio=0.5, adam_weight_decay=0.2, weight_decay=0.1, adam_beta_2=0.9,
        exclude_embeddings=False,
    ),
    "Adafactor": made("Adafactor", learning_rate=0.5),
    "Adafactor, other numbers": made("Adafactor", beta_2_decay=-0.3, clip_threshold=0.2, epsilon_1=1e-3, epsilon_2=0.5, weight_decay=0.1),
    "loss scale": scaled("SGD", 1024.0, 3, momentum=0.5),
    "loss scale of steps": scaled("Adagrad", 2.0**20, 4, gradient_accumulation_steps=2, use_ema=True),
}  # fmt: skip


COMPILED = ("Muon", "Adam, 2 steps", "loss scale of steps")
"""Cases whose step is compiled."""


def answers(keras: Any, name: str, dtype: str) -> dict[str, Array]:
    """The weights step by step, the final ones, the optimizer's variables, and the number of updates."""
    layers = [keras.layers.Dense(4, activation="tanh", name="first"), keras.layers.Dense(2, name="embedding_last")]
    model, optimizer = keras.Sequential([keras.Input((3,)), *layers]), CASES[name](keras)
    model.compile(optimizer, "mse", run_eagerly=name not in COMPILED)
    model.set_weights([drawn(f"w {k}", tuple(w.shape)).astype(dtype) for k, w in enumerate(model.get_weights())])
    weights = []
    for number in range(STEPS):
        model.train_on_batch(drawn(f"x {number}", (6, 3)).astype(dtype), drawn(f"y {number}", (6, 2)).astype(dtype))
        weights.append(flat(model.get_weights()))
    variables = flat([np.array(variable) for variable in optimizer.variables])
    updates = np.array(float(np.array(optimizer.iterations)))
    optimizer.finalize_variable_values(model.trainable_variables)
    return {"weights": np.array(weights), "variables": variables, "updates": updates, "final": flat(model.get_weights())}


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras

    found = {}
    for name in CASES:
        both = {}
        for dtype in ("float64", "float32"):
            keras.config.set_floatx(dtype)
            both[dtype] = answers(keras, name, dtype)
        found |= {f"keras optimizers/{name}/{part}": array for part, array in both["float64"].items()}
        found[f"keras optimizers/{name}/error"] = np.array(error(both["float32"], both["float64"]))
    keras.config.set_floatx("float32")
    return found
