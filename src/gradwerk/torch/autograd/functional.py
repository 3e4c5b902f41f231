"""torch.autograd.functional: Jacobians, Hessians and products with them, of functions of one Tensor or several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError, StateError
from gradwerk.tensor.grad import enable_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.autograd.gradients import grad
from gradwerk.torch.creation import ones_like, zeros, zeros_like
from gradwerk.torch.functions import stack
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: ANN401, FBT001, FBT002  Tensors or tuples of them, as they are given; torch's signatures
Function = Callable[..., Any]


def _several(name: str, what: str, given: Any) -> list[Any]:
    """The Tensors given, one or a tuple.  Raises: ArgumentTypeError."""
    held = list(given) if isinstance(given, tuple) else [given]
    for place, x in enumerate(held):
        if not isinstance(x, Tensor):
            which = f"Tensor number {place}" if isinstance(given, tuple) else "value"
            problem = f"The {what} given to {name} must be either a Tensor or a tuple of Tensors but the given {which} has type {type(x)}."
            raise ArgumentTypeError(problem)
    return held


def _prepared(held: list[Any], create_graph: bool) -> list[Any]:
    """Tensors that gradients stop at, and flow through to those given with `create_graph`."""
    return [x.clone() if create_graph and x.requires_grad else x.detach().clone().requires_grad_() for x in held]


def _called(name: str, func: Function, held: list[Any]) -> tuple[Any, list[Any]]:
    """What the function gives, and as a list.  Raises: ArgumentTypeError."""
    made = func(*held)
    return made, _several(name, "outputs of the user-provided function", made)


def _gradients(
    name: str, outputs: Sequence[Any], inputs: Sequence[Any], weights: Sequence[Any] | None, *, create_graph: bool, strict: bool
) -> list[Any]:  # fmt: skip
    """Zeros where nothing depends on an input.  Raises: StateError for such with `strict`."""
    taken = [k for k, y in enumerate(outputs) if y.requires_grad]
    found: Any = [None] * len(inputs)
    if taken:
        given = None if weights is None else [weights[k] for k in taken]
        found = grad([outputs[k] for k in taken], [*inputs], given, retain_graph=True, create_graph=create_graph, allow_unused=True)
    if strict and any(g is None for g in found):
        place = [g is None for g in found].index(True)
        raise StateError(f"Output of the user-provided function is independent of input {place}. This is not allowed in strict mode.",
                         facts=(f"in {name}",))  # fmt: skip
    return [zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _given(held: list[Any], like: Any, create_graph: bool) -> Any:
    """As they were given: one, or a tuple."""
    made = tuple(x if create_graph else x.detach() for x in held)
    return made if isinstance(like, tuple) else made[0]


def _weights(name: str, v: Any, like: list[Any], what: str) -> list[Any]:
    """The vector, or 1 for a single number.  Raises: ShapeError, ArgumentTypeError."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise StateError(f"The vector v can only be None if the {what} is a single Tensor with a single element.", facts=(name,))
        return [ones_like(like[0])]
    held = _several(name, "vector v", v)
    if len(held) != len(like) or any(a.shape != b.shape for a, b in zip(held, like, strict=True)):
        facts = (f"v {[tuple(x.shape) for x in held]}", f"{what} {[tuple(x.shape) for x in like]}")
        raise ShapeError(f"v is an argument of {name} with other shapes than the {what}", facts=facts)
    return held


@as_recorded(name="autograd.functional.jacobian", ignored=("vectorize", "strategy"))
def jacobian(func: Function, inputs: Any, create_graph: bool = False, strict: bool = False) -> Any:
    """The derivative of each element of the results by each of the inputs.

    Shape: result.shape + input.shape; a tuple for several inputs, and of those for several results.
    Raises: ArgumentTypeError for what is no Tensor, StateError with `strict` for a result that depends on an input nowhere.
    """
    with enable_grad():
        held = _prepared(_several("jacobian", "inputs", inputs), create_graph)
        made, outputs = _called("jacobian", func, held)
        rows = [_rows(y, held, create_graph=create_graph, strict=strict) for y in outputs]
    shaped = [_given(row, inputs, create_graph) for row in rows]
    return tuple(shaped) if isinstance(made, tuple) else shaped[0]


