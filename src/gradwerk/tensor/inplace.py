"""Writes that gradients see: the history of what is written to is replaced, as an operation like any other.

    copy_into(x, value)     x[...] = value: what stood there takes no part in the gradient of what stands there now
    rewrite(x, function)    x[...] = function(x): the gradient goes through the function

A function's rule may read its argument, so it is given a copy of the contents as they were; where no gradient is recorded there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base.errors import ShapeError, StateError
from gradwerk.base.origin import capture
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Operand
from gradwerk.ops.movement import broadcast_to
from gradwerk.ops.source import full
from gradwerk.tensor.apply import assign, check_fits, check_writable, in_dtype_of, written_array
from gradwerk.tensor.devices import KINDS, like, place_of
from gradwerk.tensor.grad import copied
from gradwerk.tensor.handle import Handle, history, make
from gradwerk.tensor.hints import hints
from gradwerk.tensor.moves import moved
from gradwerk.tensor.node import Pullback
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage, aligned_copy, put
from gradwerk.tensor.tape import Identity, OnTheWay, record


class Overwritten:
    """The tape's entry for contents that were replaced as a whole: no gradient to what stood there, all of it to the new contents."""

    name = "copy_"

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Sequence[Operand | None]:
        """Zeros, and the gradient unchanged."""
        (ct,) = cts
        return None if ct is None else full(ct.shape, 0.0, ct.dtype, like=(ct,)), ct


def copy_into(target: Handle, value: Any, *, alike: bool = False) -> None:  # noqa: ANN401
    """Writes `value` over `target`.  Shapes broadcast; dtypes must be equal, numbers convert.  All elements become `alike`: see `assign`.

    Raises: StateError for a leaf that requires a gradient while gradients are recorded, and for a broadcast view; ShapeError, DTypeError.
    """
    if KINDS and isinstance(value, Handle) and value._type.shape:
        value = moved(value, place_of(target._storage))
    if value is target:
        written_to_itself(target)
    elif not gradients_wanted(target, value):
        assign(target, value, alike=alike)
    else:
        refuse_leaf(target)
        _replace(target, _fitting(target, in_dtype_of(target, value)), Overwritten(), alike=alike)


def written_to_itself(target: Handle) -> None:
    """A write of what stands there already, which is a write all the same.  Raises: as `copy_into`."""
    if gradients_wanted(target):
        refuse_leaf(target)
    check_writable(target, alike=True)
    if mode.trace is None:
        target._storage.bump(capture())


def rewrite(target: Handle, function: Callable[[Any], Any], *operands: Any) -> None:  # noqa: ANN401
    """Writes function(target) over `target`; `operands` are what else the function computes with.

    Raises: as `copy_into`, and ShapeError where the result is larger.
    """
    tracked = gradients_wanted(target, *operands)
    if tracked:
        refuse_leaf(target)
    new = function(copied(target) if tracked else target)
    if tuple(new.shape) != target._type.shape:
        message = f"output with shape {list(target._type.shape)} doesn't match the broadcast shape {list(new.shape)}"
        raise ShapeError(message, likely="an operation in place cannot change the shape; write it out of place")
    if tracked and isinstance(new, Handle) and new.requires_grad:
        check_fits(target._type, new)
        _replace(target, new, Identity())
    else:
        copy_into(target, new)


def gradients_wanted(*operands: Any) -> bool:  # noqa: ANN401
    """Whether gradients are recorded, and one of these takes part in them."""
    return mode.grad and any(isinstance(x, Handle) and (x.requires_grad or _hides(x)) for x in operands)


def _hides(x: Handle) -> bool:
    """Whether this is a view of what takes part in gradients, though it was made when that did not, or under no_grad."""
    view = x._view
    return view is not None and view.root is not None and view.root.requires_grad


def refuse_leaf(target: Handle) -> None:
    """Refuses what has a gradient that a write would lose.

    Raises: StateError for a leaf that requires a gradient, for a view of one, for a view that was made under no_grad, and for what passes
    by backward hooks of a module.
    """
    root = root_of(target)
    if target._view is not None and target._view.blind and not target._requires_grad:
        message = "A view was created in no_grad mode and is being modified inplace with grad mode enabled"
        raise StateError(message, facts=(str(target._type),), likely="make the view and write to it both inside no_grad, or both outside")
    made = history(root)[0]
    if made is not None and isinstance(made.op, OnTheWay):
        raise StateError(
            f"Output 0 of {made.op.name} is a view and is being modified inplace. This view was created inside a custom Function (or "
            "because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom backward "
            "associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning "
            "the output of the custom Function.",
            likely="a module with backward hooks must not write to its arguments, nor may anybody to its results: work out of place",
        )
    if root._requires_grad or target._requires_grad:
        what = "a leaf Tensor that requires grad" if target is root else "a view of a leaf Tensor that requires grad"
        raise StateError(
            f"{what} is being used in an in-place operation", facts=(str(target._type),), likely=hints(target).write
        )


def refuse_computed(target: Handle) -> None:
    """Refuses a write without gradients to what has a history, which would not be that of the new contents.

    Raises: StateError while gradients are recorded.
    """
    made = history(root_of(target))[0] if mode.grad else None
    if made is not None:
        raise StateError(
            f"assign() writes outside of any gradient, and this Tensor was computed, by {made.op.name}: its gradient would be that of what "
            "stood there before",
            facts=(str(target._type),),
            likely="write it with .copy_(...), which gradients see, or .detach() it first",
        )


def same_history(one: Handle, other: Handle) -> bool:
    """Whether two Tensors on one memory are views of one Tensor, or one of them is that."""
    return one._storage is other._storage and root_of(one) is root_of(other)


def root_of(target: Handle) -> Handle:
    """The Tensor whose history a write to `target` replaces."""
    view = target._view
    return view.root if view is not None and view.root is not None else target


def _fitting(target: Handle, value: Any) -> Handle:  # noqa: ANN401
    """The new contents as a Tensor of the target's shape."""
    if isinstance(value, Handle):
        whole: Handle = value
    else:
        array = written_array(target, value)
        type_ = Type(array.shape, array.dtype)
        held = aligned_copy(array)
        whole = like(make(target.result_class, Storage(held, type_), held, type_), target)
    check_fits(target._type, whole)
    if whole._type.shape != target._type.shape:
        whole = broadcast_to(whole, target._type.shape)
    return whole


def _replace(target: Handle, whole: Handle, entry: Pullback, *, alike: bool = False) -> None:
    """Writes the contents, and makes what they were computed from the history of the base; `entry` stands for a write of all of it."""
    check_writable(target, alike=alike)
    view, root = target._view, root_of(target)
    steps = view.steps[len(root._view.steps) if root._view is not None else 0 :] if view is not None else ()
    before = _same(root)
    renewed: Handle = put(before, steps, whole)
    assign(target, whole, alike=alike)
    if mode.trace is not None:
        mode.trace.note_history(root)
    if target._type.size == root._type.size and isinstance(entry, Overwritten) and before.requires_grad:
        record(entry, (before, renewed), (root,))
    elif history(renewed)[0] is None:
        record(Identity(), (renewed,), (root,))
    else:
        root._node, root._index = history(renewed)
    root._changes += 1


def _same(root: Handle) -> Handle:
    """The same memory and history in another Tensor: what is recorded of the past holds that, not the Tensor that is written to."""
    view = root._view
    alone = None if view is None else view.alone
    same = make(type(root).result_class, root._storage, root._held, root._type, alone)
    same._node, same._index = history(root)
    return same
