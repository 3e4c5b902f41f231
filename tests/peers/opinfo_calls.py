"""How a callable of PyTorch's samples (OpInfo) is found and run in either namespace, and when two results are the same."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

ADAPTED: dict[str, Callable[[Any], Callable[..., Any]]] = {
    "where": lambda t: lambda x, condition, other: t.where(condition, x, other),
    "polygamma": lambda t: lambda x, n: t.polygamma(n, x),
    "special.polygamma": lambda t: lambda x, n: t.special.polygamma(n, x),
    "nn.functional.embedding": lambda t: lambda weight, ids, **options: t.nn.functional.embedding(ids, weight, **options),
    "nn.functional.embedding_bag": lambda t: lambda weight, ids, **options: t.nn.functional.embedding_bag(ids, weight, **options),
    "einsum": lambda t: lambda operands, equation: t.einsum(equation, *operands),
    "linalg.lstsq/grad_oriented": lambda t: lambda a, b, driver: t.linalg.lstsq(a, b, driver=driver)[:2],
    "linalg.pinv/singular": lambda t: lambda a, b: t.linalg.pinv(a @ b.mT),
}
"""Where the OpInfo's own callable, by its name or entry, takes or gives something else than the function of that name."""
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
RANDOM = ("normal", "uniform", "cauchy", "exponential", "geometric", "log_normal", "multinomial", "rrelu", "bernoulli")
RANDOM_FAMILIES = ("dropout", "alpha_dropout", "feature_alpha_dropout", "rand", "empty", "new_empty")
DRAWING = ("dropout_p", "lower")
"""Options with which a function draws."""
TOLERANCES = {"float32": (3e-5, 3e-5), "float64": (1e-9, 1e-9)}
TOLERANCES |= {"complex64": TOLERANCES["float32"], "complex128": TOLERANCES["float64"]}
SINGLE = {"nn.functional.hardsigmoid": "PyTorch's gradient is 1 / 6 in float32, of float64 too"}
"""Where PyTorch computes float64 in float32, and how."""
WRAPS = ("trapezoid", "trapz", "cumulative_trapezoid")
"""Where PyTorch adds neighbours in small whole numbers, which wrap around, before it divides them."""
POLES = ("polygamma", "special.polygamma")
"""Where PyTorch computes a pole by a sine that is not quite 0: some large number.  Of whole numbers all below 1 are poles."""


def draws(name: str) -> bool:
    """Whether a function of this name gives something else each time."""
    last = name.split(".")[-1]
    return not name.startswith("signal.") and (last in RANDOM or last.startswith(RANDOM_FAMILIES))


def resolved(t: Any, name: str, entry: str) -> Callable[..., Any] | None:
    """The function of a name in a namespace, taking and giving what the samples do; None where there is none."""
    found: Any = t
    with contextlib.suppress(AttributeError):
        for part in name.split("."):
            found = getattr(found, part)
        if callable(found):
            return ADAPTED[entry](t) if entry in ADAPTED else ADAPTED[name](t) if name in ADAPTED else found
    return None


def masked(t: Any, args: tuple[Any, ...], place: int, *, upper: bool) -> list[Any]:
    """The arguments, of one of them only a triangle."""
    x = args[place]
    here = (np.triu if upper else np.tril)(np.ones(tuple(x.shape), str(x.dtype).removeprefix("torch.")))
    return [*args[:place], x * t.tensor(here), *args[place + 1 :]]


def comparable(t: Any, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The callable, of what it takes and gives only what has a meaning."""
    if name in TRIANGULAR:
        return lambda *args, **kwargs: call(*masked(t, args, TRIANGULAR[name], upper=kwargs.get("upper", False)), **kwargs)
    return (lambda *args, **kwargs: WITHOUT_SIGNS[name](*call(*args, **kwargs))) if name in WITHOUT_SIGNS else call


def flat(result: Any) -> list[Any]:
    """The Tensors and numbers of a result."""
    if isinstance(result, (list, tuple)):
        return [leaf for item in result for leaf in flat(item)]
    return [result]


def ran(
    t: Any, call: Callable[..., Any], args: Sequence[Any], kwargs: dict[str, Any], leaves: Sequence[Any]
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    """The results as arrays, and the gradients that the leaves have of their weighted sum, None where there is none."""
    results = [r.resolve_conj() if hasattr(r, "is_conj") and r.is_conj() else r for r in flat(call(*args, **kwargs))]
    floats = [r for r in results if hasattr(r, "backward") and r.requires_grad]
    floats = [t.view_as_real(r) if r.is_complex() else r for r in floats]
    if leaves and floats:
        weights = [np.cos(np.arange(r.numel())).reshape(tuple(r.shape)).astype(str(r.dtype).removeprefix("torch.")) for r in floats]
        total = sum(((r * t.tensor(w)).sum() for r, w in zip(floats, weights, strict=True)), start=t.tensor(0.0))
        total.backward()
    gradients = [None if leaf.grad is None else leaf.grad.numpy() for leaf in leaves]
    return [r.detach().numpy() if hasattr(r, "detach") else r for r in results], gradients


def difference(got: Any, wanted: Any, *, single: bool = False, slack: float = 0.0) -> str:
    """What is wrong with a result, "" for nothing; `slack` is what the recorded one itself may be off."""
    if wanted is None or got is None:
        return "" if not any(np.any(each) for each in (got, wanted) if each is not None) else f"got {got!r}, wanted {wanted!r}"
    if not isinstance(wanted, np.ndarray | np.generic):
        return "" if got == wanted or str(got) == str(wanted).removeprefix("torch.") else f"got {got!r}, wanted {wanted!r}"
    if np.shape(got) != np.shape(wanted):
        return f"shape {np.shape(got)}, wanted {np.shape(wanted)}"
    if np.asarray(got).dtype != wanted.dtype:
        return f"dtype {np.asarray(got).dtype}, wanted {wanted.dtype}"
    rtol, atol = TOLERANCES.get("float32" if single else str(wanted.dtype), (0, 0))
    scale = float(np.max(np.abs(wanted[np.isfinite(wanted)]), initial=1.0)) if wanted.dtype.kind in "fc" else 1.0
    if np.allclose(got, wanted, rtol, atol * max(scale, 1.0) + slack, equal_nan=True):
        return ""
    return f"got {np.asarray(got).ravel()[:6]}, wanted {wanted.ravel()[:6]}"


def names_an_equal(name: str, args: Sequence[Any], kwargs: dict[str, Any], got: Any, wanted: Any) -> bool:
    """Whether both are places of the same elements of the first argument, an array, where PyTorch says no more."""
    if name not in OPEN or kwargs.get("stable") or not all(np.asarray(a).dtype == np.int64 for a in (got, wanted)):
        return False
    x, given = np.atleast_1d(args[0]), OPEN[name] + 1
    axis = args[given] if len(args) > given else kwargs.get("dim", -1)
    places = [a if np.ndim(a) == x.ndim else np.expand_dims(a, axis) for a in (got, wanted)]
    one, other = (np.take_along_axis(x, a, axis) for a in places)
    return bool(np.array_equal(one, other))
