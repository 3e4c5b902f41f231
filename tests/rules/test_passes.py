"""Each pass that rewrites proved in the small: before and after it a graph means the same, gradients included, on whole numbers.

The passes are those of the pipeline's table, and fusing, which lowering begins with.  (`simplify` is proved rule by rule: test_rules.py.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.compiler.bounds import check_indices
from gradwerk.compiler.composites import open_composites
from gradwerk.compiler.hoist import hoist, merge_scans
from gradwerk.compiler.pipeline import PASSES
from gradwerk.compiler.select import select_branches
from gradwerk.compiler.widen import widen
from gradwerk.ir.control import bodies_of, is_composite
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import Reduction
from gradwerk.ir.verify import verify
from gradwerk.ops.arithmetic import add, div, maximum, mul, neg, sub
from gradwerk.ops.branch import Cond
from gradwerk.ops.compare import greater
from gradwerk.ops.composite import Composite
from gradwerk.ops.contraction import contract
from gradwerk.ops.control import Scan, scan
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.look import InRange
from gradwerk.ops.movement import broadcast_to, reshape, transpose
from gradwerk.ops.reduction import Max, Min, Sum
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.steps import KINDS, TERMS, loop
from tests.rules.shapes import FEW, SHAPES, Array, Shape, axes_of, exact, given

F32 = dtypes.float32


def test_every_pass_has_a_proof() -> None:
    names = {"open composites", "check indices", "select", "widen", "simplify", "merge_scans", "hoist", "simplify again"}
    assert {item.name for item in PASSES} == names


def same(old: Graph, new: Graph, *, exactly: bool = True) -> None:
    """Both give the same on whole numbers; sums of them are exact in any order."""
    rng = np.random.default_rng(0)
    assert [value.type for value in new.outputs] == [value.type for value in old.outputs]
    arrays = [exact(value.type, rng) for value in old.inputs]
    for a, b in zip(interpret(old, arrays), interpret(verify(new), arrays), strict=True):
        np.testing.assert_allclose(b, a, rtol=0 if exactly else 1e-5, atol=0 if exactly else 1e-5)


def with_gradients(graph: Graph) -> Graph:
    """The gradients of a graph's floating results for its inputs; those that have none left out."""
    again = Graph("gradient")
    inputs = [again.input(value.type) for value in graph.inputs]
    outputs = graph.inline(inputs, again)
    rng = np.random.default_rng(1)
    cts = [exact(y.type, rng) if dtypes.is_float(y.dtype) else None for y in outputs]
    return again.finish(g for g in gradients(outputs, cts, inputs) if g is not None)


def scans(graph: Graph) -> list[Scan]:
    return [node.op for node in graph.live() if isinstance(node.op, Scan)]


# ---- composites


def test_open_composites() -> None:
    """Maps stay one node and others do not, alone and in a loop: both mean what the body does, gradients included."""
    for shape in SHAPES:
        types = (Type(shape, F32), Type(shape, F32))
        for stays, build in ((True, lambda x, y: [mul(x, y), sub(x, y)]), (False, lambda x, y: [mul(x, Sum(())(y)), y])):
            body, inner, graph = Graph("body"), Graph("step"), Graph()
            body.finish(build(*[body.input(type_) for type_ in types]))
            inner.finish(inner.apply(Composite(body), [inner.input(type_) for type_ in types]))
            x, y = (graph.input(type_) for type_ in types)
            graph.finish([*graph.apply(Composite(body), [x, y]), *scan(inner, 2, [x, y])])
            opened = open_composites(graph)
            assert [is_composite(node.op) for node in opened.live()].count(True) == stays
            same(graph, opened)
            same(with_gradients(graph), open_composites(with_gradients(graph)))


# ---- branches


def test_select() -> None:
    """What is cheap both ways is chosen by element, to the bit and with its gradients; what may fail, is slow or has an effect is not."""
    wide, table = Type((4, 3), F32), Type((), dtypes.int32)
    cases: list[tuple[bool, Callable[..., list[Value]], Callable[..., list[Value]]]] = [
        (True, lambda x, w, i: [mul(x, w), x], lambda x, w, i: [sub(x, w), x]),
        (True, lambda x, w, i: [x, broadcast_to(w, (4, 3))], lambda x, w, i: [neg(x), maximum(x, 0)]),
        (False, lambda x, w, i: [Gather()(x, i)], lambda x, w, i: [w]),
        (False, lambda x, w, i: [x], lambda x, w, i: [mul(x, div(w, x))]),
        (False, lambda x, w, i: [Sum((0,))(x)], lambda x, w, i: [w]),
    ]
    for flag in (False, True):
        for gone, first, second in cases:
            bodies = []
            for build in (first, second):
                body = Graph("branch")
                bodies.append(body.finish(build(body.input(wide), body.input(Type((3,), F32)), body.input(table))))
            graph, inner = Graph(), Graph("step")
            for part in (inner, graph):
                x, w, i = part.input(wide), part.input(Type((3,), F32)), part.input(table)
                condition = greater(i, 1 if flag else 3)
                made = part.apply(Cond(*bodies), [condition, x, w, i])
                part.finish(made)
            whole = Graph()
            x, w, i = (whole.input(value.type) for value in graph.inputs)
            outputs = [*graph.inline([x, w, i], whole), *scan(inner, 2, [], [], [x, w, i])]
            whole.finish(outputs)
            selected = select_branches(check_indices(whole))
            kept = [node.op for part in (selected, *(b for n in selected.live() for b in bodies_of(n.op))) for node in part.live()]
            assert any(isinstance(op, Cond) for op in kept) is not gone
            same(whole, selected)
            same(with_gradients(whole), select_branches(with_gradients(whole)))


