"""Ops that somebody adds next: of every kind, with fields of their own, with and without a native lowering.

Each compiles, alone and among others, to what its reference says; no pass and no kernel loses what the class adds to its kind.
"""

from __future__ import annotations

import linecache
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, final

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.compiler.bounds import may_fail
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.spoken import is_heavy, is_slow, spoken
from gradwerk.inspect.explanation import explain
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import REGISTRY, Contraction, Movement, Op, Operand, Random, Reduction, Unary, no_gradient
from gradwerk.ops.arithmetic import add, cast, div, maximum, mul, neg, sub
from gradwerk.ops.control import scan
from gradwerk.ops.movement import broadcast_to, reshape, transpose
from gradwerk.ops.reduction import Max, Min, highest, lowest, reduce_max, reduce_sum
from gradwerk.ops.transcendental import Exp
from gradwerk.ops.window import Window
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, Any]
F32 = dtypes.float32


@final
@dataclass(frozen=True)
class Extreme(Reduction):
    """The largest or the smallest."""

    largest: bool = True

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Any:
        return (Max if self.largest else Min)(self.axes, self.keepdims).vjp(ct, y, x)

    def reference(self, x: Array) -> Array:
        return np.asarray((np.max if self.largest else np.min)(x, axis=self.axes, keepdims=self.keepdims))

    def combine(self, e: Any, a: Any, b: Any) -> Any:
        return e.maximum(a, b) if self.largest else e.minimum(a, b)

    def identity(self, dtype: Any) -> float:
        return lowest(dtype) if self.largest else highest(dtype)


@dataclass(frozen=True)
class Count(Reduction):
    """How many elements are not 0: a fold into another dtype."""

    vjp = no_gradient

    def result_dtype(self, dtype: Any) -> Any:
        return dtypes.int32

    def reference(self, x: Array) -> Array:
        return np.asarray(np.count_nonzero(x, axis=self.axes, keepdims=self.keepdims))

    def combine(self, e: Any, a: Any, b: Any) -> Any:
        return e.add(a, b)

    def identity(self, dtype: Any) -> float:
        return 0


@final
@dataclass(frozen=True)
class PlaceOfLargest(Count):
    """Where among the reduced elements, row by row, the largest stands: it matters in which order they stand."""

    def reference(self, x: Array) -> Array:
        kept = [axis for axis in range(x.ndim) if axis not in self.axes]
        rows = np.transpose(x, [*kept, *self.axes]).reshape(*[x.shape[axis] for axis in kept], -1)
        return np.asarray(np.argmax(rows, axis=-1))


@final
@dataclass(frozen=True)
class Scaled(Unary):
    """x * factor."""

    accepts = dtypes.FLOATS
    factor: float = 2.0

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Any:
        return (Scaled(self.factor)(ct),)

    def emit(self, e: Any, x: Any) -> Any:
        return e.mul(x, e.const(self.factor, e.dtype(x)))

    def reference(self, x: Array) -> Array:
        return x * x.dtype.type(self.factor)


@final
@dataclass(frozen=True)
class WindowMin(Window):
    """The smallest of each window; no kernel knows it."""

    vjp = no_gradient

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (types[0].with_shape(self.windows(types[0].shape)),)

    def reference(self, x: Array) -> Array:
        return np.asarray(self.stacked(x, np.inf).min(0))


@final
@dataclass(frozen=True)
class Places(Random):
    """The seed plus the place: a Random that says no scalar code."""

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (Type(self.shape, dtypes.uint32),)

    def reference(self, seed: Array) -> Array:
        return (np.arange(int(np.prod(self.shape)), dtype=np.uint32) + seed).reshape(self.shape)


@final
@dataclass(frozen=True)
class Triple(Contraction):
    """The elementwise product of three."""

    vjp = no_gradient

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (types[0],)

    def reference(self, a: Array, b: Array, c: Array) -> Array:
        return a * b * c


