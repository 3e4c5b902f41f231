"""apply(op, args): the one road from a function of ops to a Tensor.

Eager: small work runs the op's NumPy reference at once, heavy work a one-op compiled program; under trace the op joins the graph.  What
types an op gives on what it is given is asked once and remembered.  When a gradient is wanted the operation goes on the tape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes, python_numbers
from gradwerk.base.errors import DTypeError, GradwerkError, ShapeError, StateError, TraceError
from gradwerk.base.origin import capture
from gradwerk.base.settings import Eager, settings
from gradwerk.ir.control import Control
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Contraction, Elementwise, Op, Random, Reduction
from gradwerk.ir.strides import Strides
from gradwerk.ops.arithmetic import Cast
from gradwerk.ops.window import Window
from gradwerk.tensor.devices import KINDS, set_place, together
from gradwerk.tensor.foreign import read_only
from gradwerk.tensor.handle import LATER, H, Handle, View, make, settle
from gradwerk.tensor.hints import hints
from gradwerk.tensor.quiet import quiet
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import ALIASING, Storage, row_major
from gradwerk.tensor.tape import record

DEFERRED = Eager.DEFERRED
HEAVY = 1 << 15
"""Elements: an elementwise op or a reduction of at least as many runs compiled."""
HEAVY_WORK = 1 << 16
"""Floating point operations: a contraction or window of at least as many runs compiled."""
MOST_REMEMBERED = 512


class Rule:
    """What an op does on given types: the result types, and how they are computed."""

    __slots__ = ("alias", "at_once", "dtype", "heavy", "narrow", "single", "type", "types")

    def __init__(self, op: Op, types: tuple[Type, ...]) -> None:
        self.types = op.infer(*types)
        self.type = self.types[0]
        self.dtype = self.type.dtype
        self.single = type(op).evaluate is Op.evaluate
        self.narrow = any(dtypes.is_narrow(t.dtype) for t in (*types, self.type))
        self.alias = isinstance(op, ALIASING)
        self.heavy = _is_heavy(op, types, self.types)
        self.at_once = self.single and not self.heavy and not self.alias


@dataclass(frozen=True, slots=True)
class Layout:
    """A movement's result as a view: its type and its strides from the Storage's base."""

    type: Type
    strides: Strides


_rules: dict[tuple[Any, ...], Rule] = {}
_layouts: dict[tuple[Any, ...], Layout | None] = {}


def _is_heavy(op: Op, types: tuple[Type, ...], results: tuple[Type, ...]) -> bool:
    if isinstance(op, Contraction | Window):
        return op.flops(*types) >= HEAVY_WORK
    if isinstance(op, Elementwise | Reduction | Random):
        return max(t.size for t in (*types, *results)) >= HEAVY
    return isinstance(op, Control)


def apply(cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The results of `op` on Tensors, arrays and numbers; a number takes the dtype of its neighbour (Op.as_array)."""
    trace = mode.trace
    if trace is not None:
        return trace.apply(cls, op, args)
    if settings.eager is DEFERRED and (waiting := cls._recorder.apply(cls, op, args)) is not None:
        return waiting
    key: list[Any] = [op]
    arrays: list[Array] = []
    requires_grad = False
    for a in args:
        if isinstance(a, Handle):
            array = a._held  # the property is for what waits: it costs as much as all else here, and every operation comes this way
            array = array if array is not LATER else a._array
            if array is None:
                return unreadable_results(cls, op, args, a)
            if a.result_class is not cls:
                cls = farther(cls, a.result_class)
            requires_grad = requires_grad or a._requires_grad or a._node is not None or (a._view is not None and a.requires_grad)
            type_ = a._type
            key += (type_.shape, type_.dtype)
        else:
            array = op.as_array(len(arrays), args)
            key += (array.shape, array.dtype)
        arrays.append(array)
    known = tuple(key)
    rule = _rules.get(known) or rule_of(known, op, arrays)
    results: tuple[Any, ...]
    if rule.at_once:
        out = computed(op, rule, arrays)
        results = (make(cls, Storage(out, rule.type), out, rule.type),)
    else:
        results = otherwise(cls, op, rule, args, arrays, known)
    if KINDS or settings.check_nan:
        settle_results(op, args, arrays, results)
    if requires_grad and mode.grad:
        record(op, constants_kept(args, arrays), results)
    return results


