"""Python is skipped only where all it reads is watched: whatever state changes, between calls or inside, results are the function's."""

from __future__ import annotations

import abc
import argparse
import array
import builtins
import collections
import contextlib
import contextvars
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import functools
import gc
import inspect
import itertools
import json
import math
import operator
import random
import re
import reprlib
import sys
import tempfile
import types
import typing
import warnings
import weakref
from collections.abc import Callable
from os.path import basename, join
from pathlib import Path
from types import SimpleNamespace as Space
from typing import Any, NamedTuple, Protocol
from unittest import mock

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import keras, torch
from gradwerk.base.errors import TraceError
from gradwerk.base.settings import settings
from gradwerk.jit.code import reads_of
from gradwerk.jit.compile import Compiled
from gradwerk.nn.module import Module
from tests.jit import test_watching as this_module

X = np.arange(6, dtype=np.float32).reshape(2, 3) + 1
RATE = 2.0
Case = Callable[[], tuple[Callable[[Any], Any], Callable[[], object]]]
"""Makes a function and what changes the state that it reads."""
BETWEEN: dict[str, Case] = {}
INSIDE: dict[str, Callable[[], Callable[[Any], Any]]] = {}
"""Makes a function that changes, or uses up, state at each call: two of them are equal."""


def between(case: Case) -> Case:
    BETWEEN[case.__name__] = case
    return case


def inside(case: Callable[[], Callable[[Any], Any]]) -> Callable[[], Callable[[Any], Any]]:
    INSIDE[case.__name__] = case
    return case


class Slotted:
    __slots__ = ("rate",)

    def __init__(self) -> None:
        self.rate = 2.0


@between
def object_with_slots():
    c = Slotted()
    return lambda x: x * c.rate, lambda: setattr(c, "rate", 3.0)


@between
def dataclass_with_slots_in_a_tuple():
    @dataclasses.dataclass(slots=True)
    class C:
        rate: float = 2.0

    c = (C(),)
    return lambda x: x * c[0].rate, lambda: setattr(c[0], "rate", 3.0)


@between
def attribute_of_a_class():
    class C:
        rate = 2.0

    c = C()
    return lambda x: x * c.rate, lambda: setattr(C, "rate", 3.0)


@between
def attribute_read_of_the_class():
    class C:
        rate = 2.0

    return lambda x: x * C.rate, lambda: setattr(C, "rate", 3.0)


@between
def attribute_of_a_base_class():
    class A:
        rate = 2.0

    class B(A):
        pass

    b = B()
    return lambda x: x * b.rate, lambda: setattr(A, "rate", 3.0)


@between
def method_replaced_on_the_class():
    class C:
        def twice(self, x):
            return x * 2.0

    c = C()
    return lambda x: c.twice(x), lambda: setattr(C, "twice", lambda self, x: x * 3.0)


@between
def forward_replaced_on_the_class():
    class Net(Module):
        def forward(self, x):
            return x * 2.0

    return Net(), lambda: setattr(Net, "forward", lambda self, x: x * 3.0)


@between
def class_of_an_object():
    class A:
        def rate(self):
            return 2.0

    class B:
        def rate(self):
            return 3.0

    c = A()
    return lambda x: x * c.rate(), lambda: setattr(c, "__class__", B)


@between
def attribute_by_a_name_made_at_run_time():
    c = Space(rate0=2.0, rate1=5.0)
    return lambda x: x * getattr(c, "rate" + str(len("a"))), lambda: setattr(c, "rate1", 3.0)


@between
def attribute_that_was_not_there():
    c = Space()

    def f(x):
        return x * c.rate if hasattr(c, "rate") else x

    return f, lambda: setattr(c, "rate", 3.0)


@between
def attribute_whose_absence_is_caught():
    c = Space()

    def f(x):
        try:
            return x * c.rate
        except AttributeError:
            return x

    return f, lambda: setattr(c, "rate", 3.0)


@between
def default_of_one_of_several_lambdas():
    rates = [[1.0], [2.0]]
    parts = [lambda x, rate=rate: x * rate[0] for rate in rates]
    return lambda x: parts[1](parts[0](x)), lambda: rates[1].__setitem__(0, 3.0)


@between
def attribute_of_a_pattern():
    c = Space(rate=2.0)

    def f(x):
        match c:
            case types.SimpleNamespace(rate=rate):
                return x * rate

    return f, lambda: setattr(c, "rate", 3.0)


@between
def dict_of_an_object():
    c = Space(rate=2.0)
    return lambda x: x * vars(c)["rate"], lambda: setattr(c, "rate", 3.0)


@between
def contents_of_a_set():
    c = {"relu"}
    return lambda x: x * 2.0 if "twice" in c else x, lambda: c.add("twice")


@between
def one_for_true_in_a_set():
    c = {1}

    def change():
        c.clear()
        c.add(1.0)

    return lambda x: x * (2.0 if isinstance(next(iter(c)), float) else 1.0), change


@between
def deque_of_numbers():
    c = collections.deque([2.0, 4.0], maxlen=2)
    return lambda x: x * (sum(c) / len(c)), lambda: c.append(8.0)


@between
def chain_of_maps():
    c = {"rate": 2.0}
    chain = collections.ChainMap({}, c)
    return lambda x: x * chain["rate"], lambda: c.update(rate=3.0)


@between
def dict_of_the_users_class():
    class D(dict):
        pass

    c = D()
    c.rate = 2.0
    return lambda x: x * c.rate, lambda: setattr(c, "rate", 3.0)


@between
def tuple_and_number_with_attributes():
    class T(tuple):
        pass

    class N(int):
        pass

    c, n = T([1]), N(1)
    c.rate, n.rate = 2.0, 1.0
    return lambda x: x * c.rate * n.rate, lambda: setattr(n, "rate", 3.0)


@between
def long_dict():
    c = dict.fromkeys(range(5000), 2.0)
    return lambda x: x * c[7], lambda: c.update({7: 3.0})


@between
def array_of_pythons_own():
    c = array.array("d", [2.0])
    return lambda x: x * c[0], lambda: c.__setitem__(0, 3.0)


@between
def one_element_of_an_array():
    c = np.ones(3, np.float32)
    return lambda x: x * float(c[0]), lambda: c.__setitem__(0, 5.0)


@between
def large_array_by_its_mean():
    c = np.ones(100_000, np.float32)
    return lambda x: x * float(c.mean()), lambda: c.__setitem__(slice(None), 5.0)


@between
def attribute_of_a_function():
    def f(x):
        return x * f.rate

    f.rate = 2.0
    return f, lambda: setattr(f, "rate", 3.0)


@between
def code_of_a_function():
    def g(x):
        return x * 2.0

    def h(x):
        return x * 3.0

    return lambda x: g(x), lambda: setattr(g, "__code__", h.__code__)


@between
def defaults_by_name():
    def g(x, *, rate=2.0):
        return x * rate

    return lambda x: g(x), lambda: g.__kwdefaults__.update(rate=3.0)


@between
def what_a_cache_remembers():
    c = Space(rate=2.0)

    @functools.lru_cache
    def rate():
        return c.rate

    def change():
        c.rate = 3.0
        rate.cache_clear()

    return lambda x: x * rate(), change


@between
def builtin_method_of_a_dict():
    c = {"rate": 2.0}
    get = c.get
    return lambda x: x * get("rate"), lambda: c.update(rate=3.0)


@between
def context_variable():
    c = contextvars.ContextVar("rate", default=2.0)
    return lambda x: x * c.get(), lambda: c.set(3.0)


@between
def weak_reference():
    c = Slotless()
    found = weakref.ref(c)

    def f(x):
        return x * found().rate

    f.kept = c
    return f, lambda: setattr(c, "rate", 3.0)


