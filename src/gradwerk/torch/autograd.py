"""torch.autograd."""

from __future__ import annotations

from typing import Any

from gradwerk.tensor import grad as core
from gradwerk.tensor.grad import enable_grad as enable_grad
from gradwerk.tensor.grad import no_grad as no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.options import as_recorded

# ruff: noqa: FBT001, FBT002  torch's signature


@as_recorded()
def grad(
    outputs: Any, inputs: Any, grad_outputs: Any = None, retain_graph: bool | None = None, create_graph: bool = False,  # noqa: ANN401
    *, allow_unused: bool | None = None,
) -> tuple[Any, ...]:  # fmt: skip
    """The gradients of outputs with respect to each input, as a tuple.  What rules read is freed, unless `retain_graph` or `create_graph`.

    Raises: StateError for an input that nothing depends on, unless `allow_unused` (then None).
    """
    keep = create_graph if retain_graph is None else retain_graph
    found = core.grad(outputs, inputs, grad_outputs, create_graph=create_graph, allow_unused=bool(allow_unused), retain=keep)
    return found if isinstance(found, tuple) else (found,)

__getattr__ = ORIGINAL.module("torch.autograd", __name__)
