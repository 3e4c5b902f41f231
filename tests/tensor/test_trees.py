"""What a compiled function takes and gives in lists, dicts and other containers: the same as the function itself, at every call.

Each law runs a function plainly and compiled, on the same arguments one after the other, and holds one to the other.
"""

from __future__ import annotations

import array
import copy
import dataclasses
import enum
from collections import OrderedDict, UserList, defaultdict, deque, namedtuple
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import DTypeError, TraceError
from gradwerk.jit.compile import compile as compile_
from gradwerk.ops.elementwise import exp
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Parameter, Tensor

Pair = namedtuple("Pair", "first second")  # noqa: PYI024  as users write it


@dataclasses.dataclass
class Record:
    value: Any
    names: list[str]
    again: Any = None


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    value: Any


class Holder:
    def __init__(self, value: Any) -> None:
        self.value = value


class Color(enum.Enum):
    RED = [1]  # noqa: RUF012  as users write it


def tensor(seed: int = 0) -> Tensor:
    return Tensor(np.random.default_rng(seed).normal(size=3).astype(np.float32))


def plain(tree: Any) -> Any:
    """The tree with numbers for Tensors, and the classes of its containers."""
    if isinstance(tree, Tensor):
        return tree.numpy().round(5).tolist()
    if isinstance(tree, np.ndarray):
        return (type(tree), tree.dtype, tree.tolist())
    if isinstance(tree, dict):
        return (type(tree), [(key, plain(item)) for key, item in tree.items()])
    if isinstance(tree, list | tuple | deque):
        return (type(tree), getattr(tree, "maxlen", None), [plain(item) for item in tree])
    if dataclasses.is_dataclass(tree):
        return (type(tree), [plain(getattr(tree, field.name)) for field in dataclasses.fields(tree)])
    if isinstance(tree, np.random.Generator):
        return tree.bit_generator.state
    return (type(tree), plain(vars(tree))) if hasattr(tree, "__dict__") and not isinstance(tree, type) else tree


def changed(tree: Any) -> None:
    """Changes all of a result that can be changed."""
    if isinstance(tree, Tensor):
        tree.assign(tree * 0)
    elif isinstance(tree, np.ndarray):
        tree[...] = 7
    elif isinstance(tree, dict):
        for item in tree.values():
            changed(item)
        tree["more"] = 1
    elif isinstance(tree, list | tuple | deque):
        for item in tree:
            changed(item)
        if not isinstance(tree, tuple):
            tree.append(5)
    elif isinstance(tree, set):
        tree.add(5)
    elif isinstance(tree, bytearray | array.array):
        tree[0] = 9
    elif isinstance(tree, np.random.Generator):
        tree.normal()
    elif isinstance(tree, Record):
        changed([tree.value, tree.names, tree.again])
        tree.again = ["other"]
    elif hasattr(tree, "__dict__"):
        changed(list(vars(tree).values()))
        tree.more = 1


def grouped(x: Any) -> Any:
    groups = defaultdict(list)
    groups["a"].append(x * 2)
    return groups


GIVES = {
    "list": lambda x: [x * 2, [1, 2], "a", None],
    "tuple": lambda x: (x, (exp(x), 3.5)),
    "namedtuple": lambda x: Pair(x + 1, Pair([x], 2)),
    "dict": lambda x: {"y": x * 2, "more": {"z": x}},
    "OrderedDict": lambda x: OrderedDict(b=x, a=x + 1),
    "defaultdict": grouped,
    "deque": lambda x: deque([x, x * 2, x * 3], maxlen=2),
    "array": lambda x: (x * 2, np.arange(3.0)),
    "array inside": lambda x: {"y": x * 2, "arrays": [np.zeros((2, 2), np.int32)]},
    "set": lambda x: (x * 2, {1, 2}, frozenset("ab")),
    "bytearray": lambda x: (x * 2, bytearray(b"abc")),
    "dataclass": lambda x: Record(x * 2, ["a"], {"deep": [x + 1]}),
    "frozen dataclass": lambda x: [Frozen(x * 2), Frozen(Frozen(x))],
    "dataclass without Tensors": lambda x: (x * 2, Record([1], ["a"], {"deep": [np.zeros(2)]})),
    "object": lambda x: (x * 2, Holder([1, {"a": 2}])),
    "object in an object": lambda x: (x * 2, [Holder(Holder(Record(1, [])))]),
    "namespace": lambda x: (x * 2, SimpleNamespace(items=[1])),
    "UserList": lambda x: (x * 2, UserList([1, [2]])),
    "array of Python's": lambda x: (x * 2, array.array("i", [1, 2])),
    "array of lists": lambda x: (x * 2, np.array([[1], [2, 3], None], object)[:2]),
    "generator of numbers": lambda x: (x * 2, np.random.default_rng(3)),
    "exception": lambda x: (x * 2, ValueError("a")),
    "twice": lambda x: [x * 2] * 2,
    "nothing": lambda x: None,
}


