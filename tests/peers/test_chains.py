"""Chains of data sets give the elements, the counts and the specs that TensorFlow 2.21 gave, for random ones."""

from __future__ import annotations

import json

import pytest

from gradwerk.base.errors import GradwerkError
from gradwerk.data.dataset import Dataset
from tests.peers.chain_cases import COUNT, RECORD, answer

RECORDED = json.loads(RECORD.read_text(encoding="utf-8"))


def alike(ours: object, theirs: object) -> bool:
    """Specs: an extent that TensorFlow leaves open may be known here, where it is that of the first element."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(alike(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    return ours == theirs or (theirs is None and isinstance(ours, (int, list)))


@pytest.mark.parametrize("number", range(COUNT))
def test_tensorflows_elements(number: int) -> None:
    exact, found = RECORDED[number], answer(Dataset, number, (GradwerkError,))
    if "refused" in exact or "refused" in found:
        assert exact.keys() == found.keys(), (exact, found)
        return
    assert found["elements"] == exact["elements"], exact["said"]
    assert found["count"] in (exact["count"], *([len(exact["elements"])] if exact["count"] == -2 else [])), exact["said"]
    assert alike(found["spec"], exact["spec"]) or not exact["elements"], exact["said"]
