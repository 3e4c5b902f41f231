"""TensorFlow 1 beside its graphs, in either namespace: rates, means over steps, metrics, losses.

    python -m tests.peers.tf_v1_cases        writes what TensorFlow 2.21's compat.v1 gives (recorded/tf_v1.json)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "tf_v1.json"
STEPS = (0, 1, 5, 10, 15, 20, 33, 100)
RATES: dict[str, Any] = {
    "exponential": lambda t, s: t.exponential_decay(0.1, s, 10, 0.9),
    "exponential in stairs": lambda t, s: t.exponential_decay(0.1, s, 10, 0.9, staircase=True),
    "natural": lambda t, s: t.natural_exp_decay(0.1, s, 10, 0.5),
    "natural in stairs": lambda t, s: t.natural_exp_decay(0.1, s, 10, 0.5, staircase=True),
    "inverse": lambda t, s: t.inverse_time_decay(0.1, s, 10, 0.5),
    "inverse in stairs": lambda t, s: t.inverse_time_decay(0.1, s, 10, 0.5, staircase=True),
    "polynomial": lambda t, s: t.polynomial_decay(0.1, s, 20, 0.01, power=2.0),
    "polynomial in cycles": lambda t, s: t.polynomial_decay(0.1, s, 20, 0.01, cycle=True),
    "cosine": lambda t, s: t.cosine_decay(0.1, s, 20, alpha=0.1),
    "restarts": lambda t, s: t.cosine_decay_restarts(0.1, s, 10, t_mul=2.0, m_mul=0.5, alpha=0.1),
    "pieces": lambda t, s: t.piecewise_constant(s, [5, 20], [1.0, 0.5, 0.1]),
}
LOSSES: dict[str, Any] = {
    "mean_squared_error": {}, "absolute_difference": {}, "huber_loss": {"delta": 0.5}, "cosine_distance": {"axis": 1}, "log_loss": {},
    "hinge_loss": {}, "sigmoid_cross_entropy": {"label_smoothing": 0.1}, "softmax_cross_entropy": {"label_smoothing": 0.1},
}  # fmt: skip
REDUCTIONS = ("none", "weighted_sum", "weighted_mean", "weighted_sum_over_batch_size", "weighted_sum_by_nonzero_weights")
METRICS = (
    "accuracy", "precision", "recall", "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "true_positives",
    "false_positives", "false_negatives",
)  # fmt: skip


def rates(tf: Any, name: str) -> list[float]:
    """The rate at these steps."""
    with tf.Graph().as_default():
        step = tf.placeholder(tf.int32, [])
        rate = RATES[name](tf.train, step)
        with tf.Session() as sess:
            return [float(sess.run(rate, {step: number})) for number in STEPS]


def averages(tf: Any) -> list[Any]:
    """What means of two variables are over five steps, and their names."""
    with tf.Graph().as_default():
        v, w, count = tf.Variable(1.0, name="v"), tf.Variable([2.0, 3.0], name="w"), tf.Variable(0, trainable=False, name="count")
        change = tf.group(v.assign_add(1.0), w.assign_add([2.0, -1.0]), count.assign_add(1))
        mean = tf.train.ExponentialMovingAverage(0.9, num_updates=count)
        with tf.control_dependencies([change]):
            step = mean.apply([v, w])
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            found = []
            for _ in range(5):
                sess.run(step)
                found.append([np.asarray(each).tolist() for each in sess.run([mean.average(v), mean.average(w)])])
        return [found, mean.average_name(v), mean.average(w).name, sorted(mean.variables_to_restore())]


def metrics(tf: Any, name: str) -> list[list[float]]:
    """(value, update, value) over four batches."""
    numbers = np.random.RandomState(3)
    with tf.Graph().as_default():
        labels, said = (tf.placeholder(tf.int64, [None]) for _ in range(2))
        value, update = getattr(tf.metrics, name)(labels, said, weights=[1.0, 0.0, 2.0, 1.0])
        with tf.Session() as sess:
            sess.run(tf.local_variables_initializer())
            found = []
            for _ in range(4):
                feed = {labels: numbers.randint(0, 2, 4), said: numbers.randint(0, 2, 4)}
                found.append([float(sess.run(each, feed)) for each in (value, update, value)])
    return found


def losses(tf: Any, name: str) -> list[Any]:
    """The loss in all reductions, with weights, and how many are kept."""
    numbers = np.random.RandomState(5)
    labels, said = numbers.randint(0, 2, (4, 3)).astype("f4"), (numbers.rand(4, 3) * 0.8 + 0.1).astype("f4")
    with tf.Graph().as_default():
        whole = [[1.0], [0.0], [2.0], [1.0]]
        weights = whole if name not in ("softmax_cross_entropy",) else [1.0, 0.0, 2.0, 1.0]
        made = [getattr(tf.losses, name)(labels, said, weights=weights, reduction=each, **LOSSES[name]) for each in REDUCTIONS]
        kept = len(tf.losses.get_losses())
        with tf.Session() as sess:
            return [*(np.asarray(each).tolist() for each in sess.run(made)), kept]


def main() -> None:
    """Writes TensorFlow's answers."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    record = {
        "rates": {name: rates(tf, name) for name in RATES}, "averages": averages(tf),
        "metrics": {name: metrics(tf, name) for name in METRICS}, "losses": {name: losses(tf, name) for name in LOSSES},
    }  # fmt: skip
    RECORD.write_text(json.dumps(record, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
