"""What every op obeys, as functions over an op class: a new op is tested by existing.

A law draws its cases (cases.py) and fails with an AssertionError; a law that does not concern a kind passes over it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError, StateError
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Elementwise, Indexed, Movement, Op, Operand, Random, Reduction, no_gradient
from gradwerk.ir.strides import Strides
from gradwerk.ir.text import parse, print_graph
from gradwerk.ir.verify import verify
from gradwerk.ops.arithmetic import StopGradient
from gradwerk.ops.control import scan
from gradwerk.ops.look import InRange, Look
from gradwerk.ops.movement import Concatenate
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws import part
from tests.laws.cases import draw, examples_of, generator, special, widened
from tests.laws.numpy_emitter import NumpyEmitter

Array = np.ndarray[Any, Any]
Law = Callable[[type[Op]], None]
STEP = 1e-6


def is_documented(cls: type[Op]) -> None:
    """A docstring says what it is, and its shape and dtype (inputs and constants say them by themselves)."""
    text = cls.__doc__ or ""
    assert len(text.splitlines()[0]) > 3
    if not cls.__module__.endswith("ir.leaves"):
        assert "Shape:" in text
        assert "Dtype:" in text


def has_cases(cls: type[Op]) -> None:
    """Its kind or its class gives examples."""
    assert examples_of(cls)


def reference_has_the_inferred_type(cls: type[Op]) -> None:
    """`infer` says what `evaluate` makes, of elements also where all operands are numbers."""
    examples = [*examples_of(cls)]
    if issubclass(cls, Elementwise):
        examples += {(op, tuple(t.with_shape(()) for t in types)): None for op, types in examples}
    for op, types in examples:
        if cls is not Input:
            results = op.evaluate(*draw(op, types))
            assert op.infer(*types) == tuple(Type(r.shape, r.dtype) for r in results), (op, types)


def eager_and_graph_agree(cls: type[Op]) -> None:
    """Called on arrays and called on Values, then interpreted, it gives the same bits."""
    for op, types in examples_of(cls):
        if cls is Input or any(t.is_token for t in types):
            continue
        arrays = draw(op, types)
        graph, outputs = graph_of(op, types)
        for eager, traced in zip(as_tuple(op(*arrays) if arrays else op.evaluate()), interpret(graph.finish(outputs), arrays), strict=True):
            tolerances.same(eager, traced, op)


def text_reads_back(cls: type[Op]) -> None:
    """Its graph prints, parses back to an equal graph, and passes the verifier."""
    for op, types in examples_of(cls):
        graph, outputs = graph_of(op, types)
        graph.finish(outputs)
        text = print_graph(verify(graph))
        again = verify(parse(text))
        assert again == graph, text
        assert print_graph(again, origins=False) == print_graph(graph, origins=False)


def emit_means_the_reference(cls: type[Op]) -> None:
    """The scalar code, spoken to NumPy, gives what the reference gives, at ordinary and special values."""
    e = NumpyEmitter()
    if issubclass(cls, Elementwise):
        for op, types in examples_of(cls):
            for arrays in (draw(op, types), specials(types)):
                (wanted,) = op.evaluate(*arrays)
                with np.errstate(all="ignore"):
                    made = op.emit(e, *op.in_accumulator(arrays))
                    made = dtypes.converted(made, wanted.dtype) if op.rounds else made
                assert made.dtype == wanted.dtype, (op, types)
                tolerances.allclose(np.broadcast_to(made, wanted.shape), wanted, "elementwise", op)
    if issubclass(cls, Random):
        for op, types in examples_of(cls):
            arrays = draw(op, types)
            (wanted,) = op.evaluate(*arrays)
            index = np.arange(wanted.size, dtype=np.uint32)
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(op.emit(e, index, *arrays).reshape(wanted.shape), wanted)


def a_number_alone_is_as_in_an_array(cls: type[Op]) -> None:
    """Without axes, where NumPy 1 computes beside a Python number in its widest dtype, a number becomes what it becomes along an axis."""
    if not issubclass(cls, Elementwise):
        return
    for op, types in {tuple(t.dtype for t in types): (op, types) for op, types in examples_of(cls)}.values():
        long = [t.with_shape((16,)) for t in types]
        odd = [generator("alone", cls.name, k).choice(special(t.dtype), 16) for k, t in enumerate(types)]
        for arrays in (draw(op, long), odd):
            for k in range(16):
                (wanted,), (made,) = (op.evaluate(*(a[k : k + 1].reshape(shape) for a in arrays)) for shape in ((1,), ()))
                tolerances.same(made, wanted.reshape(()), op)


def combine_folds_to_the_reference(cls: type[Op]) -> None:
    """Folding with `combine` from `identity` gives what the reference gives."""
    if not issubclass(cls, Reduction):
        return
    e = NumpyEmitter()
    for op, types in examples_of(cls):
        (x,) = draw(op, types)
        (wanted,) = op.evaluate(x)
        axes = op.axes
        kept = [n for k, n in enumerate(x.shape) if k not in axes]
        rows = np.moveaxis(x, axes, range(len(axes))).reshape([math.prod(x.shape[k] for k in axes), *kept])
        rows = dtypes.widened(rows)
        total = np.full(rows.shape[1:], op.identity(rows.dtype), rows.dtype)
        for row in rows:
            total = op.combine(e, total, row)
        tolerances.allclose(dtypes.converted(total, x.dtype).reshape(wanted.shape), wanted, "sums", op)


def view_reads_the_reference(cls: type[Op]) -> None:
    """Where `view` answers, its strides over x's strided data read what the reference gives."""
    if not issubclass(cls, Movement) or cls is Concatenate:
        return
    for op, types in examples_of(cls):
        (x,) = draw(op, types)
        (wanted,) = op.evaluate(x)
        for data, source in layouts(x):
            view = op.view(source)
            if view is not None:
                assert view.shape == wanted.shape, op
                tolerances.same(read(data, view), wanted, op)


