"""Contractions against sums written out, and the operands' gradients for maps of every kind."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from gradwerk.autodiff.reverse import gradients
from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import typed
from gradwerk.ops.contraction import Contract, Index, axes, contract, plain
from gradwerk.ops.functions import conv, matmul
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]


def by_hand(op: Contract, lhs: Array, rhs: Array) -> Array:
    """The sum, product by product."""
    names = [name for name, _ in op.extents]
    result = np.zeros([op.extent[name] for name in op.out])
    for place in itertools.product(*(range(n) for _, n in op.extents)):
        at = dict(zip(names, place, strict=True))
        left, right = element(op.lhs, lhs, at), element(op.rhs, rhs, at)
        if left is not None and right is not None:
            result[tuple(at[name] for name in op.out)] += left * right
    return result


def element(maps: tuple[Index, ...], x: Array, at: dict[str, int]) -> float | None:
    """What is read of x, None outside."""
    place = []
    for index, extent in zip(maps, x.shape, strict=True):
        position, rest = divmod(sum(factor * at[name] for name, factor in index.terms) + index.offset, index.divisor)
        if rest or not 0 <= position < extent:
            return None
        place.append(position)
    return float(x[tuple(place)])


@st.composite
def convolutions(draw: Any) -> tuple[Contract, tuple[int, ...], tuple[int, ...]]:
    """A convolution along one or two axes with any stride, dilation and padding, and its operands' shapes.

    With or without examples, channels and filters: operands of different ranks, down to a window over one row of numbers.
    """
    rank = draw(st.integers(1, 2))
    maps, taps, out, extents, image, window = [], [], [], {}, [], []
    for k in range(rank):
        size, reach = draw(st.integers(1, 6)), draw(st.integers(1, 3))
        stride, dilation = draw(st.integers(1, 3)), draw(st.integers(1, 2))
        low, high = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        count = max((size + low + high - dilation * (reach - 1) - 1) // stride + 1, 1)
        maps.append(Index(((f"y{k}", stride), (f"r{k}", dilation)), -low).normal())
        taps += axes([f"r{k}"])
        out.append(f"y{k}")
        extents |= {f"y{k}": count, f"r{k}": reach}
        image.append(size)
        window.append(reach)
    n, c, k = (name if draw(st.booleans()) else "" for name in "nck")
    lhs, rhs = (*axes(n), *maps, *axes(c)), (*taps, *axes(c), *axes(k))
    extents |= {name: extent for name, extent in zip((n, c, k), (2, 2, 3), strict=True) if name}
    many, channels, filters = [2] * len(n), [2] * len(c), [3] * len(k)
    op = Contract(lhs, rhs, (*n, *out, *k), tuple(extents.items()))
    return op, (*many, *image, *channels), (*window, *channels, *filters)


@given(convolutions(), st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_convolutions_and_their_gradients(case: tuple[Contract, tuple[int, ...], tuple[int, ...]], seed: int) -> None:
    op, lhs, rhs = case
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal(lhs), rng.standard_normal(rhs)
    tolerances.allclose(op(a, b), by_hand(op, a, b), "products")
    slope_law(lambda x, y: (op(x, y),), [a, b], op)


@given(convolutions(), st.integers(0, 99), st.sampled_from(["float32", "float64"]))
@settings(max_examples=12, deadline=None)
def test_padding_adds_nothing_to_infinity(case: tuple[Contract, tuple[int, ...], tuple[int, ...]], seed: int, dtype: str) -> None:
    """A convolution and its gradients by the definition, by reference and compiled, where operands hold infinity and NaN."""
    op, lhs, rhs = case
    rng = np.random.default_rng(seed)
    graph = Graph()
    a, b = graph.input(typed(*lhs, dtype=np.dtype(dtype))), graph.input(typed(*rhs, dtype=np.dtype(dtype)))
    (y,) = graph.apply(op, [a, b])
    ct = graph.input(y.type)
    graph.finish([y, *gradients([y], [ct], [a, b])])
    plan = compile_graph(graph, host_target(), {})
    contractions = [value for value in graph.outputs if isinstance(value.node.op, Contract)]
    for spoiled in range(3):
        arrays = [rng.choice([-2.0, -1.0, 0.0, 1.0, 3.0], value.shape).astype(dtype) for value in graph.inputs]
        there = rng.random(arrays[spoiled].shape) < 0.3
        arrays[spoiled][there] = rng.choice([np.inf, np.inf, np.inf, -np.inf, np.nan], there.sum())
        made = Walk(plan, arrays).run()
        for got, wanted in zip(made, interpret(graph, arrays), strict=True):
            np.testing.assert_array_equal(got, wanted)
        given = dict(zip(graph.inputs, arrays, strict=True))
        for value in contractions:
            if all(v in given for v in value.node.args):
                with np.errstate(invalid="ignore"):
                    wanted = by_hand(value.node.op, *(given[v] for v in value.node.args))
                np.testing.assert_array_equal(made[graph.outputs.index(value)], wanted)


SUBSCRIPTS = (
    "nc,ck->nk", "bnc,bck->bnk", "nc,kc->kn", "abc,bcd->dab", "n,k->nk", "nk,nk->n", "nk,nk->", "ab,c->a", ",n->n", "nn,nk->nk", "nn,n->n",
)  # fmt: skip
SHAPES = (((3, 4), (4, 5)), ((4,), (4,)), ((2, 3, 4), (4,)), ((4,), (2, 4, 5)), ((2, 1, 3, 4), (5, 4, 6)), ((0, 3), (3, 2)))


@pytest.mark.parametrize("names", SUBSCRIPTS)
def test_plain_axes_are_einsum(names: str) -> None:
    rng = np.random.default_rng(1)
    extent = {name: k + 2 for k, name in enumerate("abcdnk")}
    left, right = names.split("->")[0].split(",")
    a, b = (rng.standard_normal([extent[name] for name in letters]) for letters in (left, right))
    tolerances.allclose(contract(a, b, names), np.einsum(names, a, b), "products")


def test_an_axis_that_nothing_reads_repeats_or_multiplies() -> None:
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(plain("c", "c", "r", c=2, r=3)(a, b), [11, 11, 11])
    np.testing.assert_array_equal(plain("c", "c", "", c=2, r=3)(a, b), 33)


def test_reads_beyond_the_end_are_zero_and_get_no_gradient() -> None:
    rng = np.random.default_rng(0)
    for size in (3, 5, 8):
        op = plain("nc", "ck", "nk", n=5, c=4, k=2)
        a, b = rng.standard_normal((size, 4)), rng.standard_normal((4, 2))
        np.testing.assert_allclose(op(a, b), by_hand(op, a, b))
        slope_law(lambda x, y, op=op: (op(x, y),), [a, b], size)


def test_gradients_of_a_convolution_have_the_named_form() -> None:
    graph = Graph()
    x, kernel = graph.input(typed(2, 9, 9, 4)), graph.input(typed(3, 3, 4, 8))
    y = conv(x, kernel, (2, 2), ((1, 1), (1, 1)))
    to_x, to_kernel = (g.node.op for g in gradients([y], [graph.input(y.type)], [x, kernel]) if g is not None)
    assert isinstance(to_x, Contract)
    assert [str(m) for m in to_x.lhs] == ["n", "(y0' + -1*r0 + 1) / 2", "(y1' + -1*r1 + 1) / 2", "k"]
    assert [str(m) for m in to_x.rhs] == ["r0", "r1", "c", "k"]
    assert to_x.out == ("n", "y0'", "y1'", "c")
    assert isinstance(to_kernel, Contract)
    assert [str(m) for m in to_kernel.lhs] == ["n", "2*y0 + r0 + -1", "2*y1 + r1 + -1", "c"]
    assert [str(m) for m in to_kernel.rhs] == ["n", "y0", "y1", "k"]
    assert to_kernel.out == ("r0", "r1", "c", "k")
    assert y.node.op.flops(x.type, kernel.type) == 2 * 2 * 5 * 5 * 3 * 3 * 4 * 8
    assert abs(to_x.flops(y.type, kernel.type) - 2 * 2 * 9 * 9 * 3 * 3 * 4 * 8 // 4) <= 1


def test_a_map_that_cannot_be_solved_says_so() -> None:
    op = Contract((Index((("a", 1), ("b", 1))),), (), (), (("a", 2), ("b", 2)))
    graph = Graph()
    x = graph.input(typed(3))
    with pytest.raises(StateError, match="no axis of it can be solved"):
        gradients([op(x, np.float32(1))], [np.float32(1)], [x])


@pytest.mark.parametrize("shapes", SHAPES)
def test_matmul_is_numpys(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    rng = np.random.default_rng(2)
    a, b = (rng.standard_normal(shape) for shape in shapes)
    tolerances.allclose(matmul(a, b), np.matmul(a, b), "products")
    slope_law(lambda x, y: (matmul(x, y),), [a, b], shapes)


def test_grouped_convolution_is_one_convolution_per_group() -> None:
    rng = np.random.default_rng(3)
    x, kernel = rng.standard_normal((2, 6, 5, 4)), rng.standard_normal((3, 2, 2, 6))
    parts = [conv(x[..., 2 * g : 2 * g + 2], kernel[..., 3 * g : 3 * g + 3], (1, 2)) for g in range(2)]
    tolerances.allclose(conv(x, kernel, (1, 2), groups=2), np.concatenate(parts, -1), "products")


def test_errors_name_the_extents() -> None:
    a = np.zeros((2, 3), np.float32)
    with pytest.raises(ShapeError, match="last axis of the left is 3, the right expects 2"):
        matmul(a, a)
    with pytest.raises(ShapeError, match="axis c is 3 in one place and 2 in another"):
        contract(a, a, "nc,ck->nk")
    with pytest.raises(ShapeError, match="the input has 3 channels, the kernel expects 4"):
        conv(np.zeros((1, 5, 3)), np.zeros((3, 4, 2)))
    with pytest.raises(ShapeError, match="larger than the padded input"):
        conv(np.zeros((1, 2, 3)), np.zeros((3, 3, 2)))
    with pytest.raises(ArgumentError, match="axes without extent"):
        Contract(axes("n"), axes("n"), (), ())(a[0], a[0])


@given(st.lists(st.tuples(st.sampled_from(["n", "h'", "y0"]), st.integers(-3, 3)), max_size=3), st.integers(-4, 4), st.integers(1, 4))
def test_maps_read_back_and_solve(terms: list[tuple[str, int]], offset: int, divisor: int) -> None:
    index = Index(tuple(terms), offset, divisor)
    assert Index.parse(str(index)) == index
    simple = index.normal()
    assert Index.parse(str(simple)) == simple
    for name, _ in simple.terms:
        assert simple.solve(name, "p").replaced("p", simple) == Index(((name, 1),))


def changed(**fields: Any) -> Contract:
    """A product of matrices, with some fields said otherwise."""
    return dataclasses.replace(plain("nc", "ck", "nk", n=3, c=4, k=2), **fields)


REFUSED = {
    "an axis of the result twice": (changed(out=("n", "n")), ArgumentError, "named twice"),
    "an axis of the result without extent": (changed(out=("n", "z")), ArgumentError, "has no extent"),
    "an axis twice and one without extent": (changed(out=("z", "z")), ArgumentError, "named twice"),
    "an axis of an operand without extent": (changed(lhs=axes("nz")), ArgumentError, "axes without extent ['z']"),
    "a divisor of 0": (changed(rhs=(Index((("c", 1),), 0, 0), Index((("k", 1),)))), ArgumentError, "divisor below 1"),
    "too few dimensions": (changed(lhs=axes("n")), ShapeError, "1 dimensions are named, the operand has 2"),
    "too many dimensions": (changed(rhs=axes("ckn")), ShapeError, "3 dimensions are named, the operand has 2"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_sum_is_refused(what: str) -> None:
    op, kind, says = REFUSED[what]
    with pytest.raises(kind) as caught:
        op.infer(typed(3, 4), typed(4, 2))
    assert says in str(caught.value)
