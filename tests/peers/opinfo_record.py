"""A choice of PyTorch's own samples (OpInfo) with what PyTorch gives for them, as plain numbers: recorded beside it, read without it.

Of each entry and dtype at most eight samples, those that show something new: other ranks, no elements, other options.  Floating samples are
of float32 numbers with results in float64, and by how much PyTorch's own float32 results are off; where those are something else they
are recorded too.  All numbers of a dtype lie in one array; the rest is JSON.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tests.peers.opinfo_calls import ran

Array = np.ndarray[Any, np.dtype[Any]]
Answer = tuple[list[Any], list[Any]]
"""Results and gradients."""
MOST_SAMPLES = 8
MOST_ELEMENTS = 400
"""Of all arguments of a sample together, where an entry has smaller ones."""
LARGEST = 20000
"""No sample is larger."""
RECORDED = ("float32", "int64", "bool", "int8", "uint8", "complex128")
KNOWN = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128")
WIDE = {"float32": "float64"}


class Case(NamedTuple):
    """A sample of an entry, in one dtype."""

    entry: str
    form: str
    dtype: str
    args: list[Any]
    kwargs: dict[str, Any]
    grad: int
    results: list[Any]
    gradients: list[Any]
    slack: list[float | None]
    """How far float32 results, then gradients, may be off because PyTorch's are; None for what is the same of float64 numbers."""

    @property
    def name(self) -> str:
        """The function."""
        return self.entry.partition("/")[0]


class Packed:
    """Arrays in a few long ones, by dtype; in the JSON stands where."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Array]] = {}
        self.known: dict[tuple[str, bytes], int] = {}
        self.size: dict[str, int] = {}

    def of(self, array: Array) -> dict[str, Any]:
        """An array's place, dtype and shape; equal ones lie in one place."""
        name, flat = str(array.dtype), np.ascontiguousarray(array).reshape(-1)
        start = self.known.setdefault((name, flat.tobytes()), self.size.get(name, 0))
        if start == self.size.get(name, 0) and flat.size:
            self.parts.setdefault(name, []).append(flat)
            self.size[name] = start + flat.size
        return {"array": name, "at": start, "shape": list(array.shape)}

    def arrays(self) -> dict[str, Array]:
        """What is written: the long arrays."""
        return {name: np.concatenate(parts) for name, parts in self.parts.items()}


def written(value: Any, packed: Packed) -> Any:
    """An argument or a result in JSON."""
    if isinstance(value, np.ndarray | np.generic):
        return packed.of(np.asarray(value))
    if isinstance(value, (tuple, list)):
        return {"tuple" if isinstance(value, tuple) else "list": [written(item, packed) for item in value]}
    if isinstance(value, slice):
        return {"slice": [value.start, value.stop, value.step]}
    if value is Ellipsis:
        return {"ellipsis": True}
    return {"dtype": str(value)} if isinstance(value, np.dtype) else value


def read(said: Any, arrays: dict[str, Array]) -> Any:
    """What was written."""
    if not isinstance(said, dict):
        return said
    if "array" in said:
        size = int(np.prod(said["shape"]))
        flat = arrays[said["array"]][said["at"] : said["at"] + size] if size else np.zeros(0, said["array"])
        return flat.reshape(said["shape"]).copy()
    if "slice" in said:
        return slice(*said["slice"])
    if "ellipsis" in said:
        return Ellipsis
    if "dtype" in said:
        return np.dtype(said["dtype"])
    items = [read(item, arrays) for item in said.get("tuple", said.get("list"))]
    return tuple(items) if "tuple" in said else items


def unpacked(record: dict[str, Array]) -> tuple[list[str], list[Case]]:
    """All entries of PyTorch, and the cases that were recorded; the numbers as read-only views into `record`."""
    index = json.loads(record["index"].tobytes())
    found = []
    for row in index["cases"]:
        args, kwargs, results, gradients = (row[key] for key in ("args", "kwargs", "results", "gradients"))
        made = [[read(item, record) for item in part] for part in (args, results, gradients)]
        held = {name: read(value, record) for name, value in kwargs.items()}
        found.append(Case(row["entry"], row["form"], row["dtype"], made[0], held, row["grad"], made[1], made[2], row["slack"]))
    return index["entries"], found