# ---- loops


@pytest.mark.parametrize("term", TERMS)
def test_hoist(term: str) -> None:
    """Every kind of term, for 0 to 4 steps in either direction; both sides and the gradients of both sides."""
    for length, reverse, dtype in product(range(5), (False, True), (F32, dtypes.int32)):
        step = lambda d, c, x, w, m: (maximum(d, x), add(c, TERMS[term](d, x, w, m)), neg(d))  # noqa: E731
        graph = loop(step, 2, length, dtype=dtype, reverse=reverse, sums=1)
        hoisted = hoist(graph)
        assert [op.carries for op in scans(hoisted)] == [1]
        same(graph, hoisted)
        if dtypes.is_float(dtype):
            back = with_gradients(graph)
            same(back, with_gradients(hoisted), exactly=False)
            same(back, hoist(merge_scans(back)), exactly=False)


def sums_of(shape: Shape) -> Iterator[tuple[Shape, Callable[[Value, Value], Value]]]:
    """Terms of a slice of x and of w of this shape, and the shape that they have."""
    yield shape, lambda x, w: x
    yield shape, lambda x, w: w
    yield shape, mul
    yield tuple(reversed(shape)), lambda x, w: transpose(mul(x, w), tuple(reversed(range(x.ndim))))
    for fold in (Sum, Max, Min):
        for axes in axes_of(len(shape)):
            if fold is Sum or all(shape[k] for k in axes):
                for kept in (False, True):
                    op: Reduction = fold(axes, kept)
                    (type_,) = op.infer(Type(shape, F32))
                    yield type_.shape, lambda x, w, op=op: op(x)  # type: ignore[misc]
                    yield type_.shape, lambda x, w, op=op: op(w)  # type: ignore[misc]


def test_hoist_of_terms_of_every_small_shape() -> None:
    for number, shape in enumerate(SHAPES):
        for k, (result, term) in enumerate(sums_of(shape)):
            if len(shape) == 3 and (number + k) % 4:
                continue
            body, graph, length = Graph("step"), Graph(), (number + k) % 4
            c, x, w = body.input(Type(result, F32)), body.input(Type(shape, F32)), body.input(Type(shape, F32))
            body.finish([add(c, term(x, w))])
            types = (c.type, Type((length, *shape), F32), w.type)
            first, stacks, fixed = (graph.input(t) for t in types)
            graph.finish(scan(body, length, [first], [stacks], [fixed], reverse=k % 2 == 1, sums=1))
            same(graph, hoist(graph))


def test_merge_scans() -> None:
    """Scans with equal carries become one and give what each gave; scans with other carries stay apart."""
    kinds = list(KINDS.items())
    for number, ((one, first), (other, second)) in enumerate(product(kinds, kinds)):
        carry = kinds[number % len(kinds)][1]
        made = [loop(lambda *v, y=y, carry=carry: (carry(*v), y(*v)), 1, 3, reverse=number % 2 == 1) for y in (first, second)]
        graph = Graph()
        inputs = [graph.input(value.type) for value in made[0].inputs]
        graph.finish([value for part in made for value in part.inline(inputs, graph)])
        merged = merge_scans(graph)
        assert len(scans(merged)) == 1, (one, other)
        same(graph, merged)
        apart = loop(lambda *v, first=first, second=second: (first(*v), second(*v)), 1, 3, reverse=number % 2 == 1)
        graph = Graph()
        inputs = [graph.input(value.type) for value in apart.inputs]
        graph.finish([value for part in (made[0], apart) for value in part.inline(inputs, graph)])
        same(graph, merge_scans(graph))


# ---- indices


def test_check_indices() -> None:
    """The same results, with every reader's indices looked at; once for readers with as many rows."""
    for rows, shape, width in product((1, 2, 4), ((), (3,), (0,), (2, 2)), (0, 1, 3)):
        graph = Graph()
        table, other = given(graph, (rows, width)), given(graph, (rows, width))
        index = graph.constant((np.arange(int(np.prod(shape))) * 3 % rows).reshape(shape))
        taken = [graph.apply(Gather(), [t, index])[0] for t in (table, other)]
        sums = [graph.apply(ScatterAdd(rows + k), [x, index])[0] for k, x in enumerate((add(*taken), taken[0]))]
        graph.finish([*taken, *sums])
        checked = check_indices(graph)
        same(graph, checked)
        assert 1 <= sum(isinstance(node.op, InRange) for node in checked.live()) <= 2
        same(with_gradients(graph), check_indices(with_gradients(graph)))


