"""PyTorch's own samples of its modules (`torch.testing._internal.common_modules.module_db`, 2.13.0), through `gradwerk.torch`.

    PYTHONPATH=src python -m tests.peers.module_db [NAME ...]      a line for each module that differs, and the sum

A module is made twice from the same arguments, ours given the weights of theirs; results, gradients of inputs and parameters, the text and
the names of the state must agree, in training and in evaluation.  `python -m tests.peers.freeze modules` records some of each.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch as peer
from torch.testing._internal.common_modules import module_db

import gradwerk.torch as api
from gradwerk.base.errors import GradwerkError
from tests.peers.module_cases import apart, decoded, encoded, run

DRAWS = {"Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout", "RReLU"}
"""Modules whose results in training are drawn."""
RECORDED = 2
"""How many samples of a module are recorded, in training and in evaluation each."""


@dataclass
class Outcome:
    """What became of a module's samples."""

    compared: int = 0
    wrong: list[str] = field(default_factory=list)


def samples(info: Any) -> Iterator[tuple[Any, bool]]:
    """Samples of one module, and whether it is in training."""
    for training in (True, False):
        if not (training and info.module_cls.__name__ in DRAWS):
            for sample in info.module_inputs_func(info, device="cpu", dtype=peer.float32, requires_grad=True, training=training):
                if sample.forward_input is not None:
                    yield sample, training


def without_device(value: Any) -> Any:
    """Constructor options without where it is made."""
    return {key: one for key, one in value.items() if key != "device"}


def leaves(value: Any) -> Any:
    """A value of PyTorch's, its Tensors made leaves."""
    if isinstance(value, peer.Tensor):
        return value.detach().clone().requires_grad_(value.requires_grad)
    if isinstance(value, (list, tuple)):
        return type(value)(map(leaves, value))
    return {key: leaves(one) for key, one in value.items()} if isinstance(value, dict) else value


def across(value: Any) -> Any:
    """A value of PyTorch's as ours.  Raises: TypeError for what is no plain data."""
    arrays: dict[str, Any] = {}
    return decoded(api, encoded(peer, value, arrays, ""), arrays)


def prepared(info: Any, sample: Any, *, training: bool) -> Any:
    """Theirs, with its parameters."""
    made = sample.constructor_input
    theirs = info.module_cls(*made.args, **made.kwargs).train(training)
    if any(isinstance(value, peer.nn.UninitializedParameter) for value in theirs.parameters()):
        theirs(*leaves(sample.forward_input.args), **leaves(sample.forward_input.kwargs))
    return theirs


def compare(info: Any, sample: Any, outcome: Outcome, *, training: bool) -> None:
    """One sample, counted."""
    made, given = sample.constructor_input, sample.forward_input
    said = f"{made.args} {made.kwargs} training={training}"
    try:
        module = getattr(api.nn, info.module_cls.__name__)(*across(made.args), **across(without_device(made.kwargs))).train(training)
        untouched = info.module_cls(*made.args, **made.kwargs).train(training)
        if list(untouched.state_dict()) != list(module.state_dict()) or repr(untouched) != repr(module):
            outcome.wrong.append(f"{said}: state or text: {module!r}, theirs {untouched!r}")
        theirs = prepared(info, sample, training=training)
        args, options = across(given.args), across(given.kwargs)
        if hasattr(module, "initialize_parameters"):
            module.initialize_parameters(*args)
        module.load_state_dict(across(dict(theirs.state_dict())))
        found = run(api, module, args, options)
    except TypeError as error:
        if isinstance(error, GradwerkError):
            outcome.wrong.append(f"{said}: refused: {error}")
        return  # a module in the arguments
    except Exception as error:
        outcome.wrong.append(f"{said}: {type(error).__name__}: {error}"[:300])
        return
    outcome.compared += 1
    wanted = run(peer, theirs, leaves(given.args), leaves(given.kwargs))
    gaps = [apart(a, b, module) for a, b in zip(wanted, found, strict=True)]
    outcome.wrong += [f"{said}: value {at}: {gap}" for at, gap in enumerate(gaps) if gap]


def recorded() -> dict[str, Any]:
    """Some samples of each module with what PyTorch makes of them."""
    peer.manual_seed(0)
    kept: dict[str, Any] = {}
    for info in module_db:
        name = info.module_cls.__name__
        if not hasattr(api.nn, name):
            continue
        counts = {True: 0, False: 0}
        for sample, training in samples(info):
            arrays: dict[str, Any] = {}
            try:
                given = sample.forward_input
                theirs = prepared(info, sample, training=training)
                state = dict(theirs.state_dict())
                case = {
                    "training": training,
                    "text": repr(info.module_cls(*sample.constructor_input.args, **sample.constructor_input.kwargs)),
                    **{key: encoded(peer, value, arrays, "a") for key, value in (
                        ("made", sample.constructor_input.args), ("options", without_device(sample.constructor_input.kwargs)),
                        ("state", state), ("args", leaves(given.args)), ("named", leaves(given.kwargs)),
                    )},
                }  # fmt: skip
            except TypeError:
                continue
            size = sum(array.nbytes for array in arrays.values())
            if counts[training] < RECORDED and size < 8_000:
                prefix = f"modules/{name} {training} {counts[training]}/"
                counts[training] += 1
                results = run(peer, theirs, leaves(given.args), leaves(given.kwargs))
                kept[f"{prefix}case"] = np.frombuffer(json.dumps(case).encode(), np.uint8)
                kept.update({f"{prefix}{key}": array for key, array in arrays.items()})
                kept.update({f"{prefix}result{at:03}": result for at, result in enumerate(results)})
    return kept


def main(names: list[str]) -> int:
    """A line for each module that differs."""
    warnings.simplefilter("ignore")
    peer.manual_seed(0)
    api.manual_seed(0)
    whole = wrong = compared = 0
    absent = []
    for info in module_db:
        name = info.module_cls.__name__
        if names and name not in names:
            continue
        if not hasattr(api.nn, name):
            absent.append(name)
            continue
        outcome = Outcome()
        for sample, training in samples(info):
            compare(info, sample, outcome, training=training)
        compared += outcome.compared
        whole += not outcome.wrong
        wrong += bool(outcome.wrong)
        for line in outcome.wrong[:3]:
            print(f"{name}: {line}")
    print(f"{whole} modules agree in {compared} samples, {wrong} do not; absent: {' '.join(absent)}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
