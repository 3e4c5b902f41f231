"""Texts, files' bytes, ragged and sparse values and data sets: what TensorFlow 2.21 gives for each case, and ours beside it.

    PYTHONPATH=src python -m tests.peers.tf_host_cases          records it (in an environment with TensorFlow)
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "tf_host.json"
CASES: dict[str, Callable[[Any], Any]] = {}
"""By family and expression: of the module, what it gives."""


def described(value: Any) -> Any:
    """A result as plain data: kind, dtype, shape, values."""
    if isinstance(value, dict):
        return {"dict": {str(key): described(one) for key, one in value.items()}}
    if hasattr(value, "row_splits") or hasattr(value, "nested_row_splits"):
        return {"ragged": named(value.dtype), "list": plain(value.to_list()), "rank": value.ragged_rank, "shape": extents(value.shape)}
    if hasattr(value, "dense_shape") and hasattr(value, "indices"):
        return {"sparse": [described(value.indices), described(value.values), described(value.dense_shape)]}
    if type(value).__name__ == "TensorShape":
        return {"several": extents(value)}
    if isinstance(value, (list, tuple)):
        return {"several": [described(one) for one in value]}
    if hasattr(value, "numpy"):
        return {"dtype": named(value.dtype), "shape": extents(value.shape), "values": plain(np.asarray(value.numpy(), None).tolist())}
    if isinstance(value, np.ndarray):
        return {"array": plain(value.tolist())}
    return plain(value.item() if isinstance(value, np.generic) else value)


def named(dtype: Any) -> str:
    """The name of a dtype."""
    return str(getattr(dtype, "name", dtype))


def extents(shape: Any) -> Any:
    """A shape as a list."""
    return [None if one is None else int(one) for one in shape]


def plain(value: Any) -> Any:
    """What JSON holds: bytes as text, floats as they are written."""
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, bytes):
        return "b:" + value.decode("latin1")
    if isinstance(value, float):
        return repr(value) if np.isfinite(value) else str(value)
    return value


def outcome(case: Callable[[Any], Any], tf: Any) -> Any:
    """What a case gives, or that it is refused."""
    try:
        return described(case(tf))
    except Exception as error:  # noqa: BLE001  kinds are compared by family
        return {"error": family(error)}


def family(error: Exception) -> str:
    """The kind of an error: what it is also an instance of."""
    return "error" if not isinstance(error, (NotImplementedError, AssertionError)) else type(error).__name__


def read(file: Path) -> None:
    """The cases of a file: expressions of `tf` and `np` under their families, with names that stand for parts of them."""
    group, names = "", {}
    for line in file.read_text(encoding="utf-8").splitlines():
        known = re.match(r"([A-Z]+) = (.*)", line)
        if re.fullmatch(r"\[\w+\]", line):
            group = line.strip("[]")
        elif known:
            names[known[1]] = known[2]
        elif line and not line.startswith("#"):
            CASES[f"{group}: {line}"] = _case(line, names)


def _case(line: str, names: dict[str, str]) -> Callable[[Any], Any]:
    expression = re.sub(r"\b[A-Z]{5,}\b", lambda found: names.get(found[0], found[0]), line)
    while (further := re.sub(r"\b[A-Z]{5,}\b", lambda found: names.get(found[0], found[0]), expression)) != expression:
        expression = further
    return lambda tf: eval(expression, {"np": np, "tf": tf})  # noqa: S307  the file is ours


read(Path(__file__).with_suffix(".txt"))


def main() -> int:
    """Records what TensorFlow gives."""
    import tensorflow as tf

    made = {name: outcome(one, tf) for name, one in CASES.items()}
    RECORD.write_text(json.dumps(made, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(made)} cases, {RECORD.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
