"""torch.nn.utils: gradients made smaller."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.nn.clipping import clip_by_value, scale_to_norm, total_norm
from gradwerk.ops.elementwise import cast, mul
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.nn.checks import warn_of_nothing
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's signatures


@as_recorded()
def get_total_norm(tensors: Any, norm_type: float = 2.0, error_if_nonfinite: bool = False) -> Tensor:  # noqa: ANN401  one or many Tensors
    """The norm of all Tensors together, as one vector; 0 of none.

    Raises: StateError where it is not finite and that is an error; TraceError for that question inside a compiled function.
    """
    given = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    order = float(norm_type)
    if not given:
        return Tensor.of(0.0)
    with no_grad():
        total: Tensor = total_norm(given, order)
    if error_if_nonfinite and not np.isfinite(float(total)):
        raise StateError(
            f"The total norm of order {order} for gradients from `parameters` is non-finite, so it cannot be clipped.",
            likely="error_if_nonfinite=False scales the gradients by the non-finite norm anyway",
        )
    return total


@as_recorded()
def clip_grads_with_norm_(parameters: Any, max_norm: float, total_norm: Tensor) -> None:  # noqa: ANN401  one or many
    """Scales all gradients in place by min(1, max_norm / (total_norm + 1e-6))."""
    limit = max_norm if isinstance(max_norm, Tensor) else float(max_norm)
    with no_grad():
        factor = scale_to_norm(total_norm, limit)
        for parameter in _with_gradient(parameters):
            gradient = parameter.grad
            gradient.assign(mul(gradient, cast(factor, gradient.dtype) if factor.dtype != gradient.dtype else factor))


@as_recorded()
def clip_grad_norm_(
    parameters: Iterable[Any], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:  # fmt: skip
    """Scales all gradients in place so that their common norm is at most `max_norm`; the norm before.  One parameter may stand alone.

    Raises: StateError where the norm is not finite and that is an error; then nothing is scaled.
    """
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not given and not isinstance(parameters, (list, tuple)):
        warn_of_nothing("clip_grad_norm_")
    norm = get_total_norm([parameter.grad for parameter in _with_gradient(given)], norm_type, error_if_nonfinite)
    clip_grads_with_norm_(given, max_norm, norm)
    return norm


@as_recorded()
def clip_grad_value_(parameters: Any, clip_value: float) -> None:  # noqa: ANN401  one or many
    """Clips all gradients in place to [-clip_value, clip_value]."""
    limit = float(clip_value)
    with no_grad():
        for parameter in _with_gradient(parameters):
            parameter.grad.assign(clip_by_value(parameter.grad, limit))


def _with_gradient(parameters: Any) -> list[Any]:  # noqa: ANN401  one or many
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    return [parameter for parameter in given if parameter.grad is not None]