# ---- narrow floats


@pytest.mark.parametrize("dtype", [dtype for dtype in dtypes.DATA if dtypes.is_narrow(dtype)], ids=lambda dtype: dtypes.SHORT[dtype])
def test_widen(dtype: dtypes.DType) -> None:
    """The same bits, of numbers that are rounded: by elements, folds, products, rows at indices, moved; in a loop too, and of gradients."""
    for shape in SHAPES:
        if len(shape) < 2 or 0 in shape:
            continue
        graph, body = Graph(), Graph("step")
        x, y = given(graph, shape, dtype), given(graph, shape, dtype)
        index = graph.constant(np.arange(shape[0])[::-1].copy())
        square = contract(x, y, "abc"[: len(shape)] + "," + "abc"[: len(shape)] + "->a")
        rows = graph.apply(ScatterAdd(shape[0]), [graph.apply(Gather(), [mul(x, y), index])[0], index])[0]
        carry, one = body.input(Type((), dtype)), body.input(Type(shape[1:], dtype))
        body.finish([add(carry, Sum(tuple(range(one.ndim)))(mul(one, carry))), neg(one)])
        start = graph.constant(dtypes.of_value(0.3, dtype))
        looped = scan(body, shape[0], [start], [x])
        graph.finish([maximum(mul(x, y), sub(x, y)), Sum((0,))(x), square, rows, transpose(x, tuple(reversed(range(x.ndim)))), *looped])
        rng = np.random.default_rng(len(shape))
        for program in (graph, with_gradients_of(graph, dtype)):
            arrays = [dtypes.converted(rng.normal(size=value.shape), dtype) for value in program.inputs]
            for a, b in zip(interpret(program, arrays), interpret(verify(widen(program)), arrays), strict=True):
                np.testing.assert_array_equal(a.view(np.uint16), b.view(np.uint16))


def with_gradients_of(graph: Graph, dtype: dtypes.DType) -> Graph:
    """Gradients along ones, which every narrow float has."""
    again = Graph("gradient")
    inputs = [again.input(value.type) for value in graph.inputs]
    outputs = graph.inline(inputs, again)
    return again.finish(g for g in gradients(outputs, [dtypes.filled(y.shape, 1, dtype) for y in outputs], inputs) if g is not None)


# ---- regions: fusing, remaking


def centred(x: Value, v: Value, s: Value) -> Sequence[Value]:
    """What a normalisation needs: differences from a fold, their squares, folds of both."""
    top = Max((x.ndim - 1,), True)(x)  # noqa: FBT003
    d = sub(x, top)
    return d, mul(d, d), Sum((x.ndim - 1,))(d), Sum((0,))(mul(d, d))


def per_row(x: Value, v: Value, s: Value) -> Sequence[Value]:
    """One number per row, and a vector along the rows, beside each other."""
    low = Min((x.ndim - 1,))(x)
    return mul(x, reshape(low, (*low.shape, 1))), add(mul(x, v), s), add(low, s)


def remade(x: Value, v: Value, s: Value) -> Sequence[Value]:
    """A value of few instructions that several read: a map, a fold along leading axes, a fold of all, another shape."""
    d = sub(mul(x, s), v)
    folded = Sum(tuple(range(x.ndim)))(mul(d, x))
    return maximum(d, x), Sum(tuple(range(x.ndim - 1)))(d) if x.ndim > 1 else d, folded, transpose(neg(d), tuple(reversed(range(x.ndim))))


def out_and_back(x: Value, v: Value, s: Value) -> Sequence[Value]:
    """A path that leaves a region and comes back."""
    a = add(x, v)
    back = reshape(transpose(a, tuple(reversed(range(x.ndim)))), x.shape)
    return (add(a, mul(back, s)), broadcast_to(Sum(tuple(range(x.ndim)))(sub(back, a)), v.shape))


@pytest.mark.parametrize("build", [centred, per_row, remade, out_and_back])
def test_regions(build: Callable[[Value, Value, Value], Sequence[Value]]) -> None:
    """Compiled, whatever is fused and made again, a small program gives what it gives node by node; so do its gradients."""
    for number, shape in enumerate(FEW):
        if not shape or (0 in shape and build in (centred, per_row)):
            continue
        graph = Graph()
        x, v, s = given(graph, shape), given(graph, shape[-1:]), given(graph, ())
        graph.finish(build(x, v, s))
        for program in (graph, with_gradients(graph)) if number % 2 else (graph,):
            run_the_same(program)


def run_the_same(graph: Graph) -> None:
    """Compiled is interpreted, on whole numbers."""
    rng = np.random.default_rng(2)
    arrays: list[Array] = [exact(value.type, rng) for value in graph.inputs]
    made = Native(graph, {}).run([aligned_copy(x) for x in arrays])
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)
