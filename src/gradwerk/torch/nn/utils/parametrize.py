"""torch.nn.utils.parametrize: a parameter is what modules make of an original one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.tensor.grad import no_grad
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.nn.containers import Listed
from gradwerk.torch.nn.mapped import ModuleDict
from gradwerk.torch.nn.module import Module
from gradwerk.torch.nn.utils.computed import class_before, compute, computed, keep
from gradwerk.torch.tensors import Parameter, Tensor

# ruff: noqa: ANN401  Tensors; FBT001, FBT002  torch's signatures
_cache: dict[tuple[int, str], Any] = {}
_cached = [0]


@contextmanager
def cached() -> Iterator[None]:
    """Inside of it each parametrized parameter is computed once."""
    _cached[0] += 1
    try:
        yield
    finally:
        _cached[0] -= 1
        if not _cached[0]:
            _cache.clear()


class ParametrizationList(Listed):
    """The modules that make a parameter, first to last, and what they make it of: `original`, or `original0`, `original1`, ...

    Args:
        modules: each takes what the one before gives.
        original: what the parameter was.
        unsafe: does not try them.

    Raises: ArgumentError for `right_inverse`s that give no Tensors; ShapeError, DTypeError for modules that change shape or dtype.
    """

    def __init__(self, modules: Sequence[Any], original: Any, unsafe: bool = False) -> None:  # noqa: FBT001, FBT002
        if not modules:
            raise ArgumentError("ParametrizationList requires one or more modules.")
        super().__init__()
        self.extend(modules)
        vars(self)["unsafe"] = unsafe
        made: Any = original
        with no_grad():
            for module in reversed([*modules]):
                made = module.right_inverse(made) if hasattr(module, "right_inverse") else made
        several = not isinstance(made, Tensor)
        if several and not (isinstance(made, Sequence) and all(isinstance(x, Tensor) for x in made)):
            problem = f"'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). Got {type(made).__name__}"
            raise ArgumentError(problem)
        vars(self)["ntensors"], vars(self)["is_tensor"] = (len(made) if several else 1), not several
        for name, value in zip(self._names(), made if several else [made], strict=True):
            self._hold_original(name, value, original)
        if not unsafe:
            with no_grad():
                self._check(self(), original)

    def _names(self) -> list[str]:
        """Of the originals."""
        return ["original"] if vars(self)["is_tensor"] else [f"original{k}" for k in range(vars(self)["ntensors"])]

    def _hold_original(self, name: str, value: Any, original: Any) -> None:
        if name == "original" and value.shape == original.shape and value.dtype == original.dtype:
            if value is not original:
                with no_grad():
                    original.copy_(value.clone())
            value = original  # who trains it trains it still
        elif isinstance(original, Parameter):
            value = Parameter(value.detach(), original.requires_grad)
        if isinstance(value, Parameter):
            self.register_parameter(name, value)
        else:
            self.register_buffer(name, value)

    @staticmethod
    def _check(made: Any, original: Any) -> None:
        if not isinstance(made, Tensor):
            raise ArgumentError(f"A parametrization must return a tensor. Got {type(made).__name__}.")
        facts = (f"original {tuple(original.shape)} {original.dtype}", f"parametrized {tuple(made.shape)} {made.dtype}")
        if made.dtype != original.dtype:
            raise DTypeError("Registering a parametrization may not change the dtype of the tensor, unless unsafe", facts=facts)
        if made.shape != original.shape:
            raise ShapeError("Registering a parametrization may not change the shape of the tensor, unless unsafe", facts=facts)

    def right_inverse(self, value: Any) -> None:
        """Sets the originals so that the parameter is this value, as far as the modules can.

        Raises: ArgumentError for a module without a `right_inverse`.
        """
        made: Any = value
        with no_grad():
            for module in reversed([*self]):
                if not hasattr(module, "right_inverse"):
                    problem = f"parametrization {type(module).__name__} does not implement right_inverse."
                    raise ArgumentError(problem, likely="set its original: module.parametrizations.<name>.original")
                made = module.right_inverse(made)
            for name, one in zip(self._names(), [made] if isinstance(made, Tensor) else made, strict=True):
                getattr(self, name).copy_(one)

    def forward(self) -> Any:
        """The parameter."""
        first, *others = [*self]
        made = first(*[getattr(self, name) for name in self._names()])
        for module in others:
            made = module(made)
        return made


class _Parametrized:
    """What computes the parameter of a module."""

    def __init__(self, name: str) -> None:
        self.name = name

    def value(self, module: Any) -> Any:
        """The parameter."""
        made = module.parametrizations[self.name]
        if not _cached[0]:
            return made()
        key = (id(module), self.name)
        if key not in _cache:
            _cache[key] = made()
        return _cache[key]

    def assign(self, module: Any, value: Any) -> None:
        """Sets the originals."""
        module.parametrizations[self.name].right_inverse(value)


def register_parametrization(module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Module:
    """From now on `module.<tensor_name>` is `parametrization(original)`; one more is computed behind those that are there.

    `module.parametrizations.<tensor_name>` holds the modules and the original.  Their `right_inverse`, where there is one, gives the
    original from what the parameter was.

    Raises: ArgumentError for a name that the module lacks; ShapeError, DTypeError for one that changes shape or dtype, unless `unsafe`.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        lists: Any = vars(module)["parametrizations"]
        held = lists[tensor_name]
        before = getattr(module, tensor_name)
        if hasattr(parametrization, "right_inverse"):
            with no_grad():
                value = parametrization.right_inverse(before)
                if not isinstance(value, Tensor):
                    raise ArgumentError(f"right_inverse of a second parametrization must return a tensor. Got: {type(value).__name__}")
                held.right_inverse(value)
        held.append(parametrization)
        if not unsafe:
            with no_grad():
                held._check(held(), before)
        return module
    original = vars(module).get(tensor_name)
    if not isinstance(original, Tensor):
        problem = f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        raise ArgumentError(problem)
    made = ParametrizationList([parametrization], original, unsafe)
    made.train(module.training)
    delattr(module, tensor_name)
    if not isinstance(vars(module).get("parametrizations"), ModuleDict):
        module.add_module("parametrizations", ModuleDict())
    lists = vars(module)["parametrizations"]
    lists[tensor_name] = made
    compute(module, tensor_name, _Parametrized(tensor_name), "Parametrized")
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of this name."""
    lists = vars(module).get("parametrizations")
    if not isinstance(lists, ModuleDict):
        return False
    return len(lists) > 0 if tensor_name is None else tensor_name in lists


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:  # noqa: FBT001, FBT002
    """The parameter as it is computed now, or else its original, is the module's own again.

    Raises: ArgumentError for one that is not parametrized, and for the original where there are several.
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"Module {module} does not have a parametrization on {tensor_name}")
    lists: Any = vars(module)["parametrizations"]
    held = lists[tensor_name]
    if not held.is_tensor and not leave_parametrized:
        raise ArgumentError("Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence")
    original = getattr(held, held._names()[0])
    value = original
    if leave_parametrized:
        with no_grad():
            made = getattr(module, tensor_name).detach()
        value = Parameter(made, original.requires_grad) if isinstance(original, Parameter) else made
        if held.is_tensor and original.shape == made.shape and original.dtype == made.dtype:
            with no_grad():
                original.copy_(made)  # who trains it trains it still
            value = original
    is_parameter = isinstance(original, Parameter)
    del lists[tensor_name]
    if not len(lists):
        delattr(module, "parametrizations")
    keep(module, tensor_name, value)
    if not is_parameter:
        module.register_buffer(tensor_name, value)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that a module had."""
    return class_before(module) if computed(module) else type(module)


__getattr__ = ORIGINAL.module("torch.nn.utils.parametrize", __name__)
