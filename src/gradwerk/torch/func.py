"""torch.func: functions of functions: gradients, products with Jacobians, whole Jacobians, and functions over batches."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.base.trees import flatten, unflatten
from gradwerk.tensor.grad import enable_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.autograd.gradients import grad as gradients
from gradwerk.torch.batching import vmap as vmap
from gradwerk.torch.creation import zeros_like
from gradwerk.torch.functions import stack
from gradwerk.torch.nn.module import Module
from gradwerk.torch.tensors import Tensor

# ruff: noqa: FBT001, FBT002  torch's signatures
Function = Callable[..., Any]
Argnums = int | tuple[int, ...]


def _followed(tree: Any) -> Any:  # noqa: ANN401
    """The Tensors of a tree anew: gradients flow to these, and from them to what they were made of."""
    return unflatten(tree, [x.clone() if x.requires_grad else x.detach().clone().requires_grad_() for x in _tensors(tree)])


def _tensors(tree: Any) -> list[Any]:  # noqa: ANN401
    held = flatten(tree)
    for x in held:
        if not isinstance(x, Tensor):
            raise ArgumentTypeError(f"torch.func: expected Tensors to differentiate by, this is a {type(x).__name__}")
    return held


def _back(outputs: Sequence[Any], inputs: Sequence[Any], weights: Sequence[Any] | None) -> list[Any]:
    """The gradients of outputs weighed by these, 0 where nothing depends on an input."""
    taken = [k for k, y in enumerate(outputs) if y.requires_grad]
    if not taken:
        return [zeros_like(x) for x in inputs]
    given = None if weights is None else [weights[k] for k in taken]
    found = gradients([outputs[k] for k in taken], [*inputs], given, create_graph=True, allow_unused=True)
    return [zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def _settled(tree: Any, given: Any) -> Any:  # noqa: ANN401
    """Results without history, where the arguments had none."""
    if any(isinstance(x, Tensor) and x.requires_grad for x in flatten(given)):
        return tree
    return unflatten(tree, [x.detach() if isinstance(x, Tensor) else x for x in flatten(tree)])


def grad_and_value(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that gives (gradient, value) of one that gives one number; with `has_aux` (gradient, (value, what else it gives)).

    Raises: ShapeError where the value is not one number.
    """

    def both(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        with enable_grad():
            inputs = [_followed(args[place]) for place in places]
            whole = [*args]
            for place, held in zip(places, inputs, strict=True):
                whole[place] = held
            found = func(*whole, **kwargs)
            value, aux = found if has_aux else (found, None)
            if not isinstance(value, Tensor) or value.numel() != 1:
                told = f"shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
                raise ShapeError("grad_and_value(f)(*args): Expected f(*args) to return a scalar tensor", facts=(told,))
            back = unflatten(inputs, _back([value], _tensors(inputs), None))
        result = _settled(back[0] if isinstance(argnums, int) else tuple(back), (args, kwargs))
        value = _settled(value, (args, kwargs))
        return (result, (value, _settled(aux, (args, kwargs)))) if has_aux else (result, value)

    return both


def grad(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that gives the gradient of one that gives one number.  Raises: ShapeError where it does not."""
    both = grad_and_value(func, argnums, has_aux)

    def only(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        found, value = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return only


def vjp(func: Function, *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:  # noqa: ANN401
    """(the value, a function that gives the products of weights of the value with the Jacobians, one for each argument)."""
    with enable_grad():
        inputs = [_followed(one) for one in primals]
        found = func(*inputs)
        value, aux = found if has_aux else (found, None)

    def back(weights: Any) -> Any:  # noqa: ANN401
        with enable_grad():
            held = unflatten(inputs, _back(_tensors(value), _tensors(inputs), _tensors(weights)))
        return tuple(_settled(held, (primals, weights)))

    return (_settled(value, primals), back, _settled(aux, primals)) if has_aux else (_settled(value, primals), back)


def jvp(func: Function, primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool = False) -> tuple[Any, ...]:
    """(the value, the product of the Jacobian with directions of the arguments): the gradient of a product with weights, by the weights.

    Raises: ArgumentTypeError unless both are tuples of one length.
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple) or len(primals) != len(tangents):
        raise ArgumentTypeError("jvp(f, primals, tangents): Expected primals and tangents to be tuples of one length")
    with enable_grad():
        inputs = [_followed(one) for one in primals]
        found = func(*inputs)
        value, aux = found if has_aux else (found, None)
        outputs = _tensors(value)
        weights = [zeros_like(y).requires_grad_() for y in outputs]
        back = _back(outputs, _tensors(inputs), weights)
        directions = unflatten(value, _back(back, weights, _tensors(list(tangents))))
    given = (primals, tangents)
    result = _settled(value, given), _settled(directions, given)
    return (*result, _settled(aux, given)) if has_aux else result


def jacrev(func: Function, argnums: Argnums = 0, has_aux: bool = False) -> Function:
    """A function that gives the Jacobian: of each element of the value by each of an argument.

    Shape: value.shape + argument.shape, in the trees of both.
    """

    def whole(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
        with enable_grad():
            inputs = [_followed(args[place]) for place in places]
            given = [*args]
            for place, held in zip(places, inputs, strict=True):
                given[place] = held
            found = func(*given, **kwargs)
            value, aux = found if has_aux else (found, None)
            leaves = _tensors(inputs)
            parts = [_rows(y, leaves) for y in _tensors(value)]
        trees = [unflatten(inputs, rows) for rows in parts]
        picked = [tree[0] if isinstance(argnums, int) else tuple(tree) for tree in trees]
        made = picked[0] if isinstance(value, Tensor) else _nested(value, picked)
        made, aux = (_settled(one, (args, kwargs)) for one in (made, aux))
        return (made, aux) if has_aux else made

    return whole


jacfwd = jacrev


def _nested(like: Any, parts: list[Any]) -> Any:  # noqa: ANN401
    """Jacobians in the places of the values that they are of."""
    if isinstance(like, Mapping):
        return dict(zip(like, parts, strict=True))
    return type(like)(parts) if isinstance(like, list | tuple) else parts[0]


def _rows(y: Any, inputs: list[Any]) -> list[Any]:  # noqa: ANN401
    """The Jacobian of one Tensor by each input."""
    flat = y.reshape(-1)
    rows = [_back([flat[k]], inputs, None) for k in range(flat.numel())]
    if not rows:
        return [zeros_like(x).expand(0, *x.shape) for x in inputs]
    return [stack([row[place] for row in rows]).reshape(*y.shape, *x.shape) for place, x in enumerate(inputs)]


def hessian(func: Function, argnums: Argnums = 0) -> Function:
    """A function that gives the Jacobian of the Jacobian.  Shape: value.shape + argument.shape + argument.shape."""
    return jacrev(jacrev(func, argnums), argnums)


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: Mapping[str, Any] | None = None, *,  # noqa: ANN401
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip  # noqa: ANN401
    """A module called with other parameters and buffers, by name; its own are as they were afterwards.

    Raises: ArgumentError for a name that the module does not have, and with `strict` where one of its own is left out.
    """
    dicts = [parameter_and_buffer_dicts] if isinstance(parameter_and_buffer_dicts, Mapping) else [*parameter_and_buffer_dicts]
    given = {name: value for one in dicts for name, value in one.items()}
    own = {**dict(module.named_parameters(remove_duplicate=False)), **dict(module.named_buffers(remove_duplicate=False))}
    if unknown := [name for name in given if name not in own]:
        raise ArgumentError(f"functional_call: the module has no parameter or buffer {unknown[0]!r}", facts=(f"it has {', '.join(own)}",))
    if strict and (missing := [name for name in own if name not in given]):
        raise ArgumentError(f"functional_call: {missing[0]!r} is not given", facts=("strict=True",))
    if tie_weights:
        given |= {name: given[other] for name, x in own.items() if name not in given for other in given if own[other] is x}
    places = {name: (vars(module.get_submodule(name.rpartition(".")[0])), name.rpartition(".")[2]) for name in given}
    before = {name: held[last] for name, (held, last) in places.items()}
    try:
        for name, (held, last) in places.items():
            held[last] = given[name]
        return module(*(() if args is None else args if isinstance(args, tuple) else (args,)), **(kwargs or {}))
    finally:
        for name, (held, last) in places.items():
            held[last] = before[name]


__getattr__ = ORIGINAL.module("torch.func", __name__)
