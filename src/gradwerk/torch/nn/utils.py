"""torch.nn.utils."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gradwerk.nn.optimizer import clip_by_global_norm
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.options import accepts


@accepts("norm_type", "error_if_nonfinite", "foreach")
def clip_grad_norm_(parameters: Iterable[Any], max_norm: float) -> Any:  # noqa: ANN401  a Tensor
    """Scales all gradients in place so that their common norm is at most `max_norm`; the norm before."""
    with_gradient = [p for p in parameters if p.grad is not None]
    with no_grad():
        clipped, norm = clip_by_global_norm([p.grad for p in with_gradient], max_norm)
        for parameter, gradient in zip(with_gradient, clipped, strict=True):
            parameter.grad.assign(gradient)
    return norm

__getattr__ = ORIGINAL.module("torch.nn.utils", __name__)