def packed(entries: list[str], cases: list[Case]) -> dict[str, Array]:
    """What `unpacked` reads."""
    held, rows = Packed(), []
    for case in cases:
        row = case._asdict()
        row |= {key: [written(item, held) for item in row[key]] for key in ("args", "results", "gradients")}
        row["kwargs"] = {name: written(value, held) for name, value in case.kwargs.items()}
        rows.append(row)
    index = json.dumps({"entries": entries, "cases": rows}).encode()
    return held.arrays() | {"index": np.frombuffer(index, np.uint8)}


# ---- beside PyTorch


def features(value: Any, path: str) -> Iterator[str]:
    """What an argument shows: rank, extents of 0 and 1, the value of an option."""
    if isinstance(value, np.ndarray):
        yield f"{path}: {value.dtype} of rank {value.ndim}{' with 0' * (0 in value.shape)}{' with 1' * (1 in value.shape)}"
    elif isinstance(value, (list, tuple)):
        yield f"{path}: {len(value)}"
        for k, item in enumerate(value):
            yield from features(item, f"{path}.{k}")
    else:
        yield f"{path}: {value!r}"


def chosen(samples: list[tuple[list[Any], dict[str, Any]]]) -> list[int]:
    """Numbers of the samples that show the most that is new, small ones first."""
    shown = [{f for k, a in enumerate(args) for f in features(a, str(k))} | {f for n, a in kwargs.items() for f in features(a, n)}
             for args, kwargs in samples]  # fmt: skip
    sizes = [sum(map(elements, [*args, *kwargs.values()])) for args, kwargs in samples]
    most = max(MOST_ELEMENTS, min(sizes, default=0))
    left, found, seen = [k for k, size in enumerate(sizes) if size <= min(most, LARGEST)], [], set[str]()
    while left and len(found) < MOST_SAMPLES:
        best = max(left, key=lambda k: (len(shown[k] - seen), -sizes[k]))
        if not shown[best] - seen:
            break
        found.append(best)
        seen |= shown[best]
        left.remove(best)
    return found


def elements(value: Any) -> int:
    """How many numbers an argument has."""
    if isinstance(value, (list, tuple)):
        return sum(map(elements, value))
    return value.size if isinstance(value, np.ndarray) else 0


def recorded() -> dict[str, Array]:
    """The record of PyTorch as it is installed."""
    from tests.peers import opinfo

    entries, cases = [opinfo.entry_of(info) for info in opinfo.op_db], []
    seen: set[str] = set()
    for _, form, info, _ in opinfo.names():
        entry = opinfo.entry_of(info)
        if form == "in place" or entry in seen:
            continue
        seen.add(entry)
        for dtype in RECORDED:
            cases += list(of_entry(info, form, dtype))
    return packed(entries, cases)


def of_entry(info: Any, form: str, dtype: str) -> Iterator[Case]:
    """The cases of one entry and dtype."""
    from tests.peers import opinfo

    plain = []
    for sample in opinfo.samples_of(info, dtype):
        try:
            args = [plain_of(a) for a in (sample.input, *sample.args)]
            plain.append((args, {name: plain_of(value) for name, value in sample.kwargs.items()}))
        except opinfo.Unknown:
            continue
    widths = (dtype, WIDE[dtype]) if dtype in WIDE else (dtype,)
    call = opinfo.theirs_of(info, form)
    for number in chosen(plain):
        args, kwargs = plain[number]
        for grad in opinfo.LEAVES if dtype in WIDE and info.supports_autograd else opinfo.LEAVES[-1:]:
            with contextlib.suppress(Exception):  # what PyTorch refuses
                answers = {width: answered(opinfo.peer, call, args, kwargs, width, grad=grad) for width in widths}
                yield from of_answers(opinfo.entry_of(info), form, dtype, args, kwargs, answers, grad=grad)
                break


