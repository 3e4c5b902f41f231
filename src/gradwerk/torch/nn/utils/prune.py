"""torch.nn.utils.prune: parameters whose elements are held at 0 by a mask.

A pruned parameter `weight` is `weight_orig * weight_mask`: a parameter and a buffer.  Pruning again prunes what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, OutOfRangeError, ShapeError, StateError
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.creation import ones_like, rand, rand_like, zeros_like
from gradwerk.torch.functions import cat
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.utils.computed import compute, computed, keep

# ruff: noqa: ANN401  Tensors


def _checked(amount: Any) -> None:
    """Raises: ArgumentTypeError for what is no number, ArgumentError for a negative one, or a share above 1."""
    if isinstance(amount, bool) or not isinstance(amount, int | float):
        raise ArgumentTypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    if amount < 0 or (isinstance(amount, float) and amount > 1):
        raise ArgumentError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


def _count(amount: float, size: int) -> int:
    """How many of so many.  Raises: ArgumentError for more than there are."""
    count: int = amount if isinstance(amount, int) else round(float(amount) * size)
    if count > size:
        raise ArgumentError(f"amount={count} should be smaller than the number of parameters to prune={size}")
    return count


def _axis(t: Any, dim: int) -> int:
    """Raises: ArgumentError for a vector, OutOfRangeError for an axis that is not there."""
    if t.ndim <= 1:
        problem = f"Structured pruning can only be applied to multidimensional tensors. Found tensor of shape {tuple(t.shape)}"
        raise ArgumentError(problem)
    if not -t.ndim <= dim < t.ndim:
        raise OutOfRangeError(f"Invalid index {dim} for tensor of size {tuple(t.shape)}")
    place: int = dim % t.ndim
    return place


class BasePruningMethod:
    """How a mask is made.  Subclasses define `PRUNING_TYPE` ("unstructured", "structured" or "global") and `compute_mask`."""

    PRUNING_TYPE = ""
    _tensor_name: str = ""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask for a Tensor that has one already.  Raises: StateError where the subclass does not say it."""
        raise StateError(f"{type(self).__name__} defines no compute_mask")

    def apply_mask(self, module: Any) -> Any:
        """The parameter with its mask."""
        return getattr(module, f"{self._tensor_name}_mask") * getattr(module, f"{self._tensor_name}_orig")

    def value(self, module: Any) -> Any:
        """As `apply_mask`."""
        return self.apply_mask(module)

    def assign(self, module: Any, value: Any) -> None:
        """Raises: ArgumentError."""
        name = self._tensor_name
        raise ArgumentError(f"{name} is computed of {name}_orig and {name}_mask", likely=f"set {name}_orig")

    @classmethod
    def apply(cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any) -> Any:
        """Prunes a parameter of a module; the method, or the container of all that pruned it.

        Args:
            module: it.
            name: of the parameter.
            args: of the method.
            importance_scores: what elements are worth, in place of themselves.
            kwargs: of the method.

        Raises: ShapeError for scores of another shape.
        """
        old = computed(module).get(name)
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        if isinstance(old, BasePruningMethod):
            container = old if isinstance(old, PruningContainer) else PruningContainer(old)
            container.add_pruning_method(method)
            method = container
        original = getattr(module, name)
        scores = original if importance_scores is None else importance_scores
        if scores.shape != original.shape:
            facts = (f"scores {tuple(scores.shape)}", f"{name} {tuple(original.shape)}")
            raise ShapeError(f"importance_scores should have the same shape as parameter {name}", facts=facts)
        with no_grad():
            start = getattr(module, f"{name}_mask").clone() if isinstance(old, BasePruningMethod) else ones_like(original)
            mask = method.compute_mask(scores.detach(), default_mask=start)
        if not isinstance(old, BasePruningMethod):
            delattr(module, name)
            module.register_parameter(f"{name}_orig", original)
        module.register_buffer(f"{name}_mask", mask)
        compute(module, name, method)
        return method

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """A Tensor with the mask that this method makes for it.  Raises: ShapeError for scores of another shape."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            facts = (f"{tuple(scores.shape)}, {tuple(t.shape)}",)
            raise ShapeError("importance_scores should have the same shape as tensor t", facts=facts)
        return t * self.compute_mask(scores, default_mask=ones_like(t) if default_mask is None else default_mask)

    def remove(self, module: Module) -> None:
        """The parameter is its own again, with its zeros.  Raises: StateError for one that was not pruned."""
        name = self._tensor_name
        if not name or not isinstance(computed(module).get(name), BasePruningMethod):
            raise StateError(f"Module {module} has to be pruned before pruning can be removed")
        original: Any = getattr(module, f"{name}_orig")
        with no_grad():
            original.copy_(self.apply_mask(module))
        for part in ("orig", "mask"):
            delattr(module, f"{name}_{part}")
        keep(module, name, original)


class PruningContainer(BasePruningMethod):
    """Methods that pruned one parameter, one behind the other."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        self._tensor_name = args[0]._tensor_name if args else ""
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod) -> None:
        """One more.  Raises: ArgumentTypeError for what is none, ArgumentError for one of another parameter."""
        if not isinstance(method, BasePruningMethod):
            raise ArgumentTypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if self._tensor_name != method._tensor_name:
            problem = f"Can only add pruning methods acting on the parameter named '{self._tensor_name}' to PruningContainer"
            raise ArgumentError(problem, facts=(f"Found '{method._tensor_name}'",))
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The last method's mask of what the others left.  Raises: ArgumentError for another PRUNING_TYPE."""
        method: Any = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype)
        kept: Any
        if method.PRUNING_TYPE == "unstructured":
            kept = mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = method.dim % t.ndim
            kept = (*[slice(None)] * dim, mask.sum(dim=[k for k in range(t.ndim) if k != dim]) != 0)
        elif method.PRUNING_TYPE == "global":
            kept = (slice(None),) * t.ndim
        else:
            raise ArgumentError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        made = mask.clone()
        made[kept] = method.compute_mask(t[kept], default_mask=mask[kept]).to(dtype=mask.dtype)
        return made


