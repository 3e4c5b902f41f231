"""torch.utils.checkpoint: what gradients need of a part of a model is computed again when they are asked for, and not kept till then."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.trees import flatten, unflatten
from gradwerk.tensor.given import with_gradient
from gradwerk.tensor.grad import enable_grad
from gradwerk.tensor.handle import Handle, history
from gradwerk.tensor.random import default_generator
from gradwerk.tensor.state import mode
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.autograd.gradients import grad
from gradwerk.torch.nn.containers import Sequential
from gradwerk.torch.tensors import Tensor

# ruff: noqa: ANN401  what users' functions take and give
Contexts = Callable[[], tuple[Any, Any]]


def noop_context_fn() -> tuple[Any, Any]:
    """Two blocks that change nothing."""
    return contextlib.nullcontext(), contextlib.nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None, context_fn: Contexts = noop_context_fn,
    determinism_check: str = "default", debug: bool = False, early_stop: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """`function(*args, **kwargs)`; for gradients it is computed again, drawing what it drew.  One way serves both of torch's.

    Args:
        function: what is computed.  It gives the same each time.
        use_reentrant: taken; both compute the same here.
        context_fn: gives two blocks, in which it is computed first and again.
        determinism_check: "none" takes other shapes and dtypes the second time.
        debug: taken, and changes nothing.
        early_stop: taken, and changes nothing.

    Raises: StateError at `backward` where the second time gives other shapes or dtypes; ArgumentError for arguments by name with
    `use_reentrant=True`, as torch does.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs and use_reentrant:
        raise ArgumentError("Unexpected keyword arguments: " + ",".join(kwargs), likely="use_reentrant=False takes them")
    first, again = context_fn()
    if not mode.grad or mode.trace is not None:  # a compiled step plans its memory as a whole
        with first:
            return function(*args, **kwargs)
    state = default_generator().get_state()
    given: list[Any] = [x for x in flatten((args, kwargs)) if isinstance(x, Handle)]

    def run(block: Any, *, apart: bool = True) -> tuple[Any, list[Any]]:
        """What comes, and the arguments that it came from: without what was before them, or with it where gradients are derived again."""

        def taken(x: Any) -> Any:
            if not isinstance(x, Tensor) or not (apart or x.requires_grad):
                return x
            return x.detach().requires_grad_(bool(x.requires_grad)) if apart else x.clone()

        held = [taken(x) for x in flatten((args, kwargs))]
        placed, named = unflatten((args, kwargs), held)
        with enable_grad(), block:
            made = function(*placed, **named)
        return made, [x for x in held if isinstance(x, Handle)]

    made, inputs = run(first)
    outputs = [y for y in flatten(made) if isinstance(y, Tensor) and y.requires_grad]
    if not outputs:
        return made
    known = {id(x) for x in inputs}
    others = [x for x in leaves_of(outputs) if id(x) not in known]
    types = [(tuple(y.shape), y.dtype) for y in outputs]

    def back(*weights: Any) -> list[Any]:
        now = default_generator().get_state()
        if preserve:
            default_generator().set_state(state)
        remade, anew = run(again, apart=not mode.grad)
        if preserve:
            default_generator().set_state(now)
        found = [y for y in flatten(remade) if isinstance(y, Tensor) and y.requires_grad]
        came = [(tuple(y.shape), y.dtype) for y in found]
        if len(came) != len(types) or (determinism_check != "none" and came != types):
            raise StateError("checkpoint: the function gave other Tensors the second time", facts=(f"first {types}", f"then {came}"))
        wanted = [x for x in (*anew, *others) if x.requires_grad]
        gradients = iter(grad(found, wanted, [*weights], retain_graph=True, create_graph=mode.grad, allow_unused=True))
        return [next(gradients) if x.requires_grad else None for x in (*anew, *others)]

    results = iter(with_gradient([y.detach() for y in outputs], [*given, *others], back, "checkpoint"))
    return unflatten(made, [next(results) if isinstance(y, Tensor) and y.requires_grad else y for y in flatten(made)])


def leaves_of(outputs: Sequence[Handle]) -> Iterator[Any]:
    """The leaves that require gradients from which Tensors were computed, each once."""
    stack = [history(y)[0] for y in outputs]
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if node is None or id(node) in seen:
            continue
        seen.add(id(node))
        for x, (before, _) in zip(node.args, node.edges, strict=True):
            stack.append(before)
            if before is None and isinstance(x, Handle) and x.requires_grad and id(x) not in seen:
                seen.add(id(x))
                yield x


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any  # noqa: A002, FBT001  torch's names
) -> Any:  # fmt: skip
    """Functions one behind the other in so many parts, each but the last a `checkpoint`.

    Raises: ArgumentError for options that torch does not take.
    """
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ArgumentError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = [*functions.children()] if isinstance(functions, Sequential) else [*functions]
    size = max(len(steps) // segments, 1)
    starts = [size * k for k in range(min(segments, len(steps)))]

    def part(begin: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for step in steps[begin:end]:
                x = step(x)
            return x

        return run

    for begin, end in itertools.pairwise(starts):
        input = checkpoint(part(begin, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve)  # noqa: A001
    return part(starts[-1], len(steps))(input) if starts else input


__getattr__ = ORIGINAL.module("torch.utils.checkpoint", __name__)
