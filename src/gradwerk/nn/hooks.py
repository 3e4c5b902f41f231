"""Calls of modules with hooks: what is called before and behind `forward`, and when gradients pass the module.

    forward_pre     hook(module, args) or hook(module, args, kwargs): what it returns takes the place of the arguments
    forward         hook(module, args, result) or hook(module, args, kwargs, result): what it returns takes the place of the result
    backward_pre    hook(module, grad_outputs): what it returns takes the place of the gradients of the results
    backward        hook(module, grad_inputs, grad_outputs): what it returns takes the place of the gradients of the arguments

The order is PyTorch's: hooks of all modules of a front end before a module's own, each in the order of registration.  Hooks registered or
removed while the module runs count for what has not begun.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from gradwerk.base.errors import ArgumentError, TraceError
from gradwerk.base.hooks import Hook, Hooks
from gradwerk.base.origin import warn
from gradwerk.ir.op import Operand
from gradwerk.nn.configured import Configured
from gradwerk.ops.source import full
from gradwerk.tensor.grad import detached
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import mode
from gradwerk.tensor.tape import OnTheWay, record

FORWARD_PRE, FORWARD, BACKWARD_PRE, BACKWARD = "forward_pre", "forward", "backward_pre", "backward"


class Everywhere(Configured):
    """The hooks of all modules of a front end: registering one makes compiled steps trace again."""

    _hooks: Hooks | None = None


class Hooked(Protocol):
    """What is asked of a module whose calls have hooks."""

    _hooks: Hooks | None
    __gradwerk_shared__: Everywhere | None

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """The computation."""


def call(module: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The result of `forward` with all hooks.  Hooks with `always` are called, too, when it raises, with what there is of a result."""
    running = Running(module, args, kwargs)
    if mode.trace is not None:  # what a trace raises is an answer to whoever traces, and no failure of the module
        return running.run()
    try:
        return running.run()
    except Exception:
        running.call_the_rest()
        raise


