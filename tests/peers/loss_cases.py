"""Keras' losses in either namespace, with options, targets and weights drawn by a seed, and what is recorded of Keras 3.15.1 on TensorFlow.

Recorded are the value, or the values, and the gradient of their weighted sum, in float64; and Keras' own error in float32.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.peers.layer_cases import Array, drawn, error
from tests.peers.metric_cases import (
    Batch,
    Options,
    Rng,
    bits,
    flat,
    floats,
    label_logits,
    labels,
    logits,
    one_hot_logits,
    rows,
    shares,
    some,
)


def deep(make: Callable[[Rng, int], Batch]) -> Callable[[Rng, int], Batch]:
    """(n, 3) as (n / 2, 3, 2): classes along the axis in the middle."""

    def made(rng: Rng, n: int) -> Batch:
        pairs = [make(rng, n) for _ in range(2)]
        y, p = (np.stack([pair[k] for pair in pairs], -1) for k in range(2))
        return y, p

    return made


def embedded(rng: Rng, n: int) -> Batch:
    x = rng.normal(size=(n, 4))
    return rng.integers(0, 3, n), x / np.linalg.norm(x, axis=1, keepdims=True)


def smoothed(rng: Rng) -> dict[str, Any]:
    return {"label_smoothing": some(rng, 0.0, 0.2), "from_logits": True}


def focal(rng: Rng) -> dict[str, Any]:
    return smoothed(rng) | {"gamma": some(rng, 0.0, 2.0, 3.5), "alpha": some(rng, 0.25, 0.6)}


def along(options: Options) -> Options:
    return lambda rng: options(rng) | {"axis": 1}


def without_smoothing(options: Options) -> Options:
    """Along an axis that is not the last Keras smooths by the extent of another one."""
    return lambda rng: options(rng) | {"axis": 1, "label_smoothing": 0.0}


def masked(rng: Rng) -> dict[str, Any]:
    return {"axis": some(rng, None, 1, (0, 1), -1)}


CASES: dict[str, tuple[str, Options, Callable[[Rng, int], Batch]]] = {
    "Dice": ("Dice", masked, bits), "Tversky": ("Tversky", lambda rng: masked(rng) | {"alpha": some(rng, 0.5, 0.2), "beta": 0.7}, bits),
    "Circle": (
        "Circle", lambda rng: {"gamma": some(rng, 80.0, 3.0), "margin": some(rng, 0.4, 0.1), "remove_diagonal": some(rng, True, False)},
        embedded,
    ),
    "CategoricalGeneralizedCrossEntropy": ("CategoricalGeneralizedCrossEntropy", lambda rng: {"q": some(rng, 0.5, 0.1, 0.9)}, labels),
    "BinaryCrossentropy": ("BinaryCrossentropy", smoothed, logits),
    "BinaryCrossentropy, axis": ("BinaryCrossentropy", along(smoothed), logits),
    "BinaryFocalCrossentropy, axis": ("BinaryFocalCrossentropy", along(focal), logits),
    "CategoricalCrossentropy": ("CategoricalCrossentropy", smoothed, one_hot_logits),
    "CategoricalCrossentropy, axis": ("CategoricalCrossentropy", without_smoothing(smoothed), deep(one_hot_logits)),
    "CategoricalCrossentropy of shares, axis": ("CategoricalCrossentropy", along(lambda rng: {}), deep(rows)),
    "CategoricalFocalCrossentropy, axis": ("CategoricalFocalCrossentropy", without_smoothing(focal), deep(one_hot_logits)),
    "SparseCategoricalCrossentropy": (
        "SparseCategoricalCrossentropy", lambda rng: {"from_logits": True, "ignore_class": some(rng, None, 1)}, label_logits,
    ),
    "KLDivergence": ("KLDivergence", lambda rng: {}, shares), "Huber": ("Huber", lambda rng: {"delta": some(rng, 0.5, 2.0)}, floats),
}  # fmt: skip
SEEDS = tuple(range(6))


def answers(keras: Any, name: str, seed: int, dtype: str, side: Any) -> dict[str, Array]:
    """The values, and the gradient of their sum, each weighted by a number of its own; `side` makes Tensors and differentiates."""
    rng = np.random.default_rng((zlib.crc32(name.encode()), seed))
    kind, options_of, make = CASES[name]
    options = options_of(rng) | {"reduction": some(rng, "sum_over_batch_size", "sum", "none", "mean_with_sample_weight")}
    y, p = make(rng, 6)
    one_value = kind in ("Dice", "Tversky") or options.get("axis") == 1
    heavy = None if seed % 2 or one_value else side.tensor((rng.integers(0, 4, 6) / 2).astype(dtype))
    loss = getattr(keras.losses, kind)(**options)
    targets = side.tensor(y if y.dtype.kind == "i" else y.astype(dtype))

    def weighted(given: Any) -> tuple[Any, Any]:
        values = loss(targets, given, heavy)
        return side.total(values, drawn("each", tuple(values.shape))), values

    values, grads = side.differentiate(weighted, [side.tensor(p.astype(dtype))])
    return {"value": flat([values[1]]), "gradient": flat([grads[0]])}


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras
    import tensorflow as tf

    from tests.peers.keras_cases import OnTensorFlow

    side, found = OnTensorFlow(keras, tf), {}
    for name in CASES:
        for seed in SEEDS:
            both = {}
            for dtype in ("float64", "float32"):
                keras.config.set_floatx(dtype)
                both[dtype] = answers(keras, name, seed, dtype, side)
            found |= {f"keras losses/{name}/{seed} {part}": array for part, array in both["float64"].items()}
            found[f"keras losses/{name}/{seed} error"] = np.array(error(both["float32"], both["float64"]))
    keras.config.set_floatx("float32")
    return found
