"""Texts, bytes, examples, ragged and sparse values give what TensorFlow 2.21 gives: value, dtype, shape, and whether it is refused."""

from __future__ import annotations

import importlib
import json
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import GradwerkError
from gradwerk.tf.train_data import examples
from gradwerk.tf.values.hosted import array_of, is_text
from gradwerk.tf.values.ragged import RaggedTensor
from gradwerk.tf.values.sparse import IndexedSlices, SparseTensor
from gradwerk.tf.values.texts import TextTensor, tensor_of
from tests.peers import tf_host_cases

RECORDED = json.loads(tf_host_cases.RECORD.read_text(encoding="utf-8"))


def front_end() -> Any:
    """The modules of these families under one name."""
    made = SimpleNamespace()
    for name in ("strings", "io", "audio", "ragged", "sparse"):
        setattr(made, name, importlib.import_module(f"gradwerk.tf.{name}"))
    made.constant = lambda value, dtype=None: TextTensor(value) if is_text(value) else tensor_of(array_of(value, "constant"))
    for name in ("float32", "float64", "int32", "int64", "uint8", "int16", "bool", "string"):
        setattr(made, name, SimpleNamespace(name=name, is_floating=name.startswith("float")))
    made.shape, made.newaxis, made.train = lambda x: tensor_of(np.array(x.shape, np.int32)), None, examples
    made.RaggedTensor, made.SparseTensor, made.IndexedSlices = RaggedTensor, SparseTensor, IndexedSlices
    return made


TF = front_end()


@pytest.mark.parametrize("number", range(len(tf_host_cases.CASES)))
def test_as_tensorflow(number: int) -> None:
    name, case = list(tf_host_cases.CASES.items())[number]
    assert json.loads(json.dumps(tf_host_cases.outcome(case, TF))) == RECORDED[name], name


def test_what_is_refused_is_refused_by_us() -> None:
    for name, case in tf_host_cases.CASES.items():
        if isinstance(RECORDED[name], dict) and "error" in RECORDED[name]:
            with pytest.raises(GradwerkError):
                case(TF)
                pytest.fail(name)


def test_all_cases_are_recorded() -> None:
    assert RECORDED.keys() == tf_host_cases.CASES.keys()
