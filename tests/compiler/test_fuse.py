"""What fusion makes of known shapes of program: counts and kinds of units, never names of models."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from gradwerk.compiler.backend import Capabilities
from gradwerk.compiler.bodies import weight, weight_of
from gradwerk.compiler.fuse import fuse
from gradwerk.compiler.llvm.rows import Levels
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.region import MAP, REDUCE, ROW, Region, Single
from gradwerk.nn.norm import batch_statistics, normalize
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import add, mul, sub
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import Tanh, exp, log, tanh
from tests.laws.programs import inputs_of, programs

FLOAT = np.dtype("float32")


def kinds(graph: Graph) -> list[str]:
    return [unit.kind if isinstance(unit, Region) else unit.node.op.name for unit in fuse(graph)]


def test_a_chain_of_elementwise_ops_is_one_map() -> None:
    graph = Graph()
    x, b = graph.input(Type((4, 8), FLOAT)), graph.input(Type((8,), FLOAT))
    graph.finish([tanh(add(mul(x, np.float32(2)), b))])
    assert kinds(graph) == [MAP]


def test_softmax_cross_entropy_and_its_gradient_are_one_row_region() -> None:
    graph = Graph()
    x, target = graph.input(Type((4, 8), FLOAT)), graph.input(Type((4, 8), FLOAT))
    p = functions.softmax(x, axis=-1)
    loss = reduce_sum(mul(target, log(p)), (1,))
    graph.finish([loss, sub(p, target)])
    assert kinds(graph) == [ROW]


def test_a_bias_gradient_takes_its_producer_as_prologue() -> None:
    graph = Graph()
    x, y = graph.input(Type((4, 8), FLOAT)), graph.input(Type((4, 8), FLOAT))
    graph.finish([reduce_sum(mul(x, y), (0,))])
    assert kinds(graph) == [REDUCE]


def test_two_regions_that_would_wait_for_each_other_are_not_made() -> None:
    graph = Graph()
    a, b = exp(graph.input(Type((4, 8), FLOAT))), exp(graph.input(Type((8, 4), FLOAT)))
    graph.finish([mul(a, transpose(b, (1, 0))), mul(b, transpose(a, (1, 0)))])
    assert len([kind for kind in kinds(graph) if kind == MAP]) == 3


def test_a_path_out_and_back_in_keeps_regions_apart() -> None:
    graph = Graph()
    x = graph.input(Type((4, 4), FLOAT))
    a = exp(x)
    graph.finish([add(a, transpose(mul(a, a), (1, 0)))])
    assert kinds(graph) == [MAP, "transpose", MAP]


def test_what_reads_a_region_needs_all_that_the_region_needs_later() -> None:
    """n may not join k: r, which it reads too, reads a region that another one became part of, which needs k."""
    graph = Graph()
    k, a = exp(graph.input(Type((4, 4), FLOAT))), exp(graph.input(Type((4, 4), FLOAT)))
    r = transpose(a, (1, 0))
    h = log(transpose(k, (1, 0)))
    graph.finish([add(a, h), mul(r, k)])
    assert kinds(graph) == [MAP, "transpose", MAP, "transpose", MAP]


def test_regions_are_cut_before_they_are_too_long() -> None:
    graph = Graph()
    x = graph.input(Type((4, 8), FLOAT))
    for _ in range(200):
        x = tanh(x)
    units = [unit for unit in fuse(graph.finish([x])) if isinstance(unit, Region)]
    heavy = next(node for node in graph.live() if isinstance(node.op, Tanh))
    assert sum(weight(unit.body) for unit in units) == 200 * weight_of(heavy)
    assert all(weight(unit.body) <= Capabilities.weight for unit in units)
    assert len(units) == -(-200 // (Capabilities.weight // weight_of(heavy)))


def test_row_regions_are_cut_before_they_walk_too_often() -> None:
    graph = Graph()
    x = graph.input(Type((4, 8), FLOAT))
    for _ in range(30):
        x = sub(x, reduce_sum(mul(x, x), (1,), keepdims=True))
    units = fuse(simplify(graph.finish([x])))
    assert max(Levels(unit.body).depth for unit in units if isinstance(unit, Region)) == Capabilities.levels
    assert len(units) < 30


def test_what_is_made_again_fits_the_registers() -> None:
    """Each sum reads what all sums before it have left of x: from some length on, that is written."""
    graph = Graph()
    x = graph.input(Type((4, 2, 8), FLOAT))
    for _ in range(60):
        x = add(x, mul(reduce_sum(x, (0, 1)), np.float32(0.25)))
    units = [unit for unit in fuse(graph.finish([x])) if isinstance(unit, Region)]
    assert Capabilities.reads - 2 <= max(len(unit.reads) for unit in units) <= Capabilities.reads


@given(programs())
def test_units_run_in_order_and_give_the_graphs_results(graph: Graph) -> None:
    """Equivalent: units interpreted one after the other make what the graph makes."""
    inputs = inputs_of(graph, 0)
    known: dict[Value, np.ndarray] = dict(zip(graph.inputs, inputs, strict=True))

    def read(value: Value) -> np.ndarray:
        if value not in known:
            (known[value],) = value.node.op.evaluate()
        return known[value]

    for unit in fuse(graph):
        nodes = unit.nodes if isinstance(unit, Region) else (unit.node,)
        for value in unit.reads:
            if isinstance(unit, Single) or value.node not in nodes:
                read(value)
        for node in nodes:
            known.update(zip(node.values, node.op.evaluate(*(read(a) for a in node.args)), strict=True))
    for value, expected in zip(graph.outputs, interpret(graph, inputs), strict=True):
        np.testing.assert_array_equal(read(value), expected)


def test_a_region_checks_that_reads_match_its_body() -> None:
    graph = Graph()
    x = graph.input(Type((4,), FLOAT))
    graph.finish([tanh(x)])
    (unit,) = fuse(graph)
    assert isinstance(unit, Region)
    with pytest.raises(AssertionError, match="do not match the body"):
        Region(unit.kind, unit.body, (), unit.writes, unit.space, nodes=unit.nodes).verify()


def test_one_over_the_number_of_examples_is_no_part_of_a_kernel() -> None:
    bodies = set()
    for count in (37, 50):
        graph = Graph()
        x = graph.input(Type((8,), FLOAT))
        graph.finish([mul(mul(x, np.float32(2)), np.float32(1 / count))])
        (unit,) = fuse(graph)
        assert isinstance(unit, Region)
        bodies.add(unit.body)
    assert len(bodies) == 1


def wide_writes(graph: Graph) -> int:
    """How many values as large as the first input the units write."""
    shape = graph.inputs[0].shape
    return sum(value.shape == shape for unit in fuse(graph) for value in unit.writes)


def test_batch_norm_writes_its_result_alone() -> None:
    """x - mean and its square are made by who reads them: the variance's fold, and the normalisation."""
    graph = Graph()
    x = graph.input(Type((6, 5, 4), FLOAT))
    mean, variance = batch_statistics(x)
    graph = simplify(graph.finish([normalize(x, mean, variance, None, None, epsilon=1e-3)]))
    assert wide_writes(graph) == 1
    assert kinds(graph).count(REDUCE) == 2


def test_folds_of_one_regions_values_are_one_pass() -> None:
    graph = Graph()
    x, y = graph.input(Type((6, 8), FLOAT)), graph.input(Type((6, 8), FLOAT))
    p = mul(x, y)
    graph.finish([reduce_sum(p, (0,)), reduce_sum(mul(p, x), (0,))])
    (unit,) = fuse(graph)
    assert isinstance(unit, Region)
    assert unit.kind == REDUCE
    assert len(unit.reductions) == 2


def test_what_is_slow_to_make_is_written_once() -> None:
    graph = Graph()
    x = graph.input(Type((6, 8), FLOAT))
    y = tanh(x)
    graph.finish([sub(y, reduce_sum(mul(y, y), (0,))), y])
    assert sum(isinstance(node.op, Tanh) for unit in fuse(graph) if isinstance(unit, Region) for node in unit.nodes) == 1


def test_a_result_of_the_graph_is_written_and_read() -> None:
    graph = Graph()
    x = graph.input(Type((6, 2, 8), FLOAT))
    centred = sub(x, reduce_sum(x, (0, 1)))
    graph.finish([centred, reduce_sum(mul(centred, centred), (0, 1))])
    assert wide_writes(graph) == 1