def gradient_is_the_slope(cls: type[Op]) -> None:
    """The gradient along a random direction is the finite difference, in float64; "no gradient" gives None."""
    for example in examples_of(cls):
        op, types = widened(example)
        if cls.vjp is no_gradient:
            if cls is Input:
                continue
            graph, outputs = graph_of(op, types)
            assert all(g is None for g in gradients(outputs, outputs, graph.inputs))
        elif refuses(op, types):
            continue
        else:
            slope_law(lambda *xs, op=op: as_tuple(op(*xs)), draw(op, types), (op, types))


def second_gradient_is_the_slope_of_the_first(cls: type[Op]) -> None:
    """The same of the gradient itself, where it has one."""
    for example in examples_of(cls):
        op, types = widened(example)
        if cls.vjp is no_gradient or refuses(op, types):
            continue
        arrays = draw(op, types)
        rng = generator("second", op, types)
        cts = [rng.standard_normal(t.shape) if dtypes.is_float(t.dtype) else None for t in op.infer(*types)]

        def first(*xs: Operand, op: Op = op, cts: Sequence[Array | None] = cts) -> tuple[Operand, ...]:
            if isinstance(xs[0], Value):
                return tuple(g for g in gradients(as_tuple(op(*xs)), cts, xs) if g is not None)
            graph = Graph()
            inputs = [graph.input(Type(x.shape, x.dtype)) for x in xs]
            return interpret(graph.finish(first(*inputs)), xs)

        slope_law(first, arrays, (op, types))


def a_derivative_of_zero_is_zeros(cls: type[Op]) -> None:
    """No gradient at all is what constants get: a floating result hands one on to each floating argument, and zeros where it is flat."""
    if not issubclass(cls, Elementwise) or cls is StopGradient:
        return
    for op, types in examples_of(cls):
        if not refuses(op, types):
            graph, outputs = graph_of(op, types)
            found = gradients(outputs, [np.ones(y.shape) for y in outputs], graph.inputs)
            assert all(g is not None for g, x in zip(found, types, strict=True) if dtypes.is_float(x.dtype)), op


