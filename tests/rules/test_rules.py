"""Each rule of the simplifier proved in the small: its two sides agree on every small case that it accepts, and so do their gradients.

Values are whole numbers, on which every order of a sum is exact, and special ones: zeros of both signs, infinities, NaN, the ends of the
range of integers.  Cases come from families.py, by the table of rules.  Of a large family a part is drawn, another one at each run;
`HYPOTHESIS_PROFILE=deep` takes all.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.compiler.simplify import RULES, Rule, simplify
from gradwerk.ir.graph import Graph, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.verify import verify
from tests.rules.families import FAMILIES, Case
from tests.rules.shapes import Array, endless, exact, special

MOST = 10**9 if os.environ.get("HYPOTHESIS_PROFILE") == "deep" else 700
"""Cases of a family that are tried."""
BY_NAME: dict[str, Rule] = {rule.__name__: rule for rule, *_ in RULES}
SUMS = {"trailing_axes_first", "reduction_of_transpose", "sums_of_transposed"}
SUMS |= {"project_table_once", "sum_by_row_first", "multiply_sums_by_row"}
"""Rules that may add in another order: what is no whole number may be rounded otherwise, and infinities of two signs meet otherwise."""


def test_every_rule_has_a_family() -> None:
    assert set(FAMILIES) == set(BY_NAME)


@pytest.mark.parametrize("name", FAMILIES)
def test_both_sides_of_a_rule_agree(name: str) -> None:
    seed = random.randrange(2**32)
    rng, fired = np.random.default_rng(seed), 0
    for number, (op, arguments) in enumerate(drawn(name, MOST, seed)):
        graph = Graph()
        args = tuple(arguments(graph))
        new = BY_NAME[name](op, args, graph)
        if new is None:
            continue
        fired += 1
        (old,) = graph.apply(op, args)
        assert new.type == old.type, (op, args)
        assert new is not old or op in {node.op for node in graph.nodes}
        values = [exact, special if name not in SUMS else endless]
        for draw in values:
            given = [draw(x.type, rng) for x in graph.inputs]
            compare(graph, [old], [new], given, about=(seed, op, args))
        if number % 3 == 0:
            compare_gradients(graph, old, new, rng, about=(seed, op, args))
    assert fired >= 10, "the family has too little that the rule accepts"


def drawn(name: str, most: int, seed: int) -> Iterator[Case]:
    """The cases of a family, or that many of them."""
    cases = list(FAMILIES[name]())
    yield from cases if len(cases) <= most else random.Random(seed).sample(cases, most)


def compare(graph: Graph, old: Sequence[Value], new: Sequence[Value], given: Sequence[Array], *, about: object) -> None:
    """The same elements to the bit, signs of zeros included; any NaN is NaN."""
    whole = Graph()
    inputs = [whole.input(x.type) for x in graph.inputs]
    graph.outputs = (*old, *new)
    outputs = graph.inline(inputs, whole)
    graph.outputs = ()
    made = interpret(whole.finish(outputs), given)
    for a, b in zip(made[: len(old)], made[len(old) :], strict=True):
        np.testing.assert_array_equal(b, a, err_msg=str(about))
        if dtypes.is_float(a.dtype):
            np.testing.assert_array_equal(np.signbit(b)[a == 0], np.signbit(a)[a == 0], err_msg=f"sign of zero: {about}")


def compare_gradients(graph: Graph, old: Value, new: Value, rng: np.random.Generator, *, about: object) -> None:
    """Gradients of both sides for every input, on whole numbers."""
    if not dtypes.is_float(old.dtype) or not graph.inputs:
        return
    ct = exact(old.type, rng)
    try:
        wanted, found = (gradients([y], [ct], graph.inputs) for y in (old, new))
    except StateError:
        return
    given = [(1 + rng.permutation(x.type.size)).reshape(x.shape).astype(x.dtype) for x in graph.inputs]  # equals share by convention
    for k, (a, b) in enumerate(zip(wanted, found, strict=True)):
        zero = graph.constant(np.zeros(graph.inputs[k].shape, graph.inputs[k].dtype))
        if a is not None or b is not None:
            close(graph, zero if a is None else a, zero if b is None else b, given, about)


def close(graph: Graph, old: Value, new: Value, given: Sequence[Array], about: object) -> None:
    """The same elements, up to the rounding of a division."""
    whole = Graph()
    inputs = [whole.input(x.type) for x in graph.inputs]
    graph.outputs = (old, new)
    outputs = graph.inline(inputs, whole)
    graph.outputs = ()
    a, b = interpret(whole.finish(outputs), given)
    np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-6, err_msg=str(about))


@pytest.mark.parametrize("name", FAMILIES)
def test_simplified_by_all_rules_it_means_the_same(name: str) -> None:
    """What one rule makes, the next ones take on: every case of every family through the whole simplifier, and once more."""
    seed = random.randrange(2**32)
    rng = np.random.default_rng(seed)
    for op, arguments in drawn(name, MOST // 7, seed):
        graph = Graph()
        (y,) = graph.apply(op, arguments(graph))
        simple = verify(simplify(graph.finish([y])))
        assert simplify(simple) == simple
        given = [exact(x.type, rng) for x in graph.inputs]
        np.testing.assert_allclose(interpret(simple, given)[0], interpret(graph, given)[0], rtol=1e-6, err_msg=str((seed, op)))
