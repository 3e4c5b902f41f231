"""Trainings give what they give in Keras 3.15.1: histories, answers, what callbacks are told (training_cases.py)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from tests.peers import training_cases

RECORDED = json.loads(training_cases.RECORD.read_text(encoding="utf-8"))


def same(found: Any, wanted: Any) -> bool:
    """Whether two trees are one, their numbers about."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(same(found[name], wanted[name]) for name in wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and len(found) == len(wanted) and all(map(same, found, wanted))
    return found == wanted if isinstance(wanted, str) else bool(np.isclose(found, wanted, rtol=2e-5, atol=2e-6))


def test_every_training_is_recorded() -> None:
    assert list(RECORDED) == list(training_cases.CASES)


@pytest.mark.parametrize("name", RECORDED)
def test_a_training_is_that_of_keras(name: str) -> None:
    outcome = training_cases.outcome(keras, training_cases.CASES[name])
    assert outcome["warned"] == RECORDED[name]["warned"]
    assert same(outcome["found"], RECORDED[name]["found"]), f"{outcome['found']}\n{RECORDED[name]['found']}"


def test_a_difference_is_seen() -> None:
    assert same({"a": [1.0, "x"]}, {"a": [1.0, "x"]})
    assert not any(same({"a": [1.0, "x"]}, other) for other in ({"a": [1.001, "x"]}, {"a": [1.0]}, {"b": [1.0, "x"]}, {"a": [1.0, "y"]}))