class Slotless:
    def __init__(self) -> None:
        self.rate = 2.0


@between
def names_of_globals():
    return lambda x: x * globals()["RATE"], lambda: setattr(this_module, "RATE", this_module.RATE + 1.0)


@between
def module_imported_inside():
    def f(x):
        from tests.jit import test_watching  # noqa: PLC0415, PLW0406

        return x * test_watching.RATE

    return f, lambda: setattr(this_module, "RATE", this_module.RATE + 1.0)


@between
def slots_of_an_object_in_a_module():
    class Net(Module):
        def __init__(self):
            self.options = Slotted()

        def forward(self, x):
            return x * self.options.rate

    net = Net()
    return net, lambda: setattr(net.options, "rate", 3.0)


@between
def tensor_of_a_class():
    class C:
        w = gw.Tensor(np.full(3, 2, np.float32))

    return lambda x: x * C.w, lambda: setattr(C, "w", gw.Tensor(np.full(3, 3, np.float32)))


@between
def property_of_a_class():
    class C:
        @property
        def rate(self):
            return 2.0

    c = C()
    return lambda x: x * c.rate, lambda: setattr(C, "rate", property(lambda self: 3.0))


@between
def number_of_threads():
    before = settings.threads
    try:
        return lambda x: x * float(settings.threads), lambda: setattr(settings, "threads", 3)
    finally:
        settings.threads = before


FACTORS = {"a": 2.0}
FACTOR = 2.0


def at(k: float) -> Callable[[], object]:
    """Sets what several cases read."""
    return lambda: (FACTORS.update(a=k), setattr(this_module, "FACTOR", k))


class Graded(enum.Enum):
    A = "a"

    def factor(self) -> float:
        return FACTORS[self.value]


class Number(float):
    def scaled(self) -> float:
        return self * self.k


class Deque(collections.deque):
    pass


class Dictionary(collections.UserDict):
    pass


class Limited:
    def __init__(self) -> None:
        self.kept = 1.0

    @property
    def rate(self) -> float:
        return self.kept

    @rate.setter
    def rate(self, value: float) -> None:
        self.kept = value * FACTORS["a"]


class Scaled:
    def __init__(self) -> None:
        self.rate = 2.0

    def __call__(self, x: Any) -> Any:
        return x * self.rate


class Wrapper:
    """A decorator that is an object."""

    def __init__(self, fn: Callable[..., Any]) -> None:
        functools.update_wrapper(self, fn)
        self.fn, self.scale = fn, 2.0

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return functools.partial(self.__call__, owner)

    def __call__(self, owner: Any, x: Any) -> Any:
        return self.fn(owner, x) * self.scale


@dataclasses.dataclass
class Fields:
    rate: float = 2.0
    other: float = 1.0


get = getattr


def by_factor(x: Any) -> Any:
    return x * FACTOR


def simple(make: Callable[[], Any], use: Callable[[Any, Any], Any]) -> Case:
    """A case in which an object is used, and then gets another `rate`."""

    def case():
        c = make()
        return lambda x: use(x, c), lambda: setattr(c, "rate", 3.0)

    return case


def without(name: str) -> Callable[[], Any]:
    """Makes an object of a class without attributes, or that class."""
    return lambda: type(name, (), {}) if name == "C" else type(name, (), {})()


BETWEEN |= {
    "attrgetter": simple(Fields, lambda x, c: x * operator.attrgetter("ra" + "te")(c)),
    "asdict": simple(Fields, lambda x, c: x * dataclasses.asdict(c)["rate"]),
    "copy": simple(Fields, lambda x, c: x * copy.copy(c).rate),
    "alias_of_getattr": simple(Fields, lambda x, c: x * get(c, "ra" + "te")),
    "getattr_of_builtins": simple(Fields, lambda x, c: x * builtins.getattr(c, "ra" + "te")),
    "getattr_in_a_partial": simple(Fields, lambda x, c: x * sum(map(functools.partial(getattr, c), ["rate"]))),
    "getattr_with_a_beginning": simple(Fields, lambda x, c: x * getattr(c, f"rat{'e'}")),
    "text_for_format": simple(Fields, lambda x, c: x * float(f"{c.rate}")),
    "members": simple(Fields, lambda x, c: x * dict(inspect.getmembers(c))["rate"]),
    "pattern_by_place": simple(Fields, lambda x, c: x * matched(c)),
    "attribute_of_an_enum": simple(lambda: marked(Graded.A), lambda x, c: x * c.rate),
    "attribute_of_a_date": simple(lambda: marked(Day(2026, 1, 1)), lambda x, c: x * c.rate),
    "new_attribute_of_a_class": simple(without("C"), lambda x, c: x * getattr(c, "rate", 1.0)),
    "new_attribute_of_a_function": simple(lambda: lambda x: x, lambda x, c: x * getattr(c, "rate", 1.0)),
    "new_attribute_of_a_module": simple(lambda: types.ModuleType("made"), lambda x, c: x * getattr(c, "rate", 1.0)),
    "argparse": simple(lambda: argparse.Namespace(rate=2.0), lambda x, c: x * c.rate),
    "callable_in_a_static_method": simple(Scaled, lambda x, c: type("A", (), {"g": staticmethod(c)})().g(x)),
}


class Day(dt.date):
    pass


def marked(c: Any) -> Any:
    c.rate = 2.0
    return c


def matched(c: Any) -> float:
    match c:
        case Fields(rate, _):
            return rate


@between
def method_of_an_enum():
    at(2.0)()
    return lambda x: x * Graded.A.factor(), at(3.0)


@between
def setter_of_a_property():
    at(2.0)()
    c = Limited()

    def f(x):
        c.rate = 1.0
        return x * c.rate

    return f, at(3.0)


@between
def static_method_of_an_object():
    h = Scaled()

    class A:
        g = staticmethod(h)
        __call__ = h

    c = A()
    return lambda x: c.g(c(x)), lambda: setattr(h, "rate", 3.0)


@between
def decorator_that_is_an_object():
    class A:
        @Wrapper
        def g(self, x):
            return x * 2

    c = A()
    return lambda x: c.g(x), lambda: setattr(vars(A)["g"], "scale", 3.0)


@between
def property_of_an_attrgetter():
    class A:
        rate = property(operator.attrgetter("_rate"))
        _rate = 2.0

    c = A()
    return lambda x: x * c.rate, lambda: setattr(c, "_rate", 3.0)


@between
def special_attribute_that_is_data():
    class A:
        __rate__ = 2.0

    c = A()
    return lambda x: x * c.__rate__, lambda: setattr(A, "__rate__", 3.0)


@between
def functions_as_keys():
    at(2.0)()
    table = {by_factor: 1.0}
    return lambda x: sum(k * f(x) for f, k in table.items()), at(3.0)


@between
def deque_of_the_users_class():
    c = Deque([2.0])
    return lambda x: x * c[0], lambda: c.__setitem__(0, 3.0)


@between
def user_dict_of_the_users_class():
    c = Dictionary(a=2.0)
    return lambda x: x * c["a"], lambda: c.update(a=3.0)


@between
def method_set_on_a_class_below():
    class A:
        def twice(self, x):
            return x * 2

        def __call__(self, x):
            return x * 2

    class B(A):
        pass

    c = B()

    def change():
        B.twice = lambda self, x: x * 3
        B.__call__ = lambda self, x: x * 3

    return lambda x: c(c.twice(x)), change


@between
def bases_of_a_class():
    class A:
        rate = 2.0

    class B:
        rate = 3.0

    class C(A):
        pass

    c = C()
    return lambda x: x * c.rate, lambda: setattr(C, "__bases__", (B,))


@between
def what_a_class_answers_for():
    class A:
        def __getattr__(self, name):
            if name != "rate":
                raise AttributeError(name)
            return 2.0

    c = A()
    return lambda x: x * c.rate, lambda: setattr(c, "rate", 3.0)


