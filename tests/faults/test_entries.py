"""The faults can be planted: their texts stand in the sources, and what replaces them is Python."""

from __future__ import annotations

import pytest

from tests.faults.entries import FAULTS
from tests.faults.fault import Fault
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
