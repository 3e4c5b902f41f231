"""Records what PyTorch 2.13.0 and Keras 3.15.1 compute, for tests that run without them (test_frozen.py).

Needs an environment with both beside Gradwerk; the file is plain arrays, no pickle:

    PYTHONPATH=src python -m tests.peers.freeze
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "frozen.npz"


def load(group: str) -> dict[str, dict[str, Any]]:
    """The arrays of one group of cases, by case and name."""
    found: dict[str, dict[str, Any]] = {}
    with np.load(RECORD, allow_pickle=False) as record:
        for key in record.files:
            owner, case, name = key.split("/", 2)
            if owner == group:
                found.setdefault(case, {})[name] = record[key]
    return found


def main() -> None:
    """Writes the record."""
    import torch

    from tests.peers import layer_cases, special_points

    arrays = {f"special/{key}": array for key, array in special_points.recorded(torch).items()} | layer_cases.recorded(torch)
    np.savez_compressed(RECORD, **arrays)


if __name__ == "__main__":
    main()
