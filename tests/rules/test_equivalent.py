"""Programs said in other words give the same numbers: rules run backwards, operations by way of others, loops written out."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import interpret
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import div, mul, sub
from gradwerk.ops.contraction import Contract, contract
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.ops.transcendental import exp
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.laws.cases import draw as draw_case
from tests.laws.cases import examples_of, load_registry
from tests.programs.agree import Exact, differences
from tests.programs.draw import draw
from tests.rules.restated import WAYS, restated
from tests.rules.shapes import Array

PROGRAMS = int(os.environ.get("EQUIVALENT_PROGRAMS", "24"))


def eps_of(graph: Graph) -> float:
    """The coarsest of the floats that a program computes with."""
    kinds = {value.dtype for node in graph.nodes for value in node.values if dtypes.is_float(value.dtype)}
    return max((dtypes.limits(kind).eps for kind in kinds), default=dtypes.limits(dtypes.float64).eps)


def disagreements(seed: int) -> Iterator[str]:
    """What differs between a random program and itself in other words: without rounding, and compiled."""
    program = draw(seed)
    wide, graph = program.graph(wide=True)[0], program.graph()[0]
    inputs, arrays = program.arrays(wide=True), program.arrays()
    with np.errstate(all="ignore"):
        plain = Exact(wide, inputs, [np.array(x) for x in interpret(wide, inputs)], dtypes.limits(dtypes.float64).eps)
        other = restated(wide, seed)
        said = [np.array(x) for x in interpret(other, inputs)]
        yield from (f"said otherwise, output {k}: {what}" for k, what in differences(said, plain))
        again = restated(graph, seed)
        reference = [np.array(x) for x in interpret(again, arrays)]
        exact = Exact(other, inputs, reference, eps_of(graph))
        made = Native(again, {}).run([aligned_copy(x) for x in arrays])
        yield from (f"said otherwise and compiled, output {k}: {what}" for k, what in differences(made, exact))


@pytest.mark.parametrize("block", range(4))
def test_random_programs_in_other_words(block: int) -> None:
    first = random.randrange(2**40)
    for seed in range(first, first + PROGRAMS // 4):
        wrong = list(disagreements(seed))
        assert not wrong, f"seed {seed}\n" + "\n".join(wrong) + "\n" + draw(seed).script()


@pytest.mark.parametrize("name", list(load_registry()))
def test_each_operation_in_other_words(name: str) -> None:
    """Every way to say it, on the op's own examples."""
    cls = load_registry()[name]
    for op, types in examples_of(cls):
        if any(dtypes.is_narrow(t.dtype) for t in (*types, *op.infer(*types))):
            continue  # rounded behind each operation: other words are other numbers
        for number, (kinds, way) in enumerate(WAYS):
            if isinstance(op, kinds):
                graph = Graph()
                args = [graph.input(t) for t in types]
                said = way(op, args, random.Random(number))
                if said is None:
                    continue
                (plain,) = graph.apply(op, args)
                assert said.type == plain.type, (op, way.__name__)
                graph.finish([plain, said])
                arrays = draw_case(op, types)
                for made in (interpret(graph, arrays), Native(graph, {}).run([aligned_copy(x) for x in arrays])):
                    np.testing.assert_allclose(made[1], made[0], rtol=2e-5, atol=2e-5, err_msg=f"{op} {way.__name__}")


def ran(graph: Graph, arrays: list[Array]) -> list[Array]:
    return Native(graph, {}).run([aligned_copy(x) for x in arrays])


@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 4), (4, 4), (1, 7), (6, 1)])
def test_softmax_and_mean_by_hand(shape: tuple[int, ...]) -> None:
    """Softmax as a quotient, a mean as a product: with a row's largest taken off or not, whatever is fused."""
    graph = Graph()
    x = graph.input(Type(shape, np.dtype("float32")))
    last = x.ndim - 1
    lifted = exp(sub(x, reduce_max(x, last, keepdims=True)))
    bare = exp(x)
    ones = graph.constant(np.full(shape[-1:], 1 / shape[-1], np.float32))
    names = "abc"[: last + 1]
    by_product = contract(x, ones, f"{names},{names[-1]}->{names[:-1]}")
    quotients = [div(y, reduce_sum(y, last, keepdims=True)) for y in (lifted, bare)]
    graph.finish([functions.softmax(x, axis=-1), *quotients, functions.mean(x, last), by_product, mul(reduce_sum(x, last), 1 / shape[-1])])
    a, b, c, d, e, f = ran(graph, [np.random.default_rng(0).normal(size=shape).astype(np.float32)])
    for one, other in ((a, b), (a, c), (d, e), (d, f)):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


def test_there_is_a_way_for_each_large_kind() -> None:
    assert any(kinds is Contract for kinds, _ in WAYS)
