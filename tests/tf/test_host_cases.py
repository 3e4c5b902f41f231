"""Texts, bytes, examples, ragged and sparse values give what TensorFlow 2.21 gives: value, dtype, shape, and whether it is refused."""

from __future__ import annotations

import json

import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import GradwerkError
from tests.peers import tf_host_cases

RECORDED = json.loads(tf_host_cases.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(len(tf_host_cases.CASES)))
def test_as_tensorflow(number: int) -> None:
    name, case = list(tf_host_cases.CASES.items())[number]
    assert json.loads(json.dumps(tf_host_cases.outcome(case, tf))) == RECORDED[name], name


def test_what_is_refused_is_refused_by_us() -> None:
    for name, case in tf_host_cases.CASES.items():
        if isinstance(RECORDED[name], dict) and "error" in RECORDED[name]:
            with pytest.raises(GradwerkError):
                case(tf)
                pytest.fail(name)


def test_all_cases_are_recorded() -> None:
    assert RECORDED.keys() == tf_host_cases.CASES.keys()
