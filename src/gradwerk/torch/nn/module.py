"""torch.nn.Module: torch's names over `nn.module.Module`."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from types import MethodType
from typing import Any, NamedTuple, Self, cast

from gradwerk.base import dtypes
from gradwerk.base.errors import AbsentNameError, ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.base.hooks import Hook, RemovableHandle, register
from gradwerk.nn import hooks
from gradwerk.nn import module as core
from gradwerk.nn.hooks import Everywhere
from gradwerk.tensor import tensor as base
from gradwerk.tensor.devices import CPU, Device, place_of
from gradwerk.tensor.handle import adopt
from gradwerk.tensor.moves import moved
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.devices import device as Place  # noqa: N812  a class, named as one
from gradwerk.torch.dtypes import OF_TYPES, destination
from gradwerk.torch.nn.unregistered import LOOKED_AT, warn_of_unregistered
from gradwerk.torch.options import WAYS_TO_COMPILE, as_recorded
from gradwerk.torch.tensors import Parameter, Tensor, clear_gradient


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class _IncompatibleKeys(_Keys):
    """What `load_state_dict(strict=False)` passed over."""

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"

    __str__ = __repr__


@ORIGINAL.completes("torch.nn.Module")
class Module(core.Module):
    """torch.nn.Module.  A buffer is a Tensor registered by `register_buffer`; only direct attributes are sub-modules."""

    __gradwerk_shared__ = Everywhere()

    @property
    def _buffer_names(self) -> dict[str, bool]:
        """Registered buffers, and whether the state dict holds them.  To ask makes no attribute: steps would be traced again for it."""
        return cast("dict[str, bool]", self.__dict__.get("_persistent", {}))

    def __setattr__(self, name: str, value: object) -> None:
        _check_place(self, name, value)
        super().__setattr__(name, value)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:  # noqa: FBT001, FBT002  torch's signature
        """A Tensor that is state but is not trained."""
        setattr(self, name, tensor)
        self.__dict__.setdefault("_persistent", {})[name] = persistent

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """A parameter under a computed name."""
        setattr(self, name, param)

    def add_module(self, name: str, module: core.Module | None) -> None:
        """A sub-module under a computed name."""
        setattr(self, name, module)

    register_module = add_module

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:  # fmt: skip
        """Calls hook(module, args) before `forward`; what it returns takes the place of the arguments."""
        return register(self, Hook(hooks.FORWARD_PRE, hook, with_kwargs=with_kwargs), first=prepend)

    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:  # fmt: skip
        """Calls hook(module, args, output) behind `forward`; what it returns takes the place of the output."""
        return register(self, Hook(hooks.FORWARD, hook, with_kwargs=with_kwargs, always=always_call), first=prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:  # noqa: FBT001, FBT002
        """Calls hook(module, grad_output) when the gradients of the output have come; what it returns takes their place."""
        return register(self, Hook(hooks.BACKWARD_PRE, hook), first=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:  # noqa: FBT001, FBT002
        """Calls hook(module, grad_input, grad_output) when those of the arguments are known; what it returns takes their place."""
        return register(self, Hook(hooks.BACKWARD, hook), first=prepend)

    def own_buffers(self) -> Iterator[tuple[str, base.Tensor]]:
        """The registered buffers of this very module."""
        return ((name, getattr(self, name)) for name in list(self._buffer_names) if getattr(self, name, None) is not None)

    def __delattr__(self, name: str) -> None:
        super().__delattr__(name)
        self._buffer_names.pop(name, None)

    def registered_modules(self) -> list[tuple[str, core.Module]]:
        """Direct sub-modules with their names; one that stands under two names twice."""
        return [(name, value) for name, value in list(self.__dict__.items()) if isinstance(value, core.Module)]

    def named_children(self) -> Iterator[tuple[str, core.Module]]:
        """Direct sub-modules with their names, each once."""
        first = {id(child): (name, child) for name, child in reversed(self.registered_modules())}
        return iter([first[id(child)] for name, child in self.registered_modules() if first[id(child)][0] == name])

    def children(self) -> Iterator[core.Module]:
        """Direct sub-modules, each once."""
        return (child for _, child in self.named_children())

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """`forward`.  The first call of a model warns of modules in plain lists, which are no part of it."""
        if self not in LOOKED_AT:
            warn_of_unregistered(self)
        return super().__call__(*args, **kwargs)

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True  # noqa: FBT001, FBT002
    ) -> Iterator[tuple[str, base.Parameter]]:
        """Parameters with their paths, a tied one once unless `remove_duplicate` is false."""
        seen: set[int] = set()
        below = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in below if recurse else [(prefix, self)]:
            for name, parameter in module.own_parameters():
                if id(parameter) not in seen or not remove_duplicate:
                    seen.add(id(parameter))
                    yield f"{path}.{name}" if path else name, parameter

    def parameters(self, recurse: bool = True) -> Iterator[base.Parameter]:  # noqa: FBT001, FBT002
        """Parameters, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    @as_recorded()
    def named_modules(self, *, prefix: str = "", remove_duplicate: bool = True) -> Iterator[tuple[str, core.Module]]:
        """This module ('' or the prefix) and all below it, owners first; one in several places once, unless `remove_duplicate` is false."""
        return super().named_modules(prefix=prefix) if remove_duplicate else paths_of(self, prefix)

    def modules(self, remove_duplicate: bool = True) -> Iterator[core.Module]:  # noqa: FBT001, FBT002
        """This module and all below it."""
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True  # noqa: FBT001, FBT002
    ) -> Iterator[tuple[str, base.Tensor]]:
        """Buffers with their paths, one under two names once unless `remove_duplicate` is false."""
        seen: set[int] = set()
        below = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in below if recurse else [(prefix, self)]:
            for name, buffer in module.own_buffers():
                if id(buffer) not in seen or not remove_duplicate:
                    seen.add(id(buffer))
                    yield f"{path}.{name}" if path else name, buffer

    def buffers(self, recurse: bool = True) -> Iterator[base.Tensor]:  # noqa: FBT001, FBT002
        """Buffers, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def get_submodule(self, target: str) -> core.Module:
        """The module at a dotted path."""
        found: core.Module = self
        for name in filter(None, target.split(".")):
            inside = dict(found.registered_modules() if isinstance(found, Module) else found.named_children())
            if name not in inside:
                facts = (f"modules: {', '.join(inside) or 'none'}",)
                raise AbsentNameError(f"{type(found).__name__} has no attribute `{name}`", facts=facts)
            found = inside[name]
        return found

    @as_recorded()
    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> dict[str, base.Tensor]:
        """Parameters and persistent buffers by path, of a module that stands in two places by both; detached, sharing memory.

        With `keep_vars` the Tensors themselves.
        """
        return OrderedDict((path, tensor if keep_vars else tensor.detach()) for path, tensor in self._state(prefix))

    def _state(self, prefix: str = "") -> Iterator[tuple[str, base.Tensor]]:
        for path, module in paths_of(self, prefix.removesuffix(".")):
            persistent = module._buffer_names if isinstance(module, Module) else None
            yield from ((f"{path}.{name}" if path else name, p) for name, p in module.own_parameters())
            kept = ((name, b) for name, b in module.own_buffers() if persistent is None or persistent[name])
            yield from ((f"{path}.{name}" if path else name, b) for name, b in kept)

    @as_recorded()
    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> _IncompatibleKeys:  # noqa: FBT001, FBT002
        """Copies values in by path.  Raises: ArgumentError for missing or unexpected keys when strict, ShapeError, DTypeError."""
        if not isinstance(state_dict, Mapping):
            raise ArgumentTypeError(f"Expected state_dict to be dict-like, got {type(state_dict).__name__}.")
        for path, module in paths_of(self, ""):
            if isinstance(module, Module):
                start = f"{path}." if path else ""
                module._expect({key.removeprefix(start): value for key, value in state_dict.items() if key.startswith(start)})
        own = dict(self._state())
        keys = _IncompatibleKeys([k for k in own if k not in state_dict], [k for k in state_dict if k not in own])
        values = {key: core.as_array(state_dict[key], key) for key in own if key in state_dict}
        pairs = [(key, value.shape, tuple(own[key].shape)) for key, value in values.items()]
        wrong = [f"{key}: dict {given}, module {wanted}" for key, given, wanted in pairs if given != wanted]
        if strict and (keys.missing_keys or keys.unexpected_keys):
            named = (("missing     ", keys.missing_keys), ("unexpected  ", keys.unexpected_keys), ("size mismatch  ", wrong))
            raise ArgumentError(
                f"Error(s) in loading state_dict for {type(self).__name__}",
                facts=tuple([f"{what}{', '.join(found)}" for what, found in named if found]),
                likely=_other_keys(list(own), list(state_dict)),
            )
        if wrong:
            raise ShapeError(f"size mismatch loading state_dict for {type(self).__name__}", facts=tuple(wrong))
        for key, value in values.items():
            own[key].assign(dtypes.converted(value, own[key].dtype))
        return keys

    def _expect(self, state: Mapping[str, Any]) -> None:
        """Before values are copied in: a layer whose size is not known yet takes it from them."""

    def zero_grad(self, set_to_none: bool = True) -> None:  # noqa: FBT001, FBT002
        """Forgets all gradients, or makes them zeros."""
        for parameter in self.parameters():
            clear_gradient(parameter, set_to_none=set_to_none)

    def requires_grad_(self, requires_grad: bool = True) -> Self:  # noqa: FBT001, FBT002
        """Trains the parameters below, or not."""
        return self.freeze(frozen=not requires_grad)

    def apply(self, fn: Callable[[Any], object]) -> Self:
        """Calls `fn` on every module below, children first, then on this one."""
        for child in self.children():
            child.apply(fn) if isinstance(child, Module) else fn(child)
        fn(self)
        return self

    @as_recorded()
    def to(self, *args: object, dtype: object = None, device: object = None) -> Self:
        """This module, its floating parameters and buffers in a floating dtype, all of them on a device; or as a Tensor is.

        Raises: ArgumentTypeError for a dtype that is not floating, NoDeviceError.
        """
        wanted, place, _ = destination("to", args, dtype, device)
        if wanted is not None:
            if not dtypes.is_float(wanted):
                raise ArgumentTypeError(f"nn.Module.to only accepts floating point dtypes, but got desired dtype={dtypes.name(wanted)}")
            self._convert(wanted)
        return self if place is None else self._moved(place)

    def _moved(self, place: Device) -> Self:
        """Parameters and buffers stay the Tensors that they are, and take other memory: optimizers and ties know them still."""
        for held in (*super().parameters(), *super().buffers()):
            if place_of(held._storage) != place:
                adopt(held, moved(held.detach(), place))
                if held.grad is not None:
                    held.grad = moved(held.grad, place)
        return self

    def _convert(self, dtype: dtypes.DType) -> None:
        """Floating parameters, their gradients, and buffers in another dtype, in memory of their own; who holds them holds them still."""
        held: list[Any] = [*self.parameters(), *self.buffers()]
        for tensor in held:
            if dtypes.is_float(tensor.dtype) and tensor.dtype != dtype:
                gradient, tensor.grad = tensor.grad, None
                tensor.data = tensor.detach().to(dtype)
                tensor.grad = None if gradient is None else gradient.to(dtype)

    def half(self) -> Self:
        """As float16."""
        return self.to(dtypes.float16)

    def bfloat16(self) -> Self:
        """As bfloat16."""
        return self.to(dtypes.bfloat16)

    def float(self) -> Self:
        """As float32."""
        return self.to(dtypes.float32)

    def double(self) -> Self:
        """As float64."""
        return self.to(dtypes.float64)

    def type(self, dst_type: Any) -> Self:  # noqa: ANN401  a dtype, a type of Tensors or its name
        """Floating parameters and buffers in a dtype, which may be named by torch's older types.  Raises: as `to`."""
        name = dst_type if isinstance(dst_type, str) else f"torch.{getattr(dst_type, '__name__', '')}"
        return self.to(OF_TYPES.get(name, dst_type))

    def cpu(self) -> Self:
        """This module on the CPU."""
        return self._moved(CPU)

    def cuda(self, device: object = None) -> Self:
        """Raises: NoDeviceError."""
        Place("cuda")
        return self

    @as_recorded(name="compile", ignored=WAYS_TO_COMPILE)
    def compile(self, *, fullgraph: bool = False) -> None:
        """Makes calls of this module run compiled, in place; `fullgraph` refuses what has to run its Python at each call."""
        from gradwerk.jit.compile import compile as compile_  # noqa: PLC0415  costs its import only where used

        object.__setattr__(self, "forward", compile_(self.forward, watch_only=fullgraph))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """What a copy is told: a `forward` that was compiled in place is the copy's own, and not its original's."""
        vars(self).update(state)
        method = getattr(state.get("forward"), "fn", None)
        if isinstance(method, MethodType) and method.__self__ is not self and isinstance(method.__self__, type(self)):
            vars(self)["forward"] = type(state["forward"])(MethodType(method.__func__, self))

    def extra_repr(self) -> str:
        """The settings shown by repr."""
        return ""

    def __repr__(self) -> str:
        settings = self.extra_repr().split("\n") if self.extra_repr() else []
        inside = [f"({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.registered_modules()]
        return laid_out(type(self).__name__, settings, inside)


def paths_of(module: core.Module, path: str = "") -> Iterator[tuple[str, core.Module]]:
    """A module and all below it, owners first; one that stands in several places with each path."""
    yield path, module
    for name, child in module.registered_modules() if isinstance(module, Module) else module.named_children():
        yield from paths_of(child, f"{path}.{name}" if path else name)


def _check_place(module: Module, name: str, value: object) -> None:
    """The place of a parameter, a module or a buffer takes its like, or None.  Raises: ArgumentTypeError, as torch does."""
    old = module.__dict__.get(name)
    if old is None or value is None or isinstance(value, (base.Parameter, core.Module)):
        return
    if isinstance(old, base.Parameter):
        wanted = f"parameter '{name}' (torch.nn.Parameter or None expected)"
        likely = "nn.Parameter(...) of it, or the old one's .copy_(...) under no_grad()"
    elif isinstance(old, core.Module):
        wanted, likely = f"child module '{name}' (torch.nn.Module or None expected)", ""
    elif name in module._buffer_names and not isinstance(value, base.Tensor):
        wanted, likely = f"buffer '{name}' (torch.Tensor or None expected)", ""
    else:
        return
    raise ArgumentTypeError(f"cannot assign '{type(value).__name__}' as {wanted}", likely=likely)


def laid_out(name: str, settings: list[str], inside: list[str]) -> str:
    """torch's text of a module: settings alone on its line, or a line each with what it holds."""
    if not inside and len(settings) <= 1:
        return f"{name}({''.join(settings)})"
    return "\n".join([f"{name}(", *(f"  {line}" for line in [*settings, *inside]), ")"])


def checked(layer: object) -> core.Module:
    """A module.  Raises: ArgumentTypeError for what is none, as torch does."""
    if isinstance(layer, core.Module):
        return layer
    likely = f"write {layer.__name__}()" if isinstance(layer, type) else ""
    if isinstance(layer, (list, tuple)):
        likely = "nn.Sequential(*layers), with a star"
    name = layer.__name__ if isinstance(layer, type) else type(layer).__name__
    raise ArgumentTypeError(f"{name} is not a Module subclass", likely=likely)


def _other_keys(own: list[str], given: list[str]) -> str:
    """Where the keys of a state dict come from, if they are a model's own but for what stands before them."""
    for prefix in sorted({key.split(".")[0] + "." for key in (*own, *given)}):
        if sorted(prefix + key for key in own) == sorted(given):
            return f"the model's keys lack {prefix!r}: {{key.removeprefix({prefix!r}): value for key, value in state_dict.items()}}"
        if sorted(prefix + key for key in given) == sorted(own):
            return f"the dict's keys lack {prefix!r}: {{{prefix!r} + key: value for key, value in state_dict.items()}}"
    return ""
