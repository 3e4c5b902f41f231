"""The faults can be planted: their texts stand in the sources, and what replaces them is Python."""

from __future__ import annotations

import pytest

from tests.faults.checks import near
from tests.faults.entries import FAULTS
from tests.faults.fault import SOURCE, Fault
from tests.faults.mutants import GROUPS
from tests.faults.tree import ROOT


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_its_text_stands_in_the_sources_once(fault: Fault) -> None:
    planted = fault.planted((ROOT / fault.file).read_text())
    compile(planted, fault.file, "exec")
    assert fault.what


def test_there_are_forty_at_least_and_no_two_alike() -> None:
    assert len(FAULTS) >= 40
    assert len({fault.name for fault in FAULTS}) == len({(fault.file, fault.old, fault.new) for fault in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("row", range(1, 9))
def test_what_the_project_once_had_is_among_them(row: int) -> None:
    assert any(fault.name.startswith(f"row {row}:") for fault in FAULTS)


def test_the_tests_of_a_module_run_before_those_of_many() -> None:
    reduces = near("compiler/llvm/reduces.py")
    assert reduces.index("tests/compiler/test_reduce.py") < reduces.index("tests/compiler/test_operands.py")
    assert "tests/compiler/test_contraction.py" in near("compiler/contraction/parts.py")  # nobody names it but who lowers
    assert near("compiler/partition.py")[1] == "tests/compiler/test_backends.py"  # which names no pass
    for module in (module for modules in GROUPS.values() for module in modules):
        assert (ROOT / SOURCE / module).exists()
        assert near(module)
