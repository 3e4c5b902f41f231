"""keras.ops gives what Keras 3.15.1 gave: numbers, dtypes, gradients; compiled what it gives eager; of symbolic values the real shapes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base import dtypes
from gradwerk.base.errors import TraceError
from gradwerk.keras import ops
from gradwerk.keras.saving.operations import described, of_keras
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor
from tests.keras_api.test_ops import model_of_operations
from tests.peers.ops_cases import CLASSES, Array, Call, calls, flat, floating_places, function_of, is_of_array, load, weights_of

RECORDED = load()
CALLS = {key: call for key, call in calls() if key in RECORDED}
FIRST = {key: call for key, call in CALLS.items() if key.endswith(" 0")}
OTHER_DTYPE: dict[str, str] = {}
"""Calls of which the dtype is another one here, and why."""


LOOSE = {"image.resize 2": 100.0}
"""What Keras' TensorFlow reads off a table of cubic weights."""


def called(call: Call, args: tuple[Any, ...]) -> list[Any]:
    return flat(function_of(ops, call.path)(*args, **call.kwargs))


def array(x: Any) -> Array:
    return np.asarray(dtypes.widened(x.numpy()) if isinstance(x, Tensor) else x)


def compare(found: list[Any], exact: list[Array], *, loose: float = 1.0) -> None:
    assert [tuple(np.shape(one)) for one in found] == [one.shape for one in exact]
    for one, other in zip(found, exact, strict=True):
        one, other = (np.stack([x.real, x.imag]) if np.iscomplexobj(x) else x for x in (one, other))
        scale = float(np.max(np.abs(np.where(np.isfinite(other), other, 0)), initial=1.0)) if other.size else 1.0
        np.testing.assert_allclose(np.asarray(one, np.float64), np.asarray(other, np.float64), rtol=2e-5 * loose, atol=4e-6 * scale * loose)


@pytest.mark.parametrize("key", CALLS)
def test_numbers_and_dtypes(key: str) -> None:
    call, exact = CALLS[key], RECORDED[key]
    found = called(call, call.args)
    compare([array(one) for one in found], exact, loose=100 if any(one.dtype == np.float16 for one in exact) else LOOSE.get(key, 1))
    if key not in OTHER_DTYPE:
        assert [ops.dtype(one) for one in found] == [str(one.dtype) for one in exact]


@pytest.mark.parametrize("key", [key for key in CALLS if f"{key} gradient" in RECORDED])
def test_gradients(key: str) -> None:
    call = CALLS[key]
    args, places = list(call.args), floating_places(call)
    for k in places:
        args[k] = Tensor(call.args[k], requires_grad=True)
    results = [one for one in called(call, tuple(args)) if one.requires_grad]
    total = sum((one * weights_of(tuple(one.shape))).sum() for one in results)
    found = grad(total, [args[k] for k in places], allow_unused=True)
    exact = RECORDED[f"{key} gradient"]
    made = [np.zeros(other.shape) if one is None else array(one) for one, other in zip(found, exact, strict=True)]
    compare(made, exact, loose=LOOSE.get(key, 4))


EAGER_ONLY = {
    "nonzero", "unique", "bincount", "histogram", "view", "ctc_decode", "segment_sum", "segment_max", "segment_min", "segment_prod",
    "image.scale_and_translate",
}  # fmt: skip
"""Operations whose shapes depend on data, or that look at bytes."""


@pytest.mark.parametrize("key", FIRST)
def test_compiled_is_eager(key: str) -> None:
    call = FIRST[key]
    places = [k for k, x in enumerate(call.args) if isinstance(x, np.ndarray)]

    @gradwerk.compile
    def step(*given: Any) -> Any:
        args = list(call.args)
        for k, x in zip(places, given, strict=True):
            args[k] = x
        return tuple(called(call, tuple(args)))

    given = [Tensor(call.args[k]) for k in places]
    if not places:
        return
    if call.path in EAGER_ONLY:
        with pytest.raises(TraceError):
            step(*given)
        return
    compare([array(one) for one in flat(step(*given))], RECORDED[key], loose=LOOSE.get(key, 2))


SAID = json.loads(CLASSES.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", SAID)
def test_a_file_has_the_operation_as_keras_writes_it(path: str) -> None:
    call = FIRST[f"{path} 0"]
    symbol = keras.KerasTensor(call.args[0].shape, str(call.args[0].dtype))
    made = flat(function_of(ops, path)(symbol, *call.args[1:], **call.kwargs))
    said = described(made[0].node.caller)
    config = {name: value for name, value in said["config"].items() if name != "name"}
    module, name, options = SAID[path]
    options.pop("rms_scaling", None)  # which ours has not
    if path == "image.extract_patches":  # whose numbers Keras settles before: 2 is [2, 2]
        options = config
    assert [said["module"], said["class_name"], json.loads(json.dumps(config))] == [module, name, options]
    assert of_keras(said["class_name"], said["module"]) is not None


@pytest.mark.parametrize("key", [key for key, call in CALLS.items() if is_of_array(call)])
def test_symbolic_shapes_are_real(key: str) -> None:
    call = CALLS[key]
    if call.path in {"nonzero", "unique", "bincount", "ctc_decode"} or (call.path == "where" and len(call.args) == 1):
        return
    first = call.args[0]
    symbol = keras.KerasTensor(first.shape, str(first.dtype))
    drawn = flat(function_of(ops, call.path)(symbol, *call.args[1:], **call.kwargs))
    real = called(call, call.args)
    assert [(one.shape, one.dtype) for one in drawn] == [(tuple(one.shape), ops.dtype(one)) for one in real]
    assert all(one.node is not None for one in drawn)


def test_a_model_of_operations_saves_and_loads(tmp_path: Path) -> None:
    pytest.importorskip("h5py", reason="make test-peers runs this")
    x = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    model = model_of_operations()
    model.save(tmp_path / "m.keras")
    np.testing.assert_allclose(keras.models.load_model(tmp_path / "m.keras").predict(x, verbose=0), model.predict(x, verbose=0), rtol=1e-6)
