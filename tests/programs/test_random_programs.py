"""A thousand random programs with seeds of this run (the header's randomly-seed), and those that were wrong once: all ways agree."""

from __future__ import annotations

import os

import pytest

from tests.programs.draw import draw
from tests.programs.found import FOUND
from tests.programs.fuzz import report
from tests.programs.text import Given, Line, Program
from tests.programs.ways import examine

PROGRAMS = int(os.environ.get("RANDOM_PROGRAMS", "1000"))
BLOCKS = 20


@pytest.mark.timeout(600)
@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_programs(block: int, request: pytest.FixtureRequest) -> None:
    """The same results interpreted, eager and compiled, with any number of threads, in any order, on any memory."""
    first = request.config.getoption("randomly_seed", 0) % 2**31 * PROGRAMS
    count = PROGRAMS // BLOCKS
    seeds = range(first + block * count, first + (block + 1) * count)
    threads = (2, 4) if block % 4 == 0 else (2,)
    failures = [report(seed, threads) for seed in seeds]
    wrong = [text for text in failures if text]
    assert not wrong, f"seeds {seeds.start}:{seeds.stop}\n" + "\n\n".join(wrong[:3])


@pytest.mark.parametrize("program", FOUND.values(), ids=FOUND.keys())
def test_programs_that_were_wrong_once(program: Program) -> None:
    assert not examine(program, (2, 4))


def test_a_seed_is_one_program() -> None:
    for seed in range(20):
        assert draw(seed) == draw(seed)


def test_what_rounding_explains_is_no_difference() -> None:
    """A product of which almost all cancels: its reference is right to the last bit by chance."""
    givens = (Given("x5", (2, 1), "f32"), Given("x6", (3, 2, 5), "i32", 0, 2), Given("x7", (3, 2, 5, 1), "f32"))
    lines = (
        Line(("v8",), ("x5", "x6"), "gather(x5, x6)"),
        Line(("v9",), ("v8", "x7"), 'mul(contract(v8, x7, "abdc,abdk->ck"), 0.125)'),
    )
    assert not examine(Program(218988, givens, lines, ("v9",)), (2,))