def farther(one: type[Handle], other: type[Handle]) -> type[Handle]:
    """The class farther down the tree."""
    return other if other.rank > one.rank else one


def settle_results(op: Op, args: tuple[Any, ...], arrays: list[Array], results: tuple[Any, ...]) -> None:
    """What is done with results where anybody asked for it: they are where the arguments are, and their numbers are looked at.

    Ops are pure, so it is early enough here to refuse arguments of two devices.

    Args:
        op: what was computed.
        args: its arguments, Tensors and others.
        arrays: their contents.
        results: the Tensors that came out, whose device is set.
    """
    if KINDS:
        set_place(results, together(args, Handle))
    if settings.check_nan:
        check_results(op, arrays, results)


def check_results(op: Op, arrays: list[Array], results: tuple[Any, ...]) -> None:
    """GRADWERK_CHECK_NAN: stops at the first NaN or infinity."""
    from gradwerk.tensor.engine import check_numbers  # noqa: PLC0415

    check_numbers(op.name, arrays, [result._array for result in results])


def computed(op: Op, rule: Rule, arrays: list[Array]) -> Array:
    """The one result of an op by its reference, in memory of its own."""
    if rule.narrow:
        out = quiet.run(_narrow, op, rule.dtype, arrays)
    else:
        try:
            out = quiet.enter(op.reference, *arrays)
        except RuntimeError as error:
            out = quiet.again(error, op.reference, *arrays)
    if type(out) is not np.ndarray or (out.dtype is not rule.dtype and out.dtype != rule.dtype):
        out = dtypes.converted(np.asarray(out), rule.dtype)
    if out.base is not None or not out.flags.c_contiguous:
        return np.array(out, order="C")
    for array in arrays:
        if out is array:
            return np.array(out, order="C")
    return out


def evaluated(op: Op, rule: Rule, arrays: list[Array], key: tuple[Any, ...]) -> Sequence[Array]:
    """The results of an op as `apply` computes it at once, in memory of their own."""
    if rule.heavy:
        from gradwerk.tensor.engine import run_op  # noqa: PLC0415

        made = run_op(key, op, arrays)
        if made is not None:
            return made
    return by_reference(op, rule, arrays)


def by_reference(op: Op, rule: Rule, arrays: list[Array]) -> Sequence[Array]:
    """The results of an op by NumPy, in memory of their own."""
    return (computed(op, rule, arrays),) if rule.single else [np.array(out, order="C") for out in op.evaluate(*arrays)]


def _narrow(op: Op, dtype: Any, arrays: list[Array]) -> Array:  # noqa: ANN401
    """The reference where narrow floats take part."""
    return dtypes.converted(np.asarray(op.reference(*op.in_accumulator(arrays))), dtype)


def constants_kept(args: tuple[Any, ...], arrays: list[Array]) -> tuple[Any, ...]:
    """The arguments as the tape keeps them: Tensors, and arrays for what was a number."""
    for a in args:
        if not isinstance(a, Handle):
            return tuple([a if isinstance(a, Handle) else array for a, array in zip(args, arrays, strict=True)])
    return args


def rule_of(key: tuple[Any, ...], op: Op, arrays: Sequence[Any]) -> Rule:
    """What an op does on arguments, or on their types; `key` is the op with their shapes and dtypes.  Raises: as `op.infer`."""
    rule = _rules.get(key)
    if rule is None:
        if len(_rules) >= MOST_REMEMBERED:
            _rules.clear()
        rule = _rules[key] = Rule(op, tuple(Type(a.shape, a.dtype) for a in arrays))
    return rule


def otherwise(
    cls: type[Handle], op: Op, rule: Rule, args: tuple[Any, ...], arrays: list[Array], key: tuple[Any, ...]
) -> tuple[Any, ...]:  # fmt: skip
    """Views; heavy work compiled; one result by the op's reference, several by its own evaluation.

    Args:
        cls: the class of the results.
        op: what is computed.
        rule: the types of its results, and whether it is heavy.
        args: its arguments.
        arrays: their contents.
        key: op and types, under which its program is kept.
    """
    if rule.alias and isinstance(args[0], Handle):
        return (alias(cls, op, args[0], arrays[0]),)
    if rule.heavy:
        from gradwerk.tensor.engine import run_op  # noqa: PLC0415  the compiler loads only where something is heavy enough

        made = run_op(key, op, arrays)
        if made is not None:
            return tuple([make(cls, Storage(out, type_), out, type_) for out, type_ in zip(made, rule.types, strict=True)])
    outs = (computed(op, rule, arrays),) if rule.single else op.evaluate(*arrays)
    return tuple([_fresh(cls, out, type_) for out, type_ in zip(outs, rule.types, strict=True)])


