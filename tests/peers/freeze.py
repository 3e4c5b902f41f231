"""Records what PyTorch 2.13.0 and Keras 3.15.1 compute, for tests that run without them (test_frozen.py).

Needs an environment with both beside Gradwerk; the file is plain arrays, no pickle:

    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.freeze [special] [grid] [layers] [histories] [keras] [opinfo] [losses]
    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.freeze [recurrent] [preprocessing] [further]
    PYTHONPATH=src python -m tests.peers.freeze [lbfgs] [modules]
    PYTHONPATH=src KERAS_BACKEND=torch python -m tests.peers.freeze [metrics] [optimizers]     TensorFlow cannot, in float64
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "frozen.npz"
APART = {
    part: RECORD.with_name(f"{part}.npz")
    for part in ("metrics", "modules", "opinfo", "losses", "lbfgs", "optimizers", "recurrent", "preprocessing", "further")
}
"""Parts with a file of their own."""


def arrays_of(file: Path) -> dict[str, Any]:
    """All arrays of a record."""
    with np.load(file, allow_pickle=False) as record:
        return {key: record[key] for key in record.files}


def load(group: str, file: Path = RECORD) -> dict[str, dict[str, Any]]:
    """The arrays of one group of cases, by case and name."""
    found: dict[str, dict[str, Any]] = {}
    with np.load(file, allow_pickle=False) as record:
        for key in record.files:
            owner, case, name = key.split("/", 2)
            if owner == group:
                found.setdefault(case, {})[name] = record[key]
    return found


def special() -> dict[str, Any]:
    """PyTorch at special points."""
    import torch

    from tests.peers import special_points

    return {f"special/{key}": array for key, array in special_points.recorded(torch).items()}


def grid() -> dict[str, Any]:
    """PyTorch's functions of one element at all special values."""
    import torch

    from tests.peers import special_grid

    return {f"grid/{key}": array for key, array in special_grid.recorded(torch).items()}


def layers() -> dict[str, Any]:
    """PyTorch's layers, losses, optimizers and nets."""
    import torch

    from tests.peers import layer_cases

    return layer_cases.recorded(torch, layer_cases.GROUPS)


def histories() -> dict[str, Any]:
    """Random histories of PyTorch's optimizers."""
    import torch

    from tests.peers import layer_cases, optimizer_histories

    return layer_cases.recorded(torch, optimizer_histories.GROUPS)


def keras() -> dict[str, Any]:
    """Keras' layers, losses, optimizers and a net."""
    from tests.peers import keras_cases

    return keras_cases.recorded()


def metrics() -> dict[str, Any]:
    """Keras' metrics."""
    from tests.peers import metric_cases

    return metric_cases.recorded()


def opinfo() -> dict[str, Any]:
    """A choice of PyTorch's own samples."""
    from tests.peers import opinfo_record

    return opinfo_record.recorded()


def losses() -> dict[str, Any]:
    """Keras' losses, with options drawn."""
    from tests.peers import loss_cases

    return loss_cases.recorded()


def modules() -> dict[str, Any]:
    """PyTorch's samples of its modules."""
    from tests.peers import module_db

    return module_db.recorded()


def lbfgs() -> dict[str, Any]:
    """PyTorch's L-BFGS."""
    from tests.peers import lbfgs_cases

    return lbfgs_cases.recorded()


def optimizers() -> dict[str, Any]:
    """Keras' optimizers of matrices, and what is wrapped around others."""
    from tests.peers import optimizer_cases

    return optimizer_cases.recorded()


def recurrent() -> dict[str, Any]:
    """Keras' recurrent layers, and models with masks."""
    from tests.peers import mask_cases, recurrent_cases

    return recurrent_cases.recorded() | mask_cases.recorded()


def preprocessing() -> dict[str, Any]:
    """Keras' preprocessing layers."""
    from tests.peers import preprocessing_cases

    return preprocessing_cases.recorded()


def further() -> dict[str, Any]:
    """Keras' layers of normalisation, regularisation and attention."""
    from tests.peers import further_cases

    return further_cases.recorded()


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "special": special, "grid": grid, "layers": layers, "histories": histories, "keras": keras, "metrics": metrics,
    "opinfo": opinfo, "losses": losses, "lbfgs": lbfgs, "modules": modules, "optimizers": optimizers, "recurrent": recurrent,
    "preprocessing": preprocessing,
    "further": further,
}  # fmt: skip


def main(parts: list[str]) -> None:
    """Writes the record anew, or some parts of it."""
    for part in APART:
        if part in parts or not parts:
            np.savez_compressed(APART[part], **PARTS[part]())
    inside = [part for part in parts or PARTS if part not in APART]
    if not inside:
        return
    arrays = arrays_of(RECORD) if parts else {}
    for part in inside:
        made = PARTS[part]()
        owners = {key.partition("/")[0] for key in made}
        arrays = {key: array for key, array in arrays.items() if key.partition("/")[0] not in owners} | made
    np.savez_compressed(RECORD, **arrays)


if __name__ == "__main__":
    main(sys.argv[1:])
