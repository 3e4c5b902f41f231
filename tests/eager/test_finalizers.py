"""What garbage in a cycle holds is there for its finalizer, though the collector has emptied all references to it before."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor.deferred.recorder import recorder
from tests.eager.ways import alike

nn = torch.nn


@pytest.fixture(autouse=True)
def _from_the_start() -> Iterator[None]:
    recorder.forget()
    gc.disable()  # only where it is asked for
    yield
    gc.enable()
    recorder.forget()


def start() -> Any:
    return torch.tensor([1.0, 2.0, 3.0])


def a_result() -> Any:
    return start() * 2


def a_view() -> Any:
    return (start() * 2)[1:]


def one_that_others_read() -> Any:
    first = start() * 2
    return [first, first + 1, (first + 1).exp()]


def a_sum_written_in_place() -> Any:
    total = start() * 0
    total += start() * 2
    total += start() * 3
    return total


def a_sum_that_had_contents() -> Any:
    total = start()
    total += start() * 2
    return total


def a_copy_in_another_order() -> Any:
    return (start().reshape(1, 3) * 2).t().clone()


def gradients() -> Any:
    weight = start().requires_grad_()
    (weight * weight).sum().backward()
    return [weight.grad]


def an_activation_that_a_look_leaves_out() -> Any:
    weight = start().requires_grad_()
    hidden = weight + 1
    (hidden * 2).sum().item()
    return hidden.detach()


def results_of_a_scan() -> Any:
    torch.manual_seed(1)
    with torch.no_grad():
        return [nn.LSTM(3, 2)(start().reshape(1, 1, 3))[0]]


def looks(held: Any, others: Any, kept: list[Any]) -> Any:
    return numbers(held)


def looks_elsewhere_first(held: Any, others: Any, kept: list[Any]) -> Any:
    return others.tolist(), numbers(held)


def computes_with_it(held: Any, others: Any, kept: list[Any]) -> Any:
    return numbers([each * 2 + 1 for each in (held if isinstance(held, list) else [held])])


def writes_what_it_follows_from(held: Any, others: Any, kept: list[Any]) -> Any:
    others.mul_(0)
    return numbers(held)


def keeps_it(held: Any, others: Any, kept: list[Any]) -> Any:
    kept.append(held)
    return 0


def numbers(held: Any) -> Any:
    return [each.tolist() for each in held] if isinstance(held, list) else held.tolist()


class Held:
    """Garbage in a cycle, once it is let go."""

    def __init__(self, held: Any, do: Callable[[Any], Any]) -> None:
        self.held, self.do, self.itself = held, do, self

    def __del__(self) -> None:
        self.do(self.held)


def told(make: Callable[[], Any], act: Callable[..., Any]) -> Any:
    found: list[Any] = []
    kept: list[Any] = []
    others = start() * 5
    for _ in range(2):  # the second may look at what the first has had made
        Held(make(), lambda held: found.append(act(held, others, kept)))
    gc.collect()
    return [*found, [numbers(each) for each in kept], (others + 1).tolist()]


MAKES = [
    a_result, a_view, one_that_others_read, a_sum_written_in_place, a_sum_that_had_contents, a_copy_in_another_order, gradients,
    an_activation_that_a_look_leaves_out, results_of_a_scan,
]  # fmt: skip
ACTS = [looks, looks_elsewhere_first, computes_with_it, writes_what_it_follows_from, keeps_it]


CASES = [*((make, looks) for make in MAKES), *((a_result, act) for act in ACTS[1:]), *((gradients, act) for act in ACTS[1:])]


@pytest.mark.parametrize(("make", "act"), CASES, ids=lambda each: each.__name__)
def test_a_finalizer_of_garbage_in_a_cycle_has_its_numbers(make: Callable[[], Any], act: Callable[..., Any]) -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        wanted = told(make, act)
    with settings.scope(eager=Eager.DEFERRED):
        for times in range(2):
            alike(told(make, act), wanted, (make.__name__, act.__name__, times))


def test_what_nobody_holds_leaves_nothing_to_make() -> None:
    """Results that were written in place, or read, and are gone: no stand-in is made for them."""
    with settings.scope(eager=Eager.DEFERRED):
        for _ in range(3):
            for make in MAKES:
                made = make()
                (made[-1] if isinstance(made, list) else made).tolist()
                stretch = recorder.here.stretch
                assert stretch is None or not stretch.hidden
        assert np.isfinite(made[0].tolist()).all()
