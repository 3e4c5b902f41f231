"""torch.Tensor: torch's method names over the Tensor below.  Memory is shared with NumPy where torch shares it."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, StateError, TraceError
from gradwerk.base.hooks import RemovableHandle
from gradwerk.base.origin import warn
from gradwerk.base.python_numbers import is_number
from gradwerk.ir.op import Array, Operand
from gradwerk.ops import compare, elementwise
from gradwerk.tensor import tensor as base
from gradwerk.tensor.apply import assign
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.devices import CPU, like, place_of, refuse_elsewhere
from gradwerk.tensor.grad import another
from gradwerk.tensor.grad import backward as core_backward
from gradwerk.tensor.handle import Handle, adopt, become, history, make, set_requires_grad, settle
from gradwerk.tensor.hooks import register_hook, retain_grad, retains_grad
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import row_major, version_of
from gradwerk.torch import arguments, printing, promotion
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.arithmetic import Arithmetic
from gradwerk.torch.complexes import Complexes
from gradwerk.torch.conversions import Conversions
from gradwerk.torch.counting import Counting
from gradwerk.torch.cumulative import Cumulatives
from gradwerk.torch.defaults import default_float
from gradwerk.torch.devices import device as Place  # noqa: N812  a property's name hides it inside the class
from gradwerk.torch.devices import device_of
from gradwerk.torch.drawing import Drawing
from gradwerk.torch.dtypes import asked
from gradwerk.torch.elementwise import Elementwise
from gradwerk.torch.indexing import Indexing
from gradwerk.torch.making import Making
from gradwerk.torch.matrices import Matrices
from gradwerk.torch.moving import Moving
from gradwerk.torch.options import all_recorded, as_recorded
from gradwerk.torch.pairs import Pairs
from gradwerk.torch.protocols import Protocols
from gradwerk.torch.reductions import Reductions
from gradwerk.torch.shapes import Size, size_of
from gradwerk.torch.shaping import Shaping
from gradwerk.torch.sorting import Sorting

# ruff: noqa: FBT001, FBT002  torch's signatures
Dims = int | Sequence[int] | None


@all_recorded
@ORIGINAL.completes("torch.Tensor")
class Tensor(  # type: ignore[misc]  # torch's arguments are others
    Protocols, Complexes, Conversions, Counting, Cumulatives, Drawing, Elementwise, Indexing, Making, Matrices, Moving, Pairs, Reductions,
    Shaping, Sorting, Arithmetic, base.Tensor,
):
    """torch.Tensor.  Raises: ArgumentTypeError for what makes no Tensor."""

    __slots__ = ()

    def __init__(self, *data: Any, dtype: Any = None, requires_grad: bool = False) -> None:  # noqa: ANN401
        """torch.Tensor(numbers) is of the default float whatever they are; torch.Tensor(2, 3) has that shape (zeros).

        torch.Tensor(x) is a view of x.
        """
        if len(data) == 2 and isinstance(data[1], np.dtype):
            super().__init__(data[0], data[1], requires_grad=requires_grad)
        elif all(isinstance(n, int) and not isinstance(n, bool) for n in data):
            super().__init__(np.zeros(data if data else (0,), asked("Tensor", dtype, default_float())), requires_grad=requires_grad)
        elif len(data) == 1 and isinstance(data[0], base.Tensor) and dtype in (None, data[0].dtype):
            become(self, another(data[0]))
            if requires_grad:
                set_requires_grad(self, value=True)
        elif len(data) == 1 and not isinstance(data[0], (str, bytes)):
            typed = isinstance(data[0], np.ndarray | np.generic | Handle)  # here torch.Tensor(array) keeps the dtype, as torch.tensor does
            wanted = None if typed and dtype is None else asked("Tensor", dtype, default_float())
            super().__init__(data[0], wanted, requires_grad=requires_grad)
        else:
            raise ArgumentTypeError("torch.Tensor takes data, or whole numbers as a shape")

    def _mask_of(self, key: Any) -> Any:  # noqa: ANN401
        """torch takes uint8 for masks."""
        return arguments.mask_of(key)

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401
        super().__setitem__(arguments.mask_of(key), arguments.filling(value, self.dtype) if is_number(value) else value)

    @classmethod
    def of(cls, data: Any, dtype: Any = None, *, requires_grad: bool = False) -> Self:  # noqa: ANN401
        """A Tensor with a copy of the data, of their dtype."""
        made = cls.__new__(cls)
        base.Tensor.__init__(made, data, dtype, requires_grad=requires_grad)
        return made

    @classmethod
    def promote(cls, a: Operand, b: Operand) -> tuple[Operand, Operand]:
        """torch's table (see promotion.py)."""
        return promotion.promote(cls, a, b)

    @classmethod
    def listed(cls, numbers: object, dtype: np.dtype[Any]) -> Any:  # noqa: ANN401
        """Lists are no operands in torch; a complex number of Python's is one."""
        return np.asarray(numbers, dtypes.promoted(dtypes.complex64, dtype)) if isinstance(numbers, complex) else NotImplemented

    @property
    def shape(self) -> Size:  # type: ignore[override]  # Operators declares what its class has
        """The extents."""
        return size_of(self._type.shape)

    def size(self, dim: int | None = None) -> Any:  # noqa: ANN401  Size, or one extent
        """The shape, or one extent of it."""
        return self.shape if dim is None else self._type.shape[arguments.axis("size", dim, self.ndim)]

    def dim(self) -> int:
        """The number of axes."""
        return self.ndim

    def nonzero(self, *, as_tuple: bool = False) -> Any:  # noqa: ANN401  one Tensor, or one an axis
        """Where elements are not 0: a row of places each; with `as_tuple` one Tensor an axis.  Eager only."""
        held = dtypes.widened(self.contents("nonzero()"))
        return tuple(map(Tensor.of, np.nonzero(np.atleast_1d(held)))) if as_tuple else Tensor.of(np.argwhere(held))

    def numel(self) -> int:
        """The number of elements."""
        return self._type.size

    nelement, ndimension = numel, dim

    def stride(self, dim: int | None = None) -> Any:  # noqa: ANN401
        """Elements from one place to the next along each axis, or along one."""
        strides = row_major(self.shape).strides if self._view is None else self._view.strides.strides
        return strides if dim is None else strides[arguments.axis("stride", dim, self.ndim)]

    @as_recorded()
    def is_contiguous(self) -> bool:
        """True where the elements lie in row-major order without gaps."""
        return self._view is None or self._view.strides.dense

    @as_recorded()
    def clone(self) -> Self:
        """A copy in memory of its own, through which gradients flow."""
        return super().clone()

    @as_recorded()
    def contiguous(self) -> Self:
        """Itself where contiguous, else a copy that is."""
        return self if self.is_contiguous() else self.clone()

    @property
    def device(self) -> Place:
        """Where the memory is."""
        return device_of(place_of(self._storage))

    @property
    def is_cuda(self) -> bool:
        """False: there is no CUDA here."""
        return False

    @property
    def is_cpu(self) -> bool:
        """True on the CPU."""
        return place_of(self._storage) is CPU

    @property
    def data(self) -> Self:
        """The same memory without history.  Assigning makes this a Tensor on the other's memory; views of it stay on the former.

        Inside a compiled function the contents of a Tensor made there are written instead: nobody can tell the difference.
        Raises: ArgumentTypeError for what is no Tensor; TraceError there for a Tensor from outside, or of another type.
        """
        return self.detach()

    @data.setter
    def data(self, value: base.Tensor) -> None:
        if not isinstance(value, base.Tensor):
            message = f"Variable data has to be a tensor, but got {type(value).__name__}"
            raise ArgumentTypeError(message, likely="x.data = torch.tensor(...)")
        trace = mode.trace
        if trace is None:
            adopt(self, value)
        elif value._storage in trace.created_here and value._type == self._type:
            assign(self, value)
        else:
            problem = "a Tensor takes another's memory (`x.data = y`) inside a compiled function"
            raise TraceError(problem, facts=(f"{self._type}, {value._type}",), likely="copy it: x.data.copy_(y)")

    @property
    def grad(self) -> Self | None:
        """The gradient that `backward` has added up here, or None; of a Tensor that was computed None, with torch's warning."""
        found = super().grad
        if found is None and mode.trace is None and not self.is_leaf and not self.retains_grad:
            warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed: backward() leaves none there.  "
                "It was computed; perhaps by x = x - ... of a leaf, which x -= ... under no_grad() would have kept one."
            )
        return found

    @grad.setter
    def grad(self, value: Any) -> None:  # noqa: ANN401  a Tensor or None
        base.Tensor.grad.__set__(self, value)  # type: ignore[attr-defined]  # a property

    def register_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Calls hook(gradient) at every backward pass; what it returns takes the gradient's place."""
        return register_hook(self, hook)

    def retain_grad(self) -> None:
        """Has backward leave the gradient in `.grad` of a Tensor that was computed, too."""
        retain_grad(self)

    @property
    def retains_grad(self) -> bool:
        """Whether `.grad` of a computed Tensor is kept."""
        return retains_grad(self)

    def numpy(self, *, force: bool = False) -> Array:
        """The memory itself as an array; with `force` also of a Tensor that requires a gradient, or a copy of one on another device.

        Raises: StateError for the first without it, ArgumentTypeError for the second; ArgumentTypeError for bfloat16, which NumPy does not
        have.
        """
        if self.requires_grad and not force:
            message = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            raise StateError(message, likely="use .detach().numpy(), which shares the memory too")
        if self.dtype == dtypes.bfloat16:
            raise ArgumentTypeError("Got unsupported ScalarType BFloat16", likely="x.float().numpy()")
        if force and not self.is_cpu:
            return self.detach().cpu().numpy()
        refuse_elsewhere(self)
        return self._memory()

    def _memory(self) -> Array:
        """The memory itself, of any dtype."""
        self.contents("numpy()")
        settle(self._storage)
        array: Array = recorder.lend(self)
        return array

    def data_ptr(self) -> int:
        """The address of the first element."""
        self._memory()
        recorder.show(self._storage)
        address: int = self._array.__array_interface__["data"][0]
        return address

    def storage_offset(self) -> int:
        """Elements from the beginning of the memory to the first one."""
        return 0 if self._view is None else self._view.strides.offset

    @property
    def _version(self) -> int:
        """How often the memory was written: views of it count together."""
        return version_of(self._storage)

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Takes part in training, or not.  Raises: ArgumentTypeError for what is not bool."""
        if not isinstance(requires_grad, bool):
            raise ArgumentTypeError(f"requires_grad_(): argument 'requires_grad' must be bool, not {type(requires_grad).__name__}")
        self.requires_grad = requires_grad
        return self

    def equal(self, other: base.Tensor) -> bool:
        """True when shape and all elements are equal."""
        arguments.tensor("equal", other, "other")
        return bool(self.shape == other.shape and compare.equal(*self.promote(self, other)).contents("equal()").all())

    @as_recorded()
    def copy_(self, other: Operand) -> Self:
        """In place: the values of another Tensor, broadcast and converted."""
        if not is_number(other):
            arguments.tensor("copy_", other, "other")
        converted = elementwise.cast(other, self.dtype) if hasattr(other, "dtype") else other
        super().copy_(converted)
        return self

    @as_recorded()
    def backward(self, gradient: Operand = None, retain_graph: bool | None = None, create_graph: bool = False) -> None:
        """Adds gradients to `.grad` of every leaf this depends on, then frees what rules read unless `retain_graph` or `create_graph`.

        Raises: StateError for a second backward over a freed history.
        """
        if not self.requires_grad:
            raise StateError(
                "element 0 of tensors does not require grad and does not have a grad_fn",
                facts=(f"Tensor {tuple(self.shape)} {dtypes.name(self.dtype)}",),
                likely="nothing it was computed from requires gradients, or it was computed under no_grad or from .detach()",
            )  # fmt: skip
        keep = create_graph if retain_graph is None else retain_graph
        core_backward(self, gradient, create_graph=create_graph, retain=keep)

    def __copy__(self) -> Self:
        """Another Tensor on the same memory, as torch's copy.copy gives."""
        self.contents("copy")
        return self._on(self.detach())

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        """A leaf in memory of its own, with its gradient; views that are copied together share memory as their originals do.

        Raises: StateError for a Tensor that was computed.
        """
        if history(self)[0] is not None:
            message = "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol"
            raise StateError(message, likely="x.detach().clone() copies the values, x.clone() the history too")
        storage = self._storage
        if storage.order is not None or self._array is None:  # a weight whose memory nobody has seen
            made = super().__deepcopy__(memo)
        else:
            whole: Any = memo.get(("memory", id(storage)))
            if whole is None:
                whole = memo["memory", id(storage)] = like(Tensor.of(storage.array), self)
            for step in self._view.steps if self._view is not None else ():
                whole = step(whole)
            made = memo[id(self)] = self._on(whole)
        made._grad = copy.deepcopy(self.grad, memo)
        return made

    def _on(self, other: Handle) -> Self:
        """A leaf of this class and with these attributes, on the memory of another Tensor."""
        view = other._view
        made = make(type(self), other._storage, other._held, other._type, view and view.alone)
        made.__dict__.update(self.__dict__) if hasattr(self, "__dict__") else None
        made._requires_grad = self._requires_grad
        return made

    def __repr__(self) -> str:
        if self._array is None or mode.trace is not None:
            return super().__repr__()
        made = history(self)[0]
        place = [] if self.is_cpu else [f"device='{self.device}'"]
        made_by = [f"grad_fn=<{printing.gradient_name(made.op.name)}>"] if made is not None else self._wanted()
        return printing.text(self._array, [*place, *made_by])

    def _wanted(self) -> list[str]:
        return ["requires_grad=True"] if self._requires_grad else []

    @property
    def grad_fn(self) -> Any:  # noqa: ANN401
        """What made this Tensor, for people; None for a leaf."""
        made = history(self)[0]
        return None if made is None else GradFn(printing.gradient_name(made.op.name))


