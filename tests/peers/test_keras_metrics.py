"""Keras' metrics beside Keras itself: options, batches and weights drawn anew.  Skipped where Keras or a backend of it is absent."""

from __future__ import annotations

import os
import warnings

import numpy as np
import pytest

from gradwerk import keras as ours
from tests.peers.layer_cases import error
from tests.peers.metric_cases import CASES, SEEDS, answers

os.environ.setdefault("KERAS_BACKEND", "torch")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    try:
        import keras as theirs
    except ImportError as absent:
        pytest.skip(f"Keras 3 is not installed, or its backend is missing: make test-peers runs this ({absent})", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize("name", CASES)
def test_random_programs_of_a_metric(name: str) -> None:
    for seed in range(len(SEEDS), 24):
        exact = answers(theirs, name, seed, "float32", lambda function: function)
        got = answers(ours, name, seed, "float32", lambda function: function)
        for key, wanted in exact.items():
            np.testing.assert_array_equal(np.isnan(got[key]), np.isnan(wanted), err_msg=f"{name} {seed} {key}")
        without = ({key: np.nan_to_num(array) for key, array in found.items()} for found in (got, exact))
        assert error(*without) < 1e-4, (name, seed)


@pytest.mark.parametrize("name", CASES)
def test_configs_are_keras(name: str) -> None:
    kind = CASES[name][0]
    for seed in SEEDS:
        metrics = [getattr(keras.metrics, kind).from_config(metric_config(keras, name, seed)) for keras in (ours, theirs)]
        mine, original = (metric.get_config() for metric in metrics)
        assert set(mine) - {"axis", "from_sorted_ids"} == set(original) - {"axis", "from_sorted_ids"}, name  # which Keras leaves out
        for key in set(original) - {"name"}:
            wanted = original[key].tolist() if hasattr(original[key], "tolist") else original[key]
            assert mine[key] == wanted, (name, key)
        assert ours.metrics.serialize(metrics[0])["class_name"] == theirs.metrics.serialize(metrics[1])["class_name"]


def metric_config(keras: object, name: str, seed: int) -> dict[str, object]:
    """The options of a case as plain data."""
    from tests.peers.metric_cases import made

    config: dict[str, object] = made(keras, name, seed).get_config()
    return config | {"name": "mine"}
