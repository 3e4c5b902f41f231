"""Every law for every update rule and every loss of gradwerk.nn."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest

from gradwerk.nn import loss as known
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.nn.updates import descend
from gradwerk.ops.elementwise import mul, stop_gradient, sub
from tests.laws.loss_laws import LOSS_LAWS, losses
from tests.laws.update_laws import UPDATE_LAWS, rules

RULES, LOSSES = rules(), losses()


def test_they_are_found() -> None:
    assert {"SGD", "Adam", "RMSprop"} <= RULES.keys()
    assert {"softmax_cross_entropy", "binary_cross_entropy", "squared_error", "cross_entropy_of_probabilities"} <= LOSSES.keys()


@pytest.mark.parametrize("law", UPDATE_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", sorted(RULES))
def test_rule(name: str, law: Callable[[Any], None]) -> None:
    law(RULES[name])


@pytest.mark.parametrize("law", LOSS_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", sorted(LOSSES))
def test_loss(name: str, law: Callable[[Any], None]) -> None:
    law(LOSSES[name])


def failed(laws: Iterable[Callable[[Any], None]], subject: Any) -> set[str]:
    """The laws that do not hold."""
    found = set()
    for law in laws:
        try:
            law(subject)
        except (AssertionError, pytest.fail.Exception):
            found.add(law.__name__)
    return found


class WithoutDecay(SGD):
    """Forgets the decay."""

    def rule(self, w: Any, g: Any, slots: Any, numbers: Any) -> Any:
        return (descend(w, g, numbers[0]),)


class Uphill(SGD):
    """Goes the wrong way."""

    def rule(self, w: Any, g: Any, slots: Any, numbers: Any) -> Any:
        return (descend(self.decay.parameter(w, numbers[0]), g, -numbers[0]),)


class Forgetful(Adam):
    """Keeps a number beside its state."""

    count = 0

    def rule(self, w: Any, g: Any, slots: Any, numbers: Any) -> Any:
        vars(self)["count"] = self.count + 1
        return super().rule(w, mul(g, 1.0 / self.count), slots, numbers)


@pytest.mark.parametrize(
    ("rule", "law"), [(WithoutDecay, "decays"), (Uphill, "goes_down"), (Forgetful, "goes_on_from_its_state")], ids=lambda x: str(x)
)
def test_a_wrong_rule_is_noticed(rule: Any, law: str) -> None:
    assert law in failed(UPDATE_LAWS, rule)


def test_a_wrong_loss_is_noticed() -> None:
    def pairs(predictions: Any, targets: Any) -> Any:
        """Compares all pairs."""
        difference = sub(predictions, targets)
        return mul(difference, difference)

    def flat(predictions: Any, targets: Any) -> Any:
        """Half of a gradient."""
        known.absolute_error(predictions, targets)
        return mul(sub(predictions, targets), stop_gradient(sub(predictions, targets)))

    assert failed(LOSS_LAWS, known.squared_error) == set()
    assert failed(LOSS_LAWS, pairs) == {"broadcasts_nothing"}
    assert failed(LOSS_LAWS, flat) == {"its_gradient_is_the_slope"}