@between
def abstract_class_that_is_told():
    class A(abc.ABC):  # noqa: B024
        pass

    c = Fields()
    return lambda x: x * (2.0 if isinstance(c, A) else 1.0), lambda: A.register(Fields)


@between
def global_over_a_builtin():
    module = types.ModuleType("made")
    exec("def f(x):\n    return x * max(1.0, 2.0)", vars(module))  # noqa: S102
    return module.f, lambda: vars(module).update(max=min)


@between
def defaults_of_a_function():
    def g(x, rate=2.0):
        return x * rate

    return lambda x: g(x), lambda: setattr(g, "__defaults__", (3.0,))


@between
def defaults_by_name_replaced():
    def g(x, *, rate=2.0):
        return x * rate

    return lambda x: g(x), lambda: setattr(g, "__kwdefaults__", {"rate": 3.0})


@between
def shape_of_an_array():
    c = np.ones((2, 3), np.float32)

    def change() -> None:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Setting the shape", DeprecationWarning)  # NumPy 2.5 would rather not
            c.shape = (3, 2)

    return lambda x: x * c.shape[0], change


@between
def what_a_repr_shows():
    shown = ["a"]

    class Repeated:
        @reprlib.recursive_repr()
        def __repr__(self) -> str:
            return shown[0]

    one = Repeated()
    return lambda x: x * len(repr(one)), lambda: shown.__setitem__(0, "abc")


@between
def settings_of_a_repr():
    short = reprlib.Repr()
    return lambda x: x * len(short.repr([1] * 9)), lambda: setattr(short, "maxlist", 2)


@between
def attribute_of_an_array():
    class A(np.ndarray):
        pass

    c = np.ones(3, np.float32).view(A)
    c.rate = 2.0
    return lambda x: x * c.rate, lambda: setattr(c, "rate", 3.0)


@between
def equal_objects_in_a_set():
    @dataclasses.dataclass(frozen=True)
    class Q:
        a: int = 1
        rate: float = dataclasses.field(default=2.0, compare=False)

    c = {Q()}
    return lambda x: x * sum(q.rate for q in c), lambda: (c.clear(), c.add(Q(1, 3.0)))


@between
def settings_of_the_package():
    return lambda x: x * float(gw.settings.threads), lambda: setattr(settings, "threads", 3)


@between
def data_set_of_a_loader():
    data = torch.utils.data.TensorDataset(torch.ones(2))
    loader = torch.utils.data.DataLoader(data, batch_size=2)
    return lambda x: x * len(loader.dataset.tensors), lambda: setattr(data, "tensors", data.tensors * 2)


@between
def single_dispatch():
    @functools.singledispatch
    def rate(of):
        return 2.0

    c = Fields()
    return lambda x: x * rate(c), lambda: rate.register(Fields, lambda of: 3.0)


@between
def view_of_a_dict():
    c = {"rate": 2.0}
    seen = types.MappingProxyType(c)
    return lambda x: x * seen["rate"], lambda: c.update(rate=3.0)


@between
def file_that_a_path_reads():
    path = Path(tempfile.mkdtemp()) / "rate.npy"
    np.save(path, np.float32(2))
    return lambda x: x * float(np.load(path)) * len(path.read_bytes()), lambda: np.save(path, np.float32(3))


def shared(make: Callable[[collections.deque[float]], Callable[[Any], Any]]) -> Case:
    """A case in which something calls what reads a deque."""

    def case():
        c = collections.deque([2.0])
        return make(c), lambda: c.__setitem__(0, 3.0)

    return case


def hooked(net: Any, hook: Callable[..., Any]) -> Any:
    net.register_forward_hook(hook)
    return net


class Shown(Fields):
    def __repr__(self) -> str:
        return f"{self.rate}"


class WithSlots(torch.nn.Module):
    __slots__ = ("rate",)

    def forward(self, x: Any) -> Any:
        return x * self.rate


@typing.runtime_checkable
class HasRate(Protocol):
    rate: float


class Made:
    def __init__(self) -> None:
        self.rate = FACTOR


BETWEEN |= {
    "hook_of_a_module": shared(lambda c: hooked(torch.nn.Identity(), lambda m, i, o: o * c[0])),
    "activation_that_ours_calls": shared(lambda c: keras.layers.Activation(lambda x: x * c[0])),
    "object_shown": simple(lambda: Shown(2.0), lambda x, c: x * float(str(c)) * float(f"{c!r}")),
    "slots_of_a_module": simple(lambda: marked(WithSlots()), lambda x, c: c(x)),
    "protocol": simple(without("c"), lambda x, c: x * (2.0 if isinstance(c, HasRate) else 1.0)),
    "class_of_a_list": lambda: (lambda c: (lambda x: x * getattr(c, "rate", 1.0), lambda: setattr(c, "__class__", Marked)))(Unmarked()),
    "argument_of_an_exception": lambda: (lambda c: (lambda x: x * c.args[0], lambda: setattr(c, "args", (3.0,))))(ValueError(2.0)),
    "globals_of_a_function": lambda: (at(2.0)(), (lambda x: x * by_factor.__globals__["FACTOR"], at(3.0)))[1],
    "record_of_an_array": lambda: (lambda c: (lambda x: x * float(c["k"]), lambda: c.__setitem__("k", 3.0)))(np.zeros(1, [("k", "f8")])[0]),
}


class Unmarked(list):
    pass


class Marked(list):
    rate = 3.0


@between
def object_made_by_its_class():
    at(2.0)()
    c = Made()
    return lambda x: x * type(c)().rate * c.__class__().rate, at(3.0)


@between
def shape_of_a_tensor():
    w = torch.ones(2)
    return lambda x: x * len(w), lambda: setattr(w, "data", torch.ones(3))


@between
def batches_of_a_loader():
    data = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(6)), batch_size=2)
    return lambda x: x * len(data), lambda: setattr(data.batch_sampler, "batch_size", 3)


class Bare:
    pass


def caught(error: Any) -> Case:
    """A case in which an attribute is missing in a function, and the error is caught in what calls it."""

    def case():
        c = Bare()

        def rate():
            return c.rate

        def f(x):
            try:
                return x * rate()
            except error:
                return x

        return f, lambda: setattr(c, "rate", 3.0)

    return case


class Delegating:
    @property
    def rate(self) -> float:
        return self._rate


BETWEEN |= {
    "absence_caught_outside": caught(AttributeError),
    "absence_caught_by_several": caught((AttributeError, KeyError)),
    "absence_behind_a_property": lambda: (
        lambda c: (lambda x: x * getattr(c, "rate", 1.0), lambda: setattr(c, "_rate", 3.0)))(Delegating()),
    "attribute_of_a_compiled_function": simple(lambda: gw.compile(lambda x: x), lambda x, c: x * getattr(c, "rate", 1.0)),
    "attribute_of_a_class_with_a_metaclass": simple(lambda: Governing("Governed", (), {}), lambda x, c: x * c.rate),
    "field_of_a_template": simple(Fields, lambda x, c: x * float(TEMPLATE.format(c))),
    "template_as_a_function": simple(Fields, lambda x, c: x * float(next(map(TEMPLATE.format, [c])))),
    "wrapped_by_numpy": lambda: (at(2.0)(), (lambda f: (lambda x: x * float(f(1)), at(3.0)))(np.frompyfunc(lambda a: a * FACTOR, 1, 1)))[1],
}  # fmt: skip
TEMPLATE = "{0.rate}"


class Governing(type):
    rate = 2.0


@between
def absence_caught_without_a_name():
    c = Bare()

    def f(x):
        try:
            return x * c.rate
        except:  # noqa: E722
            return x

    return f, lambda: setattr(c, "rate", 3.0)