class Identity(BasePruningMethod):
    """A mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask that there is."""
        return default_mask


class RandomUnstructured(BasePruningMethod):
    """Elements by chance: so many, or that share.  Raises: ArgumentTypeError, ArgumentError for another amount."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        _checked(amount)
        self.amount = amount

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask."""
        return _without(default_mask, rand_like(t), _count(self.amount, t.numel()))


class L1Unstructured(RandomUnstructured):
    """The smallest elements: so many, or that share."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask."""
        return _without(default_mask, -t.abs(), _count(self.amount, t.numel()))


def _without(mask: Any, worth: Any, count: int) -> Any:
    """The mask without so many places, those of the largest numbers."""
    made = mask.clone()
    if count:
        made.reshape(-1)[worth.reshape(-1).topk(count).indices] = 0
    return made


class RandomStructured(BasePruningMethod):
    """Whole channels along an axis by chance.  Raises: ArgumentTypeError, ArgumentError for another amount."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int = -1) -> None:
        _checked(amount)
        self.amount, self.dim = amount, dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask."""
        dim = _axis(t, self.dim)
        count = _count(self.amount, t.shape[dim])
        return _channels(t, default_mask, rand(t.shape[dim]), count, dim)


class LnStructured(BasePruningMethod):
    """The channels along an axis whose norm of order n is smallest.  Raises: ArgumentTypeError, ArgumentError for another amount."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        _checked(amount)
        self.amount, self.n, self.dim = amount, n, dim

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """The mask."""
        dim = _axis(t, self.dim)
        count = _count(self.amount, t.shape[dim])
        norms = t.norm(p=self.n, dim=[k for k in range(t.ndim) if k != dim])
        return _channels(t, default_mask, norms, count, dim)


def _channels(t: Any, mask: Any, worth: Any, count: int, dim: int) -> Any:
    """The mask without so many channels, those of the smallest numbers."""
    if not count:
        return mask
    made = zeros_like(t)
    kept = worth.topk(t.shape[dim] - count).indices
    made[(*[slice(None)] * dim, kept)] = 1
    return made * mask.to(dtype=made.dtype)


class CustomFromMask(BasePruningMethod):
    """A mask that is given."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """That mask, and the one that there is.  Raises: ShapeError for one of another shape."""
        if default_mask.shape != self.mask.shape:
            raise ShapeError("the mask has another shape than the parameter", facts=(f"{tuple(self.mask.shape)}, {tuple(t.shape)}",))
        return default_mask * self.mask.to(dtype=default_mask.dtype)


def identity(module: Module, name: str) -> Module:
    """Prunes nothing, and makes mask and original parameter."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Elements by chance: so many (int), or that share (float)."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Module, name: str, amount: float, importance_scores: Any = None) -> Module:
    """The smallest elements, or those of the smallest scores: so many (int), or that share (float)."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Channels along an axis by chance."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(module: Module, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None) -> Module:
    """The channels along an axis whose norm of order n is smallest."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Any) -> Module:
    """What a mask holds at 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]], pruning_method: type[BasePruningMethod], importance_scores: Any = None, **kwargs: Any
) -> None:  # fmt: skip
    """Prunes several parameters as one vector.

    Args:
        parameters: pairs of a module and a name.
        pruning_method: an unstructured one.
        importance_scores: what elements are worth, by pair.
        kwargs: of the method.

    Raises: ArgumentTypeError for scores that are no dict, ArgumentError for a method that is structured.
    """
    pairs = [*parameters]
    if importance_scores is not None and not isinstance(importance_scores, Mapping):
        raise ArgumentTypeError("global_unstructured(): importance_scores must be of type dict")
    scores = importance_scores or {}
    worth = cat([scores.get(pair, getattr(*pair)).detach().reshape(-1) for pair in pairs])
    masks = [getattr(module, f"{name}_mask", ones_like(getattr(module, name))).detach() for module, name in pairs]
    method: Any = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise ArgumentError(f'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found {method.PRUNING_TYPE}')
    container = PruningContainer()
    container._tensor_name = method._tensor_name = "temp"
    container.add_pruning_method(method)
    with no_grad():
        whole = container.compute_mask(worth, cat([mask.reshape(-1) for mask in masks]))
    begin = 0
    for (module, name), mask in zip(pairs, masks, strict=True):
        custom_from_mask(module, name, whole[begin : begin + mask.numel()].reshape(mask.shape))
        begin += mask.numel()


def remove(module: Module, name: str) -> Module:
    """The parameter is its own again, with its zeros.  Raises: ArgumentError for one that was not pruned."""
    method = computed(module).get(name)
    if not isinstance(method, BasePruningMethod):
        raise ArgumentError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    method.remove(module)
    return module


def is_pruned(module: Module) -> bool:
    """Whether a parameter of this module or of one below it is pruned."""
    return any(isinstance(method, BasePruningMethod) for below in module.modules() for method in computed(below).values())  # type: ignore[arg-type]  # modules of this API


__getattr__ = ORIGINAL.module("torch.nn.utils.prune", __name__)
