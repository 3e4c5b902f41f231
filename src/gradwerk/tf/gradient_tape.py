"""tf.GradientTape: gradients of what was computed inside a block.

Gradients are recorded by the Tensors below whether a tape is there or not; a tape says of which Tensors that are no variables they are
wanted, and whether gradients are recorded themselves (a tape around the tape).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Self

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.base.trees import flatten, unflatten
from gradwerk.ops.arrangement import stack
from gradwerk.ops.movement import reshape
from gradwerk.ops.source import full
from gradwerk.tensor.grad import enable_grad, grad, no_grad
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Parameter

# ruff: noqa: FBT001, FBT002  TensorFlow's signatures


class UnconnectedGradients(Enum):
    """What the gradient is of what the target does not depend on."""

    NONE = "none"
    ZERO = "zero"


class _Active(threading.local):
    """The tapes of a thread that record, the outermost first."""

    def __init__(self) -> None:
        self.tapes: list[GradientTape] = []


_ACTIVE = _Active()


class GradientTape:
    """Records what is computed inside its block, and gives gradients of it.

        with GradientTape() as tape:
            loss = compute(model)
        gradients = tape.gradient(loss, model.trainable_variables)

    Args:
        persistent: whether more than one gradient may be asked for.
        watch_accessed_variables: whether trainable variables are watched without being named.

    Source: https://www.tensorflow.org/api_docs/python/tf/GradientTape
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent, self._watches_variables = bool(persistent), bool(watch_accessed_variables)
        self._watched: dict[int, Handle] = {}
        self._used = self._recording = False

    def __enter__(self) -> Self:
        if self._recording:
            raise StateError("Tape is still recording; a tape's block cannot be entered inside of it")
        self._mode = enable_grad()
        self._mode.__enter__()
        self._recording = True
        _ACTIVE.tapes.append(self)
        return self

    def __exit__(self, *exc: object) -> None:
        self._recording = False
        _ACTIVE.tapes.remove(self)
        self._mode.__exit__(*exc)

    def watch(self, tensor: Any) -> None:  # noqa: ANN401  a Tensor or a tree of them
        """From now on, gradients with respect to these Tensors can be asked for.  Raises: ArgumentTypeError."""
        if not self._recording:
            raise StateError("GradientTape.watch() outside of the tape's block", likely="call it inside `with GradientTape() as tape:`")
        for each in flatten(tensor):
            _check_tensor("watch", each)
            if not dtypes.is_float(each.dtype):
                said = "The dtype of the watched tensor must be floating (e.g. tf.float32), got %s"
                logging.getLogger("tensorflow").warning(said, dtypes.name(each._type.dtype))
                continue
            self._watched[id(each)] = each
            if each._node is None:
                each._requires_grad = True

    def watched_variables(self) -> tuple[Any, ...]:
        """The variables that `watch` was given."""
        return tuple(each for each in self._watched.values() if isinstance(each, Parameter))

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Inside this block nothing is recorded."""
        if not self._recording:
            raise StateError("Tape is not recording")
        with no_grad():
            yield

    def reset(self) -> None:
        """Forgets what was watched."""
        self._watched = {}
        self._used = False

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None,  # noqa: ANN401  Tensors or trees of them
        unconnected_gradients: Any = UnconnectedGradients.NONE,  # noqa: ANN401  a member or its value
    ) -> Any:  # noqa: ANN401  the tree of the sources
        """The gradients of a target, or of the sum of several, with respect to each of the sources: a tree like theirs.

        Where the target has several elements, the gradient is of their sum.  A source that the target does not depend on gives None, or
        zeros where unconnected_gradients says so.

        Raises: StateError for a second call of a tape that is not persistent, ArgumentTypeError for what is no Tensor.
        """
        zeros = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        self._use()
        targets, wanted = flatten(target), flatten(sources)
        for each in (*targets, *wanted):
            _check_tensor("gradient", each)
        weighed = flatten(output_gradients) if output_gradients is not None else [None] * len(targets)
        if len(weighed) != len(targets):
            raise ArgumentError(f"{len(weighed)} output_gradients for {len(targets)} targets")
        pairs = [(each, _weights(each, weight)) for each, weight in zip(targets, weighed, strict=True) if each.requires_grad]
        found: list[Any] = [None] * len(wanted)
        open_sources = [at for at, source in enumerate(wanted) if source.requires_grad and self._watches(source)]
        if pairs and open_sources:
            ends, weights = [list(part) for part in zip(*pairs, strict=True)]
            inputs = [wanted[at] for at in open_sources]
            graph = any(tape is not self or self._persistent for tape in _ACTIVE.tapes)
            gradients = grad(ends, inputs, weights, create_graph=graph, allow_unused=True, retain=self._persistent or graph)
            for at, gradient in zip(open_sources, gradients, strict=True):
                found[at] = gradient
        if zeros:
            found = [_zeros(source) if gradient is None else gradient for source, gradient in zip(wanted, found, strict=True)]
        return found[0] if isinstance(sources, Handle) else unflatten(sources, found)

    def jacobian(
        self, target: Any, sources: Any, unconnected_gradients: Any = UnconnectedGradients.NONE,  # noqa: ANN401
        parallel_iterations: Any = None, experimental_use_pfor: bool = True,  # noqa: ANN401  it decides how TensorFlow computes
    ) -> Any:  # noqa: ANN401
        """The derivative of each element of the target with respect to the sources: the target's shape, then the source's.

        Raises: StateError, ArgumentTypeError as `gradient`.
        """
        zeros = UnconnectedGradients(unconnected_gradients) is UnconnectedGradients.ZERO
        self._use()
        _check_tensor("jacobian", target)
        wanted = flatten(sources)
        rows: list[list[Any]] = [[] for _ in wanted]
        with enable_grad():
            elements = reshape(target, (-1,))
            count = elements.shape[0]
            for number in range(count):
                gradients = grad(elements[number], wanted, allow_unused=True, retain=True, create_graph=bool(_ACTIVE.tapes))
                for row, source, gradient in zip(rows, wanted, gradients, strict=True):
                    row.append(_zeros(source) if gradient is None and any(each is not None for each in gradients) else gradient)
        found = [self._stacked(target, source, row, zeros=zeros) for source, row in zip(wanted, rows, strict=True)]
        return found[0] if isinstance(sources, Handle) else unflatten(sources, found)

    def _stacked(self, target: Any, source: Any, row: list[Any], *, zeros: bool) -> Any:  # noqa: ANN401
        if all(each is None for each in row):
            return reshape(stack([_zeros(source)] * len(row)), (*target.shape, *source.shape)) if zeros and row else None
        return reshape(stack(row), (*target.shape, *source.shape))

    def batch_jacobian(
        self, target: Any, source: Any, unconnected_gradients: Any = UnconnectedGradients.NONE,  # noqa: ANN401
        parallel_iterations: Any = None, experimental_use_pfor: bool = True,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """The derivative of each element of target[i] with respect to source[i], for each i: (batch, target's axes, source's axes)."""
        whole = self.jacobian(target, source, unconnected_gradients)
        if whole is None:
            return None
        if target.shape[:1] != source.shape[:1]:
            raise ArgumentError("the first axis of target and source is the batch's", facts=(str(target._type), str(source._type)))
        axes = (slice(None),) * (len(target.shape) - 1)
        return stack([whole[(number, *axes, number)] for number in range(target.shape[0])])

    def _use(self) -> None:
        if self._used and not self._persistent:
            likely = "GradientTape(persistent=True)"
            raise StateError("A non-persistent GradientTape can only be used to compute one set of gradients (or jacobians)", likely=likely)
        self._used = True

    def _watches(self, source: Handle) -> bool:
        return self._watches_variables or not isinstance(source, Parameter) or id(source) in self._watched


def _weights(target: Any, weight: Any) -> Any:  # noqa: ANN401
    return full(target.shape, 1.0, target.dtype, like=(target,)) if weight is None else weight


def _zeros(source: Any) -> Any:  # noqa: ANN401
    return full(source.shape, 0.0, source.dtype, like=(source,))


def _check_tensor(what: str, value: object) -> None:
    if not isinstance(value, Handle):
        raise ArgumentTypeError(f"GradientTape.{what} takes Tensors, not a {type(value).__name__}")