def compiled_is_the_reference(cls: type[Op]) -> None:
    """Compiled alone, it gives what the reference gives: at ordinary and special values, on empty axes and axes of extent 1, chunks in
    either order.
    """
    for _, (op, types) in part.of(examples_of(cls), "reference", cls.name):
        if cls is Input or any(t.is_token for t in (*types, *op.infer(*types))):
            continue
        cases = [draw(op, types)]
        if isinstance(op, Elementwise):
            shapes = [(0, 3), (1, 1), (17,), (3, 1, 40)]
            cases.append(specials(types))
            cases += [[np.resize(x, shape) if 0 not in shape else np.zeros(shape, x.dtype) for x in cases[0]] for shape in shapes]
        for arrays in cases:
            graph, outputs = graph_of(op, [Type(a.shape, a.dtype) for a in arrays])
            graph.finish(outputs)
            plan = compile_graph(graph, host_target(), {})
            made, again = Walk(plan, arrays).run(), Walk(plan, arrays).run(-1)
            for got, back in zip(made, again, strict=True):
                tolerances.same(got, back, op)
            tolerances.judge(graph, arrays, made, [op] * len(made))


def whole_numbers_are_refused(cls: type[Op]) -> None:
    """An index of no row, or a number that a look refuses, raises the same error eagerly, interpreted and compiled, in a loop too.

    Negative indices do not count from the end.
    """
    if not issubclass(cls, Indexed | Look):
        return
    for op, types in examples_of(cls):
        position, wrongs = refused_by(op, types)
        for place in range(0, types[position].size, max(types[position].size - 1, 1)):  # the first and the last
            for wrong in wrongs:
                arrays = draw(op, types)
                arrays[position].reshape(-1)[place] = wrong
                graph, outputs = graph_of(op, types)
                graph.finish(outputs)
                ways = (op, lambda *xs, g=graph: interpret(g, xs), lambda *xs, g=graph: Native(g, {}).run([aligned_copy(x) for x in xs]))
                errors = [error_of(way, arrays) for way in ways]
                spot = f"({', '.join(str(int(n)) for n in np.unravel_index(place, types[position].shape))})"
                named = wrong - op.rows if isinstance(op, InRange) and op.wrapped and wrong < 0 else wrong
                assert f"{named} at {spot}" in errors[0][0] + errors[0][1][0]
                assert errors[0] == errors[1] == errors[2]
                refused_in_a_loop(graph, draw(op, types), arrays, errors[0])


def refused_by(op: Op, types: Sequence[Type]) -> tuple[int, list[int]]:
    """Which argument holds whole numbers that the op refuses, and some of them."""
    if isinstance(op, Look):
        limits = np.iinfo(types[0].dtype)
        tried = [n for n in (0, -1, 4, 5, limits.max, limits.min) if limits.min <= n <= limits.max]
        return 0, [n for n in tried if op.refused(np.array([n], types[0].dtype)).all()]
    assert isinstance(op, Indexed)
    position, rows = op.indexed(*types)
    return position, [rows, -1, -rows - 1, np.iinfo(types[position].dtype).max]


def refused_in_a_loop(body: Graph, good: Sequence[Array], bad: Sequence[Array], error: tuple[str, tuple[str, ...], str]) -> None:
    """The graph as the body of a scan, its arguments bad in steps 1 and 2 of 4: the first of these that comes is named."""
    stacks = [np.stack([a, b, b, a]) for a, b in zip(good, bad, strict=True)]
    for reverse, step in ((False, 1), (True, 2)):
        graph = Graph("loop")
        graph.finish(scan(body, 4, [], [graph.input(Type(s.shape, s.dtype)) for s in stacks], reverse=reverse))
        message, facts, likely = error
        wanted = message, (*facts, f"step {step} of a scan of 4"), likely
        assert error_of(lambda *xs, g=graph: interpret(g, xs), stacks) == wanted
        assert error_of(lambda *xs, g=graph: Native(g, {}).run([aligned_copy(x) for x in xs]), stacks) == wanted


def error_of(way: Callable[..., object], arrays: Sequence[Array]) -> tuple[str, tuple[str, ...], str]:
    """What the error says that comes."""
    try:
        way(*arrays)
    except (DataError, ArgumentError) as error:
        return error.message, error.facts, error.likely
    raise AssertionError("no error came")


