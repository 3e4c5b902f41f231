"""Functions of TensorFlow's, called in either namespace: what they give, in value, shape and dtype, and the gradients of it.

A case is a line of Python in which `tf` is the namespace and the letters of `inputs` are Tensors.  Recorded by

    python -m tests.peers.tf_eager_cases          in an environment with TensorFlow
"""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "tf_eager.npz"
CASES = Path(__file__).parent / "tf_eager_cases.txt"


def cases() -> list[str]:
    """All lines of the file."""
    lines = CASES.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def inputs(tf: Any) -> dict[str, Any]:
    """Tensors by letter: floats a, b (2, 3), positive p, between -1 and 1 u, square s (3, 3), vector v (3,), large x (2, 6, 6, 3); whole
    numbers i, j (2, 3), places k (2,); truths m, n (2, 3); complex c (2, 3); float64 d (2, 3); unsigned bytes y (2, 3)."""
    random = np.random.default_rng(7)
    floats = {
        "a": random.normal(size=(2, 3)), "b": random.normal(size=(2, 3)) + 0.1, "p": random.uniform(0.2, 3, (2, 3)),
        "u": random.uniform(-0.9, 0.9, (2, 3)), "s": random.normal(size=(3, 3)) + 3 * np.eye(3), "v": random.normal(size=3),
        "x": random.uniform(0, 1, (2, 6, 6, 3)),
    }  # fmt: skip
    found = {name: tf.constant(array.astype(np.float32)) for name, array in floats.items()}
    whole = {"i": random.integers(-5, 6, (2, 3)), "j": random.integers(1, 5, (2, 3)), "k": np.array([2, 0])}
    found |= {name: tf.constant(array.astype(np.int32)) for name, array in whole.items()}
    found |= {name: tf.constant(random.uniform(size=(2, 3)) > 0.5) for name in "mn"}
    found["c"] = tf.constant((random.normal(size=(2, 3)) + 1j * random.normal(size=(2, 3))).astype(np.complex64))
    found["d"] = tf.constant(random.normal(size=(2, 3)))
    found["y"] = tf.constant(random.integers(0, 256, (2, 3)).astype(np.uint8))
    return found


def leaves(value: Any) -> list[Any]:
    """The Tensors and numbers of a result."""
    if isinstance(value, dict):
        return [leaf for key in sorted(value) for leaf in leaves(value[key])]
    if isinstance(value, (list, tuple)) and not hasattr(value, "as_list"):
        return [leaf for one in value for leaf in leaves(one)]
    return [value]


def plain(leaf: Any) -> Any:
    """An array of a Tensor, a number, a text, a shape."""
    if hasattr(leaf, "as_list"):
        leaf = leaf.as_list()
    array = np.asarray(leaf.numpy() if hasattr(leaf, "numpy") else leaf)
    return np.asarray(str(leaf)) if array.dtype.kind in "OUSV" else array


def run(tf: Any, line: str) -> dict[str, Any]:
    """The arrays of one case: results, and gradients of the floating inputs that it names; or the kind of its error."""
    given = inputs(tf)
    names = [name for name in "abpusvxd" if f"{name}" in _words(line)]
    try:
        with tf.GradientTape() as tape:
            tape.watch([given[name] for name in names])
            results = leaves(eval(line, {"tf": tf, "np": np, **given}))
            floating = [one for one in results if hasattr(one, "dtype") and getattr(one.dtype, "is_floating", False)]
            total = sum((tf.reduce_sum(tf.cast(one, "float64") * _weights(one.shape)) for one in floating), 0.0)
        found = {f"result{number}": plain(one) for number, one in enumerate(results)}
        if floating and names:
            gradients = tape.gradient(total, [given[name] for name in names])
            pairs = zip(names, gradients, strict=True)
            found |= {f"gradient {name}": plain(tf.convert_to_tensor(one)) for name, one in pairs if one is not None}
    except Exception as error:  # noqa: BLE001  its kind is what is recorded
        return {"error": np.asarray(kind(tf, error)), "said": np.asarray(f"{type(error).__name__}: {error}"[:200])}
    return found


def kind(tf: Any, error: Exception) -> str:
    """What people catch it by."""
    if isinstance(error, tf.errors.InvalidArgumentError):
        return "INVALID"
    return "TYPE" if isinstance(error, TypeError) else "VALUE" if isinstance(error, ValueError) else "OTHER"


def _words(line: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(line)) if isinstance(node, ast.Name)}


def _weights(shape: Any) -> Any:
    """Of each element another, so that gradients tell them apart."""
    count = int(np.prod(tuple(shape), dtype=np.int64))
    return np.cos(np.arange(count) * 0.7).reshape(tuple(shape)) + 1.5


def save(arrays: dict[str, Any]) -> None:
    """One file: where each array lies among the bytes of all, and these."""
    index, data = [], bytearray()
    for name, array in arrays.items():
        held = array.astype("U") if array.dtype.kind in "OUS" else array
        index.append([name, held.dtype.str if held.dtype.kind != "V" else "bfloat16", list(held.shape), len(data)])
        data += held.tobytes()
    said = np.frombuffer(json.dumps(index).encode(), np.uint8)
    np.savez_compressed(RECORD, index=said, data=np.frombuffer(bytes(data), np.uint8))


def recorded() -> dict[str, dict[str, Any]]:
    """The arrays of each case, by name."""
    with np.load(RECORD, allow_pickle=False) as record:
        index, data = json.loads(record["index"].tobytes()), record["data"].tobytes()
    found: dict[str, dict[str, Any]] = {}
    for name, dtype, shape, at in index:
        case, part = name.rsplit("/", 1)
        count = int(np.prod(shape, dtype=np.int64))
        found.setdefault(case, {})[part] = np.frombuffer(data, dtype, count, at).reshape(shape)
    return found


def main() -> int:
    """The command."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    arrays: dict[str, Any] = {}
    for line in cases():
        found = run(tf, line)
        if "error" in found and not line.endswith("# refused"):
            print(line, found["said"])  # noqa: T201  for the one who writes a case
        found.pop("said", None)
        arrays |= {f"{line}/{name}": array for name, array in found.items()}
    save(arrays)
    return 0


if __name__ == "__main__":
    sys.exit(main())