@between
def absence_suppressed():
    class C:
        pass

    def f(x):
        y = x
        with contextlib.suppress(AttributeError):
            y = x * by_rate(C)
        return y

    return f, lambda: setattr(C, "rate", 3.0)


def by_rate(c: Any) -> float:
    return c.rate


@between
def absence_in_a_module():
    module = types.ModuleType("made")

    def f(x):
        try:
            return x * by_rate(module)
        except AttributeError:
            return x

    return f, lambda: setattr(module, "rate", 3.0)


@between
def all_attributes_replaced():
    c = Fields()
    return lambda x: x * c.rate, lambda: setattr(c, "__dict__", {"rate": 3.0})


@between
def all_attributes_replaced_and_one_set():
    c = Named()
    c.rate = 2.0
    return lambda x: x * c.rate, lambda: (setattr(c, "__dict__", {"rate": 5.0}), setattr(c, "rate", 3.0))


@between
def all_attributes_of_a_function_replaced():
    def f(x):
        return x * f.rate

    f.rate = 2.0
    return f, lambda: setattr(f, "__dict__", {"rate": 3.0})


@between
def all_attributes_of_a_module_replaced():
    net = marked(Marking())
    return net, lambda: setattr(net, "__dict__", {**vars(net), "rate": 3.0})


class Marking(torch.nn.Module):
    def forward(self, x: Any) -> Any:
        return x * self.rate


@between
def object_that_a_cache_keeps():
    @functools.lru_cache
    def kept():
        return Fields()

    return lambda x: x * kept().rate, lambda: setattr(kept(), "rate", 3.0)


@between
def array_that_a_cache_keeps():
    @functools.cache
    def window(n):
        return np.full(n, 2.0, np.float32)

    return lambda x: x * gw.Tensor(window(3)), lambda: window(3).__setitem__(slice(None), 3.0)


@between
def method_with_a_cache():
    class C:
        rate = 1.0

        @functools.cache  # noqa: B019
        def times(self, n):
            return self.rate * n

    c = C()
    return lambda x: x * c.times(2), lambda: (setattr(c, "rate", 3.0), C.times.cache_clear())


@between
def cache_that_is_cleared():
    at(2.0)()
    rate = functools.lru_cache(maxsize=None)(factor)
    return lambda x: x * rate(), lambda: (at(3.0)(), rate.cache_clear())


def graded() -> Any:
    class Loss(enum.Enum):
        A = ["a"]  # noqa: RUF012
        B = ["b"]  # noqa: RUF012

        def __init__(self, _):
            self.weight = 2.0

    return Loss


BETWEEN |= {
    "members_of_an_enum": lambda: (lambda e: (lambda x: x * sum(m.weight for m in e), lambda: setattr(e.A, "weight", 3.0)))(graded()),
    "value_of_a_member": lambda: (lambda e: (lambda x: x * len(e["A"].value), lambda: e.A.value.append(1)))(graded()),
    "member_by_its_value": lambda: (lambda e: (lambda x: x * e(["a"]).weight, lambda: setattr(e.A, "weight", 3.0)))(graded()),
    "member_for_what_is_missing": lambda: (
        lambda e: (lambda x: x * e(1).weight, lambda: setattr(e, "_missing_", classmethod(lambda cls, value: marked_by(cls.B, 3.0)))))(
            missing_member()),
}  # fmt: skip


def missing_member() -> Any:
    made = graded()
    made._missing_ = classmethod(lambda cls, value: cls.A)
    return made


def marked_by(member: Any, weight: float) -> Any:
    member.weight = weight
    return member


@between
def method_found_by_a_name_made_at_run_time():
    class C:
        pass

    c, event = C(), "end"

    def f(x):
        on = getattr(c, "on_" + event, None)
        return on(x) if on else x

    return f, lambda: setattr(C, "on_end", lambda self, x: x * 3)


@between
def special_method_given_to_a_class():
    class C:
        rate = 2.0

    c = C()
    return lambda x: x * c.rate if c else x, lambda: setattr(C, "__bool__", lambda self: False)


@between
def property_over_an_attribute():
    class C:
        pass

    c = C()
    c.rate = 2.0
    return lambda x: x * c.rate, lambda: setattr(C, "rate", property(lambda self: 3.0))


@between
def class_of_a_module_of_ours():
    layer = torch.nn.ReLU()
    return lambda x: layer(x - 2) * 2, lambda: setattr(layer, "__class__", torch.nn.Identity)


@dataclasses.dataclass
class Derived:
    rate: float = 2.0

    def __post_init__(self) -> None:
        self.scaled = self.rate * FACTOR


@between
def what_replace_makes():
    at(2.0)()
    c = Derived()
    return lambda x: x * dataclasses.replace(c, rate=1.0).scaled, at(3.0)


@between
def module_that_is_imported_anew():
    def module(rate):
        sys.modules["made_anew"] = made = types.ModuleType("made_anew")
        made.rate = rate

    module(2.0)

    def f(x):
        from made_anew import rate  # noqa: PLC0415

        return x * rate

    return f, lambda: module(3.0)


@between
def what_a_module_answers_for():
    module = types.ModuleType("made")
    module.__getattr__ = lambda name: 2.0
    return lambda x: x * module.rate, lambda: setattr(module, "__getattr__", lambda name: 3.0)


@pytest.mark.parametrize("name", BETWEEN)
def test_state_that_changes_between_calls(name: str) -> None:
    fn, change = BETWEEN[name]()
    with settings.scope(threads=2):
        step = gw.compile(fn)
        for _ in range(3):
            np.testing.assert_array_equal(np.asarray(step(gw.Tensor(X)).numpy()), np.asarray(fn(gw.Tensor(X)).numpy()))
        before = np.asarray(fn(gw.Tensor(X)).numpy())
        change()
        after = np.asarray(fn(gw.Tensor(X)).numpy())
        assert (before != after).any()  # the case is one
        for _ in range(2):
            np.testing.assert_array_equal(np.asarray(step(gw.Tensor(X)).numpy()), after)


class Hashed:
    """Found in a dict by a number that may change."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return hash(self.number)

    def __eq__(self, other: object) -> bool:
        return True


class Worded:
    name = "a"

    def __str__(self) -> str:
        return self.name


class Pattern:
    __match_args__ = ("a",)
    a, b = 2.0, 3.0


@between
def hash_of_an_object():
    key, rates = Hashed(1), {Hashed(1): 2.0}
    return lambda x: x * rates.get(key, 5.0), lambda: setattr(key, "number", 3)


@between
def text_by_another_name():
    shown, rates, as_text = Worded(), {"a": 2.0, "b": 3.0}, str
    return lambda x: x * rates[as_text(shown)], lambda: setattr(shown, "name", "b")


@between
def what_a_pattern_names():
    pattern = type("P", (Pattern,), {})

    def scaled(x):
        match pattern():
            case pattern(number):
                return x * number

    return scaled, lambda: setattr(pattern, "__match_args__", ("b",))


@between
def name_that_is_called_elsewhere_and_read_by_its_beginning():
    state = Space(net=Space(drop1=lambda x: x), config=Space(drop1=2.0))
    return lambda x: state.net.drop1(x) * getattr(state.config, f"drop{1}"), lambda: setattr(state.config, "drop1", 5.0)


def test_hooks_of_arguments_are_looked_at() -> None:
    state = Space(scale=1.0, calls=0)
    w = torch.tensor([1.0, 2.0], requires_grad=True)

    def hook(gradient: Any) -> Any:
        state.calls += 1
        return gradient * state.scale

    w.register_hook(hook)
    step = torch.compile(lambda w: torch.autograd.grad((w * w).sum(), w)[0])
    for number, scale in enumerate((1.0, 3.0, 3.0, 5.0), 1):
        state.scale = scale
        np.testing.assert_array_equal(step(w).numpy(), np.float32([2, 4]) * scale)
        assert state.calls == number


def later(make: Callable[[], Any]) -> Callable[[], tuple[Any, Callable[[float], object]]]:
    """An object of the user's, and what gives it an attribute `k` later."""

    def made() -> tuple[Any, Callable[[float], object]]:
        owner = make()
        return owner, lambda value: setattr(owner, "k", value)

    return made


