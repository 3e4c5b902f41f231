"""PyTorch's own samples (OpInfo) run through our API: every name that both have, functions and methods, values and gradients.

A sample ends as RIGHT; as REFUSED, by an error of Gradwerk's that says what is not here; or it is a fault: WRONG (value, shape, dtype or
gradient) or RAW (any other error).  Needs PyTorch 2.13.0:

    PYTHONPATH=src python -m tests.peers.opinfo [name ...]      a table of counts, then the first fault of each kind
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch as peer
from torch.testing._internal.common_methods_invocations import op_db

import gradwerk.torch as api
from gradwerk.base.errors import GradwerkError
from tests.peers.opinfo_calls import DRAWING, POLES, SINGLE, WRAPS, comparable, difference, draws, names_an_equal, ran, resolved

DTYPES = {name: getattr(peer, name) for name in ("float32", "float64", "int64", "bool", "int8", "uint8", "complex128")}
NAMES = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128")
KNOWN = {str(np.dtype(name)): getattr(api, name) for name in NAMES}
LEAVES = (9, 1, 0)
"""How many arguments get a gradient: all, or the first alone, or none, where PyTorch has no derivative by the others."""
MOST_SAMPLES = 24
"""Samples of one name, form and dtype: evenly drawn from all there are."""


class Outcome(NamedTuple):
    """How one sample ended, and what there is to say."""

    verdict: str
    detail: str


def entry_of(info: Any) -> str:
    """The name of an OpInfo, with its variant."""
    return f"{info.name}/{info.variant_test_name}" if info.variant_test_name else str(info.name)


def names() -> Iterator[tuple[str, str, Any, Callable[..., Any]]]:
    """Each OpInfo that our API has: its name, the form, the OpInfo, and our callable."""
    for info in op_db:
        if draws(info.name):
            continue
        if (ours := resolved(api, info.name, entry_of(info))) is not None:
            yield info.name, "function", info, comparable(api, info.name, ours)
        for form, attribute in (("method", info.name), ("in place", f"{info.name}_")):
            theirs = info.method_variant if form == "method" else info.inplace_variant
            method = getattr(api.Tensor, attribute, None)
            if theirs is not None and callable(method) and not info.name.startswith("__"):
                yield info.name, form, info, comparable(api, info.name, method)
        if info.name.startswith("__") and info.op is not None and hasattr(api.Tensor, info.name):
            yield info.name, "operator", info, getattr(api.Tensor, info.name)


def theirs_of(info: Any, form: str) -> Callable[..., Any]:
    """PyTorch's callable of the same form."""
    forms = {"function": info.op, "operator": info.op, "method": info.method_variant, "in place": info.inplace_variant}
    return comparable(peer, info.name, forms[form])


class Unknown(Exception):  # noqa: N818  a sample that our API cannot be given
    """A dtype, layout or object that is not here."""


def carried(value: Any, leaves: list[Any], *, grad: int, ours: bool, wide: bool = False) -> Any:
    """The sample's argument for one side; floating Tensors become leaves, the first `grad` of them; `wide` ones float64 first."""
    if isinstance(value, peer.Tensor):
        if value.layout is not peer.strided or str(value.dtype).removeprefix("torch.") not in KNOWN:
            raise Unknown
        array = value.detach().resolve_conj().resolve_neg().numpy().copy()
        if wide and array.dtype.kind == "f":
            array = array.astype(np.float64)
        made = api.tensor(array) if ours else peer.tensor(array)
        if len(leaves) < grad and array.dtype.kind == "f":
            made.requires_grad_()
            leaves.append(made)
        return made
    if isinstance(value, peer.dtype):
        name = str(value).removeprefix("torch.")
        if name not in KNOWN:
            raise Unknown
        return KNOWN[name] if ours else value
    if isinstance(value, (list, tuple)) and not isinstance(value, peer.Size):
        return type(value)([carried(item, leaves, grad=grad, ours=ours, wide=wide) for item in value])
    if isinstance(value, complex) or not isinstance(value, (bool, int, float, str, type(None), slice, type(Ellipsis), peer.Size)):
        raise Unknown
    return tuple(value) if isinstance(value, peer.Size) else value


