"""torch.autograd.Function: a computation that says its own gradient."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.ops.source import full
from gradwerk.tensor.given import Kept, with_gradient
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.handle import Handle
from gradwerk.torch.tensors import Tensor

# ruff: noqa: ANN401, FBT001  what users' functions take and give; torch's signatures


class FunctionCtx:
    """What `forward` leaves for `backward`: saved Tensors, and any attributes."""

    def __init__(self, needs_input_grad: tuple[bool, ...], name: str) -> None:
        self.needs_input_grad, self._name = needs_input_grad, name
        self._saved = Kept((), name)
        self._without: tuple[int, ...] = ()
        self._materialize = True

    def save_for_backward(self, *tensors: Any) -> None:
        """Keeps Tensors, or None.  Raises: ArgumentTypeError for anything else."""
        for one in tensors:
            if one is not None and not isinstance(one, Handle):
                raise ArgumentTypeError(f"save_for_backward can only save variables, but argument is of type {type(one).__name__}")
        self._saved = Kept(tensors, self._name)

    def save_for_forward(self, *tensors: Any) -> None:
        """Taken: derivatives forward are made of those backward here."""

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given, results with the history that they have since.

        Raises: StateError where one was written to since, and after a `backward` that did not retain the graph.
        """
        return self._saved.read()

    def mark_non_differentiable(self, *args: Any) -> None:
        """Results of `forward` that no gradient is asked of."""
        self._without = tuple(id(one) for one in args)

    def mark_dirty(self, *args: Any) -> None:
        """Refused, where it says something: results are not written over arguments here.  Raises: StateError."""
        if args:
            raise StateError("mark_dirty is not here yet: return a new Tensor instead of one written in place")

    def set_materialize_grads(self, value: bool) -> None:
        """Whether `backward` gets zeros, not None, for results that no gradient came to."""
        self._materialize = bool(value)


class Function:
    """A computation with its own gradient.  Subclasses define two static methods, and are called by `apply`:

        class Cube(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                ctx.save_for_backward(x)
                return x**3

            @staticmethod
            def backward(ctx, grad):
                (x,) = ctx.saved_tensors
                return grad * 3 * x**2

    or `forward(*args)` without a ctx, and `setup_context(ctx, inputs, output)`.  `backward` gives one gradient, or None, for each argument.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Raises: StateError: `apply` is what is called."""
        raise StateError(f"{type(self).__name__} is not called", likely=f"{type(self).__name__}.apply(...)")

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """What is computed.  Raises: StateError where the subclass does not say it."""
        raise StateError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: FunctionCtx, inputs: tuple[Any, ...], output: Any) -> None:
        """What is left for `backward`, in a class whose `forward` takes no ctx."""

    @staticmethod
    def backward(ctx: FunctionCtx, *grad_outputs: Any) -> Any:
        """The gradients of the arguments from those of the results.  Raises: StateError where the subclass does not say it."""
        raise StateError("You must implement either the backward or vjp method for your custom autograd.Function")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Computes `forward`, with gradients by `backward`.

        Raises: ArgumentError for another number of gradients than arguments, ShapeError for one of another shape.
        """
        ctx = FunctionCtx(tuple(isinstance(x, Handle) and bool(x.requires_grad) for x in args), cls.__name__)
        with no_grad():
            if cls.setup_context is Function.setup_context:
                made = cls.forward(ctx, *args, **kwargs)
            else:
                made = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, made)
        results = made if isinstance(made, (tuple, list)) else (made,)
        places = [at for at, one in enumerate(results) if isinstance(one, Tensor) and id(one) not in ctx._without]
        tensors = [(at, x) for at, x in enumerate(args) if isinstance(x, Handle)]

        def backward(*upstream: Any) -> list[Any]:
            return cls._pulled(ctx, results, places, upstream, len(args), [at for at, _ in tensors])

        found: list[Any] = list(results)
        inputs: list[Any] = [x for _, x in tensors]
        plain = [results[at] for at in places]
        for at, one in zip(places, with_gradient(plain, inputs, backward, cls.__name__, ctx._saved), strict=True):
            found[at] = one
        return type(made)(found) if isinstance(made, (tuple, list)) else found[0]

    @classmethod
    def _pulled(
        cls, ctx: FunctionCtx, results: Sequence[Any], places: list[int], upstream: tuple[Any, ...], count: int, tensors: list[int]
    ) -> list[Any]:  # fmt: skip
        """The gradients of the arguments that are Tensors.  Raises: ArgumentError."""
        given: list[Any] = [None] * len(results)
        for at, gradient in zip(places, upstream, strict=True):
            given[at] = gradient
        for at, one in enumerate(results):
            if given[at] is None and ctx._materialize and isinstance(one, Handle):
                given[at] = full(tuple(one.shape), 0.0, one.dtype, like=(one,))
        made = cls.backward(ctx, *given)
        gradients = list(made) if isinstance(made, (tuple, list)) else [made]
        surplus = gradients[count:]
        if len(gradients) < count or any(one is not None for one in surplus):
            message = f"function {cls.__name__}Backward returned an incorrect number of gradients (expected {count}, got {len(gradients)})"
            raise ArgumentError(message)
        return [gradients[at] for at in tensors]