def of_answers(
    entry: str, form: str, dtype: str, args: list[Any], kwargs: dict[str, Any], answers: dict[str, Answer], *, grad: int
) -> Iterator[Case]:  # fmt: skip
    """One case; two where the narrow results are not the wide ones, rounded."""
    exact = answers[WIDE.get(dtype, dtype)]
    if dtype not in WIDE:
        yield Case(entry, form, dtype, args, kwargs, grad, *exact, [])
        return
    slack = [off(a, b) for near, wide in zip(answers[dtype], exact, strict=True) for a, b in zip(near, wide, strict=True)]
    same = all(s is None or np.isfinite(s) for s in slack)
    yield Case(entry, form, "floats" if same else WIDE[dtype], args, kwargs, grad, *exact, slack if same else [])
    if not same:
        yield Case(entry, form, dtype, args, kwargs, grad, *answers[dtype], [])


def off(near: Any, wide: Any) -> float | None:
    """How far a narrow result is from the wide one, infinitely where it is something else; None where it is equal, and of its dtype."""
    if not isinstance(wide, np.ndarray) or not isinstance(near, np.ndarray):
        return None if type(near) is type(wide) and near == wide else float("inf")
    if near.dtype.kind not in "fc" or near.itemsize * 2 != wide.itemsize:
        return None if near.dtype == wide.dtype and np.array_equal(near, wide, equal_nan=near.dtype.kind in "fc") else float("inf")
    with np.errstate(all="ignore"):
        narrow = wide.astype(near.dtype)
        finite = np.isfinite(near) & np.isfinite(narrow)
        if near.shape != wide.shape or not np.array_equal(near[~finite], narrow[~finite], equal_nan=True):
            return float("inf")
        scale = max(1.0, float(np.max(np.abs(narrow[finite]), initial=0.0)))
        apart = float(np.max(np.abs(near[finite] - narrow[finite]), initial=0.0))
        return apart if apart <= 1e-3 * scale else float("inf")


def plain_of(value: Any) -> Any:
    """An argument without PyTorch in it.  Raises: opinfo.Unknown."""
    from tests.peers import opinfo

    peer = opinfo.peer
    if isinstance(value, peer.Tensor):
        if value.layout is not peer.strided or str(value.dtype).removeprefix("torch.") not in KNOWN:
            raise opinfo.Unknown
        return value.detach().resolve_conj().resolve_neg().numpy().copy()
    if isinstance(value, peer.dtype):
        name = str(value).removeprefix("torch.")
        if name not in KNOWN:
            raise opinfo.Unknown
        return np.dtype(name)
    if isinstance(value, (list, tuple)):
        return (tuple if isinstance(value, tuple) else list)([plain_of(item) for item in value])
    if not isinstance(value, (bool, int, float, str, type(None), slice, type(Ellipsis))):
        raise opinfo.Unknown
    return value


# ---- in either namespace


def given(t: Any, value: Any, width: str, leaves: list[Any], *, grad: int) -> Any:
    """An argument in a namespace, floating numbers in a width and as leaves, the first `grad` of them."""
    if isinstance(value, np.ndarray):
        floating = value.dtype.kind == "f"
        made = t.tensor(value.astype(width) if floating and width in ("float32", "float64") else value)
        if len(leaves) < grad and floating:
            made.requires_grad_()
            leaves.append(made)
        return made
    if isinstance(value, np.dtype):
        return getattr(t, str(value))
    if isinstance(value, (list, tuple)):
        return type(value)([given(t, item, width, leaves, grad=grad) for item in value])
    return value


def answered(
    t: Any, call: Any, args: list[Any], kwargs: dict[str, Any], width: str, *, grad: int
) -> Answer:  # fmt: skip
    """The results and gradients of a sample in a namespace."""
    leaves: list[Any] = []
    made = [given(t, a, width, leaves, grad=grad) for a in args]
    named = {name: given(t, value, width, leaves, grad=grad) for name, value in kwargs.items()}
    results, gradients = ran(t, call, made, named, leaves)
    known = (np.ndarray, np.generic, bool, int, float, complex, str, type(None))
    return [r if isinstance(r, known) else str(r).removeprefix("torch.") for r in results], gradients  # the others are dtypes
