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

DTYPES = {"float32": peer.float32, "float64": peer.float64, "int64": peer.int64, "bool": peer.bool}
NAMES = ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128")
KNOWN = {str(np.dtype(name)): getattr(api, name) for name in NAMES}
MOST_SAMPLES = 24
"""Samples of one name, form and dtype: evenly drawn from all there are."""
ADAPTED: dict[str, Callable[..., Any]] = {
    "where": lambda x, condition, other: api.where(condition, x, other),
    "polygamma": lambda x, n: api.polygamma(n, x),
    "nn.functional.embedding": lambda weight, ids, **options: api.nn.functional.embedding(ids, weight, **options),
    "einsum": lambda operands, equation: api.einsum(equation, *operands),
    "linalg.lstsq grad_oriented": lambda a, b, driver: api.linalg.lstsq(a, b, driver=driver)[:2],
    "linalg.pinv singular": lambda a, b: api.linalg.pinv(a @ b.mT),
}
"""Where the OpInfo's own callable, by its name and variant, takes or gives something else than the function."""
WITHOUT_SIGNS: dict[str, Callable[..., Any]] = {
    "linalg.eig": lambda values, vectors: (values, vectors.abs()),
    "linalg.eigh": lambda values, vectors: (values, vectors.abs()),
    "linalg.svd": lambda u, s, v: (u[..., : s.shape[-1]].abs(), s, v[..., : s.shape[-1], :].abs()),
    "svd": lambda u, s, v: (u[..., : s.shape[-1]].abs(), s, v[..., : s.shape[-1]].abs()),
}
"""What is compared where the signs of vectors have no meaning."""
OPEN = {"argsort": 0, "kthvalue": 1, "mode": 0, "sort": 0, "topk": 1}
"""Where PyTorch leaves open which of equal elements a place names: by which argument the axis is given."""
TRIANGULAR = {"cholesky_inverse": 0, "cholesky_solve": 1}
"""The argument of which one triangle is read: PyTorch gives a gradient to the other one too."""
RANDOM = ("dropout", "rand", "randn", "randint", "empty", "bernoulli", "normal", "uniform")
DRAWING = ("dropout_p", "lower")
"""Options with which a function draws."""
TOLERANCES = {"float32": (3e-5, 3e-5), "float64": (1e-9, 1e-9)}
TOLERANCES |= {"complex64": TOLERANCES["float32"], "complex128": TOLERANCES["float64"]}
SINGLE = {"nn.functional.hardsigmoid": "PyTorch's gradient is 1 / 6 in float32, of float64 too"}
"""Where PyTorch computes float64 in float32, and how."""


class Outcome(NamedTuple):
    """How one sample ended, and what there is to say."""

    verdict: str
    detail: str


def names() -> Iterator[tuple[str, str, Any, Callable[..., Any]]]:
    """Each OpInfo that our API has: its name, the form, the OpInfo, and our callable."""
    for info in op_db:
        if info.name.split(".")[-1].startswith(RANDOM):
            continue
        ours: Any = api
        with contextlib.suppress(AttributeError):
            for part in info.name.split("."):
                ours = getattr(ours, part)
            if callable(ours):
                yield info.name, "function", info, signless(info.name, ADAPTED.get(f"{info.name} {info.variant_test_name}".strip(), ours))
        for form, attribute in (("method", info.name), ("in place", f"{info.name}_")):
            theirs = info.method_variant if form == "method" else info.inplace_variant
            method = getattr(api.Tensor, attribute, None)
            if theirs is not None and callable(method) and not info.name.startswith("__"):
                yield info.name, form, info, signless(info.name, method)
        if info.name.startswith("__") and info.op is not None and hasattr(api.Tensor, info.name):
            yield info.name, "operator", info, getattr(api.Tensor, info.name)


def theirs_of(info: Any, form: str) -> Callable[..., Any]:
    """PyTorch's callable of the same form."""
    forms = {"function": info.op, "operator": info.op, "method": info.method_variant, "in place": info.inplace_variant}
    return signless(info.name, forms[form])


def masked(args: tuple[Any, ...], place: int, *, upper: bool) -> list[Any]:
    """The arguments, of one of them only a triangle."""
    x = args[place]
    here = (np.triu if upper else np.tril)(np.ones(tuple(x.shape), str(x.dtype).removeprefix("torch.")))
    return [*args[:place], x * type(x)(here) if isinstance(x, api.Tensor) else x * peer.tensor(here), *args[place + 1 :]]


