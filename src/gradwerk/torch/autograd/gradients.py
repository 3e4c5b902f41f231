"""torch.autograd: gradients by name, and Variable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.tensor import grad as core
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.wanted import tensors
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


def backward(
    tensors: Any, grad_tensors: Any = None, retain_graph: bool | None = None, create_graph: bool = False, grad_variables: Any = None,  # noqa: ANN401
    inputs: Any = None,  # noqa: ANN401
) -> None:  # fmt: skip
    """Adds the gradients of the sum of Tensors, each weighed, to `.grad` of all leaves, or of `inputs` alone.

    Raises: StateError, ShapeError, ArgumentTypeError as `Tensor.backward`.
    """
    if grad_variables is not None:
        raise ArgumentError("`grad_variables` is deprecated, and not here", likely="grad_tensors")
    given = tensors if isinstance(tensors, (list, tuple)) else (tensors,)
    weighed = grad_tensors if isinstance(grad_tensors, (list, tuple)) else (grad_tensors,) * len(given)
    if len(weighed) != len(given):
        raise ArgumentError("grad_tensors: one for each Tensor", facts=(f"{len(weighed)} for {len(given)}",))
    for number, (tensor, weight) in enumerate(zip(given, weighed, strict=True), 1):
        keep = True if number < len(given) else retain_graph
        tensor.backward(weight, retain_graph=keep, create_graph=create_graph, inputs=inputs)


def Variable(data: Any, requires_grad: bool = False, volatile: bool = False) -> Any:  # noqa: ANN401, N802  torch's name; volatile is gone
    """The Tensor itself, from before Tensors had gradients of their own; a view of it where it has to require one.

    Raises: ArgumentTypeError for what is no Tensor.
    """
    if not isinstance(data, Handle):
        raise ArgumentTypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
    made: Any = data
    return made.detach().requires_grad_() if requires_grad else made.detach() if made.requires_grad else made
