"""What the simplifier makes of numbers, tables, gathered rows and their sums: the same values, and fewer products where rows repeat."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import Elementwise
from gradwerk.ir.verify import verify
from gradwerk.ops.contraction import Contract, contract
from gradwerk.ops.elementwise import add, div, maximum, mul, sub, tanh
from gradwerk.ops.functions import conv, matmul
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import broadcast_to, reshape, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum

F64 = dtypes.float64
Build = Callable[["Scene"], list[Value]]


class Scene:
    """A table, indices of its rows, and whatever else is asked for."""

    def __init__(self, rows: int, width: int, index: tuple[int, ...]) -> None:
        self.rows, self.width, self.shape = rows, width, index
        self.graph, self.arrays = Graph(), list[np.ndarray[Any, Any]]()
        self.rng = np.random.default_rng(rows + 10 * width)
        self.table = self.floats(rows, width)
        self.index = self.graph.input(Type(index, dtypes.int64))
        self.arrays.append(self.rng.integers(0, rows, index))

    def floats(self, *shape: int) -> Value:
        """One more input."""
        self.arrays.append(self.rng.standard_normal(shape))
        return self.graph.input(Type(shape, F64))

    def more(self, count: int) -> Value:
        """Further indices."""
        self.arrays.append(self.rng.integers(0, self.rows, count))
        return self.graph.input(Type((count,), dtypes.int64))

    @property
    def gathered(self) -> Value:
        """The rows."""
        return gather(self.table, self.index)

    @property
    def names(self) -> str:
        """Letters for the axes of the indices."""
        return "abc"[: len(self.shape)]


def beside(s: Scene) -> list[Value]:
    """Elementwise with all that broadcasts: one number per column, per row, per element, or one."""
    rows, ones = s.gathered, (1,) * len(s.shape)
    per_row = ((*s.shape, 1), (s.shape[-1], 1), (s.shape[-1], s.width))
    shapes = ((), (s.width,), (*ones, s.width), (*ones, 1), (*s.shape, s.width), (1, *s.shape, s.width), *per_row)
    others = [s.floats(*shape) for shape in shapes]
    return [op(a, b) for op in (add, sub, maximum) for other in others for a, b in ((rows, other), (other, rows))]


def projected(s: Scene) -> list[Value]:
    """Times a matrix, the result in any order; from either side."""
    w, turned, x = s.floats(s.width, 4), s.floats(4, s.width), s.names
    square = s.floats(s.width, s.width)
    made = [matmul(s.gathered, w), contract(s.gathered, turned, f"{x}d,kd->{x}k"), contract(s.gathered, w, f"{x}d,dk->k{x}")]
    made += [contract(w, s.gathered, f"dk,{x}d->{x}k"), contract(s.gathered, square, f"{x}d,dd->{x}d"), matmul(s.gathered, square)]
    if len(x) == 2:  # the kernel of a convolution: the other side has no plain axes
        image = s.floats(2, 8, s.shape[1])
        made.append(conv(image, s.gathered).node.op.swapped()(s.gathered, image))
    return [*made, contract(s.gathered, s.floats(s.width), f"{x}d,d->{x}"), contract(s.gathered, s.floats(3), f"{x}d,k->{x}dk")]


def weight_gradients(s: Scene) -> list[Value]:
    """Summed over all that was gathered, or over a part of it."""
    g, x = s.floats(*s.shape, 5), s.names
    made = [contract(s.gathered, g, f"{x}d,{x}k->dk"), contract(s.gathered, g, f"{x}d,{x}k->kd"), contract(g, s.gathered, f"{x}k,{x}d->kd")]
    if len(x) > 1:
        made += [contract(s.gathered, g, f"{x}d,{x}k->{x[0]}dk"), contract(s.gathered, transpose(g, (1, 0, 2)), "abd,bak->dk")]
        made += [contract(s.gathered, s.floats(*s.shape[::-1], 5), "abd,bak->dk")]
    return made


def sums(s: Scene) -> list[Value]:
    """Sums by row: of a product in any order, of what is transposed."""
    g, w, turned, x = s.floats(*s.shape, 4), s.floats(4, s.width), s.floats(s.width, 4), s.names
    products = [matmul(g, w), contract(g, turned, f"{x}k,dk->{x}d"), contract(g, s.floats(*s.shape, s.width), f"{x}k,{x}d->{x}d")]
    made = [scatter_add(p, s.index, s.rows) for p in products]
    made += [scatter_add(reshape(matmul(g, w), (*s.shape, s.width, 1)), s.index, s.rows), scatter_add(matmul(w, turned), s.more(4), s.rows)]
    if len(x) > 1:
        made += [scatter_add(transpose(s.floats(*s.shape[::-1], 3), (1, 0, 2)), s.index, s.rows)]
        made += [scatter_add(transpose(s.floats(3, *s.shape), (1, 2, 0)), s.index, s.rows)]
        made += [scatter_add(transpose(s.floats(*s.shape), (1, 0)), s.more(s.shape[1]), s.rows)]
    return made


def transposed(s: Scene) -> list[Value]:
    """Gathered rows in another order."""
    last = len(s.shape)
    orders = [(*reversed(range(last)), last), tuple(reversed(range(last + 1)))]
    return [transpose(s.gathered, order) for order in orders] + [transpose(gather(s.floats(s.rows), s.index), tuple(reversed(range(last))))]


BUILDS: tuple[Build, ...] = (beside, projected, weight_gradients, sums, transposed)
SCENES = [*product((2, 5), (1, 3), ((12,), (3, 4), (3, 3))), (3, 3, (3,)), (6, 6, (6, 6)), (40, 3, (12,)), (40, 3, (3, 4))]


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.__name__)
@pytest.mark.parametrize("scene", SCENES, ids=str)
def test_values_stay(scene: tuple[int, int, tuple[int, ...]], build: Build) -> None:
    s = Scene(*scene)
    s.graph.finish(build(s))
    simple = verify(simplify(s.graph))
    for got, wanted in zip(interpret(simple, s.arrays), interpret(s.graph, s.arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-10, atol=1e-10)


def products(graph: Graph) -> int:
    """Multiplications of its contractions."""
    return sum(node.op.flops(*(x.type for x in node.args)) for node in graph.live() if isinstance(node.op, Contract))


@pytest.mark.parametrize("few", [True, False])
@pytest.mark.parametrize(
    "build",
    [
        lambda s: matmul(s.gathered, s.floats(s.width, 4)),
        lambda s: contract(s.gathered, s.floats(*s.shape, 5), f"{s.names}d,{s.names}k->dk"),
        lambda s: scatter_add(matmul(s.floats(*s.shape, 4), s.floats(4, s.width)), s.index, s.rows),
    ],
)
def test_rows_that_are_taken_often_are_multiplied_once(build: Callable[[Scene], Value], *, few: bool) -> None:
    s = Scene(6 if few else 7, 3, (12,))
    s.graph.finish([build(s)])
    before, after = products(s.graph), products(simplify(s.graph))
    assert (after * 2 == before) if few else (after == before)


@pytest.mark.parametrize("few", [True, False])
def test_a_bias_is_added_to_the_table(*, few: bool) -> None:
    s = Scene(6 if few else 7, 3, (12,))
    s.graph.finish([add(s.gathered, s.floats(3)), sub(s.floats(1, 3), s.gathered)])
    assert [node.values[0].shape[0] for node in simplify(s.graph).live() if node.op.name in ("add", "sub")] == [6 if few else 12] * 2


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, -1.0, 2.0])
def test_a_number_beside_changes_no_bit(number: float) -> None:
    """Of smaller, equal and larger shape than what it stands beside, on either side, written out or repeated."""
    x = np.array([[0.0, -0.0, 1.5], [-1.5, np.inf, np.nan]])
    for shape in ((), (1,), (3,), (2, 3), (1, 3), (2, 2, 3), (1, 1, 1)):
        graph = Graph()
        given = graph.input(Type(x.shape, F64))
        numbers = [graph.constant(np.full(shape, number)), broadcast_to(graph.constant(np.float64(number)), shape)]
        pairs = [pair for other in numbers for pair in ((given, other), (other, given))]
        graph.finish([op(a, b) for op in (add, sub, mul, div, maximum) for a, b in pairs])
        simple = verify(simplify(graph))
        for got, wanted in zip(interpret(simple, [x]), interpret(graph, [x]), strict=True):
            assert got.shape == wanted.shape
            np.testing.assert_array_equal(got, wanted)
            np.testing.assert_array_equal(np.signbit(got), np.signbit(wanted))


def test_arithmetic_that_changes_nothing_vanishes() -> None:
    graph = Graph()
    x, ones, zeros = graph.input(Type((2, 3), F64)), np.ones((2, 3)), np.zeros(3)
    graph.finish([mul(x, 1.0), mul(ones, x), div(x, ones), sub(x, zeros), mul(div(sub(x, 0.0), 1.0), ones)])
    simple = simplify(graph)
    assert simple.outputs == (simple.inputs[0],) * 5


@pytest.mark.parametrize("keepdims", [False, True])
def test_folds_of_any_axes(*, keepdims: bool) -> None:
    graph = Graph()
    x = graph.input(Type((2, 3, 1, 4), F64))
    axes = [chosen for count in range(1, 5) for chosen in combinations(range(4), count)]
    graph.finish([fold(x, chosen, keepdims=keepdims) for chosen in axes for fold in (reduce_sum, reduce_max)])
    array = np.random.default_rng(0).standard_normal(x.shape)
    for got, wanted in zip(interpret(verify(simplify(graph)), [array]), interpret(graph, [array]), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-12)


def test_arithmetic_with_numbers_joins_what_makes_the_reshaped() -> None:
    graph = Graph()
    x = graph.input(Type((2, 3), F64))
    graph.finish([maximum(sub(2.0, mul(reshape(tanh(x), (6,)), 0.5)), np.float64(0.25))])
    simple = simplify(graph)
    assert simple.outputs[0].node.op.name == "reshape"
    assert {node.values[0].shape for node in simple.live() if isinstance(node.op, Elementwise)} == {(2, 3)}
