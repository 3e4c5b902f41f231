"""PyTorch's samples of its modules, as recorded of PyTorch 2.13.0 (module_db.py): results, gradients, states and texts."""

from __future__ import annotations

import json
from typing import Any

import pytest

import gradwerk.torch as api
from tests.peers.freeze import APART, load
from tests.peers.module_cases import apart, decoded, run

CASES = load("modules", APART["modules"])


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("case", sorted(CASES))
def test_a_module_does_what_torch_does(case: str, *, compiled: bool) -> None:
    arrays: dict[str, Any] = CASES[case]
    said = json.loads(arrays["case"].tobytes())
    name = case.split()[0]
    made, options, state, args, named = (decoded(api, said[key], arrays) for key in ("made", "options", "state", "args", "named"))
    module = getattr(api.nn, name)(*made, **options).train(said["training"])
    assert repr(module) == said["text"]
    if hasattr(module, "initialize_parameters"):
        module.initialize_parameters(*args)
    module.load_state_dict(state)
    found = run(api, api.compile(module) if compiled else module, args, named)
    wanted = [arrays[key] for key in sorted(arrays) if key.startswith("result")]
    assert len(found) == len(wanted)
    assert [gap for a, b in zip(wanted, found, strict=True) if (gap := apart(a, b, module))] == []


def test_most_modules_are_recorded() -> None:
    assert len({case.split()[0] for case in CASES}) >= 100
