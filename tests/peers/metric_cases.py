"""Keras' metrics in either namespace: options, batches and weights drawn by a seed, and what is recorded of Keras 3.15.1.

Recorded are the results after each of three batches, and the variables, in float64; and Keras' own error in float32.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tests.peers.layer_cases import Array, error

Rng = np.random.Generator
Batch = tuple[Array, Array]
Options = Callable[[Rng], dict[str, Any]]


def some(rng: Rng, *values: Any) -> Any:
    """One of several."""
    return values[int(rng.integers(len(values)))]


def near(rng: Rng, *shape: int) -> Array:
    """Shares between 0 and 1, none of them at a threshold: float32 and float64 agree on which they pass."""
    return (rng.integers(0, 997, shape) + 0.37) / 997


def bits(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 2, (n, 3)).astype(float), near(rng, n, 3)


def rows(rng: Rng, n: int) -> Batch:
    p = near(rng, n, 3)
    return np.eye(3)[rng.integers(0, 3, n)], p / p.sum(-1, keepdims=True)


def labels(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 3, n), rows(rng, n)[1]


def classes(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 3, n), rng.integers(0, 3, n)


def binary(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 2, n), near(rng, n)


def floats(rng: Rng, n: int) -> Batch:
    y = rng.normal(size=(n, 3))
    return y, y + 0.5 * rng.normal(size=(n, 3))


def shares(rng: Rng, n: int) -> Batch:
    return rows(rng, n)[1], rows(rng, n)[1]


def logits(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 2, (n, 3)).astype(float), rng.normal(size=(n, 3))


def one_hot_logits(rng: Rng, n: int) -> Batch:
    return np.eye(3)[rng.integers(0, 3, n)], rng.normal(size=(n, 3))


def label_logits(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 3, n), rng.normal(size=(n, 3))


def of_equals(rng: Rng, n: int) -> Batch:
    y = rng.integers(0, 3, (n, 3)).astype(float)
    return y, np.where(rng.integers(0, 2, (n, 3)), y, 1.0)


def best_first(rng: Rng, n: int) -> Batch:
    return rng.integers(0, 3, n), np.argsort(-near(rng, n, 3), -1)


def thresholds(rng: Rng) -> dict[str, Any]:
    return {"thresholds": some(rng, None, 0.3, [0.7, 0.2, 0.45], [0.0, 0.25, 0.5, 0.75, 1.0])}


def ranked(rng: Rng) -> dict[str, Any]:
    return thresholds(rng) | {"top_k": some(rng, None, 2), "class_id": some(rng, None, 1)}


def at(name: str) -> Options:
    return lambda rng: {
        name: some(rng, 0.0, 0.3, 0.6, 1.0), "num_thresholds": some(rng, 1, 2, 7, 200), "class_id": some(rng, None, 2),
    }  # fmt: skip


def area(rng: Rng) -> dict[str, Any]:
    several = {"multi_label": True, "num_labels": some(rng, None, 3)} if rng.integers(2) else {}
    return several | {
        "curve": some(rng, "ROC", "PR", "PRGAIN"), "summation_method": some(rng, "interpolation", "minoring", "majoring"),
        "label_weights": some(rng, None, [1.0, 2.0, 0.5]), "num_thresholds": some(rng, 3, 20, 200),
        "thresholds": some(rng, None, None, [0.8, 0.31, 0.6]),
    }  # fmt: skip


def f_score(rng: Rng) -> dict[str, Any]:
    return {"average": some(rng, None, "micro", "macro", "weighted"), "threshold": some(rng, None, 0.4)}


def overlap(rng: Rng) -> dict[str, Any]:
    return {"num_classes": 3, "ignore_class": some(rng, None, 1), "dtype": "float32"}


def none(_: Rng) -> dict[str, Any]:
    return {}


CASES: dict[str, tuple[str, Options, Callable[[Rng, int], Batch]]] = {
    kind: (kind, none, drawn) for kind, drawn in {
        "Accuracy": of_equals, "CategoricalAccuracy": rows, "SparseCategoricalAccuracy": labels, "MeanSquaredError": floats,
        "RootMeanSquaredError": floats, "MeanAbsoluteError": floats, "MeanAbsolutePercentageError": floats,
        "MeanSquaredLogarithmicError": shares, "LogCoshError": floats, "Hinge": logits, "SquaredHinge": logits,
        "CategoricalHinge": one_hot_logits, "KLDivergence": shares, "Poisson": bits,
    }.items()
} | {
    "BinaryAccuracy": ("BinaryAccuracy", lambda rng: {"threshold": some(rng, 0.5, 0.2)}, bits),
    "TopKCategoricalAccuracy": ("TopKCategoricalAccuracy", lambda rng: {"k": some(rng, 1, 2)}, rows),
    "SparseTopKCategoricalAccuracy": ("SparseTopKCategoricalAccuracy", lambda rng: {"k": some(rng, 1, 2)}, labels),
    "SparseTopKCategoricalAccuracy of ids": (
        "SparseTopKCategoricalAccuracy", lambda rng: {"k": some(rng, 1, 2), "from_sorted_ids": True}, best_first,
    ),
    "CosineSimilarity": ("CosineSimilarity", lambda rng: {"axis": some(rng, -1, 1)}, floats),
    "PearsonCorrelation": ("PearsonCorrelation", lambda rng: {"axis": some(rng, -1, 1)}, floats),
    "ConcordanceCorrelation": ("ConcordanceCorrelation", lambda rng: {"axis": some(rng, -1, 1)}, floats),
    "BinaryCrossentropy": ("BinaryCrossentropy", lambda rng: {"label_smoothing": some(rng, 0, 0.2)}, bits),
    "BinaryCrossentropy of logits": ("BinaryCrossentropy", lambda rng: {"from_logits": True}, logits),
    "CategoricalCrossentropy": ("CategoricalCrossentropy", lambda rng: {"label_smoothing": some(rng, 0, 0.2)}, rows),
    "CategoricalCrossentropy of logits": ("CategoricalCrossentropy", lambda rng: {"from_logits": True}, one_hot_logits),
    "SparseCategoricalCrossentropy": ("SparseCategoricalCrossentropy", lambda rng: {"ignore_class": some(rng, None, 1)}, labels),
    "SparseCategoricalCrossentropy of logits": ("SparseCategoricalCrossentropy", lambda rng: {"from_logits": True}, label_logits),
    **{kind: (kind, thresholds, bits) for kind in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")},
    "Precision": ("Precision", ranked, bits), "Recall": ("Recall", ranked, bits), "Recall of one output": ("Recall", thresholds, binary),
    "SensitivityAtSpecificity": ("SensitivityAtSpecificity", at("specificity"), bits),
    "SpecificityAtSensitivity": ("SpecificityAtSensitivity", at("sensitivity"), bits),
    "PrecisionAtRecall": ("PrecisionAtRecall", at("recall"), bits), "RecallAtPrecision": ("RecallAtPrecision", at("precision"), bits),
    "AUC": ("AUC", area, bits), "AUC, again": ("AUC", area, bits), "AUC, once more": ("AUC", area, bits),
    "AUC of one output": ("AUC", lambda rng: {"curve": some(rng, "pr", "roc", "prgain")}, binary),
    "AUC of logits": ("AUC", lambda rng: area(rng) | {"from_logits": True}, logits),
    "F1Score": ("F1Score", f_score, rows), "FBetaScore": ("FBetaScore", lambda rng: f_score(rng) | {"beta": some(rng, 0.5, 2.0)}, bits),
    "R2Score": (
        "R2Score", lambda rng: {
            "class_aggregation": some(rng, None, "uniform_average", "variance_weighted_average"), "num_regressors": some(rng, 0, 2),
        }, floats,
    ),
    "IoU": ("IoU", lambda rng: overlap(rng) | {"target_class_ids": some(rng, [0], [1, 2])}, classes),
    "IoU of rows": ("IoU", lambda rng: overlap(rng) | {"target_class_ids": [0, 2], "sparse_y_pred": False}, labels),
    "MeanIoU": ("MeanIoU", overlap, classes),
    "BinaryIoU": ("BinaryIoU", lambda rng: {"threshold": some(rng, 0.5, 0.3), "dtype": "float32"}, binary),
    "OneHotIoU": ("OneHotIoU", lambda rng: overlap(rng) | {"target_class_ids": [1]}, rows),
    "OneHotMeanIoU": ("OneHotMeanIoU", overlap, rows),
    "Mean": ("Mean", none, floats), "Sum": ("Sum", none, floats),
    "MeanMetricWrapper": ("MeanMetricWrapper", lambda rng: {"fn": "huber", "delta": some(rng, 0.5, 1.0)}, floats),
}  # fmt: skip
"""A class, its options and its data.  Each random draw of a case is a program of three batches."""


def made(keras: Any, name: str, seed: int) -> Any:
    """The metric of a case."""
    kind, options_of, _ = CASES[name]
    options = options_of(_rng(name, seed))
    if "fn" in options:
        options["fn"] = getattr(keras.metrics, options["fn"])
    return getattr(keras.metrics, kind)(**options)


def batches(name: str, seed: int) -> list[tuple[Array, ...]]:
    """Three batches: weights of examples in every second draw."""
    rng = _rng(f"{name} data", seed)
    drawn = [CASES[name][2](rng, n) for n in (5, 2, 6)]
    if name in ("Mean", "Sum"):
        drawn = [(values,) for values, _ in drawn]
    heavy = [rng.integers(0, 4, len(batch[0])) / 2 for batch in drawn]
    return [(*batch, weights) if seed % 2 else batch for batch, weights in zip(drawn, heavy, strict=True)]


def answers(keras: Any, name: str, seed: int, dtype: str, run: Callable[[Any], Any]) -> dict[str, Array]:
    """The result after each batch; `run` makes the update of all batches but the first, with which some make their variables."""
    metric, found = made(keras, name, seed), []
    given = [[x.astype(dtype) if x.dtype.kind == "f" else x for x in batch] for batch in batches(name, seed)]
    later = run(lambda *batch: metric.update_state(*batch))
    for number, batch in enumerate(given):
        (metric.update_state if number == 0 else later)(*batch)
        found.append(as_array(metric.result()))
    return {"results": flat(found), "variables": flat(map(as_array, metric.variables))}


def flat(arrays: Iterable[Array]) -> Array:
    """All numbers in a row."""
    return np.concatenate([np.zeros(0), *(array.reshape(-1) for array in arrays)])


def as_array(value: Any) -> Array:
    """Numbers of either world."""
    return np.asarray(value.detach().numpy() if hasattr(value, "detach") else value, np.float64)


def _rng(name: str, seed: int) -> Rng:
    return np.random.default_rng((zlib.crc32(name.encode()), seed))


SEEDS = (0, 1, 2, 3)


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras

    found = {}
    for name in CASES:
        both: dict[str, list[dict[str, Array]]] = {}
        for dtype in ("float64", "float32"):
            keras.config.set_floatx(dtype)
            both[dtype] = [answers(keras, name, seed, dtype, lambda function: function) for seed in SEEDS]
        for seed, exact, rounded in zip(SEEDS, both["float64"], both["float32"], strict=True):
            found |= {f"keras metric/{name}/{seed} {part}": array for part, array in exact.items()}
            found[f"keras metric/{name}/{seed} error"] = np.array(error(rounded, exact))
    keras.config.set_floatx("float32")
    return found