def evaluated(
    side: Any, call: Callable[..., Any], sample: Any, *, grad: int, form: str, wide: bool = False
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """The results as arrays, and the gradients of their weighted sum (None where there is none); in float64 where they are to be `wide`."""
    leaves: list[Any] = []
    ours = side is api
    args = [carried(a, leaves, grad=grad, ours=ours, wide=wide) for a in (sample.input, *sample.args)]
    kwargs = {name: carried(value, leaves, grad=grad, ours=ours, wide=wide) for name, value in sample.kwargs.items()}
    if form == "in place" and grad:
        args[0] = args[0].clone() if hasattr(args[0], "clone") else args[0]
    return ran(side, call, args, kwargs, leaves)


def compiled(call: Callable[..., Any]) -> Callable[..., Any]:
    """Our callable inside `compile`."""
    return lambda *args, **kwargs: api.compile(lambda: call(*args, **kwargs))()


def judged(info: Any, form: str, ours: Callable[..., Any], sample: Any, dtype: str, *, inside: bool) -> Outcome | None:
    """One sample, eager or inside `compile`; None where it says nothing about us."""
    for grad in LEAVES if DTYPES[dtype].is_floating_point and info.supports_autograd else LEAVES[-1:]:
        with contextlib.suppress(Exception):
            results, gradients = evaluated(peer, theirs_of(info, form), sample, grad=grad, form=form)
            break
    else:  # what PyTorch refuses, or a sample we cannot carry over
        return None
    text = described(sample)
    try:
        mine, its = evaluated(api, compiled(ours) if inside else ours, sample, grad=grad, form=form)
    except GradwerkError as error:
        return Outcome("REFUSED", f"{text}: {type(error).__name__}: {error.message}")
    except Exception as error:  # noqa: BLE001  that is what is looked for
        return Outcome("RAW", f"{text}: {type(error).__name__}: {error}")
    if len(mine) != len(results):
        return Outcome("WRONG", f"{text}: {len(mine)} results, wanted {len(results)}")
    for kind, pairs in (("value", zip(mine, results, strict=True)), ("gradient", zip(its, gradients, strict=True))):
        for place, (got, wanted) in enumerate(pairs):
            wrong = difference(got, wanted, single=info.name in SINGLE)
            if wrong and kind == "value" and names_an_equal(info.name, arrays_of(sample), sample.kwargs, got, wanted):
                continue
            if wrong and not is_nearer(got, wanted, lambda kind=kind, place=place: exact(info, form, sample, kind, place, grad=grad)):
                return Outcome("WRONG", f"{text}: {kind}: {wrong}")
    return Outcome("RIGHT", "")


def arrays_of(sample: Any) -> list[Any]:
    """The positional arguments, the first as an array."""
    return [sample.input.detach().numpy() if isinstance(sample.input, peer.Tensor) else sample.input, *sample.args]


def exact(info: Any, form: str, sample: Any, kind: str, place: int, *, grad: int) -> Any:
    """A result or gradient of the sample as PyTorch computes it in float64."""
    return evaluated(peer, theirs_of(info, form), sample, grad=grad, form=form, wide=True)[kind == "gradient"][place]


def is_nearer(got: Any, wanted: Any, asked: Callable[[], Any]) -> bool:
    """Whether our float32 result is everywhere as near to PyTorch's float64 one as PyTorch's own is: then that is the one that errs."""
    if not all(isinstance(a, np.ndarray) and a.dtype == np.float32 for a in (got, wanted)) or got.shape != wanted.shape:
        return False
    true = asked()
    with np.errstate(all="ignore"):
        errors = [float(np.max(np.abs(a.astype(np.float64) - true), initial=0.0)) for a in (got, wanted)]
    return bool(np.isfinite(errors).all() and errors[0] <= errors[1])


def described(sample: Any) -> str:
    """The sample's arguments, short."""

    def short(value: Any) -> str:
        if isinstance(value, peer.Tensor):
            return f"{str(value.dtype).removeprefix('torch.')}{list(value.shape)}"
        return "[" + ", ".join(map(short, value)) + "]" if isinstance(value, (list, tuple)) else repr(value)

    parts = [short(a) for a in (sample.input, *sample.args)] + [f"{name}={short(value)}" for name, value in sample.kwargs.items()]
    return ", ".join(parts)


def samples_of(info: Any, dtype: str) -> list[Any]:
    """All samples of a dtype that give the same each time, and that PyTorch computes as it says."""
    whole = not DTYPES[dtype].is_floating_point and not DTYPES[dtype].is_complex
    if DTYPES[dtype] not in info.dtypes or (whole and info.name in POLES) or (dtype in ("int8", "uint8") and info.name in WRAPS):
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.manual_seed(0)
        samples = list(info.sample_inputs("cpu", DTYPES[dtype], requires_grad=False))
    if info.gradcheck_wrapper.__name__ == "gradcheck_wrapper_hermitian_input":  # whose gradients are said of symmetric matrices alone
        for sample in samples:
            sample.input = sample.input + sample.input.mT
    return [sample for sample in samples if not any(sample.kwargs.get(name) for name in DRAWING)]


def run(info: Any, form: str, ours: Callable[..., Any], dtype: str, *, inside: bool = False) -> list[Outcome]:
    """All chosen samples of one name, form and dtype."""
    samples = samples_of(info, dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chosen = samples[:: -(-len(samples) // MOST_SAMPLES)] if samples else []
        outcomes = [judged(info, form, ours, sample, dtype, inside=inside) for sample in chosen]
    return [outcome for outcome in outcomes if outcome is not None]


def main(wanted: list[str]) -> None:
    """The counts, and each kind of fault once with its first sample and where else it was seen."""
    totals: Counter[str] = Counter()
    found: dict[tuple[str, str, str], list[str]] = {}
    first: dict[tuple[str, str, str], str] = {}
    for name, form, info, ours in names():
        if wanted and name not in wanted:
            continue
        for inside in (False, True):
            for dtype in DTYPES:
                outcomes = run(info, form, ours, dtype, inside=inside)
                totals += Counter(outcome.verdict for outcome in outcomes)
                for verdict, detail in outcomes:
                    if verdict == "RIGHT" or (verdict == "REFUSED" and not wanted):
                        continue
                    key = (name, verdict, detail.partition(": ")[2][:45] if verdict != "WRONG" else detail.partition(": ")[2][:20])
                    first.setdefault(key, detail)
                    place = f"{form}{' compiled' if inside else ''} {dtype}"
                    if place not in found.setdefault(key, []):
                        found[key].append(place)
    for key, places in found.items():
        print(f"{key[0]}: {key[1]} {first[key][:280]!r}\n    in: {', '.join(places)}")
    print(dict(totals))


if __name__ == "__main__":
    main(sys.argv[1:])