def signless(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The callable, of what it takes and gives only what has a meaning."""
    if name in TRIANGULAR:
        return lambda *args, **kwargs: call(*masked(args, TRIANGULAR[name], upper=kwargs.get("upper", False)), **kwargs)
    return (lambda *args, **kwargs: WITHOUT_SIGNS[name](*call(*args, **kwargs))) if name in WITHOUT_SIGNS else call


class Unknown(Exception):  # noqa: N818  a sample that our API cannot be given
    """A dtype, layout or object that is not here."""


def carried(value: Any, leaves: list[Any], *, grad: bool, ours: bool, wide: bool = False) -> Any:
    """The sample's argument for one side; floating Tensors become leaves, `wide` ones float64 first."""
    if isinstance(value, peer.Tensor):
        if value.layout is not peer.strided or str(value.dtype).removeprefix("torch.") not in KNOWN:
            raise Unknown
        array = value.detach().numpy().copy()
        if wide and array.dtype.kind == "f":
            array = array.astype(np.float64)
        made = api.tensor(array) if ours else peer.tensor(array)
        if grad and array.dtype.kind == "f":
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


def flat(result: Any) -> list[Any]:
    """The Tensors and numbers of a result."""
    if isinstance(result, (list, tuple)):
        return [leaf for item in result for leaf in flat(item)]
    return [result]


def evaluated(
    side: Any, call: Callable[..., Any], sample: Any, *, grad: bool, form: str, wide: bool = False
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """The results as arrays, and the gradients of their weighted sum (None where there is none); in float64 where they are to be `wide`."""
    leaves: list[Any] = []
    ours = side is api
    args = [carried(a, leaves, grad=grad, ours=ours, wide=wide) for a in (sample.input, *sample.args)]
    kwargs = {name: carried(value, leaves, grad=grad, ours=ours, wide=wide) for name, value in sample.kwargs.items()}
    if form == "in place" and grad:
        args[0] = args[0].clone() if hasattr(args[0], "clone") else args[0]
    results = flat(call(*args, **kwargs))
    floats = [r for r in results if hasattr(r, "backward") and r.requires_grad]
    floats = [side.view_as_real(r) if r.is_complex() else r for r in floats]
    if grad and floats:
        weights = [np.cos(np.arange(r.numel())).reshape(tuple(r.shape)).astype(str(r.dtype).removeprefix("torch.")) for r in floats]
        total = sum(((r * side.tensor(w)).sum() for r, w in zip(floats, weights, strict=True)), start=side.tensor(0.0))
        total.backward()
    gradients = [None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
    return [r.detach().numpy() if hasattr(r, "detach") else r for r in results], gradients


def compiled(call: Callable[..., Any]) -> Callable[..., Any]:
    """Our callable inside `compile`."""
    return lambda *args, **kwargs: api.compile(lambda: call(*args, **kwargs))()


def difference(got: Any, wanted: Any, dtype: str, *, single: bool = False) -> str:
    """What is wrong with a result, "" for nothing."""
    if wanted is None or got is None:
        return "" if got is None or not np.any(got) else f"got {got!r}, wanted None"
    if isinstance(wanted, (bool, int, float, str, peer.dtype)):
        return "" if got == wanted or str(got) == str(wanted).removeprefix("torch.") else f"got {got!r}, wanted {wanted!r}"
    if np.shape(got) != np.shape(wanted):
        return f"shape {np.shape(got)}, wanted {np.shape(wanted)}"
    if np.asarray(got).dtype != np.asarray(wanted).dtype:
        return f"dtype {np.asarray(got).dtype}, wanted {np.asarray(wanted).dtype}"
    rtol, atol = TOLERANCES.get("float32" if single else str(np.asarray(wanted).dtype), (0, 0))
    scale = float(np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1.0)) if np.asarray(wanted).dtype.kind in "fc" else 1.0
    if np.allclose(got, wanted, rtol, atol * max(scale, 1.0), equal_nan=True):
        return ""
    return f"got {np.asarray(got).ravel()[:6]}, wanted {np.asarray(wanted).ravel()[:6]}"


def judged(info: Any, form: str, ours: Callable[..., Any], sample: Any, dtype: str, *, inside: bool) -> Outcome | None:
    """One sample, eager or inside `compile`; None where it says nothing about us."""
    grad = DTYPES[dtype].is_floating_point and info.supports_autograd
    try:
        results, gradients = evaluated(peer, theirs_of(info, form), sample, grad=grad, form=form)
    except Exception:  # noqa: BLE001  what PyTorch refuses, or a sample we cannot carry over
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
            wrong = difference(got, wanted, dtype, single=info.name in SINGLE)
            if wrong and kind == "value" and names_an_equal(info, sample, got, wanted):
                continue
            if wrong and not is_nearer(got, wanted, lambda kind=kind, place=place: exact(info, form, sample, kind, place, grad=grad)):
                return Outcome("WRONG", f"{text}: {kind}: {wrong}")
    return Outcome("RIGHT", "")


def names_an_equal(info: Any, sample: Any, got: Any, wanted: Any) -> bool:
    """Whether both are places of the same elements, where PyTorch says no more."""
    if info.name not in OPEN or sample.kwargs.get("stable") or not all(np.asarray(a).dtype == np.int64 for a in (got, wanted)):
        return False
    x, given = np.atleast_1d(sample.input.detach().numpy()), OPEN[info.name]
    axis = sample.args[given] if len(sample.args) > given else sample.kwargs.get("dim", -1)
    places = [a if np.ndim(a) == x.ndim else np.expand_dims(a, axis) for a in (got, wanted)]
    one, other = (np.take_along_axis(x, a, axis) for a in places)
    return bool(np.array_equal(one, other))


def exact(info: Any, form: str, sample: Any, kind: str, place: int, *, grad: bool) -> Any:
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


def run(info: Any, form: str, ours: Callable[..., Any], dtype: str, *, inside: bool = False) -> list[Outcome]:
    """All chosen samples of one name, form and dtype."""
    if DTYPES[dtype] not in info.dtypes:
        return []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer.manual_seed(0)
        samples = list(info.sample_inputs("cpu", DTYPES[dtype], requires_grad=False))
        if info.gradcheck_wrapper.__name__ == "gradcheck_wrapper_hermitian_input":  # whose gradients are said of symmetric matrices alone
            for sample in samples:
                sample.input = sample.input + sample.input.mT
        samples = [sample for sample in samples if not any(sample.kwargs.get(name) for name in DRAWING)]
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