@pytest.mark.parametrize("name", GIVES)
def test_each_call_gives_its_own(name):
    """Whoever changes what he got changes nothing of what the next one gets."""
    fn = GIVES[name]
    compiled = compile_(fn)
    for seed in range(3):
        result = compiled(tensor(seed))
        assert plain(result) == plain(fn(tensor(seed)))
        changed(result)


OUTSIDE = {
    "array": np.zeros(3), "list": [1, [2]], "dict": {"a": [1]}, "set": {1}, "dataclass": Record(1, ["a"]), "list of Tensors": [tensor()],
}  # fmt: skip


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_was_there_before_is_given_itself(name):
    outside = OUTSIDE[name]
    fn = compile_(lambda x: (x * 2, outside, [outside]))
    for _ in range(2):
        _, given, (again,) = fn(tensor())
        assert given is outside
        assert again is outside


def test_members_of_an_enum_are_given_themselves():
    fn = compile_(lambda x: (x * 2, Color.RED))
    assert fn(tensor())[1] is Color.RED
    assert fn(tensor())[1].value == [1]


@pytest.mark.parametrize("make", [list, lambda: {"a": 1}, lambda: Holder([1]), lambda: Record(1, []), lambda: np.zeros(2)])
def test_what_stands_in_several_places_is_one_thing(make):
    def fn(x):
        made = make()
        return x * 2, made, [made, {"again": made}]

    fn = compile_(fn)
    before = None
    for _ in range(2):
        _, first, (second, third) = fn(tensor())
        assert first is second
        assert first is third["again"]
        assert first is not before
        before = first


def test_what_holds_itself_is_refused():
    def fn(x):
        made = [x * 2]
        made.append(made)
        return made

    with pytest.raises(TraceError, match="a list that holds itself"):
        compile_(fn)(tensor())


@pytest.mark.parametrize("give", [
    lambda x: {x * 2}, lambda x: (x * k for k in range(2)), lambda x: iter([x]), lambda x: Holder(x * 2), lambda x: [Holder([x * 2])],
    lambda x: map(exp, [x]),
], ids=["set", "generator", "iterator", "object", "object in a list", "map"])  # fmt: skip
def test_tensors_inside_of_what_no_call_can_make_are_refused(give):
    with pytest.raises(TraceError, match="a compiled function gives"):
        compile_(give)(tensor())


HELD = tensor()
TAKES = {
    "deque": (lambda h: h[0] * len(h) + h[-1], [deque([tensor(1)]), deque([tensor(2), tensor(3)]), deque([tensor(4)])]),
    "a deque that turns": (lambda h: [h, h.maxlen], [deque([tensor(1)], 1), deque([tensor(1)], 5)]),
    "set": (lambda s: HELD * sum(s) * len(s), [{1, 2}, {3}, frozenset({1, 2}), {1, 2}]),
    "kinds of one": (lambda s: (HELD, [type(item).__name__ for item in s]), [{1}, {True}, {1.0}, {1}]),
    "keys of one": (lambda d: [type(key).__name__ for key in d], [{1: tensor()}, {True: tensor()}, {1.0: tensor()}]),
    "OrderedDict": (lambda d: (type(d).__name__, list(d)[::-1], d["a"]), [OrderedDict(a=tensor(), b=1), OrderedDict(b=1, a=tensor())]),
    "defaultdict": (lambda d: (d.default_factory, d["a"] * 2), [defaultdict(list, a=tensor()), defaultdict(dict, a=tensor())]),
    "namedtuple": (lambda p: Pair(p.second * 2, p.first), [Pair(tensor(), tensor(1)), Pair(tensor(2), tensor(3))]),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKES)
