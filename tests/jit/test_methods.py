"""Compiled methods: each object has forms of its own, which go with it; a copy has none of them (record 0022)."""

from __future__ import annotations

import copy
import functools
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref

import numpy as np
import pytest

from gradwerk.jit.compile import MOST_SPECIALIZATIONS
from gradwerk.jit.compile import compile as compile_
from gradwerk.jit.methods import ATTRIBUTE
from gradwerk.nn.module import Module
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
def test_one_attribute_is_ours(kind):
    a, b = kind(), kind()
    before = dict(vars(a))
    for _ in range(2):
        assert a.step(ONE).item() == 0.5
        gc.collect()
        assert {name: value for name, value in vars(a).items() if name != ATTRIBUTE} == before
        assert a.step.retraces == [] and len(a.step.specializations) == 1
    for _ in vars(a):
        a.step(ONE)
    assert a.step is a.step and a.step is not b.step
    if kind is Rate:
        assert a == b


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
    first.step(ONE)
    size = len(pickle.dumps(first))
    for made in (copy.copy(first), copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        assert made.step.specializations == {}
        made.rate = 2.0
        assert (made.step(ONE).item(), first.step(ONE).item()) == (2.0, 0.5)
        assert len(pickle.dumps(first)) == size
    bound = pickle.loads(pickle.dumps(first.step))
    assert bound(ONE).item() == 0.5


@pytest.mark.parametrize("kind", [Rate, Layer, Cycle])
def test_it_goes_with_its_object(kind):
    gone = []
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
    assert found == [(0.5, 0, 1)]


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
    assert problems == [] and all(vars(one).keys() == {"rate", "itself", ATTRIBUTE} for one in objects)


def test_objects_that_share_their_attributes():
    a, b = Rate(), Rate()
    b.__dict__ = a.__dict__
    for _ in range(2):
        assert a.step(ONE).item() == b.step(ONE).item() == 0.5
        assert a.step.fn.__self__ is a and b.step.fn.__self__ is b


def test_a_signal_that_comes_while_python_looks_for_garbage_is_not_lost():
    """In a process of its own, with much to look through: what a handler raises ends what it interrupts, or what comes behind."""
    program = """if True:
        import gc, signal, time
        import gradwerk, gradwerk.keras, gradwerk.torch
        from tests.jit.test_methods import ONE, Rate

        class Over(Exception): pass
        def over(*_): raise Over
        signal.signal(signal.SIGALRM, over)
        objects, much, came = [Rate() for _ in range(20)], [{"n": [number]} for number in range(500_000)], 0
        for one in objects: one.step(ONE)
        for turn in range(5):
            signal.setitimer(signal.ITIMER_REAL, 0.01 + 0.01 * turn)
            try:
                gc.collect()
                while signal.getitimer(signal.ITIMER_REAL)[0]: time.sleep(0.001)
            except Over: came += 1
        print(came)
    """
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True, env=environment)
    assert (done.stdout.split(), done.stderr) == (["5"], "")


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
