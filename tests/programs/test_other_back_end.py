"""Random programs by another back end (tests/by_reference.py): passes count on nothing that is only so on a CPU."""

from __future__ import annotations

import pytest

from gradwerk.base.settings import settings
from gradwerk.compiler.machines import registered
from tests import by_reference
from tests.by_reference import Numpy, back_end
from tests.programs.draw import draw
from tests.programs.ways import Prepared, elsewhere

PROGRAMS, BLOCKS = 200, 10
POOR = Numpy(frozenset({"contract", "gather", "scatter_add", "window_max", "sum", "exp", "mul", "random_bits"}))
"""What it has no kernels for falls to the host, between kernels and in loops."""


@pytest.mark.parametrize("target", [Numpy(), POOR], ids=["all ops", "few ops"])
@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_programs(block: int, target: Numpy, request: pytest.FixtureRequest) -> None:
    first = (request.config.getoption("randomly_seed", 0) % 2**31 * BLOCKS + block) * (PROGRAMS // BLOCKS)
    for seed in range(first, first + PROGRAMS // BLOCKS):
        program = draw(seed)
        with registered(Numpy, back_end), settings.scope(check=True):
            found = elsewhere(Prepared(program), target)
        raised, by_reference.errors[:] = list(by_reference.errors), []
        assert not found and not raised, f"seed {seed}\n" + "\n".join([*map(str, found), *raised]) + program.script()