def test_arguments_are_taken_as_they_are_at_each_call(name):
    fn, given = TAKES[name]
    compiled = compile_(fn)
    for _ in range(2):
        for argument in given:
            assert plain(compiled(argument)) == plain(fn(argument))


CHANGES = {
    "append": (lambda given: given.append(1), [tensor()]),
    "pop": (lambda given: given.pop(), [tensor(), tensor()]),
    "replace": (lambda given: given.__setitem__(0, given[0] * 2), [tensor()]),
    "key": (lambda given: given.__setitem__("y", given["x"] * 2), {"x": tensor()}),
    "pop a key": (lambda given: given.pop("x"), {"x": tensor(), "y": 1}),
    "inside": (lambda given: given["x"].append(2), {"x": [tensor()]}),
    "missing key": (lambda given: given["y"], defaultdict(list, x=tensor())),
    "deque": (lambda given: given.append(3), deque([tensor()])),
    "set": (lambda given: given.add(3), {1, 2}),
}


@pytest.mark.parametrize("name", CHANGES)
def test_containers_that_are_given_are_changed_at_each_call_or_not_at_all(name):
    """Else it would happen while the function is traced, to its own copy, and at no call.  What is computed there cannot be kept."""
    change, given = CHANGES[name]

    def fn(given: Any, x: Any) -> Any:
        change(given)
        return x * 2

    before = plain(given)
    with pytest.raises(TraceError, match="changed Python state|cannot be watched"):
        compile_(fn, watch_only=True)(given, tensor())
    assert plain(given) == before
    if name in ("replace", "key"):
        with pytest.raises(TraceError, match="changed Python state"):
            compile_(fn)(given, tensor())
        assert plain(given) == before
        return
    other, step = copy.deepcopy(given), compile_(fn)
    step(given, tensor())
    fn(other, tensor())
    assert plain(given) == plain(other)


@pytest.mark.parametrize("dtype", ["complex256", ">f4", ">i2"])
def test_an_array_of_an_unknown_dtype_is_refused_by_name(dtype):
    with pytest.raises(DTypeError, match="is not an element type"):
        compile_(lambda x: x)(np.zeros(3, dtype))


def written(x: Tensor, y: Tensor) -> Tensor:
    x.assign(x + y)
    return x * y


def gradients(x: Tensor, y: Tensor) -> Any:
    gradient = grad((x * x * y).sum(), [x, y])
    return [gradient, x is y]


PAIRS = {
    "read": lambda x, y: x * 2 - y,
    "given back": lambda x, y: (x, y, x is y),
    "written": written,
    "gradients": gradients,
    "in a list": lambda x, y: [item * 2 for item in (x, y, x)],
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_tensor_given_twice_is_one_tensor_and_is_traced_once(name):
    fn = PAIRS[name]
    compiled = compile_(fn)
    for seed in range(8):
        results = []
        for run in (fn, compiled):
            one, other = (Parameter(tensor(seed + k)) for k in range(2)) if name == "gradients" else (tensor(seed + k) for k in range(2))
            results.append([plain(run(x, y)) for x, y in ((one, one), (one, other), (other, other), (other, one))] + [plain(one)])
        assert results[0] == results[1]
    assert len(compiled.retraces) == 1


def test_a_tensor_given_twice_that_the_function_holds_too():
    held = tensor()
    fn = compile_(lambda x, y: x * held - y)
    for _ in range(3):
        for x, y in ((held, held), (tensor(1), held), (tensor(2), tensor(3)), (held[:], held)):
            np.testing.assert_allclose(fn(x, y).numpy(), x.numpy() * held.numpy() - y.numpy(), rtol=1e-6)
    assert len(fn.retraces) <= 4