class GradFn:
    """What made a Tensor, by name."""

    def __init__(self, name: str) -> None:
        self.shown = name

    def name(self) -> str:
        """`MulBackward0`."""
        return self.shown

    def __repr__(self) -> str:
        return f"<{self.shown} object>"


class Parameter(Tensor, base.Parameter):  # type: ignore[misc]  # as Tensor
    """torch.nn.Parameter: shares the memory of the Tensor it is made of."""

    __slots__ = ()
    result_class: ClassVar[type[Handle]] = Tensor

    def __init__(self, data: Any, requires_grad: bool = True) -> None:  # noqa: ANN401
        if not isinstance(data, base.Tensor):
            base.Parameter.__init__(self, data, requires_grad=requires_grad)
            return
        become(self, data.detach())
        if mode.trace is not None:
            mode.trace.show(self, data)
        set_requires_grad(self, requires_grad)

    def __deepcopy__(self, memo: dict[Any, Any]) -> Self:
        """In memory of its own, without a gradient, as torch's."""
        return base.Parameter.__deepcopy__(self, memo)

    def __repr__(self) -> str:
        return "Parameter containing:\n" + Tensor.__repr__(self)


def clear_gradient(leaf: base.Tensor, *, set_to_none: bool) -> None:
    """Forgets the gradient of a leaf, or makes it zeros in place; one that has a history is replaced."""
    if set_to_none:
        leaf.grad = None
    elif leaf.grad is not None:
        if leaf.grad.requires_grad:
            leaf.grad = leaf.grad.detach()
        leaf.grad.assign(np.zeros((), leaf.grad.dtype))
