"""What regularizers and constraints make of models is what Keras 3.15.1 makes of them."""

from __future__ import annotations

import pytest

from gradwerk import keras
from tests.peers import penalty_cases

original = pytest.importorskip("keras", reason="make test-peers runs this")


@pytest.mark.parametrize("name", penalty_cases.CASES)
def test_they_are_those_of_keras(name: str) -> None:
    penalty_cases.agree(penalty_cases.facts(keras, name), penalty_cases.facts(original, name))
