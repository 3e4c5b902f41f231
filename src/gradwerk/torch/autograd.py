"""torch.autograd."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.tensor import grad as core
from gradwerk.tensor.grad import enable_grad as enable_grad
from gradwerk.tensor.grad import no_grad as no_grad
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.wanted import tensors
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.options import as_recorded

# ruff: noqa: FBT001, FBT002  torch's signature


@as_recorded()
def grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,  # noqa: ANN401
    *, allow_unused: bool | None = None,
) -> tuple[Any, ...] | dict[Any, Any]:  # fmt: skip
    """The gradients of outputs with respect to each input, as a tuple, or a dict where inputs are one.

    What rules read is freed, unless `retain_graph` or `create_graph`.

    Raises: StateError for an input that nothing depends on, unless `allow_unused` (then None); ArgumentTypeError for what is no Tensor.
    """
    if isinstance(inputs, Mapping):
        found = grad(outputs, list(inputs.values()), grad_outputs, retain_graph, create_graph, allow_unused=allow_unused)
        return dict(zip(inputs, found, strict=True))
    wanted = inputs if isinstance(inputs, Handle) else tensors("grad", "inputs", inputs)
    if isinstance(wanted, list) and not wanted:
        raise ArgumentError("`inputs` argument to `grad()` cannot be empty.")
    keep = create_graph if retain_graph is None else retain_graph
    found = core.grad(outputs, wanted, grad_outputs, create_graph=create_graph, allow_unused=bool(allow_unused), retain=keep)
    return found if isinstance(found, tuple) else (found,)

__getattr__ = ORIGINAL.module("torch.autograd", __name__)
