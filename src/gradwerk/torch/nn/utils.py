"""torch.nn.utils."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradwerk.nn.optimizer import clip_by_global_norm
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.checks import warn_of_nothing
from gradwerk.torch.options import accepts
from gradwerk.torch.tensors import Tensor


@accepts("norm_type", "error_if_nonfinite", "foreach", order="parameters max_norm norm_type error_if_nonfinite foreach")
def clip_grad_norm_(parameters: Iterable[Any], max_norm: float) -> Any:  # noqa: ANN401  a Tensor
    """Scales all gradients in place so that their common norm is at most `max_norm`; the norm before.  One parameter may stand alone."""
    given = [parameters] if isinstance(parameters, Tensor) else list(parameters)
    if not given and not isinstance(parameters, (list, tuple)):
        warn_of_nothing("clip_grad_norm_")
    with_gradient = [p for p in given if p.grad is not None]
    if not with_gradient:
        return Tensor.of(0.0)
    with no_grad():
        clipped, norm = clip_by_global_norm([p.grad for p in with_gradient], max_norm)
        for parameter, gradient in zip(with_gradient, clipped, strict=True):
            held: Any = parameter.grad
            held.assign(gradient)
    return norm

__getattr__ = ORIGINAL.module("torch.nn.utils", __name__)
