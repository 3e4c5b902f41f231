"""Every metric of keras.metrics in training, in configs and copies; tests/peers/test_frozen_metrics.py holds their numbers to Keras'."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import metrics
from gradwerk.tensor.tensor import Tensor
from tests.peers.metric_cases import CASES, batches, made

X = np.random.default_rng(0).normal(size=(30, 4)).astype(np.float32)
Y = np.eye(3, dtype=np.float32)[np.arange(30) % 3]
WEIGHTS = np.linspace(0.0, 2.0, 30).astype(np.float32)


def model(asked: Any, **options: Any) -> Any:
    net = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, activation="softmax", kernel_initializer="ones")])
    net.compile(keras.optimizers.SGD(0.0), "categorical_crossentropy", metrics=asked, **options)
    return net


@pytest.mark.parametrize("name", CASES)
def test_configs_copies_and_states(name: str) -> None:
    metric, twin = made(keras, name, 1), made(keras, name, 1)
    kind = type(metric)
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is kind
    assert again.get_config() == metric.get_config()
    first, *rest = batches(name, 1)
    for counting in (metric, again):
        counting.update_state(*first)
    copied = copy.deepcopy(metric)
    assert [v.name for v in copied.variables] == [v.name for v in metric.variables]
    state = metric.stateless_update_state(metric.variables, *rest[0])
    np.testing.assert_array_equal(metric.result().numpy(), again.result().numpy())
    promised = metric.stateless_result(state)
    for counting in (metric, copied, again):
        counting.update_state(*rest[0])
        np.testing.assert_array_equal(counting.result().numpy(), promised.numpy())
    zero = [v.numpy() for v in metric.stateless_reset_state()]
    metric.reset_state()
    assert not any(v.numpy().any() for v in metric.variables) and not any(v.any() for v in zero)
    twin.update_state(*rest[1])
    metric.update_state(*rest[1])
    np.testing.assert_array_equal(metric.result().numpy(), twin.result().numpy())


ASKED = {
    "names": ["AUC", "precision", "Recall", "f1_score", "accuracy"], "several": [metrics.Precision([0.2, 0.4]), metrics.F1Score()],
    "by label": [metrics.AUC(multi_label=True, name="area"), metrics.R2Score(None), metrics.OneHotMeanIoU(3)],
    "root": [metrics.RootMeanSquaredError(), metrics.MeanMetricWrapper(metrics.huber, name="huber"), metrics.CosineSimilarity()],
}  # fmt: skip


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("name", ASKED)
def test_fit_and_evaluate_count_as_one_update_of_all(name: str, *, eagerly: bool) -> None:
    net = model(ASKED[name], run_eagerly=eagerly)
    seen = net.fit(X, Y, batch_size=8, epochs=2, verbose=2, validation_split=0.2).history
    found = net.evaluate(X, Y, batch_size=7, verbose=2, return_dict=True)
    answers = net.predict(X, verbose=0)
    for asked, counted in zip(ASKED[name], net.metrics, strict=True):
        if asked != "accuracy":
            whole = metrics.get(asked) if isinstance(asked, str) else type(counted).from_config(counted.get_config())
            whole.update_state(Y, answers)
            np.testing.assert_allclose(found[counted.name], whole.result().numpy(), rtol=1e-5)
            whole.reset_state()
            whole.update_state(Y[:24], answers[:24])
            np.testing.assert_allclose(seen[counted.name][-1], whole.result().numpy(), rtol=1e-5)
        assert counted.name == (asked if isinstance(asked, str) else asked.name)
        assert f"val_{counted.name}" in seen


def test_names_are_numbered_as_keras_numbers_them() -> None:
    keras.utils.clear_session()
    assert [metrics.AUC().name, metrics.AUC().name, metrics.Precision().name, metrics.MeanIoU(2).name] == [
        "auc", "auc_1", "precision", "mean_io_u",
    ]  # fmt: skip
    net = model([metrics.AUC, {"class_name": "Recall", "config": {"thresholds": 0.3}}])
    net.evaluate(X, Y, verbose=0)
    assert net.metrics_names == ["loss", "auc_2", "recall"]
    assert repr(metrics.Recall()) == "<Recall name=recall_1>"


def test_iou_cuts_off_fractions_of_weights_and_says_so() -> None:
    """As Keras does, whose state is whole there."""
    metric = metrics.MeanIoU(2)
    with pytest.warns(UserWarning, match="whole weights"):
        metric.update_state([0, 1, 1], [0, 1, 0], sample_weight=np.array([1.9, 0.9, 1.0], np.float32))
    assert metric.total_cm.numpy().tolist() == [[1, 0], [1, 0]]
    assert (metric.dtype, metrics.MeanIoU(2, dtype="float32").dtype) == ("int32", "float32")


def test_metrics_inside_of_a_metric_are_its_own() -> None:
    class Both(metrics.Metric):
        def __init__(self) -> None:
            super().__init__(name="both")
            self.up, self.down, self.times = metrics.Precision(), metrics.Recall(), self.add_weight(name="times")

        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            self.times.assign_add(1.0)
            self.up.update_state(y_true, y_pred, sample_weight)
            self.down.update_state(y_true, y_pred, sample_weight)

        def result(self) -> Any:
            return self.up.result() + self.down.result()

    both = Both()
    assert [v.name for v in both.variables] == ["times", "true_positives", "false_positives", "true_positives", "false_negatives"]
    found = model([both]).evaluate(X, Y, verbose=0, batch_size=10, return_dict=True)["both"]
    assert both.times.item() == 3
    alone = metrics.Precision()
    alone.update_state(Y, np.full((30, 3), 1 / 3, np.float32))
    assert 0 <= found <= 2
    both.reset_state()
    assert not any(v.numpy().any() for v in both.variables)
    with pytest.raises(ArgumentError, match="both has 5 variables, 1 were given"):
        both.stateless_result([Tensor(0.0)])


def test_a_subclass_changes_what_is_counted() -> None:
    class OfRows(metrics.MeanIoU):
        def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
            super().update_state(y_true.argmax(-1), y_pred.argmax(-1), sample_weight)

    found = model([OfRows(3, name="rows"), metrics.OneHotMeanIoU(3, name="known")]).evaluate(X, Y, verbose=0, return_dict=True)
    assert found["rows"] == pytest.approx(found["known"])


@pytest.mark.parametrize(("wrong", "expected"), [
    (lambda: metrics.AUC(curve="XYZ"), "allowed: ROC, PR, PRGAIN"), (lambda: metrics.AUC(num_labels=3), "multi_label=True"),
    (lambda: metrics.Precision(1.5), "between 0 and 1"), (lambda: metrics.F1Score("median"), "allowed: micro, macro, weighted"),
    (lambda: metrics.IoU(2, [2]), r"target class 2 is outside \[0, 2\)"), (lambda: metrics.PrecisionAtRecall(1.5), "recall is between"),
    (lambda: metrics.deserialize("nope"), "unknown metric 'nope'"), (lambda: metrics.R2Score("all"), "allowed: uniform_average"),
])  # fmt: skip
def test_arguments_out_of_range_are_refused(wrong: Any, expected: str) -> None:
    with pytest.raises(ArgumentError, match=expected):
        wrong()


def test_shapes_that_do_not_fit_are_refused() -> None:
    for metric in (metrics.F1Score(), metrics.R2Score(), metrics.AUC(multi_label=True)):
        with pytest.raises(ShapeError):
            metric.update_state([0, 1], [0.2, 0.3])
    with pytest.raises(ShapeError, match="no class 3"):
        metrics.Recall(class_id=3).update_state(Y, Y)


def test_a_function_of_ones_own_is_found_by_its_name() -> None:
    def off(y_true: Any, y_pred: Any, by: float = 0.0) -> Any:
        return y_pred - y_true - by

    config = metrics.serialize(metrics.MeanMetricWrapper(off, "off", by=1.0))
    config["config"]["fn"] = off
    again = metrics.deserialize(config, custom_objects={"off": off})
    assert float(again([[1.0]], [[4.0]])) == 2.0
    assert metrics.deserialize(metrics.serialize(metrics.mean_squared_error)) is metrics.mean_squared_error
    assert metrics.deserialize({"class_name": "Own", "config": {}}, {"Own": type("Own", (metrics.Precision,), {})}).name.startswith("own")
