"""Compiled methods: each object has forms of its own, which are none of its attributes and go with it."""

from __future__ import annotations

import copy
import functools
import gc
import json
import pickle
import threading
import weakref

import numpy as np
import pytest

from gradwerk.nn.module import Module
from gradwerk.tensor.compile import MOST_SPECIALIZATIONS
from gradwerk.tensor.compile import compile as compile_
from gradwerk.tensor.tensor import Parameter, Tensor

ONE = Tensor(np.ones((), np.float32))


class Rate:
    def __init__(self, rate=0.5):
        self.rate = rate

    def __eq__(self, other):  # and so it cannot be hashed
        return vars(self) == vars(other)

    @compile_
    def step(self, x):
        return x * self.rate

    @compile_
    def other(self, x):
        return x - self.rate


class Layer(Module):
    def __init__(self):
        self.w, self.rate = Parameter(np.ones((), np.float32)), 0.5

    @compile_
    def step(self, x):
        return x * self.w * self.rate


class Cycle(Rate):
    def __init__(self):
        super().__init__()
        self.itself = self


class Slots:
    __slots__ = ("rate",)

    def __init__(self):
        self.rate = 0.5

    step = Rate.__dict__["step"]


class Half(Rate):
    __slots__ = ()


@pytest.mark.parametrize("kind", [Rate, Layer, Cycle])
def test_the_attributes_are_the_users(kind):
    a, b = kind(), kind()
    before = dict(vars(a))
    for _ in range(2):
        assert a.step(ONE).item() == 0.5
        gc.collect()
        assert vars(a) == before and a.step.retraces == [] and len(a.step.specializations) == 1
    for _ in vars(a):
        a.step(ONE)
    assert a.step is a.step and a.step is not b.step
    if kind is Rate:
        assert a == b and json.loads(json.dumps(vars(a))) == {"rate": 0.5}


def test_each_object_and_each_method_has_its_own():
    many = [Rate(k) for k in range(2 * MOST_SPECIALIZATIONS)]
    for _ in range(2):
        assert [one.step(ONE).item() for one in many] == list(range(len(many)))
        assert many[1].other(ONE).item() == 0.0
    many[3].rate = 0.25
    assert many[3].step(ONE).item() == 0.25 and many[2].step(ONE).item() == 2.0
    assert [len(one.step.retraces) for one in many[:5]] == [0, 0, 0, 1, 0]


@pytest.mark.parametrize("kind", [Rate, Layer])
def test_a_copy_begins_without(kind):
    first = kind()
    size = len(pickle.dumps(first))
    first.step(ONE)
    for made in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert made.step.specializations == {}
        made.rate = 2.0
        assert (made.step(ONE).item(), first.step(ONE).item()) == (2.0, 0.5)
    assert len(pickle.dumps(first)) == size
    bound = pickle.loads(pickle.dumps(first.step))
    assert bound(ONE).item() == 0.5


@pytest.mark.parametrize("kind", [Rate, Layer, Cycle])
def test_it_goes_with_its_object(kind):
    gone, tables = [], [value.beside.table for value in vars(Rate if kind is not Layer else Layer).values() if hasattr(value, "beside")]
    for _ in range(10):
        made = kind()
        made.step(ONE)
        gone.append((weakref.ref(made), weakref.ref(made.step)))
    kept = made.step
    del made
    gc.collect()
    assert [ref() is None for pair in gone[:-1] for ref in pair] == [True] * 18
    assert all(ref() is not None for ref in gone[-1]) and kept(ONE).item() == 0.5
    del kept
    gc.collect()
    assert all(ref() is None for ref in gone[-1])
    assert not any(key == id(ref()) for table in tables for key, entry in table.items() for ref in [entry.owner])


def test_objects_without_attributes_of_their_own():
    many = [Slots() for _ in range(2 * MOST_SPECIALIZATIONS)]
    for k, one in enumerate(many):
        one.rate = float(k)
    for _ in range(2):
        assert [one.step(ONE).item() for one in many] == list(range(len(many)))
    assert len(Slots.__dict__["step"].bound) == MOST_SPECIALIZATIONS


def test_a_method_that_python_looks_for_garbage_in_the_middle_of():
    class Noisy:
        def __init__(self, one):
            self.one, self.itself = one, self

        def __del__(self):
            found.append((self.one.step(ONE).item(), len(self.one.step.retraces), len(self.one.step.specializations)))

    found, one = [], Rate()
    one.step(ONE)
    Noisy(one)
    gc.collect()
    assert found == [(0.5, 0, 1)] and vars(one) == {"rate": 0.5}


def test_threads_that_call_while_others_collect():
    objects, problems, stop = [Cycle() for _ in range(4)], [], threading.Event()

    def collect():
        while not stop.is_set():
            gc.collect(1)
            Cycle().step(ONE)

    def call(one):
        problems.extend(one for _ in range(200) if one.step(ONE).item() != 0.5 or one.step.retraces)

    collector = threading.Thread(target=collect)
    callers = [threading.Thread(target=call, args=(one,)) for one in objects]
    for thread in (collector, *callers):
        thread.start()
    for thread in callers:
        thread.join()
    stop.set()
    collector.join()
    gc.collect()
    assert problems == [] and all(vars(one).keys() == {"rate", "itself"} for one in objects)


def test_class_and_static_methods():
    class Own:
        factor = 2.0

        @compile_
        @classmethod
        def by_class(cls, x):
            return x * cls.factor

        @compile_
        @staticmethod
        def plain(x):
            return x * 3.0

    class Below(Own):
        factor = 4.0

    assert [Own.by_class(ONE).item(), Below.by_class(ONE).item(), Own().by_class(ONE).item(), Below.plain(ONE).item()] == [2, 4, 2, 3]
    assert functools.partial(Own.plain)(ONE).item() == 3.0