@final
@dataclass(frozen=True)
class EverySecond(Movement):
    """Every second entry of the first axis, twice: a movement that no view says."""

    vjp = no_gradient

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return types

    def view(self, x: Any) -> Any:
        return None

    def reference(self, x: Array) -> Array:
        return np.repeat(x[::2], 2, axis=0)[: x.shape[0]]


NEW = (Extreme, Count, PlaceOfLargest, Scaled, WindowMin, Places, Triple, EverySecond)


@pytest.fixture(autouse=True, scope="module")
def _forget() -> Iterator[None]:
    yield
    for cls in NEW:
        REGISTRY.pop(cls.name, None)


def floats(x: Value) -> Value:
    return x if x.dtype == F32 else cast(x, F32)


def seed_of(x: Value) -> Value:
    return cast(reshape(Max(tuple(range(x.ndim)))(x), ()), dtypes.uint32)


CASES: dict[str, Callable[[Value], Value]] = {
    **{
        f"{'largest' if largest else 'smallest'} along {axes}{' kept' if kept else ''}": (
            lambda x, axes=axes, kept=kept, largest=largest: Extreme(axes, kept, largest)(x)  # type: ignore[misc]
        )
        for axes in ((0,), (2,), (1, 2), (0, 2), (0, 1, 2))
        for kept in (False, True)
        for largest in (False, True)
    },
    "smallest of a transpose": lambda x: Extreme((0, 1), False, False)(transpose(x, (2, 0, 1))),
    "smallest of a smallest": lambda x: Extreme((1,), False, False)(Extreme((1,), False, False)(x)),
    "both": lambda x: add(Extreme((2,), True, False)(x), mul(x, Extreme((2,), True, True)(x))),
    **{f"count along {axes}": (lambda x, axes=axes: Count(axes)(x)) for axes in ((0,), (2,), (1, 2), (0, 1, 2))},  # type: ignore[misc]
    "count of a transpose": lambda x: Count((0,), True)(transpose(x, (2, 0, 1))),
    "place along (0, 2)": lambda x: PlaceOfLargest((0, 2))(x),
    "place in a transpose": lambda x: PlaceOfLargest((1, 2))(transpose(mul(x, neg(x)), (0, 2, 1))),
    "place in a transpose, of two axes": lambda x: PlaceOfLargest((0, 1))(transpose(mul(x, neg(x)), (2, 0, 1))),
    "count along axes of extent 1": lambda x: Count((0, 2))(reshape(x, (1, 24, 1))),
    "scaled by 2 and 3": lambda x: add(Scaled(2.0)(x), Scaled(3.0)(x)),
    "scaled of a reshape": lambda x: Scaled(5.0)(reshape(x, (6, 4))),
    "smallest of windows": lambda x: WindowMin((1, 1, 2), (1, 1, 2), (0, 0, 0), (0, 0, 0))(x),
    "places": lambda x: Places((2, 3, 4))(seed_of(x)),
    "triple": lambda x: Triple()(x, x, neg(x)),
    "every second": lambda x: EverySecond()(transpose(x, (2, 1, 0))),
}
AROUND: dict[str, Callable[[Value], Value]] = {
    "alone": lambda x: x,
    "behind a producer": lambda x: maximum(mul(x, x), add(x, 1)),
    "of one number": lambda x: broadcast_to(reshape(Max((0, 1, 2))(x), (1, 1, 1)), x.shape),
}


def same(graph: Graph, arrays: Sequence[Array]) -> None:
    """Compiled is interpreted, to the bit."""
    made = Native(graph, {}).run([aligned_copy(x) for x in arrays])
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        np.testing.assert_array_equal(got, wanted)


X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 7


@pytest.mark.parametrize("name", CASES)
def test_compiled_is_its_reference(name: str) -> None:
    """Alone, behind a producer, before a consumer, of one number repeated, in a loop, and its gradient."""
    for around in AROUND.values():
        graph = Graph()
        x = graph.input(Type(X.shape, F32))
        y = CASES[name](around(x))
        same(graph.finish([y, add(floats(y), 1)]), [X])
    body, graph = Graph("step"), Graph()
    carry, part = body.input(Type(X.shape, F32)), body.input(Type(X.shape, F32))
    y = CASES[name](add(carry, part))
    body.finish([maximum(carry, part), y])
    same(graph.finish(scan(body, 2, [graph.input(carry.type)], [graph.input(Type((2, *X.shape), F32))])), [X, np.stack([X, -X])])