LAWS: tuple[Law, ...] = (
    is_documented, has_cases, reference_has_the_inferred_type, eager_and_graph_agree, text_reads_back, emit_means_the_reference,
    a_number_alone_is_as_in_an_array, combine_folds_to_the_reference, view_reads_the_reference, gradient_is_the_slope,
    second_gradient_is_the_slope_of_the_first, a_derivative_of_zero_is_zeros, compiled_is_the_reference, whole_numbers_are_refused,
)  # fmt: skip


def slope_law(function: Callable[..., tuple[Operand, ...]], arrays: Sequence[Array], about: object) -> None:
    """Compares the reverse walk through `function` with central differences along one random direction."""
    rng = generator("slope", about)
    graph = Graph()
    inputs = [graph.input(Type(a.shape, a.dtype)) for a in arrays]
    outputs = function(*inputs)
    cts = [rng.standard_normal(y.shape) if dtypes.is_float(y.dtype) else None for y in outputs]
    found = gradients(outputs, cts, inputs)
    graph.finish(g if isinstance(g, Value) else graph.constant(g) for g in found if g is not None)
    given = iter(interpret(verify(graph), arrays))
    ways = [rng.standard_normal(a.shape) if dtypes.is_float(a.dtype) else None for a in arrays]
    slope = sum(float(np.sum(next(given) * way)) for g, way in zip(found, ways, strict=True) if g is not None and way is not None)
    above, below = (function(*(a if w is None else a + s * w for a, w in zip(arrays, ways, strict=True))) for s in (STEP, -STEP))
    pairs = zip(above, below, cts, strict=True)
    expected = sum(float(np.sum(ct * (a - b))) for a, b, ct in pairs if ct is not None) / (2 * STEP)
    tolerances.allclose(np.asarray(slope), np.asarray(expected), "slope", about)


def refuses(op: Op, types: Sequence[Type]) -> bool:
    """Whether the op says aloud that it has no derivative."""
    if not any(dtypes.is_float(t.dtype) for t in types) or not any(dtypes.is_float(t.dtype) for t in op.infer(*types)):
        return True
    graph, outputs = graph_of(op, types)
    try:
        gradients(outputs, [np.ones(y.shape) if dtypes.is_float(y.dtype) else None for y in outputs], graph.inputs)
    except StateError:
        return True
    return False


def graph_of(op: Op, types: Sequence[Type]) -> tuple[Graph, tuple[Value, ...]]:
    """An unfinished graph of one application."""
    graph = Graph("law")
    if isinstance(op, Input):
        return graph, (graph.input(op.type, op.label),)
    inputs = [graph.input(t) for t in types]
    return graph, graph.apply(op, inputs)


def as_tuple(results: Any) -> tuple[Any, ...]:
    """One result comes alone."""
    return results if isinstance(results, tuple) else (results,)


def specials(types: Sequence[Type]) -> list[Array]:
    """Special values, every one against every one."""
    values = [special(t.dtype) for t in types]
    return [v.reshape([-1 if k == j else 1 for j in range(len(values))]) for k, v in enumerate(values)]


def layouts(x: Array) -> list[tuple[Array, Strides]]:
    """The array's values in several memory layouts: dense, axes reversed in memory, every second element, walked backward."""
    item = x.itemsize
    transposed = np.array(x, order="F")
    wide = np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x
    back = x[..., ::-1].copy()[..., ::-1] if x.ndim else x
    result = []
    for view in (x, transposed, wide, back):
        base = view if view.base is None else view.base
        whole = np.lib.stride_tricks.as_strided(base, (base.size,), (item,)) if base.size else base.ravel()
        offset = (view.__array_interface__["data"][0] - base.__array_interface__["data"][0]) // item
        result.append((whole, Strides(view.shape, tuple(s // item for s in view.strides), offset)))
    return result


def read(data: Array, view: Strides) -> Array:
    """The elements that a view names, one by one."""
    result = np.empty(view.shape, data.dtype)
    for place in np.ndindex(*view.shape):
        result[place] = data[view.offset + sum(i * s for i, s in zip(place, view.strides, strict=True))]
    return result