def _rows(y: Any, held: list[Any], *, create_graph: bool, strict: bool) -> list[Any]:
    """The Jacobian of one Tensor by each input."""
    flat = y.reshape(-1)
    rows = [_gradients("jacobian", [flat[k]], held, None, create_graph=create_graph, strict=strict) for k in range(flat.numel())]
    if not rows:
        return [zeros((*y.shape, *x.shape), dtype=x.dtype) for x in held]
    return [stack([row[place] for row in rows]).reshape(*y.shape, *x.shape) for place, x in enumerate(held)]


@as_recorded(name="autograd.functional.hessian", ignored=("vectorize", "outer_jacobian_strategy"))
def hessian(func: Function, inputs: Any, create_graph: bool = False, strict: bool = False) -> Any:
    """The second derivatives of one number.

    Shape: input.shape + input.shape; a tuple of tuples for several inputs.
    Raises: StateError where the function gives more than one number; as `jacobian`.
    """
    _several("hessian", "inputs", inputs)

    def number(*given: Any) -> Any:
        made, outputs = _called("hessian", func, [*given])
        if isinstance(made, tuple) or outputs[0].numel() != 1:
            raise StateError("The Tensor returned by the function given to hessian should contain a single element")
        return made.squeeze()

    def slope(*given: Any) -> Any:
        return jacobian(number, given if isinstance(inputs, tuple) else given[0], create_graph=True, strict=strict)

    return jacobian(slope, inputs, create_graph=create_graph, strict=strict)


@as_recorded(name="autograd.functional.vjp")
def vjp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(the results, v^T J).  Raises: ShapeError for v of other shapes than the results; StateError, ArgumentTypeError as `jacobian`."""
    with enable_grad():
        held = _prepared(_several("vjp", "inputs", inputs), create_graph)
        made, outputs = _called("vjp", func, held)
        weights = _weights("vjp", v, outputs, "output of the user-provided function")
        found = _gradients("vjp", outputs, held, weights, create_graph=create_graph, strict=strict)
    return _given(outputs, made, create_graph), _given(found, inputs, create_graph)


@as_recorded(name="autograd.functional.jvp")
def jvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(the results, J v): the gradient of u^T J by u.  Raises: ShapeError for v of other shapes than the inputs; as `vjp`."""
    with enable_grad():
        held = _prepared(_several("jvp", "inputs", inputs), create_graph)
        weights = _weights("jvp", v, held, "input to the user-provided function")
        made, outputs = _called("jvp", func, held)
        starts = [zeros_like(y).requires_grad_() for y in outputs]
        back = _gradients("jvp", outputs, held, starts, create_graph=True, strict=strict)
        found = _gradients("jvp", back, starts, weights, create_graph=create_graph, strict=strict)
    return _given(outputs, made, create_graph), _given(found, made, create_graph)


@as_recorded(name="autograd.functional.vhp")
def vhp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(the number, v^T H).  Raises: StateError where it is more than one number; as `vjp`."""
    return _with_hessian("vhp", func, inputs, v, create_graph, strict)


@as_recorded(name="autograd.functional.hvp")
def hvp(func: Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> tuple[Any, Any]:
    """(the number, H v), which is v^T H.  Raises: StateError where it is more than one number; as `vjp`."""
    return _with_hessian("hvp", func, inputs, v, create_graph, strict)


def _with_hessian(name: str, func: Function, inputs: Any, v: Any, create_graph: bool, strict: bool) -> tuple[Any, Any]:
    with enable_grad():
        held = _prepared(_several(name, "inputs", inputs), create_graph)
        weights = _weights(name, v, held, "input to the user-provided function")
        made, outputs = _called(name, func, held)
        if isinstance(made, tuple) or outputs[0].numel() != 1:
            raise ArgumentError(f"The Tensor returned by the function given to {name} should contain a single element")
        slopes = _gradients(name, outputs, held, None, create_graph=True, strict=strict)
        found = _gradients(name, slopes, held, weights, create_graph=create_graph, strict=strict)
    return _given(outputs, made, create_graph), _given(found, inputs, create_graph)


__getattr__ = ORIGINAL.module("torch.autograd.functional", __name__)