@pytest.mark.parametrize("name", [name for name in CASES if "est along" in name or "scaled" in name or name == "both"])
def test_its_gradient_is_that_of_its_reference(name: str) -> None:
    graph = Graph()
    x = graph.input(Type(X.shape, F32))
    y = CASES[name](x)
    same(graph.finish([g for g in gradients([y], [np.ones(y.shape, F32)], [x]) if g is not None]), [X])


@pytest.mark.parametrize(("one", "other"), [(0.0, -0.0), (-0.0, 0.0), (1.0, True), (np.float32(0.0), np.float32(-0.0))])
def test_ops_whose_fields_are_equal_and_not_the_same_are_two(one: Any, other: Any) -> None:
    """In one program, and in two of which the second would be the first."""
    ops = Scaled(one), Scaled(other)
    assert ops[0] != ops[1] and ops[0] == Scaled(one) and Scaled((one, 1)) != Scaled((other, 1))  # type: ignore[arg-type]  # any fields
    wanted = [op.reference(np.ones(3, np.float32)) for op in ops]
    x = Tensor(np.ones(3, np.float32))
    for made in (gw.compile(lambda x: [op(x) for op in ops])(x), [gw.compile(op)(x) for op in ops]):
        for got, right in zip(made, wanted, strict=True):
            assert got.numpy().tobytes() == right.tobytes()


def test_what_calls_python_may_fail() -> None:
    """So nothing is overwritten before it has run."""
    graph = Graph()
    x = graph.input(Type(X.shape, F32))
    native = [Extreme((0,))(x), Scaled()(x), transpose(x, (2, 1, 0)), add(x, x)]
    pooled = WindowMin((1, 1, 2), (1, 1, 2), (0, 0, 0), (0, 0, 0))(x)
    called = [Count((0,))(x), pooled, Places((2,))(seed_of(x)), Triple()(x, x, x), EverySecond()(x)]
    assert [may_fail(value.node, host().can) for value in native] == [False] * len(native)
    assert [may_fail(value.node, host().can) for value in called] == [True] * len(called)


# ---- ops of one name that say different things

SOURCE = """
from dataclasses import dataclass
from typing import final
import numpy as np
from gradwerk.base import dtypes
from gradwerk.ir.op import Unary, no_gradient

RATE = {rate}

def code(e, x):
    return e.{word}(x, e.const(RATE, e.dtype(x)))

@final
@dataclass(frozen=True)
class Changed(Unary):
    accepts = dtypes.FLOATS
    vjp = no_gradient
    def emit(self, e, x): return code(e, x)
    def reference(self, x): return {formula}
"""


def changed(word: str, rate: float, formula: str) -> Op:
    """The op of a module as it is after an edit, or of a notebook's cell run again."""
    module = ModuleType("someones")
    exec(SOURCE.format(word=word, rate=rate, formula=formula), module.__dict__)
    linecache.clearcache()
    op: Op = module.Changed()
    return op


def test_an_op_that_is_edited_says_another_thing() -> None:
    """A change of the code that it calls, or of a number that this reads, is a change of its kernels."""
    edits = (("mul", 2.0, "x * np.float32(2)"), ("mul", 3.0, "x * np.float32(3)"), ("add", 3.0, "x + np.float32(3)"))
    versions = [changed(*edit) for edit in edits]
    assert len({spoken(op, (F32,)) for op in versions}) == 3
    assert spoken(changed("mul", 2.0, "x"), (F32,)) == spoken(versions[0], (F32,))
    graph = Graph()
    x = graph.input(Type((4,), F32))
    same(graph.finish([op(x) for op in versions]), [np.arange(4, dtype=np.float32)])  # three of one name in one plan
    for op in versions:
        graph = Graph()
        graph.finish([op(graph.input(Type((4,), F32)))])
        same(graph, [np.arange(4, dtype=np.float32)])


