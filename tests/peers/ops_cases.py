"""Calls of keras.ops, in either namespace: what every name of it gives for several samples, and the gradients of the smooth ones.

Recorded with Keras 3.15.1 on TensorFlow (recorded/ops.npz), what that cannot do on PyTorch:

    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.ops_cases
    PYTHONPATH=src KERAS_BACKEND=torch python -m tests.peers.ops_cases
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.peers.drawn_numbers import BX, IX, NAN, SPECIAL, Array, F, I, N, P, U, W, X, Y
from tests.peers.ops_more_cases import MORE

RECORD = Path(__file__).parent / "recorded" / "ops.npz"
CLASSES = RECORD.with_name("ops_classes.json")


class Call(NamedTuple):
    """One call: the path of the function, its arguments, whether its gradient is compared."""

    path: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    smooth: bool = False


SMOOTH = {
    F: "arcsinh arctan cos cosh deg2rad exp exp2 expm1 i0 rad2deg sin sinc sinh tanh square negative tan",
    P: "cbrt log log10 log1p log2 reciprocal sqrt abs absolute fabs", U: "arccos arcsin arctanh", W: "arccosh",
}  # fmt: skip
STEPS = "ceil floor sign trunc round isfinite isinf isnan isneginf isposinf signbit logical_not real imag conj conjugate isreal copy"
BINARY = "add subtract multiply divide true_divide maximum minimum arctan2 hypot logaddexp logaddexp2"
PAIRED = (
    "floor_divide mod fmod fmax fmin nextafter equal not_equal greater greater_equal less less_equal logical_and logical_or logical_xor"
)
BITS = "bitwise_and bitwise_or bitwise_xor gcd lcm"
REDUCED = "sum mean max min prod amax amin std var ptp"


def numpy_calls() -> Iterator[Call]:
    """The families of one and two elements, sums and places."""
    for kind, names in SMOOTH.items():
        for name in names.split():
            yield Call(name, (kind(3, 4),), {}, smooth=True)
            if name not in {"arctanh", "arccosh", "arcsin", "arccos", "reciprocal"}:
                yield Call(name, (np.abs(IX) + 1 if kind is P else IX,), {})
                yield Call(name, (BX if kind is F and name != "negative" else np.abs(I(2, 3)) + 1,), {})
    for name in STEPS.split():
        yield Call(name, (X,), {})
        yield Call(name, (IX,), {})
        if name not in {"sign", "conj", "conjugate", "imag"}:
            yield Call(name, (SPECIAL,), {})
    for name in BINARY.split():
        yield Call(name, (X, P(4)), {}, smooth=True)
        yield Call(name, (X, np.abs(I(3, 4)) + 1), {})
        yield Call(name, (IX, np.abs(I(4)) + 1), {})
        yield Call(name, (X, 2), {})
        yield Call(name, (2.5, np.abs(IX) + 1), {})
        yield Call(name, (IX, 3), {})
        yield Call(name, (X.astype(np.float64), P(4)), {})
    for name in PAIRED.split():
        for a, b in ((X, P(4)), (IX, np.abs(I(3, 4)) + 1), (X, 2), (IX, 3)):
            if not (name == "nextafter" and not isinstance(b, np.ndarray)):
                yield Call(name, (a, b), {})
    for name in BITS.split():
        yield Call(name, (IX, I(4)), {})
        yield Call(name, (N(3, 4), 6), {})
    for name in ("bitwise_left_shift", "bitwise_right_shift", "left_shift", "right_shift"):
        yield Call(name, (IX, N(4)), {})
    for name in ("bitwise_not", "bitwise_invert"):
        yield Call(name, (IX,), {})
    for name in REDUCED.split():
        smooth = name in {"sum", "mean", "prod", "var", "std"}
        yield Call(name, (X,), {}, smooth=smooth)
        yield Call(name, (X,), {"axis": 1}, smooth=smooth)
        yield Call(name, (F(2, 3, 4),), {"axis": (0, -1), "keepdims": True}, smooth=smooth)
        yield Call(name, (IX,), {"axis": 0})
        yield Call(name, (BX,), {"axis": 0}) if name not in {"ptp", "std", "var", "amax", "amin"} else Call(name, (I(5),), {})
        yield Call(name, (N(3, 4).astype(np.uint8),), {"axis": 0})
    for name in ("nansum", "nanmean", "nanmax", "nanmin", "nanprod", "nanstd", "nanvar", "nanmedian"):
        yield Call(name, (NAN,), {})
        yield Call(name, (NAN,), {"axis": 1, "keepdims": True})
    for name in ("argmax", "argmin", "nanargmax", "nanargmin"):
        for given, options in ((X, {}), (X, {"axis": 1}), (IX, {"axis": 0, "keepdims": True})):
            yield Call(name, (given,), options)
    for name in ("all", "any"):
        for given, options in ((BX, {}), (IX, {"axis": 1}), (X, {"axis": 0, "keepdims": True})):
            yield Call(name, (given,), options)
    for name in ("cumsum", "cumprod", "nancumsum", "nancumprod"):
        yield Call(name, (X,), {"axis": 1}, smooth=name in {"cumsum", "cumprod"})
        yield Call(name, (IX,), {"axis": 0})
        yield Call(name, (X,), {})
    for name in ("median", "percentile", "quantile", "nanquantile", "nanpercentile"):
        q = () if name == "median" else (np.array([0.2, 0.5], np.float32) * (100 if "percentile" in name else 1),)
        yield Call(name, (X, *q), {})
        yield Call(name, (X, *q), {"axis": 1, "keepdims": True})
        if q:
            yield Call(name, (NAN if "nan" in name else X, 30.0 if "percentile" in name else 0.3), {"axis": 0})
            yield Call(name, (X, q[0]), {"axis": 0, "method": "nearest"})


def listed(table: dict[str, list[Any]]) -> Iterator[Call]:
    """Calls by name: tuples of arguments, a dict at the end for options, "smooth" behind it where gradients are compared."""
    for path, calls in table.items():
        for given in calls:
            rest = list(given) if isinstance(given, tuple) else [given]
            smooth = isinstance(rest[-1], str) and rest[-1] == "smooth"
            rest = rest[:-1] if smooth else rest
            options = rest.pop() if rest and isinstance(rest[-1], dict) else {}
            yield Call(path, tuple(rest), options, smooth)


TABLE: dict[str, list[Any]] = {
    "allclose": [(X, X), (X, X + 0.1), (X, X + 0.1, {"atol": 0.2})],
    "isclose": [(X, X + 1e-6), (NAN, NAN, {"equal_nan": True}), (IX, IX)], "angle": [(X,), (IX,)],
    "append": [(X, F(2, 4), {"axis": 0}, "smooth"), (X, IX)], "ones": [((2, 3),), ((2,), {"dtype": "int32"})],
    "zeros": [((2, 3),), (3, {"dtype": "bool"})], "full": [((2, 3), 1.5), ((2,), 3, {"dtype": "int32"})], "identity": [(3,)],
    "eye": [(3,), (2, 3, {"k": 1}), (3, {"dtype": "int32"})], "tri": [(3,), (2, 4, {"k": 1})],
    "ones_like": [(X,), (IX,), (X, {"dtype": "int32"})], "zeros_like": [(X,), (IX,)],
    "full_like": [(X, 2), (IX, 2, {"dtype": "float32"})], "empty": [], "empty_like": [],
    "arange": [(5,), (1, 7, 2), (0.0, 2.0, 0.5), (5, {"dtype": "float32"}), (3, 0, -1)],
    "linspace": [
        (0, 1, {"num": 5}), (0.0, 2.0, {"num": 4, "endpoint": False}), (F(3), P(3), {"num": 3}), (0, 10, {"num": 5, "dtype": "int32"}),
    ],
    "logspace": [(0, 2, {"num": 4}), (0.0, 1.0, {"num": 3, "base": 2})], "geomspace": [(1.0, 8.0, {"num": 4})], "argpartition": [],
    "argsort": [(X,), (IX, {"axis": 0}), (X, {"axis": None})], "sort": [(X, "smooth"), (IX, {"axis": 0}), (BX,)],
    "array": [([1, 2],), ([1.5, 2],), (X,), ([True, False],), ([1, 2], {"dtype": "float32"})],
    "array_split": [(F(7, 2), 3), (X, 3, {"axis": 1})], "split": [(X, 2, {"axis": 1}, "smooth"), (X, [1, 3], {"axis": 1}), (X, [1, 2])],
    "hsplit": [(X, 2)], "vsplit": [(X, 3)], "dsplit": [(F(2, 3, 4), 2)],
    "average": [(X,), (X, {"axis": 1, "weights": P(4)}), (X, {"weights": P(3, 4)})], "bartlett": [(5,), (1,)], "blackman": [(5,)],
    "hamming": [(6,)], "hanning": [(5,)], "kaiser": [(5, 4.0)],
    "bincount": [(N(7),), (N(7), {"weights": F(7)}), (N(2, 5), {"minlength": 7})],
    "broadcast_to": [(Y, (3, 4), "smooth"), (IX, (2, 3, 4))],
    "clip": [(X, -0.5, 0.5, "smooth"), (IX, -1, 2), (IX, -0.5, 2), (X, F(4) - 2, 1.0)],
    "concatenate": [([X, F(2, 4)], {"axis": 0}), ([X, IX], {"axis": -1})], "stack": [([X, X + 1], {"axis": 1}), ([IX, X],)],
    "hstack": [([X, F(3, 2)],), ([F(2), F(3)],)], "vstack": [([X, F(2, 4)],), ([F(2, 4), F(1, 4)],)], "dstack": [([X, X],), ([Y, Y],)],
    "corrcoef": [(X,)], "correlate": [(F(7), F(3)), (F(7), F(4), {"mode": "same"}), (F(5), F(3), {"mode": "full"}), (I(5), I(2))],
    "count_nonzero": [(IX,), (X, {"axis": 1})], "cross": [(F(4, 3), P(4, 3), "smooth"), (F(4, 2), P(4, 3)), (F(4, 2), P(4, 2))],
    "diag": [(X,), (Y,), (Y, {"k": 1}, "smooth")], "diagflat": [(X,), (Y, {"k": -1})],
    "diagonal": [(X, "smooth"), (F(2, 3, 4), {"offset": 1, "axis1": 1, "axis2": 2})], "diff": [(X, "smooth"), (IX, {"n": 2, "axis": 0})],
    "digitize": [(X, np.array([-1.0, 0.0, 1.0], np.float32)), (IX, np.array([0, 2], np.int32))],
    "divide_no_nan": [(X, np.array([0, 1, 2, 0], np.float32)), (IX, I(4))],
    "dot": [(X, F(4, 2), "smooth"), (X, Y), (Y, Y), (F(2, 3, 4), F(2, 4, 3)), (X, 2.0)],
    "einsum": [("ij,jk->ik", X, F(4, 2)), ("ij->ji", X), ("bij,bjk->bik", F(2, 3, 4), F(2, 4, 3)), ("ij->", IX)],
    "expand_dims": [(X, 0), (X, -1, "smooth"), (X, (0, 2))], "squeeze": [(F(1, 3, 1),), (F(1, 3, 1), {"axis": 0}, "smooth")],
    "flip": [(X,), (X, {"axis": 1}, "smooth")], "fliplr": [(X,)], "flipud": [(X,)], "get_item": [(X, 1), (X, (slice(None), 2))],
    "heaviside": [(X, 0.5), (SPECIAL[2:], F(4)), (IX, 2)], "histogram": [(F(9),), (F(9), {"bins": 4, "range": (-1.0, 1.0)})],
    "inner": [(X, F(2, 4), "smooth"), (Y, Y)], "isin": [(IX, [1, 2]), (IX, I(2), {"invert": True})],
    "kron": [(F(2, 2), F(2, 3), "smooth")], "ldexp": [(X, IX), (IX, IX)],
    "matmul": [(X, F(4, 2), "smooth"), (IX, I(4, 2)), (F(2, 3, 4), F(4, 2)), (X, Y), (IX, F(4, 2))],
    "meshgrid": [(Y, F(3)), (Y, F(3), {"indexing": "ij"}), (Y,)],
    "moveaxis": [(F(2, 3, 4), 0, 2, "smooth"), (F(2, 3, 4), [0, 1], [2, 0])],
    "nan_to_num": [(SPECIAL,), (SPECIAL, {"nan": 1.0, "posinf": 2.0, "neginf": -2.0}), (IX,)], "nonzero": [(IX,), (Y > 0,)],
    "outer": [(Y, F(3), "smooth"), (IX, I(2))],
    "pad": [
        (X, ((1, 2), (0, 1)), "smooth"), (X, ((1, 1), (0, 2)), {"constant_values": 2.0}), (X, ((1, 1), (1, 1)), {"mode": "reflect"}),
        (X, ((2, 1), (1, 0)), {"mode": "symmetric"}),
    ],
    "power": [(P(3, 4), F(4), "smooth"), (X, 2), (2, IX + 5), (IX, 3), (2.0, IX), (P(3, 4), I(4)), (X, 3.0)], "ravel": [(X,)],
    "repeat": [(X, 2, {"axis": 1}, "smooth"), (X, 2), (X, [1, 0, 2], {"axis": 0})],
    "reshape": [(X, (4, 3), "smooth"), (X, (2, -1)), (IX, 12)],
    "roll": [(X, 2), (X, 1, {"axis": 1}, "smooth"), (X, (1, 2), {"axis": (0, 1)})], "rot90": [(X,), (X, {"k": 3})],
    "round": [(X, {"decimals": 1}), (IX * 11, {"decimals": -1})],
    "searchsorted": [(np.sort(F(6)), F(5)), (np.sort(F(6)), np.sort(F(6)), {"side": "right"})],
    "select": [([X > 0, X < -1], [X, X * 2]), ([X > 0], [IX], 5)], "size": [(X,)], "swapaxes": [(F(2, 3, 4), 0, 2, "smooth")],
    "take": [
        (X, [0, 2, -1], {"axis": 1}, "smooth"), (X, [[0, 5], [3, 1]]), (X, 1, {"axis": 0}), (F(2, 3, 4), [[0, 1], [2, 0]], {"axis": 1}),
    ],
    "take_along_axis": [(X, N(3, 2) % 4, {"axis": 1}, "smooth"), (X, N(1, 4) % 3, {"axis": 0}), (X, np.array([3, -1, 7]))],
    "tensordot": [(X, F(4, 2), {"axes": 1}, "smooth"), (F(2, 3, 4), F(4, 3), {"axes": [[1, 2], [1, 0]]}), (X, X)],
    "tile": [(X, 2), (X, (2, 1, 3), "smooth")], "trace": [(X,), (F(2, 3, 3), {"axis1": 1, "axis2": 2, "offset": 1})],
    "transpose": [(X, "smooth"), (F(2, 3, 4), {"axes": (1, 2, 0)})],
    "trapezoid": [(X, "smooth"), (X, {"x": np.sort(F(4))}), (X, {"dx": 0.5, "axis": 0})], "tril": [(X, "smooth"), (X, {"k": 1})],
    "triu": [(X, "smooth"), (F(2, 3, 3), {"k": -1})],
    "unique": [(IX,), (np.array([3, 1, 3, 2]), {"return_inverse": True, "return_counts": True})],
    "unravel_index": [(np.array([5, 2, 11]), (3, 4))], "vander": [(Y,), (Y, {"N": 3, "increasing": True})],
    "vdot": [(X, F(4, 3)), (Y, Y, "smooth")], "view": [(X, {"dtype": "int32"}), (X, {"dtype": "uint8"})],
    "where": [(BX, X, F(4), "smooth"), (BX, 1, 2.5), (BX, IX, 0.5), (BX,)],
    "cast": [(X, "int32"), (IX, "float32"), (X, "bool"), (BX, "float16")],
    "saturate_cast": [(X * 200, "uint8"), (IX * 1000, "int8"), (SPECIAL, "int16")],
    "convert_to_tensor": [([1, 2],), ([[1.0, 2.0]],), (X, {"dtype": "int32"})], "stop_gradient": [(X,)],
    "scatter": [(np.array([[0, 1], [2, 0], [0, 1]]), F(3), (3, 2)), (np.array([[1], [2]]), F(2, 3), (4, 3))],
    "scatter_update": [
        (X, np.array([[0, 1], [2, 3]]), F(2)), (X, np.array([[0], [2]]), F(2, 4)),
        (X, np.array([[0, 1], [0, 1]]), F(2), {"reduction": "add"}),
    ],
    "slice": [(X, (1, 0), (2, 3), "smooth"), (X, (1, 2), (2, 2))], "slice_update": [(X, (1, 1), F(2, 2), "smooth"), (X, (0, 2), F(3, 2))],
    "unstack": [(X,), (X, {"axis": 1}, "smooth")],
}  # fmt: skip
"""The rest, name by name."""


def calls() -> list[tuple[str, Call]]:
    """All calls, each with its key."""
    found: list[tuple[str, Call]] = []
    counts: dict[str, int] = {}
    for call in (*numpy_calls(), *listed(TABLE), *listed(MORE)):
        number = counts.get(call.path, 0)
        counts[call.path] = number + 1
        found.append((f"{call.path} {number}", call))
    return found


def function_of(ops: Any, path: str) -> Callable[..., Any]:
    """The function at a path of keras.ops."""
    made: Callable[..., Any] = functools.reduce(getattr, path.split("."), ops)
    return made


def flat(result: Any) -> list[Any]:
    """The Tensors of a result, in order."""
    if isinstance(result, dict):
        return [leaf for one in result.values() for leaf in flat(one)]
    if isinstance(result, (list, tuple)):
        return [leaf for one in result for leaf in flat(one)]
    return [result]


def weights_of(shape: tuple[int, ...]) -> Array:
    """What the elements of a result are multiplied with where its gradient is asked."""
    return np.cos(np.arange(int(np.prod(shape)), dtype=np.float32)).reshape(shape)


def is_of_array(call: Call) -> bool:
    """Whether its first argument is an array with axes."""
    return bool(call.args) and isinstance(call.args[0], np.ndarray) and call.args[0].ndim > 0


def floating_places(call: Call) -> list[int]:
    """Which arguments have a gradient."""
    return [k for k, x in enumerate(call.args) if isinstance(x, np.ndarray) and x.dtype == np.float32]


# ---- recording


def pack(arrays: dict[str, list[Array]]) -> dict[str, Array]:
    """All numbers one behind the other, and where each array lies: an entry of an archive for each would be larger than its numbers."""
    index: dict[str, list[Any]] = {}
    numbers: list[Array] = []
    for key, several in arrays.items():
        index[key] = [[str(one.dtype), list(one.shape)] for one in several]
        apart = [np.asarray(one, np.complex128).view(np.float64) if np.iscomplexobj(one) else one for one in several]
        numbers += [np.asarray(one, np.float64).reshape(-1) for one in apart]
    joined = np.concatenate(numbers).astype(np.float64)
    return {"numbers": joined, "index": np.frombuffer(json.dumps(index).encode(), np.uint8)}


def unpack(record: Any) -> dict[str, list[Array]]:
    """What `pack` packed."""
    index, numbers, at = json.loads(record["index"].tobytes()), record["numbers"], 0
    found: dict[str, list[Array]] = {}
    for key, several in index.items():
        found[key] = []
        for dtype, shape in several:
            parts = 2 if dtype.startswith("complex") else 1
            count = parts * int(np.prod(shape))
            own = numbers[at : at + count]
            own = own.view(np.complex128) if parts == 2 else own
            found[key].append(own.reshape(shape).astype(np.float32 if dtype == "bfloat16" else dtype))
            at += count
    return found


def load() -> dict[str, list[Array]]:
    """The record."""
    with np.load(RECORD, allow_pickle=False) as record:
        return unpack(record)


def recorded(keras: Any, known: dict[str, list[Array]]) -> dict[str, list[Array]]:
    """What Keras gives, for the calls that are not known."""
    found, failed = dict(known), []
    wanted = calls()
    found = {key: value for key, value in found.items() if key.removesuffix(" gradient") in dict(wanted)}
    for key, call in wanted:
        if key in found and "--anew" not in sys.argv:
            continue
        try:
            made = flat(function_of(keras.ops, call.path)(*call.args, **call.kwargs))
            found[key] = [np.asarray(keras.ops.convert_to_numpy(one)) for one in made]
            if call.smooth:
                found[f"{key} gradient"] = gradients(keras, call)
        except Exception as error:  # noqa: BLE001  what a backend lacks is recorded with the other one
            failed.append(f"{key}: {type(error).__name__} {str(error)[:150]}")
    print(*failed, f"{len(found)} recorded, {len(failed)} failed", sep="\n")  # noqa: T201
    return found


def gradients(keras: Any, call: Call) -> list[Array]:
    """Of the weighted sum of all results, for each floating argument."""
    places = floating_places(call)

    def total(ops: Any, made: Any) -> Any:
        return sum(ops.sum(one * weights_of(tuple(one.shape))) for one in flat(made))

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        given = [tf.constant(call.args[k]) for k in places]
        with tf.GradientTape() as tape:
            tape.watch(given)
            args = list(call.args)
            for k, x in zip(places, given, strict=True):
                args[k] = x
            loss = total(keras.ops, function_of(keras.ops, call.path)(*args, **call.kwargs))
        return [np.asarray(tf.convert_to_tensor(one)) for one in tape.gradient(loss, given, unconnected_gradients="zero")]
    import torch

    leaves = [torch.tensor(call.args[k], requires_grad=True) for k in places]
    args = list(call.args)
    for k, x in zip(places, leaves, strict=True):
        args[k] = x
    made = flat(function_of(keras.ops, call.path)(*args, **call.kwargs))
    loss = sum((one * torch.tensor(weights_of(tuple(one.shape)))).sum() for one in made)
    return [one.numpy() for one in torch.autograd.grad(loss, leaves)]


def classes(keras: Any) -> dict[str, list[Any]]:
    """What Keras notes of the first call of each function on a symbolic value: module, class, and what it is made with."""
    found: dict[str, list[Any]] = {}
    for key, call in calls():
        if key.endswith(" 0") and call.path not in {"nonzero", "unique", "bincount", "ctc_decode"} and is_of_array(call):
            symbol = keras.KerasTensor(call.args[0].shape, str(call.args[0].dtype))
            try:
                made = flat(function_of(keras.ops, call.path)(symbol, *call.args[1:], **call.kwargs))
                operation = made[0]._keras_history.operation
                config = {name: value for name, value in operation.get_config().items() if name != "name"}
                found[call.path] = [type(operation).__module__, type(operation).__name__, json.loads(json.dumps(config))]
            except Exception as error:  # noqa: BLE001  what Keras cannot say is not compared
                print(f"{key}: {type(error).__name__} {str(error)[:100]}")  # noqa: T201
    return found


def main() -> int:
    """Writes the record."""
    import keras

    if keras.backend.backend() == "tensorflow":
        lines = [f"  {json.dumps(path)}: {json.dumps(said)}" for path, said in classes(keras).items()]
        CLASSES.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    np.savez_compressed(RECORD, **pack(recorded(keras, load() if RECORD.exists() else {})))  # type: ignore[arg-type]  # arrays
    return 0


if __name__ == "__main__":
    sys.exit(main())