def _fresh(cls: type[H], out: Array, type_: Type) -> H:
    """A Tensor that owns its memory, whatever the array shares."""
    if out.base is not None or not out.flags.c_contiguous:
        out = np.array(out, order="C")
    return make(cls, Storage(out, type_), out, type_)


def alias(cls: type[Handle], op: Any, x: Handle, array: Array) -> Handle:  # noqa: ANN401  one of ALIASING
    """A movement: a view of the argument's memory where strides can say it, else a copy."""
    return laid(cls, op, x, array, layout_of(op, x))


def laid(cls: type[Handle], op: Any, x: Handle, array: Array, layout: Layout | None) -> Handle:  # noqa: ANN401
    """The same where it is known how the result lies in the argument's memory."""
    moved = op.reference(array)
    if layout is not None and x._storage.order is not None and not np.may_share_memory(moved, array):
        settle(x._storage)  # a view of rows that do not lie as rows yet
        moved = op.reference(x._array)
    if layout is None:
        owned = np.array(moved, order="C")
        type_ = Type(owned.shape, owned.dtype)
        return make(cls, Storage(owned, type_), owned, type_)
    return viewed(cls, op, x, moved, layout)


def layout_of(op: Any, x: Handle) -> Layout | None:  # noqa: ANN401
    """How the movement's result lies in x's memory, None where it must be copied.  The same answer eager and traced."""
    key = (op, x._type.shape, x._type.dtype, None if x._view is None else x._view.strides)
    try:
        return _layouts[key]
    except KeyError:
        if len(_layouts) >= MOST_REMEMBERED:
            _layouts.clear()
    (type_,) = op.infer(x._type)
    strides = op.view(row_major(x._type.shape) if x._view is None else x._view.strides)
    layout = _layouts[key] = None if strides is None else Layout(type_, strides)
    return layout


def viewed(cls: type[Handle], op: Any, x: Handle, moved: Any, layout: Layout) -> Handle:  # noqa: ANN401
    """The view itself.

    Args:
        cls: the class of the result.
        op: the movement.
        x: what is looked at, a view itself or not.
        moved: the array of the view; None while a trace runs, LATER where it waits to be made.
        layout: shape and strides of the view over the base, and its type.
    """
    view = x._view
    if view is None:
        view_of_x = View((op,), layout.strides, x, x._changes, not mode.grad)
    elif view.root is None:
        view_of_x = View((*view.steps, op), layout.strides, x, x._changes, view.blind or not mode.grad)
    else:
        view_of_x = View((*view.steps, op), layout.strides, view.root, view.seen, view.blind or not mode.grad)
    return make(cls, x._storage, moved, layout.type, view_of_x)


def type_of(op: Op, position: int, args: tuple[Any, ...]) -> Type:
    """The type of an op's argument."""
    value = args[position]
    if isinstance(value, Handle):
        return value._type
    array = op.as_array(position, args)
    return Type(array.shape, array.dtype)


def unreadable(handle: Handle) -> GradwerkError:
    """The error for a Tensor without contents here: stale, or of a trace that has ended."""
    if handle._storage.problem:
        return StateError(handle._storage.problem, likely="write to a copy, or compute the gradient before the write")
    return TraceError(
        f"this Tensor ({handle._type}) is a value of a trace and has no contents here",
        likely=f"return it from the compiled function, or {hints(handle).keep}",
    )


def unreadable_results(cls: type[Handle], op: Op, args: tuple[Any, ...], unread: Handle) -> tuple[Any, ...]:
    """Results that cannot be read, of an argument that cannot: rules compute gradients that nobody asked for, and those must not raise."""
    if not unread._storage.problem:
        raise unreadable(unread)
    types = [type_of(op, position, args) for position in range(len(args))]
    problem = unread._storage.problem
    return tuple([make(cls, Storage(None, type_, problem), None, type_) for type_ in op.infer(*types)])


