"""The hint of an error is right or absent: applied mechanically to a recorded mistake it gives a program that runs and is right."""

from __future__ import annotations

import re

import pytest

from tests.mistakes import in_keras, in_torch
from tests.mistakes.record import Mistake, failing, mended, run

RECORDED = [("keras", mistake) for mistake in in_keras.MISTAKES] + [("torch", mistake) for mistake in in_torch.MISTAKES]


@pytest.mark.parametrize(("api", "mistake"), RECORDED, ids=[f"{api}: {mistake.name}" for api, mistake in RECORDED])
def test_the_hint_is_right_or_absent(api: str, mistake: Mistake) -> None:
    error = failing(api, mistake)
    assert re.search(mistake.says, str(error)), error
    if not mistake.hint:
        assert error.likely == ""
        return
    names = run(api, mended(mistake, error.likely))
    assert eval(mistake.right, names), error.likely


def test_there_are_enough_of_them() -> None:
    for mistakes in (in_keras.MISTAKES, in_torch.MISTAKES):
        assert len(mistakes) >= 15
        assert sum(bool(mistake.hint) for mistake in mistakes) >= 12
        assert len({mistake.name for mistake in mistakes}) == len(mistakes)
