"""torch.autograd.gradcheck: gradients held against differences of the function itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.origin import warn
from gradwerk.tensor.grad import enable_grad, no_grad
from gradwerk.torch.autograd.gradients import grad
from gradwerk.torch.creation import ones_like, randn_like
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: ANN401  Tensors or tuples of them; torch's signatures
UNCHECKED = ("nondet_tol", "check_undefined_grad", "check_grad_dtypes", "check_batched_grad", "check_batched_forward_grad", "fast_mode")
"""Options of further checks of torch's: the derivatives here come from one rule each, which the same differences hold."""


class GradcheckError(StateError):
    """Gradients and differences that are not equal."""


@as_recorded(name="autograd.gradcheck", ignored=UNCHECKED)
def gradcheck(
    func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3, raise_exception: bool = True
) -> bool:
    """Whether |gradient - difference| <= atol + rtol |difference| everywhere, for inputs that require gradients (best in float64).

    Args:
        func: of Tensors, gives one Tensor or several.
        inputs: a Tensor, or a tuple of Tensors and other arguments.
        eps: how far inputs are moved to either side.
        atol: the absolute tolerance.
        rtol: the relative one.
        raise_exception: raises where they differ, else gives False.

    Raises: GradcheckError; ArgumentError where no input requires gradients.
    """
    held = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    wanted = [place for place, x in enumerate(held) if isinstance(x, Tensor) and x.requires_grad and dtypes.is_float(x.dtype)]
    if not wanted:
        raise ArgumentError("gradcheck expects at least one input tensor to require gradient", likely="x.requires_grad_()")
    for place in wanted:
        if held[place].dtype != dtypes.float64:
            warn(f"Input #{place} requires gradient and is not a double precision floating point. This check will likely fail.")
    with enable_grad():
        outputs = _listed(func(*held))
        slopes = [[_analytic(y, held[place]) for place in wanted] for y in outputs]
    numeric = [_numeric(func, held, place, eps, len(outputs)) for place in wanted]
    for number, row in enumerate(slopes):
        for column, found in enumerate(row):
            near = numeric[column][number]
            if not np.allclose(found, near, rtol, atol):
                if not raise_exception:
                    return False
                gap = float(np.abs(found - near).max())
                facts = (f"largest gap {gap:.3g}", f"numerical: {near.ravel()[:6]}", f"analytical: {found.ravel()[:6]}")
                raise GradcheckError(f"Jacobian mismatch for output {number} with respect to input {wanted[column]}", facts=facts)
    return True


@as_recorded(name="autograd.gradgradcheck", ignored=(*UNCHECKED, "gen_non_contig_grad_outputs"))
def gradgradcheck(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:  # fmt: skip
    """`gradcheck` of the gradients themselves, weighed by `grad_outputs`, or by drawn numbers.  Raises: as `gradcheck`."""
    held = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    outputs = [y for y in _listed(func(*held)) if y.requires_grad]
    if grad_outputs is None:
        weights = [randn_like(y).requires_grad_() for y in outputs]
    else:
        weights = list(grad_outputs) if isinstance(grad_outputs, (tuple, list)) else [grad_outputs]
    count = len(held)

    def slopes(*given: Any) -> tuple[Any, ...]:
        start = [x for x in given[:count] if isinstance(x, Tensor) and x.requires_grad]
        made = [y for y in _listed(func(*given[:count])) if y.requires_grad]
        found = grad(made, start, [*given[count:]], create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    whole = (*held, *weights)
    return gradcheck(slopes, whole, eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception)


def _listed(made: Any) -> list[Any]:
    return [y for y in (made if isinstance(made, (tuple, list)) else (made,)) if isinstance(y, Tensor) and dtypes.is_float(y.dtype)]


def _analytic(y: Any, x: Any) -> Any:
    """The Jacobian of one Tensor by another.  Shape: (elements of x, elements of y)."""
    rows = []
    flat = y.reshape(-1)
    for k in range(flat.numel()):
        found = grad(flat[k], [x], ones_like(flat[k]), retain_graph=True, allow_unused=True)[0] if y.requires_grad else None
        rows.append(np.zeros(x.numel()) if found is None else found.detach().numpy().ravel().copy())
    return np.array(rows).reshape(flat.numel(), x.numel()).T


def _numeric(func: Callable[..., Any], held: list[Any], place: int, eps: float, count: int) -> list[Any]:
    """Differences to both sides, for each result.  Shape: (elements of x, elements of y)."""
    array = held[place].detach().numpy().copy()
    found: list[list[Any]] = [[] for _ in range(count)]
    for index in np.ndindex(array.shape):
        ends = []
        for step in (eps, -eps):
            moved = array.copy()
            moved[index] += step
            x = Tensor.of(moved).requires_grad_()  # a function that takes gradients itself asks for it
            with enable_grad():
                ends.append([y.detach().numpy().astype(np.float64).ravel() for y in _listed(func(*held[:place], x, *held[place + 1 :]))])
        for number in range(count):
            found[number].append((ends[0][number] - ends[1][number]) / (2 * eps))
    with no_grad():
        sizes = [y.numel() for y in _listed(func(*held))] if not array.size else []
    return [np.array(one) if one else np.zeros((0, sizes[k])) for k, one in enumerate(found)]