def in_dtype(cls: Any, array: Array, dtype: Any) -> Any:  # noqa: ANN401  a class of Tensors; an array, or a Handle
    """NumPy's array in another dtype, as an operation: a compiled function reads the array itself at each call."""
    if array.dtype == dtype or array.dtype not in dtypes.SHORT:
        return array
    return apply(cls.result_class, Cast(dtype), (array,))[0]


def in_dtype_of(target: Handle, value: Any) -> Any:  # noqa: ANN401  an array, or a Handle
    """What is written to a Tensor, an array of NumPy's in its dtype where that is floating or holds the array's; all else as it is."""
    if not isinstance(value, np.ndarray):
        return value
    dtype = target._type.dtype
    holds = dtypes.is_float(dtype) or np.can_cast(value.dtype, dtype)
    return in_dtype(type(target), value, dtype) if holds else value


def assign(target: Handle, value: Any, *, alike: bool = False) -> None:  # noqa: ANN401
    """Writes new contents, without a trace in the gradient's history.  Shapes broadcast; numbers and arrays convert, Tensors do not.

    All elements become `alike` where the caller says so: then a broadcast view may be written too.
    """
    check_writable(target, alike=alike)
    value = in_dtype_of(target, value)
    trace = mode.trace
    if trace is not None:
        trace.write(target, value)
        return
    if target._recorder.write(target, value):
        return
    if target._array is None:
        raise unreadable(target)
    if isinstance(value, Handle) and value._array is None:
        raise unreadable(value)
    array = value._array if isinstance(value, Handle) else written_array(target, value)
    check_fits(target._type, array)
    target._storage.bump(capture())  # before: a signal may come between the two, and what was written shall be known as written
    if target._type.size:
        writable(target)[...] = array


def writable(target: Handle) -> Array:
    """The array to write through: NumPy lets nobody write through a part of what it has broadcast, though it be no element twice."""
    array: Array = target._array
    memory = target._storage.array
    if array.flags.writeable or memory is None:
        return array
    first, begin = (x.__array_interface__["data"][0] for x in (array, memory))
    return np.ndarray(array.shape, array.dtype, memory.data, first - begin, array.strides)


def written_array(target: Handle, value: Any) -> Array:  # noqa: ANN401  whatever NumPy takes
    """What is written to a Tensor, as an array: numbers, and lists of them, are weak.  Raises: DTypeError where it cannot hold them."""
    if isinstance(value, np.ndarray):
        return value
    if python_numbers.is_number(value):
        return python_numbers.weak(value.item() if isinstance(value, np.generic) else value, target.dtype)
    array = np.asarray(value)
    if not dtypes.is_data(array.dtype) or dtypes.is_wider(array.dtype, target.dtype):
        facts = (f"value {type(value).__name__} of {dtypes.name(array.dtype)}      Tensor {target._type}",)
        raise DTypeError("the value written has another dtype", facts=facts, likely="cast it first")
    return dtypes.converted(array, target.dtype)


def check_fits(target: Type, array: Any) -> None:  # noqa: ANN401  an array or a Tensor
    """Refuses what would need rounding or another shape.  Raises: DTypeError, ShapeError."""
    if array.dtype != target.dtype:
        facts = (f"value {dtypes.name(array.dtype)}      Tensor {target}",)
        raise DTypeError("the value written has another dtype", facts=facts, likely="cast it first")
    shape = tuple(array.shape)
    lead = len(target.shape) - len(shape)
    if shape != target.shape and (lead < 0 or any(n not in (1, m) for n, m in zip(shape, target.shape[lead:], strict=True))):
        raise ShapeError("the value written does not fit", facts=(f"value {shape}      Tensor {target}",))


def check_writable(target: Handle, *, alike: bool = False) -> None:
    """Raises: StateError for memory that is read-only, and where one place in it is several elements, unless all become `alike`."""
    owner = target._storage.owner
    if owner is not None and not owner.writeable:
        raise read_only("a Tensor that shares a NumPy array", target._type)
    if target._view is not None and not target._view.writable and not alike:
        message = "unsupported operation: more than one element of the written-to tensor refers to a single memory location"
        raise StateError(message, facts=(f"a broadcast view, {target._type}",), likely="write to a copy: x.clone()")