OWNERS: list[Callable[[], Any]] = [
    Space, lambda: Deque([1]), lambda: by_factor, torch.nn.Tanh, lambda: types.ModuleType("m"), lambda: type("C", (), {}),
]  # fmt: skip


@pytest.mark.parametrize("make", OWNERS)
@pytest.mark.parametrize("kind", [float, lambda v: [v], lambda v: np.full(3, v, np.float32), lambda v: gw.Tensor(np.float32(v))])
def test_what_was_not_there_at_the_first_trace(make: Callable[[], Any], kind: Callable[[float], Any]) -> None:
    """The second trace looks for itself: it reads an attribute that the first has not met, and no guard says that there is one now."""
    owner, put = later(make)()
    read = (lambda k: k[0]) if isinstance(kind(1.0), list) else (lambda k: k)
    step = gw.compile(lambda x, train: x * read(owner.k) if train else x)
    try:
        for value in (None, 5.0, 7.0, 9.0):
            if value is not None:
                put(kind(value))
            np.testing.assert_array_equal(step(gw.Tensor(X), value is not None).numpy(), X * (value or 1))
    finally:
        vars(by_factor).pop("k", None)


def test_a_step_gives_what_the_function_holds_itself_at_each_trace() -> None:
    held = Space(a=np.zeros(3, np.float32), d={"a": [1]})
    step = gw.compile(lambda x: (x * 2, held.a, held.d))
    for n in (2, 3, 4):
        _, array, found = step(gw.Tensor(np.ones(n, np.float32)))
        assert array is held.a and found is held.d


