"""Tensor and Parameter."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ArgumentTypeError, DTypeError, ShapeError, TraceError
from gradwerk.base.texts import numbered
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Op, Operand
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.movement import transpose
from gradwerk.tensor.apply import apply, assign, unreadable
from gradwerk.tensor.basic_indexing import moved, plain
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.devices import KINDS, like, place_of, refuse_elsewhere, set_place
from gradwerk.tensor.display import describe
from gradwerk.tensor.foreign import Foreign
from gradwerk.tensor.grad import alike, another, backward, copied, detached, laid
from gradwerk.tensor.handle import Handle, adopt, make, set_requires_grad
from gradwerk.tensor.hints import hints
from gradwerk.tensor.indexing import has_truth, index, is_gathered, replaced, without_leading_ones
from gradwerk.tensor.inplace import copy_into, refuse_computed, rewrite, same_history, written_to_itself
from gradwerk.tensor.operators import Operators
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Storage, aligned_copy


class Tensor(Operators, Handle):
    """An n-dimensional array that records what was computed from it, and that compiled steps take as an input.

    Made from anything NumPy takes (copied); Python floats become float32.
    Dtype: float16 to float64 and bfloat16, int8 to int64, uint8 to uint64, bool, complex64, complex128.  Raises: DTypeError for others.
    """

    __slots__ = ()
    _recorder = recorder
    __array_priority__: ClassVar[float] = 1000.0
    """NumPy's operators give way to ours: `array * tensor` is a Tensor.  Its functions read `__array__`: `np.exp(tensor)` is an array."""

    def __init__(self, data: Any, dtype: Any = None, *, requires_grad: bool = False) -> None:  # noqa: ANN401
        array = to_array(data, dtype)
        trace = mode.trace
        self._type = Type(array.shape, array.dtype)
        self._view, self._node, self._index, self._requires_grad, self._grad, self._changes = None, None, 0, False, None, 0
        if trace is None:
            self._array = aligned_copy(array)
            self._storage = Storage(self._array, self._type)
        else:
            self._array = None
            self._storage = Storage(None, self._type)
            trace.note_created(self._storage, data, array)
        if requires_grad:
            set_requires_grad(self, value=True)

    @classmethod
    def sharing(cls, array: Array, owner: Array | None = None) -> Self:
        """A Tensor on the array's own memory (copied only where it is not dense, read-only or not of a known dtype).

        With an `owner`, of whose memory the array is a part, also on read-only memory: who writes asks whether the owner may be written.
        """
        given = to_array(array, None)
        own = not (given.flags.c_contiguous and (given.flags.writeable or owner is not None))
        trace = mode.trace
        if trace is not None and own:
            made: Self = trace.fresh(cls, trace.array_value(given))
            return made
        if trace is not None and trace.captured_array(given) is None:
            lent: Self = trace.lend(cls, given)
            return lent
        held = np.array(given, order="C") if own else given.view()
        type_ = Type(held.shape, held.dtype)
        storage = Storage(held, type_)
        if not own:
            storage.owner = Foreign(given if owner is None else owner)
        return make(cls, storage, held, type_)

    def __gradwerk_apply__(self, op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """How functions of ops compute on Tensors."""
        results = apply(self.result_class, op, args)
        if KINDS and not any(isinstance(a, Handle) for a in args):  # a source, made beside this Tensor
            set_place(results, place_of(self._storage))
        return results

    def numpy(self) -> Array:
        """A copy of the contents.  Raises: TraceError under trace, ArgumentTypeError away from the CPU."""
        refuse_elsewhere(self)
        return np.array(self.contents("numpy()"), order="C")

    def contents(self, asked: str) -> Array:
        """The array itself, for reading.  Raises: TraceError under trace: a compiled step has no contents while it is traced."""
        if mode.trace is not None:
            raise mode.trace.refuse(no_contents(self, asked))
        if self._array is None:
            raise unreadable(self)
        array: Array = self._array
        return array

    def item(self) -> Any:  # noqa: ANN401  the Python number of the dtype
        """The one element as a Python number."""
        return one_element(self, "item()")

    def tolist(self) -> Any:  # noqa: ANN401
        """Nested lists of Python numbers."""
        return dtypes.widened(self.contents("tolist()")).tolist()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:  # noqa: ANN401, FBT001
        refuse_elsewhere(self)
        array = self.contents("NumPy")
        if dtypes.is_narrow(array.dtype) and dtype is not None:
            return dtypes.converted(array, dtypes.named(dtype))
        if copy is False:
            recorder.show(self._storage)
        return np.array(array, dtype, copy=True if copy is None else copy)

    def __bytes__(self) -> bytes:
        return self.contents("bytes()").tobytes()

    def __bool__(self) -> bool:
        return bool(one_element(self, "if"))

    def __int__(self) -> int:
        return int(one_element(self, "int()"))

    def __float__(self) -> float:
        return float(one_element(self, "float()"))

    def __index__(self) -> int:
        if not dtypes.is_integer(self.dtype) or (mode.trace is None and self._type.size != 1):
            raise DTypeError("only an integer Tensor of one element can be an index", facts=(str(self._type),))
        return int(one_element(self, "an index"))

    def __len__(self) -> int:
        if not self.shape:
            raise DTypeError("a Tensor of no axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Self]:
        return (self[position] for position in range(len(self)))

    def __getitem__(self, key: Any) -> Self:  # noqa: ANN401
        said = plain(key if type(key) is tuple else (key,))
        if said is not None:
            found: Self = self._another(moved(self, said))
            return found
        key = self._mask_of(key)
        part: Self = self._another(index(self, key))
        return copied(part) if has_truth(key) else part

    def _mask_of(self, key: Any) -> Any:  # noqa: ANN401  what stands in brackets
        """The key that is meant, where a class takes others than this one."""
        return key

    def _another(self, result: Any) -> Any:  # noqa: ANN401  a Tensor
        """What a movement gave; where that is this very Tensor, because nothing moves, another on the same memory."""
        return another(self) if result is self else result

    def __setitem__(self, key: Any, value: Operand) -> None:  # noqa: ANN401
        if is_gathered(key):
            self.rewrite(lambda old: replaced(old, key, value), value)
            return
        part = index(self, key)
        if part._storage is not self._storage:
            raise DTypeError("only whole numbers and slices can be written to")
        if isinstance(value, Handle) and same_history(value, part) and _steps(value) == _steps(part):
            written_to_itself(part)  # by `x[k] += y`
        else:
            known = isinstance(value, Handle) or (isinstance(value, np.ndarray) and mode.trace is None)
            part.copy_(without_leading_ones(value, part.ndim) if known else value)

    def __repr__(self) -> str:
        return describe(self)

    def __delitem__(self, key: object) -> None:
        raise ArgumentTypeError("a Tensor does not support deleting items")

    def __round__(self, digits: int | None = None) -> Self:
        number = self._type.size == 1 and mode.trace is None
        raise ArgumentTypeError("round() of a Tensor is not here", likely="round(x.item(), digits) of its number" if number else "")

    def __format__(self, spec: str) -> str:
        """The contents alone, as NumPy formats them: `f"{loss}"` is a number.  Under trace there is a type only."""
        if not spec and mode.trace is not None:
            return str(self)
        if spec and self.ndim:
            raise ArgumentTypeError(
                f"only a Tensor of no axes has a number to format as {spec!r}", facts=(f"Tensor {self._type}",),
                likely=f"format one element: x[{', '.join('0' * self.ndim)}]" if self._type.size else "",
            )  # fmt: skip
        return format(dtypes.widened(self.contents("format()")), spec)

    def __copy__(self) -> Self:
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        contents = self.contents("deepcopy")
        copy = like(type(self)(contents, contents.dtype), self)
        if self._view is not None or self._storage.order is not None:
            adopt(copy, alike(copy.detach(), self))
        copy.__dict__.update(self.__dict__) if hasattr(self, "__dict__") else None
        copy._requires_grad = self._requires_grad
        memo[id(self)] = copy
        return copy

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled as its contents, whether it is trained, and the order of its axes in memory; without its history."""
        order = self._view.order if self._view is not None else None
        memory = self._storage.order if self._view is None else None
        contents = np.array(self.contents("pickle"), order="C")
        return _restored, (type(self), contents, self._requires_grad, order, memory, getattr(self, "__dict__", None))

    def clone(self) -> Self:
        """A copy in memory of its own, through which gradients flow."""
        return copied(self)

    def detach(self) -> Self:
        """The same memory without the history: gradients stop here."""
        return detached(self)

    def backward(self, gradient: Operand = None, *, create_graph: bool = False) -> None:
        """Adds the gradient of this Tensor (of one element, or weighted by `gradient`) to `.grad` of every leaf it depends on."""
        backward(self, gradient, create_graph=create_graph)

    def assign(self, value: Operand) -> Self:
        """New contents, outside of any gradient.  Under trace the write becomes part of the step.

        Raises: ShapeError, DTypeError where the value does not fit; StateError for a Tensor that was computed, while gradients are
        recorded: its history would give the gradient of what stood there before.
        """
        refuse_computed(self)
        assign(self, value)
        return self

    def copy_(self, value: Operand) -> Self:
        """New contents, as an operation that gradients flow through.  Raises: StateError for a leaf that requires a gradient."""
        copy_into(self, value)
        return self

    def _fill(self, value: Operand) -> Self:
        """The same with one value everywhere, which a broadcast view takes too."""
        copy_into(self, value, alike=True)
        return self

    def rewrite(self, function: Callable[[Self], Operand], *operands: Operand) -> Self:
        """What `function` makes of the contents, in their place; gradients flow through it.  `operands` are what else it reads."""
        rewrite(self, function, *operands)
        return self


class Parameter(Tensor):
    """A Tensor that is trained: a leaf that requires a gradient.  What is computed from it is a plain Tensor."""

    __slots__ = ()
    result_class: ClassVar[type[Handle]] = Tensor

    def __init__(self, data: Any, dtype: Any = None, *, requires_grad: bool = True) -> None:  # noqa: ANN401
        super().__init__(data, dtype, requires_grad=requires_grad)


def _steps(x: Handle) -> Any:  # noqa: ANN401  a tuple of movements
    return x._view.steps if x._view is not None else ()


def _restored(
    cls: type[Any], contents: Array, requires_grad: bool, order: tuple[int, ...] | None, memory: tuple[int, ...] | None,  # noqa: FBT001
    attributes: dict[str, Any] | None,
) -> Any:  # noqa: ANN401  a Tensor
    """What `Tensor.__reduce__` wrote."""
    restored = cls(contents, contents.dtype)
    if memory is not None:
        adopt(restored, laid(Tensor, contents, memory))
    if order is not None:
        adopt(restored, transpose(Tensor(np.transpose(contents, np.argsort(order))), order))
    if attributes:
        restored.__dict__.update(attributes)
    restored._requires_grad = requires_grad
    return restored


def to_array(data: Any, dtype: Any) -> Array:  # noqa: ANN401
    """The NumPy array of what a Tensor can be made of.  Raises: DTypeError."""
    if isinstance(data, Handle):
        data = data.contents("a new Tensor") if isinstance(data, Tensor) else data._array
    array = dtypes.taken(np.asarray(data)) if dtype is None else numbers_in(dtypes.named(dtype), data)
    if dtype is None and not isinstance(data, np.ndarray | np.generic) and array.dtype == np.float64:
        array = dtypes.converted(array, dtypes.float32)
    if dtype is None and not isinstance(data, np.ndarray | np.generic) and array.dtype == np.complex128:
        array = array.astype(np.complex64)
    if array.dtype not in dtypes.SHORT or array.dtype == dtypes.token:
        message, classes = f"{dtypes.name(array.dtype)} is not an element type of this framework", array.ndim == 1
        raise DTypeError(message, facts=(f"known: {dtypes.KNOWN}",), likely=numbered(array, "data", classes=classes))
    return array


def numbers_in(dtype: DType, data: Any) -> Array:  # noqa: ANN401
    """Numbers in a dtype: an array's as Cast says (NumPy leaves what is out of range to the processor), others where it holds them.

    Raises: DTypeError.
    """
    if isinstance(data, np.ndarray | np.generic) and dtype in dtypes.SHORT:
        array = dtypes.taken(np.asarray(data))
        if array.dtype in dtypes.SHORT:
            converted: Array = cast(array, dtype)
            return converted
        if np.iscomplexobj(array):
            raise DTypeError(f"{dtypes.name(dtype)} cannot hold complex numbers", facts=(f"given {array.dtype}, {array.shape}",))
    try:
        return dtypes.of_value(data, dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise DTypeError(f"{dtypes.name(dtype)} cannot hold these numbers", facts=(str(error),)) from None


def one_element(x: Tensor, asked: str) -> Any:  # noqa: ANN401  a Python number
    """The number that a Tensor of one element holds, whatever its axes.

    Raises: ShapeError where the truth of another number of elements is asked, ArgumentTypeError for all else; TraceError.
    """
    array = x.contents(asked)
    if array.size != 1:
        kind, what = (ShapeError, "the truth of") if asked == "if" else (ArgumentTypeError, f"{asked} of")
        raise kind(f"{what} a Tensor of {array.size} elements is ambiguous: one of one element is a number", facts=(f"{x._type}",))
    return dtypes.number_of(array)


def no_contents(x: Handle, asked: str) -> TraceError:
    """The error for Python that wants numbers while a step is traced."""
    own = hints(x)
    likely = own.choose if asked == "if" else own.count if asked in ("int()", "an index") else own.read
    facts = (f"Tensor {x._type}",)
    return TraceError(f"{asked} needs the contents of a Tensor, and a traced step has none yet", facts=facts, likely=likely)