def test_kernels_of_ops_of_one_name_have_names_of_their_own() -> None:
    names = []
    for rate in (2.0, 3.0):
        graph = Graph()
        graph.finish([changed("mul", rate, "x")(graph.input(Type((4,), F32)))])
        names += [launch.kernel for launch in compile_graph(graph, host_target(), {}).launches]
    for largest in (False, True):
        graph = Graph()
        graph.finish([Extreme((0,), False, largest)(graph.input(Type((400, 4), F32)))])
        names += [launch.kernel for launch in compile_graph(graph, host_target(), {}).launches]
    assert len(set(names)) == len(names)


def test_an_op_that_cannot_be_recorded_shares_no_kernel() -> None:
    @final
    @dataclass(frozen=True)
    class Strange(Unary):
        vjp = no_gradient

        def emit(self, e: Any, x: Any) -> Any:
            return e.add(x, x.of_this_backend_alone)

        def reference(self, x: Array) -> Array:
            return x + x

    try:
        first = spoken(Strange(), (F32,))
        spoken.cache_clear()
        assert first != spoken(Strange(), (F32,))
    finally:
        REGISTRY.pop("strange", None)


def row(op: Op) -> str:
    """The code of a softmax, with this op for the exponential, without names."""
    graph = Graph()
    x = graph.input(Type((64, 256), F32))
    e = op(sub(x, reduce_max(x, (1,), keepdims=True)))
    graph.finish([div(e, reduce_sum(e, (1,), keepdims=True))])
    return re.sub(r"_[0-9a-f]{8,}", "", "\n".join(explain(graph).llvm.values()).replace(op.name, "op"))


def test_what_an_op_costs_is_counted_from_what_it_says() -> None:
    """An op that says what Exp says is scheduled as Exp: in a row it is computed once, however many levels read it."""
    try:

        @final
        @dataclass(frozen=True)
        class Growth(Unary):
            accepts = dtypes.FLOATS
            vjp = Exp.vjp

            def emit(self, e: Any, x: Any) -> Any:
                return e.math("exp", x)

            def reference(self, x: Array) -> Array:
                return np.exp(x)

        @final
        @dataclass(frozen=True)
        class Wave(Unary):
            accepts = dtypes.FLOATS
            vjp = no_gradient
            count: int = 1

            def emit(self, e: Any, x: Any) -> Any:
                y = x
                for _ in range(self.count):
                    y = e.fma(y, x, x)
                return y

            def reference(self, x: Array) -> Array:
                y = x
                for _ in range(self.count):
                    y = y * x + x
                return np.asarray(y)

        assert row(Growth()) == row(Exp())
        x = Graph().input(Type((4,), F32))
        assert [(is_slow(y.node), is_heavy(y.node)) for y in (Wave(3)(x), Wave(12)(x), Wave(40)(x))] == [
            (False, False), (True, False), (True, True),
        ]  # fmt: skip
    finally:
        REGISTRY.pop("growth", None)
        REGISTRY.pop("wave", None)


LIGHT_OPS = {"add", "sub", "mul", "neg", "maximum", "minimum", "where", "less", "sign", "abs", "floor", "cast"}
SLOW_OPS = {"div", "sqrt", "rsqrt"}
HEAVY_OPS = {"exp", "log", "tanh", "sigmoid", "erf", "sin", "cos", "pow", "softplus", "log_loss", "fmod"}


@pytest.mark.parametrize("name", sorted(LIGHT_OPS | SLOW_OPS | HEAVY_OPS))
def test_what_ours_cost(name: str) -> None:
    cls = REGISTRY[name]
    op = cls.examples()[0][0] if cls.examples() else cls()
    graph, dtype = Graph(), dtypes.bool_ if name == "where" else F32
    count = 1 if isinstance(op, Unary) else 3 if name == "where" else 2
    (value,) = graph.apply(op, [graph.input(Type((2,), dtype if k == 0 else F32)) for k in range(count)])
    assert (is_slow(value.node), is_heavy(value.node)) == (name not in LIGHT_OPS, name in HEAVY_OPS)