class Running:
    """One call under way: the arguments, the result so far, and which hooks with `always` were called."""

    def __init__(self, module: Hooked, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.module, self.args, self.kwargs = module, args, kwargs
        self.result: Any = None
        self.called: set[Hook] = set()

    def run(self) -> Any:  # noqa: ANN401
        """Before, the module itself, behind."""
        module = self.module
        before, behind = list(hooks_of(module, BACKWARD_PRE)), list(hooks_of(module, BACKWARD))
        for hook in list(hooks_of(module, FORWARD_PRE)):
            self.prepare(hook)
        passage = Passage(module, before, behind) if before or behind else None
        if passage is not None:
            self.args = passage.entered(self.args)
        self.result = module.forward(*self.args, **self.kwargs)
        for hook in list(hooks_of(module, FORWARD)):
            if hook.always:
                self.called.add(hook)
            self.observe(hook)
        if passage is not None:
            self.result = passage.left(self.result)
        return self.result

    def prepare(self, hook: Hook) -> None:
        """Calls a hook before `forward`.  Raises: ArgumentError where it returns what are no arguments and keywords."""
        if not hook.with_kwargs:
            args = hook.function(self.module, self.args)
            if args is not None:
                self.args = args if isinstance(args, tuple) else (args,)
            return
        given = hook.function(self.module, self.args, self.kwargs)
        if given is None:
            return
        if not (isinstance(given, tuple) and len(given) == 2):
            raise ArgumentError(f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {given}.")
        self.args, self.kwargs = given

    def observe(self, hook: Hook) -> None:
        """Calls a hook behind `forward`."""
        keywords = (self.kwargs,) if hook.with_kwargs else ()
        result = hook.function(self.module, self.args, *keywords, self.result)
        if result is not None:
            self.result = result

    def call_the_rest(self) -> None:
        """Calls the hooks with `always` that an exception has left out; what they raise is a warning."""
        for hook in list(hooks_of(self.module, FORWARD)):
            if hook.always and hook not in self.called:
                try:
                    self.observe(hook)
                except Exception as error:
                    warn(
                        "module forward hook with ``always_call=True`` raised an exception that was silenced as another error was raised "
                        f"in forward: {error}"
                    )


def hooks_of(module: Hooked, kind: str) -> Iterator[Hook]:
    """The hooks of one kind for a module: those of all modules first."""
    for place in (module.__gradwerk_shared__, module):
        if place is not None and place._hooks is not None:
            yield from place._hooks.of(kind)


class Crossing(OnTheWay):
    """The tape's entry for Tensors that enter a module, or leave it: the gradients go through, and are shown to a function."""

    name = "BackwardHookFunction"

    def __init__(self, hook: Any) -> None:  # noqa: ANN401  a function of the gradients
        self.hook = hook

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """The gradients, or what hooks made of them; zeros where none came, as in PyTorch."""
        known = next(ct for ct in cts if ct is not None)
        passed = [full(x.shape, 0.0, x.dtype, like=(known,)) if ct is None else ct for ct, x in zip(cts, xs, strict=True)]
        changed: Sequence[Operand | None] = self.hook(cts, passed)
        return [was if now is None else now for was, now in zip(passed, changed, strict=True)]


class Passage:
    """The way of the gradients through one call of a module: they come at its results, and leave at its arguments."""

    def __init__(self, module: Hooked, before: list[Hook], behind: list[Hook]) -> None:
        self.module, self.before, self.behind = module, before, behind
        self.inputs: list[int] | None = None
        self.outputs: list[int] = []
        self.n_inputs = self.n_outputs = 0
        self.grad_outputs: tuple[Any, ...] | None = None

    def entered(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, their gradients shown to the hooks as they leave."""
        self.n_inputs = len(args)
        made, self.inputs = crossed(args, self.leave)
        return made

    def left(self, result: Any) -> Any:  # noqa: ANN401
        """The result, its gradients shown to the hooks as they come."""
        if not isinstance(result, Handle | tuple):
            kind = type(result)
            warn(f"For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received {kind}")
        results = result if isinstance(result, tuple) else (result,)
        self.n_outputs = len(results)
        made, places = crossed(results, self.come)
        self.outputs = places or []
        return made if isinstance(result, tuple) else made[0]

    def come(self, cts: Sequence[Any], passed: Sequence[Any]) -> Sequence[Any]:
        """Gradients of the results have come."""
        grads = packed(self.outputs, cts, self.n_outputs)
        for hook in self.before:
            given = hook.function(self.module, grads)
            if given is not None:
                if len(given) != len(grads):
                    message = f"Backward pre hook returned an invalid number of grad_output, got {len(given)}, but expected {len(grads)}"
                    raise ArgumentError(message)
                grads = given
        if self.inputs is None:
            self.end_here(grads)
        else:
            self.grad_outputs = grads
        return [grads[place] for place in self.outputs]

    def end_here(self, grads: tuple[Any, ...]) -> None:
        """No argument takes gradients: the hooks are called at once.  Raises: ArgumentError for gradients that they return."""
        warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs require gradients. "
            "See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html#torch.nn.Module.register_full_backward_hook for more "
            "details."
        )
        for hook in self.behind:
            given = hook.function(self.module, (None,) * self.n_inputs, grads)
            if given is not None and not (isinstance(given, tuple) and all(one is None for one in given)):
                message = "Backward hook for Modules where no input requires gradient should always return None or None for all gradients."
                raise ArgumentError(message)

    def leave(self, cts: Sequence[Any], passed: Sequence[Any]) -> Sequence[Any]:
        """Gradients of the arguments leave.  Those that did not come by the results are nobody's business."""
        if self.grad_outputs is None or self.inputs is None:
            return passed
        grads = packed(self.inputs, passed, self.n_inputs)
        for hook in self.behind:
            given = hook.function(self.module, grads, self.grad_outputs)
            if given is not None:
                if len(given) != len(grads):
                    message = f"Backward hook returned an invalid number of grad_input, got {len(given)}, but expected {len(grads)}"
                    raise ArgumentError(message)
                grads = given
        self.grad_outputs = None
        return [grads[place] for place in self.inputs]


def crossed(values: tuple[Any, ...], hook: Any) -> tuple[tuple[Any, ...], list[int] | None]:  # noqa: ANN401
    """The values with their Tensors as results of one entry of the tape, and where Tensors stand; None where none requires a gradient."""
    places = [place for place, value in enumerate(values) if isinstance(value, Handle)]
    tensors: list[Handle] = [values[place] for place in places]
    wanted = [tensor.requires_grad for tensor in tensors]
    if not (mode.grad and any(wanted)):
        return values, None
    if mode.trace is not None and mode.trace.is_body:
        raise TraceError("a module with backward hooks is called inside a loop's body", likely="remove the hooks, or unroll the loop")
    same = [detached(tensor) for tensor in tensors]
    record(Crossing(hook), tuple(tensors), same)
    made = list(values)
    for place, tensor, wants in zip(places, same, wanted, strict=True):
        if not wants:
            tensor._node = None
        made[place] = tensor
    kind: Any = type(values)
    return tuple(made) if kind is tuple else kind(*made), places


def packed(places: Sequence[int], values: Sequence[Any], size: int) -> tuple[Any, ...]:
    """The values at their places, None elsewhere."""
    made: list[Any] = [None] * size
    for place, value in zip(places, values, strict=True):
        made[place] = value
    return tuple(made)