def test_what_no_code_names_lives_no_longer_for_a_step() -> None:
    class Agent(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.memory = torch.nn.Linear(3, 2), [Space(state=np.ones(4)) for _ in range(9)]

        def forward(self, x: Any) -> Any:
            return self.layer(x)

    agent = Agent()
    alive = [weakref.ref(entry.state) for entry in agent.memory]
    step = torch.compile(agent)
    step(torch.tensor(X))
    agent.memory.clear()
    step(torch.tensor(X))
    gc.collect()
    assert not any(reference() is not None for reference in alive)


@pytest.mark.parametrize("name", BETWEEN)
def test_state_that_changes_between_traces(name: str) -> None:
    """A trace for another number of rows looks no second time at what holds; what changed since is seen, by it and by those before it."""
    fn, change = BETWEEN[name]()
    few, many, most = X, np.concatenate([X, X]), np.concatenate([X, X, X])

    def right(step: Callable[[Any], Any], x: Any) -> bool:
        return np.array_equal(np.asarray(step(gw.Tensor(x)).numpy()), np.asarray(fn(gw.Tensor(x)).numpy()))

    step, before = gw.compile(fn), gw.compile(fn)
    assert right(step, few) and right(step, many)
    assert right(before, few)
    change()
    assert right(step, many) and right(step, most) and right(step, few)
    assert right(before, many) and right(before, few)


@inside
def count_in_a_closure():
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return x * float(count)

    return f


@inside
def list_that_grows():
    seen: list[int] = []

    def f(x):
        seen.append(1)
        return x * float(len(seen))

    return f


@inside
def order_of_an_ordered_dict():
    order = collections.OrderedDict(a=1.0, b=2.0, c=3.0)

    def f(x):
        first = next(iter(order))
        order.move_to_end(first)
        return x * order[first]

    return f


@inside
def attribute_that_is_made():
    c = Bare()

    def f(x):
        try:
            c.n += 1
        except:  # noqa: E722
            c.n = 1
        return x * float(c.n)

    return f


@inside
def attribute_of_a_class_that_is_made():
    class C:
        pass

    def f(x):
        C.n = getattr(C, "n", 0) + 1
        return x * float(C.n)

    return f


@inside
def attribute_of_a_function_that_is_made():
    def f(x):
        f.n = getattr(f, "n", 0) + 1
        return x * float(f.n)

    return f


@inside
def what_closing_closes():
    class C:
        n = 0

        def close(self):
            self.n += 1

    c = C()

    def f(x):
        with contextlib.closing(c) as opened:
            return x * float(opened.n)

    return f


@inside
def cache_that_grows():
    made: list[int] = []

    @functools.cache
    def number(k):
        made.append(k)
        return len(made)

    return lambda x: x * float(number(len(made) // 2))


@inside
def deque_that_grows():
    seen: collections.deque[int] = collections.deque()

    def f(x):
        seen.append(1)
        return x * float(len(seen))

    return f


@inside
def count_in_a_class():
    class C:
        n = 0

    def f(x):
        C.n += 1
        return x * float(C.n)

    return f


@inside
def count_in_a_function():
    def f(x):
        f.n += 1
        return x * float(f.n)

    f.n = 0
    return f


@inside
def count_in_slots():
    c = Slotted()

    def f(x):
        c.rate += 1.0
        return x * c.rate

    return f


@inside
def count_in_an_array():
    c = np.zeros(1)

    def f(x):
        c[0] += 1
        return x * float(c[0])

    return f


@inside
def generator():
    def counting():
        yield from (2.0, 3.0, 5.0, 7.0)

    numbers = counting()
    return lambda x: x * next(numbers)


@inside
def iterator_of_itertools():
    numbers = itertools.count(2)
    return lambda x: x * float(next(numbers))


@inside
def random_numbers_of_python():
    chance = random.Random(3)
    return lambda x: x * chance.random()


@inside
def random_numbers_of_numpy():
    chance = np.random.default_rng(3)
    return lambda x: x * float(chance.random())


@inside
def method_of_random_numbers():
    draw = random.Random(3).random
    return lambda x: x * draw()


@inside
def clock():
    ticks = iter(range(9))
    now = dt.datetime.now
    return lambda x: x * (now().year * 0.0 + next(ticks))


@pytest.mark.parametrize("name", INSIDE)
def test_state_that_changes_inside(name: str) -> None:
    fn, step = INSIDE[name](), gw.compile(INSIDE[name]())
    for _ in range(4):
        np.testing.assert_array_equal(np.asarray(step(gw.Tensor(X)).numpy()), np.asarray(fn(gw.Tensor(X)).numpy()))


class Batch(NamedTuple):
    x: Any

    def scaled(self) -> Any:
        return self.x * FACTOR


class Items(list):
    def scaled(self) -> Any:
        return self[0] * FACTOR


class Named(dict):
    def scaled(self) -> Any:
        return self["x"] * FACTOR


GIVEN: dict[str, tuple[Callable[[Any, Any], Any], Callable[[], Any]]] = {
    "class": (lambda x, c: x * c().rate() * c.k(), lambda: Rated),
    "classes in a list": (lambda x, c: x * c[0]().rate(), lambda: [Rated]),
    "named tuple": (lambda x, c: c.scaled(), lambda: Batch(gw.Tensor(X))),
    "list": (lambda x, c: c.scaled(), lambda: Items([gw.Tensor(X)])),
    "dict": (lambda x, c: c.scaled(), lambda: Named(x=gw.Tensor(X))),
    "enum": (lambda x, c: x * c.factor(), lambda: Graded.A),
    "functions as keys": (lambda x, c: sum(k * f(x) for f, k in c.items()), lambda: {by_factor: 1.0}),
    "what a dict makes": (lambda x, c: x * collections.defaultdict(c.default_factory)["a"], lambda: collections.defaultdict(factor)),
    "number": (lambda x, c: x * c.times(), lambda: Times(2.0)),
}
"""A function of an argument whose class has code of its own, and that argument."""


class Rated:
    def rate(self) -> float:
        return FACTOR

    k = staticmethod(lambda: FACTOR)


class Times(float):
    def times(self) -> float:
        return self * FACTOR


def factor() -> float:
    return FACTOR


@pytest.mark.parametrize("name", GIVEN)
def test_code_of_the_arguments(name: str) -> None:
    fn, make = GIVEN[name]
    step = gw.compile(fn)
    for k in (2.0, 2.0, 3.0, 3.0):
        at(k)()
        np.testing.assert_array_equal(np.asarray(step(gw.Tensor(X), make()).numpy()), np.asarray(fn(gw.Tensor(X), make()).numpy()))


def test_a_dict_whose_items_are_attributes_too() -> None:
    class Output(collections.OrderedDict):
        pass

    def given(k):
        c = Output(x=gw.Tensor(X * k))
        c.x, c.label = c["x"], "a"
        return c

    step = Compiled(lambda c: c.x * len(c.label))
    for k in (1.0, 2.0, 3.0):
        np.testing.assert_array_equal(step(given(k)).numpy(), X * np.float32(k))
    assert (step.unwatched, step.retraces) == ([], [])


class Backwards(list):
    def __iter__(self) -> Any:
        return iter(self[::-1])


class Doubled(dict):
    def values(self) -> Any:
        return [2.0 for _ in self]


def moved(**items: Any) -> collections.OrderedDict[str, Any]:
    made = collections.OrderedDict(items)
    made.move_to_end("a")
    return made


MADE: dict[str, Callable[[Any], Any]] = {
    "ordered dict": lambda x: moved(a=x, b=x * 2, c=3.0), "inside of one": lambda x: moved(a=[x], b={"c": moved(a=x + 1, d=x)}),
    "list": lambda x: Backwards([x, x * 2, x * 3]), "dict": lambda x: Doubled(a=x, b=x * 2),
}  # fmt: skip
"""Containers that count their order, or what they hold, in ways of their own."""


def told(tree: Any) -> Any:
    """What somebody finds in a container."""
    if isinstance(tree, dict):
        return type(tree), [(key, told(tree[key])) for key in tree]
    if isinstance(tree, list):
        return type(tree), [told(tree[place]) for place in range(len(tree))]
    return tree.numpy().tolist() if isinstance(tree, gw.Tensor) else tree


@pytest.mark.parametrize("name", MADE)
def test_containers_keep_their_order_on_the_way_in_and_out(name: str) -> None:
    fn = MADE[name]
    assert told(gw.compile(fn)(gw.Tensor(X))) == told(fn(gw.Tensor(X)))
    step = gw.compile(lambda c: c)
    for _ in range(2):
        assert told(step(fn(gw.Tensor(X)))) == told(fn(gw.Tensor(X)))


def test_an_ordered_dict_is_whole_after_it_was_put_back() -> None:
    order = moved(a=1.0, b=2.0)

    def step(x):
        order["c"] = x * 2
        order.move_to_end("b")
        return x

    with pytest.raises(TraceError):
        gw.compile(step)(gw.Tensor(X))
    assert list(order.items()) == [("b", 2.0), ("a", 1.0)]
    order.clear()
    assert len(order) == 0


class Greedy(dict):
    def items(self) -> Any:
        raise RuntimeError("items")

    __iter__ = keys = values = items


def grow(x, c):
    c.append(1.0)
    return x * len(c)


def count(x, c):
    c["n"] = c.get("n", 0) + 1
    return x * c["n"]


@pytest.mark.parametrize(
    ("fn", "make"), [(grow, list), (grow, collections.deque), (count, dict), (lambda x, c: grow(x, c[0]), lambda: ([],))]
)
def test_arguments_that_a_step_changes_are_changed(fn: Callable[[Any, Any], Any], make: Callable[[], Any]) -> None:
    step, own, theirs = gw.compile(fn), make(), make()
    for _ in range(3):
        np.testing.assert_array_equal(step(gw.Tensor(X), own).numpy(), fn(gw.Tensor(X), theirs).numpy())
    assert own == theirs
    with pytest.raises(TraceError, match="among the arguments"):
        gw.compile(lambda x, c: c.append(x * 2) or x)(gw.Tensor(X), own := [])
    assert own == []


def test_what_a_function_changed_before_it_raised_stays_as_without_compile() -> None:
    watched, unwatched, kept = {"n": 0}, collections.deque[int](), list[Any]()

    def step(x, *, stop):
        watched["n"] += 1
        unwatched.append(1)
        if stop:
            kept.append(x * 2)
            raise ValueError("stop")
        return x * watched["n"]

    compiled = gw.compile(step)
    for stop in (False, True, True):
        with contextlib.suppress(ValueError):
            compiled(gw.Tensor(X), stop=stop)
    assert (watched["n"], len(unwatched), kept) == (3, 3, [])  # and nothing without contents stays
    np.testing.assert_array_equal(compiled(gw.Tensor(X), stop=False).numpy(), X * 4)


def test_arguments_that_share_memory_run_python_once_a_call_from_the_second_on() -> None:
    numbers, held = itertools.count(1), torch.ones(3)

    @torch.compile
    def step(x):
        k = next(numbers)
        held.add_(1.0)
        return x * k

    step(held)
    before = next(numbers)
    for _ in range(3):
        step(held)
    assert next(numbers) == before + 4


class Raises:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)


class Lies:
    __class__ = dict  # type: ignore[assignment]  # that is the case


class Meta(type):
    __hash__ = None  # type: ignore[assignment]  # that is the case

    def __getattr__(cls, name: str) -> Any:
        raise RuntimeError(name)

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("==")


class OfMeta(metaclass=Meta):
    pass


class Unsaid:
    __module__ = None  # type: ignore[assignment]  # that is the case

    def __repr__(self) -> str:
        raise RuntimeError("repr")


class Loud(list):
    def __len__(self) -> int:
        raise RuntimeError("len")

    def __iter__(self) -> Any:
        raise RuntimeError("iter")


class Linked:
    def __init__(self, behind: Any) -> None:
        self.behind = behind


def chain() -> Any:
    end = None
    for _ in range(3000):
        end = Linked(end)
    return end


def cycle() -> Any:
    made: list[Any] = []
    made.append(made)
    return made


def dead() -> Any:
    return weakref.proxy(Slotless())


ODD: dict[str, Callable[[], Any]] = {
    "attributes raise": Raises, "class lies": Lies, "mock": lambda: mock.Mock(spec=dict),
    "mock of a Tensor": lambda: mock.Mock(spec=gw.Tensor),
    "metaclass": lambda: OfMeta, "object of it": OfMeta, "module": Unsaid, "key": lambda: {Unsaid(): 1}, "list": lambda: Loud([1.0]),
    "dict": lambda: Greedy(a=1),
    "chain": chain, "cycle": cycle, "dead": dead, "function without a module": lambda: types.FunctionType((lambda: 1).__code__, {}),
    "module without a name": lambda: types.ModuleType.__new__(types.ModuleType),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_whatever_an_object_does_it_is_no_reason_to_stop(name: str) -> None:
    c = ODD[name]()
    here, given = gw.compile(lambda x: x * 2 if c is not None else x.behind), gw.compile(lambda x, c: x * 2 if c is not None else x.behind)
    for _ in range(2):
        np.testing.assert_array_equal(here(gw.Tensor(X)).numpy(), X * 2)
        np.testing.assert_array_equal(given(gw.Tensor(X), c).numpy(), X * 2)


def test_what_no_code_names_may_change() -> None:
    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc, self.history, self.best, self.seen = torch.nn.Linear(3, 3), [], None, {}

        def forward(self, x: Any) -> Any:
            return self.fc(x)

    net = Net()
    step = Compiled(lambda x: net(x))
    for k in range(4):
        net.history.append(float(k))
        net.best, net.seen[k] = float(k), k
        step(torch.ones(2, 3))
    assert (step.unwatched, step.retraces) == ([], [])


def test_it_is_forgotten_that_python_ran_at_each_call() -> None:
    class C:
        @functools.cached_property
        def rate(self) -> float:
            return 2.0

    c = C()
    step = Compiled(lambda x: x * c.rate)
    step(X)
    assert step.unwatched
    for _ in range(2):
        step(X)
    assert (step.unwatched, len(step.specializations)) == ([], 1)


class Pair(NamedTuple):
    rate: float
    shift: float


class Mode(enum.Enum):
    FAST = 2.0
    SLOW = 3.0


@dataclasses.dataclass
class Options:
    rate: float = 2.0
    names: tuple[str, ...] = ("a", "b")
    day: dt.date = dt.date(2026, 1, 1)


class Labelled:
    """With what every dataclass has from Python 3.13 on."""

    rate = 2.0

    @reprlib.recursive_repr()
    def __repr__(self) -> str:
        return f"Labelled({self.rate})"


class Block(torch.nn.Module):
    """A block as people write them; what it does not do in a step may do anything."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        print("a block is made", end="")  # noqa: T201
        self.options, self.named, self.linear = options, Labelled(), torch.nn.Linear(3, 3)
        self.log = collections.deque([random.random()])

    def forward(self, x: Any) -> Any:
        y = torch.relu(self.linear(x)) * self.options.rate * self.named.rate / math.sqrt(x.shape[-1])
        for _, name in enumerate(self.options.names):
            y = y + len(name) if isinstance(name, str) else y
        return y

    def save(self, path: str) -> None:
        with Path(path).open("w") as file:
            print(self.log, file=file)


@functools.lru_cache
def root(of: float) -> float:
    return float(of) ** 0.5


@functools.singledispatch
def described(of: object) -> float:
    return 1.0


@described.register
def described_number(of: int) -> float:
    return 2.0


def block_of(k: float) -> Callable[[Any], Any]:
    return lambda x: x * k


def ordinary() -> dict[str, Callable[[Any], Any]]:
    """Functions whose Python need not run again."""
    missing, layers = object(), Space(layer0=block_of(2.0), layer1=block_of(3.0), log=random.Random(3))
    lr, seen = argparse.Namespace(lr=2.0, log=random.Random(3)), types.MappingProxyType({"lr": 2.0})
    block, pair, mode, table = Block(Options()), Pair(2.0, 1.0), Mode.FAST, {"k": [1.0, 2.0]}
    optimizer = torch.optim.AdamW(block.parameters(), lr=1e-3)

    def step(x):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(block(x), x)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(block.parameters(), 1.0)
        optimizer.step()
        return loss

    return {
        "module": block, "step": step, "tuple": lambda x: x * pair.rate + pair.shift, "enum": lambda x: x * mode.value,
        "containers": lambda x: x * sum(table["k"]) + max(map(abs, table["k"])),
        "numpy": lambda x: x * np.float32(2) + np.asarray([1, 2, 3], np.float32) * np.pi,
        "partial": functools.partial(lambda k, x: x * k, 3.0), "made inside": lambda x: x * Options().rate * Slotted().rate,
        "parsed": lambda x: x * lr.lr, "view": lambda x: x * seen["lr"], "sentinel": lambda x, k=missing: x if k is missing else x * k,
        "cached": lambda x: x * root(4), "dispatched": lambda x: x * described(2),
        "texts": lambda x: x * len(join("a", basename("b/c"))) if re.match("a", json.dumps("b")) else x,  # noqa: PTH118, PTH119
        "layers": lambda x, k=0: getattr(layers, f"layer{k}")(getattr(layers, f"layer{k}")(x)),
    }  # fmt: skip


@pytest.mark.parametrize("name", list(ordinary()))
def test_ordinary_functions_skip_their_python(name: str) -> None:
    step = Compiled(ordinary()[name])
    for _ in range(3):
        step(torch.ones(2, 3))
    assert (step.unwatched, step.retraces, sum(map(len, step.specializations.values()))) == ([], [], 1)


def test_watch_only_says_what_cannot_be_watched() -> None:
    chance = random.Random(3)
    with pytest.raises(TraceError, match=r"chance is a random\.Random"):
        gw.compile(lambda x: x * chance.random(), watch_only=True)(X)
    with pytest.raises(TraceError, match="calls print"):
        torch.compile(lambda x: print("") or x, fullgraph=True)(torch.ones(2))
    seen: list[int] = []
    with pytest.raises(TraceError, match="seen"):
        gw.compile(lambda x: seen.append(1) or x, watch_only=True)(X)
    assert seen == []


def test_the_reason_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    numbers = itertools.count(2)
    step = gw.compile(lambda x: x * float(next(numbers)))
    with settings.scope(debug=1):
        for _ in range(3):
            step(gw.Tensor(X))
    assert capsys.readouterr().err.count("runs at each call: numbers is a itertools.count") == 1


def test_what_prints_prints_at_each_call(capsys: pytest.CaptureFixture[str]) -> None:
    @torch.compile
    def step(x: Any) -> Any:
        print("step")  # noqa: T201
        return x * 2

    for _ in range(3):
        step(torch.ones(2))
    assert capsys.readouterr().out == "step\n" * 3


def test_a_keras_step_is_traced_once() -> None:
    class Loud(keras.layers.Layer):
        calls = 0

        def call(self, x):
            Loud.calls += 1
            return x * random.random()

    model = keras.Sequential([keras.Input((3,)), Loud(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    before = Loud.calls
    model.fit(X, X[:, :1], epochs=4, verbose=0)
    assert Loud.calls <= before + 2


def test_what_has_no_contents_yet_is_kept_nowhere() -> None:
    seen: list[Any] = []

    def step(x):
        y = x * 2
        seen.append(y)
        return y

    with pytest.raises(TraceError, match="seen"):
        gw.compile(step)(X)
    assert seen == []


KEEPING: dict[str, Callable[[], tuple[Callable[[Any], Any], Callable[[], object]]]] = {}
"""Makes a function that keeps what it computes, and what tells the state that it may not change."""


def keeping(case: Callable[[], tuple[Callable[[Any], Any], Callable[[], object]]]) -> None:
    KEEPING[case.__name__] = case


@keeping
def in_an_attribute():
    c = Bare()
    return lambda x: setattr(c, "kept", x * 2) or x, lambda: dict(vars(c))


@keeping
def inside_of_an_attribute():
    c = Bare()
    return lambda x: setattr(c, "kept", {"a": [Linked(x * 2)]}) or x, lambda: dict(vars(c))


@keeping
def in_a_class():
    class C:
        pass

    return lambda x: setattr(C, "kept", x * 2) or x, lambda: dict(vars(C))


@keeping
def in_a_function():
    def f(x):
        f.kept = x * 2
        return x

    return f, lambda: dict(vars(f))


@keeping
def in_a_closure():
    c = Bare()

    def f(x):
        y = x * 2
        c.kept = lambda: y
        return x

    return f, lambda: dict(vars(c))


@keeping
def in_a_long_list():
    c: list[Any] = [0.0] * 5000
    return lambda x: c.append(x * 2) or x, lambda: list(c)


@keeping
def in_a_deque():
    c: collections.deque[Any] = collections.deque([1])
    return lambda x: c.append(x * 2) or x, lambda: list(c)


@keeping
def in_a_cache():
    @functools.lru_cache
    def kept(n):
        return torch.ones(n) * 2

    kept(2)
    return lambda x: x * kept(3), lambda: kept.cache_info().currsize


@keeping
def in_a_cached_property_of_a_module():
    class Net(torch.nn.Module):
        @functools.cached_property
        def kept(self):
            return torch.ones(3) * 2

        def forward(self, x):
            return x * self.kept

    net = Net()
    return net, lambda: dict(vars(net))


@keeping
def in_the_state_of_an_optimizer():
    class Momentum(torch.optim.Optimizer):
        def step(self):
            for p in self.param_groups[0]["params"]:
                self.state[p]["m"] = p.detach() * 2

    w = torch.nn.Parameter(torch.ones(3))
    optimizer = Momentum([w], {"lr": 0.1})
    return lambda x: optimizer.step() or x, lambda: dict(optimizer.state)


@pytest.mark.parametrize("name", KEEPING)
def test_what_has_no_contents_yet_is_refused_at_its_line_and_nothing_stays(name: str) -> None:
    fn, state = KEEPING[name]()
    before = state()
    for _ in range(2):
        with pytest.raises(TraceError) as caught:
            torch.compile(fn)(torch.ones(2, 3))
        assert "* 2" in str(caught.value)  # the line that computes it
        assert state() == before


def test_an_attribute_that_a_step_makes_is_made_for_each_shape() -> None:
    class Net:
        def batch(self, x):
            self.n = x.shape[0]
            return x * 2

    net = Net()
    step = gw.compile(net.batch)
    for n in (4, 3, 4, 4, 3):
        step(gw.Tensor(np.ones(n, np.float32)))
        assert net.n == n


def test_what_is_refused_is_refused_at_the_first_call() -> None:
    class Net(torch.nn.Module):
        def forward(self, x):
            self.n = x.shape[0]
            return x

    with pytest.raises(TraceError, match=r"Net\.n is set"):
        torch.compile(Net())(torch.ones(2))


def test_digits_of_decimal_numbers_are_followed() -> None:
    def third(x):
        return x * float(decimal.Decimal(1) / decimal.Decimal(3))

    step = Compiled(third)
    with decimal.localcontext() as context:
        for digits in (20, 20, 2):
            context.prec = digits
            np.testing.assert_array_equal(step(gw.Tensor(X)).numpy(), third(gw.Tensor(X)).numpy())
    assert step.unwatched == []


def test_what_was_there_is_given_as_it_is_also_out_of_a_long_list_and_a_part_of_an_array() -> None:
    items, array = [{"w": 1.0} for _ in range(5000)], np.ones(3, np.float32)
    step = gw.compile(lambda x: (x * items[7]["w"], items[7], array[1:], array))
    for rows in (X, X, X[:1]):
        _, item, part, whole = step(gw.Tensor(rows))
        assert item is items[7] and whole is array and np.shares_memory(part, array)
    item["w"] = 5.0
    np.testing.assert_array_equal(step(gw.Tensor(X))[0].numpy(), X * 5)


def test_an_object_with_slots_is_made_anew_and_keeps_no_tensor() -> None:
    def rated(rate):
        made = Slotted()
        made.rate = rate
        return made

    step = gw.compile(lambda x: (x, [rated([2.0])]))
    one, other = step(gw.Tensor(X))[1][0], step(gw.Tensor(X))[1][0]
    one.rate.append(3.0)
    assert type(one) is Slotted and other.rate == [2.0]
    for keeps in (lambda x: rated(x * 2), lambda x: lambda: x, lambda x: functools.partial(max, x)):
        with pytest.raises(TraceError, match="gives Tensors inside of a"):
            gw.compile(keeps)(gw.Tensor(X))


def test_a_number_under_a_name_that_is_only_called_may_change() -> None:
    class Trainer:
        def __init__(self):
            self.model = torch.nn.Linear(3, 1)
            self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)
            self.step = self.mean = 0

        def batch(self, x):
            self.optimizer.zero_grad()
            loss = self.model(x).mean()
            loss.backward()
            self.optimizer.step()
            return loss

    trainer = Trainer()
    step = Compiled(trainer.batch)
    for _ in range(4):
        step(torch.ones(2, 3))
        trainer.step += 1
        trainer.mean = trainer.step / 2
    assert (step.unwatched, step.retraces) == ([], [])
    trainer.step = trainer.optimizer.step
    step(torch.ones(2, 3))
    assert len(step.retraces) == 1


@pytest.mark.parametrize("k", [np.int64(2), np.float64(0.5), np.float32(3), np.bool_(True), np.uint8(3)])  # noqa: FBT003
def test_a_number_of_numpys_is_a_number(k: Any) -> None:
    def scaled(x: Any, k: Any) -> Any:
        return x * k if k > 1 else x + k

    for x in (gw.Tensor(X), torch.tensor(X)):
        y, z = gw.compile(scaled)(x, k), scaled(x, k)
        assert (y.dtype, y.numpy().tolist()) == (z.dtype, z.numpy().tolist())


def test_arrays_that_no_tensor_is_made_of_are_what_python_reads() -> None:
    step = gw.compile(lambda x, names: x * (2.0 if "b" in names else 1.0))
    for names in (np.array(["a"]), np.array(["a", "b"]), np.array([None, "b"], object)):
        for _ in range(2):
            np.testing.assert_array_equal(step(gw.Tensor(X), names).numpy(), X * (2 if "b" in names else 1))
    names[1] = "c"
    np.testing.assert_array_equal(step(gw.Tensor(X), names).numpy(), X)


def test_python_that_runs_at_each_call_compiles_nothing_again() -> None:
    numbers = itertools.cycle([2.0])
    step = gw.compile(lambda x: x * next(numbers))
    results = [step(gw.Tensor(X)) for _ in range(3)]
    assert step.specializations == {}
    assert all(np.array_equal(r.numpy(), X * 2) for r in results)


def test_a_name_that_stands_there_is_told_from_one_that_is_made() -> None:
    assert not reads_of((lambda a: getattr(a, "b")).__code__).anything  # noqa: B009
    assert not reads_of((lambda a: getattr(a.c, "b", None)).__code__).anything
    assert not reads_of((lambda a, d: hasattr(a, "b") and getattr(a, "b", d)).__code__).anything
    for asks in (
        lambda a, b: getattr(a, f"{b}b"), lambda a, b: getattr(a, f"b{b()}"), lambda a: getattr(a, "b" + a.c), lambda a, n: getattr(a, n),
        lambda a: getattr(a(), "b", 1),
        lambda a: vars(a), lambda a: map(getattr, a, "b"), lambda a: a.__dict__,
    ):  # fmt: skip
        assert reads_of(asks.__code__).anything
    assert "b" in reads_of((lambda a: getattr(a, "b", None)).__code__).optional
    begins = reads_of((lambda a, b: getattr(a.c, f"layer{b}_{b}")).__code__)
    assert (begins.prefixes, begins.anything) == ({"layer"}, False)
    assert reads_of((lambda a, b: getattr(a, f"layer{b}", None)).__code__).anything
    assert reads_of((lambda a, b: b.format(a)).__code__).anything
    assert not reads_of((lambda a: "{.rate}".format(a)).__code__).anything  # noqa: UP032
    called = reads_of((lambda a, b: a.step(b.step()) + a.n.n()).__code__)
    assert {"step", "n"} & called.valued == {"n"}
    assert "step" in reads_of((lambda a: a.step() + a.step).__code__).valued
    assert {"rate"} <= reads_of((lambda a: f"{a.rate}").__code__).names
    assert reads_of((lambda a, b: object.__setattr__(a, b, 1)).__code__).anything
    assert not reads_of((lambda a: object.__setattr__(a, "b", 1)).__code__).anything
