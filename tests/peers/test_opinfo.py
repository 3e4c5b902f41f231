"""PyTorch's own samples for every name that our API has: no wrong value or gradient, no error but ours, eager and compiled."""

from __future__ import annotations

import importlib
from typing import Any

import pytest

pytest.importorskip("torch", reason="PyTorch is not installed: make test-peers runs this")
SAMPLES = "torch.testing._internal.common_methods_invocations"
pytest.importorskip(SAMPLES, reason="PyTorch's test tools miss a package: make test-peers runs this", exc_type=ImportError)

opinfo: Any = importlib.import_module("tests.peers.opinfo")
CASES = [(f"{name} {info.variant_test_name} {form}".replace("  ", " "), info, form, ours) for name, form, info, ours in opinfo.names()]


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("info", "form", "ours"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_samples(info: Any, form: str, ours: Any, *, compiled: bool) -> None:
    faults = [
        f"{dtype}: {verdict} {detail}"
        for dtype in opinfo.DTYPES
        for verdict, detail in opinfo.run(info, form, ours, dtype, inside=compiled)
        if verdict not in ("RIGHT", "REFUSED")
    ]
    assert not faults, "\n".join(faults[:5])
