"""Module: attributes are parameters, buffers, sub-modules or settings; calling it names it in every error raised inside.

    parameter    a `Parameter`: trained, saved
    buffer       another `Tensor`: saved, not trained (running statistics, counters)
    sub-module   a `Module`, or a list, tuple or dict of them
    setting      anything else: read while tracing, therefore guarded: setting one bumps `__gradwerk_version__`

Paths join attribute names with dots: `encoder.layers.0.kernel`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, GradwerkError, ShapeError, StateError
from gradwerk.base.hooks import Hooks
from gradwerk.base.origin import path_here
from gradwerk.nn import hooks
from gradwerk.nn.configured import Configured, count_change
from gradwerk.nn.hooks import Everywhere
from gradwerk.tensor.tensor import Parameter, Tensor


class Label:
    """`dense_2 (Dense)`.  A subclass or an instance may use the name for something else: nothing here reads it."""

    def __get__(self, module: Module, owner: type[Module]) -> str:
        return place_of(module)


class Module(Configured):
    """The base of layers and models.  Subclasses define `__init__` (what the module holds) and `forward` (what it computes)."""

    training: bool = True
    name: str = ""
    """The attribute of the first owner that holds this module, unless the module names itself."""
    label = Label()
    _hooks: Hooks | None = None
    __gradwerk_shared__: Everywhere | None = None
    """The hooks of all modules of a front end."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  a subclass says what it takes and gives
        """The computation.  A subclass writes it."""
        raise StateError(f"{type(self).__name__} defines no forward", likely="write `def forward(self, x): ...`")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """`forward` with the hooks around it, and with the module's path in every error raised inside."""
        shared, path = self.__gradwerk_shared__, path_here()
        depth = len(path)
        try:
            path.append(place_of(self))
            if self._hooks is None and (shared is None or shared._hooks is None):
                return self.forward(*args, **kwargs)
            return hooks.call(self, args, kwargs)
        finally:
            del path[depth:]  # no call, in which a signal could be handled

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        for child_name, child in _modules_in(name, value) if self.__dict__.get(name) is value else ():
            if not child.name:
                object.__setattr__(child, "name", child_name)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """Direct sub-modules with their names, in order of definition."""
        for name, value in _attributes(self):
            yield from _modules_in(name, value)

    def own_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """The parameters held by this very module."""
        return ((name, value) for name, value in _attributes(self) if isinstance(value, Parameter))

    def own_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """The buffers held by this very module."""
        return ((name, value) for name, value in _attributes(self) if isinstance(value, Tensor) and not isinstance(value, Parameter))

    def named_modules(self, *, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """This module ('' or the prefix) and all below it, each once, owners first."""
        seen: set[int] = set()
        stack: list[tuple[str, Module]] = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            stack.extend(reversed([(_join(path, name), child) for name, child in module.named_children()]))

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Parameter]]:
        """Every parameter once (a tied one under its first path)."""
        seen: set[int] = set()
        for path, module in self.named_modules(prefix=prefix):
            for name, parameter in module.own_parameters():
                if id(parameter) not in seen:
                    seen.add(id(parameter))
                    yield _join(path, name), parameter

    def parameters(self) -> Iterator[Parameter]:
        """Every parameter once."""
        return (parameter for _, parameter in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Every buffer, with its path."""
        for path, module in self.named_modules(prefix=prefix):
            for name, buffer in module.own_buffers():
                yield _join(path, name), buffer

    def buffers(self) -> Iterator[Tensor]:
        """Every buffer."""
        return (buffer for _, buffer in self.named_buffers())

    def state(self) -> dict[str, Tensor]:
        """All parameters and buffers by path: what a checkpoint holds.  The Tensors themselves, not copies."""
        return {**dict(self.named_parameters()), **dict(self.named_buffers())}

    def load_state(self, state: Mapping[str, Any], *, partial: bool = False) -> None:
        """Copies arrays or Tensors into the parameters and buffers of the same path.

        With `partial`, paths that one side lacks are passed over.  Nothing is copied unless everything fits.
        Raises: ArgumentError for missing or unknown paths, ShapeError where shapes differ, DTypeError for what a parameter's dtype cannot
        hold (complex numbers, a fraction where whole numbers are); each names the paths.
        """
        own = self.state()
        missing, unknown = [path for path in own if path not in state], [path for path in state if path not in own]
        if not partial and (missing or unknown):
            facts = [f"missing   {path} {own[path].shape}" for path in missing] + [f"unknown   {path}" for path in unknown]
            likely = "it was saved from another model; partial=True skips these"
            raise ArgumentError(f"the state does not fit {type(self).__name__}", facts=tuple(facts), likely=likely)
        values = {path: as_array(state[path], path) for path in own if path in state}
        for path, value in values.items():
            if value.shape != own[path].shape:
                raise ShapeError(
                    f"{path}: the state holds another shape", facts=(f"state {value.shape}      {type(self).__name__} {own[path].shape}",)
                )
        fitting = {path: dtypes.stored(value, own[path].dtype, path) for path, value in values.items()}
        for path, value in fitting.items():
            own[path].assign(value)

    def train(self, mode: bool = True) -> Self:  # noqa: FBT001, FBT002  the signature everyone knows
        """Training behaviour (dropout, batch statistics) for this module and all below it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Inference behaviour; `train(False)`."""
        return self.train(mode=False)

    def freeze(self, *, frozen: bool = True) -> Self:
        """Excludes every parameter below from training, or includes it again."""
        for parameter in self.parameters():
            parameter.requires_grad = not frozen
        for module in self.modules():
            count_change(module)
        return self

    def __repr__(self) -> str:
        inside = [f"  ({name}): " + repr(child).replace("\n", "\n  ") for name, child in self.named_children()]
        head = f"{type(self).__name__}({self.describe()}"
        return "\n".join([head, *inside, ")"]) if inside else head + ")"

    def describe(self) -> str:
        """The settings shown by repr."""
        return ""


def place_of(module: Module) -> str:
    """`dense_2 (Dense)`: how errors and reports name a module."""
    kind = type(module).__name__
    return f"{module.name} ({kind})" if isinstance(module.name, str) and module.name else kind


def as_array(value: Any, what: str) -> np.ndarray[Any, np.dtype[Any]]:  # noqa: ANN401  a Tensor or anything NumPy takes
    """The NumPy array of a Tensor, or of anything NumPy takes, that is to be kept; `what` names it in errors.

    Raises: DTypeError for what is no data: complex numbers, texts, objects; ShapeError for lists of several lengths.
    """
    try:
        array = np.array(value.contents("its contents")) if isinstance(value, Tensor) else dtypes.taken(np.asarray(value))
    except ValueError as error:
        if isinstance(error, GradwerkError):
            raise
        raise ShapeError(f"{what} is no array: its rows are of several lengths") from None
    if not dtypes.is_data(array.dtype):
        facts = (f"{what} {array.shape}", f"known: {dtypes.KNOWN}")
        raise DTypeError(f"{what}: {dtypes.name(array.dtype)} is not an element type of this framework", facts=facts)
    return array


def _attributes(module: Module) -> list[tuple[str, Any]]:
    """As they are now: who goes through them may set others meanwhile, and so may another thread."""
    return list(module.__dict__.items())


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _modules_in(name: str, value: object) -> Iterator[tuple[str, Module]]:
    """The modules an attribute holds, each with its name below the owner."""
    if isinstance(value, Module):
        yield name, value
    elif isinstance(value, (list, tuple)):
        for position, item in enumerate(value):
            yield from _modules_in(f"{name}.{position}", item)
    elif isinstance(value, dict):
        for key, item in list(value.items()):
            yield from _modules_in(f"{name}.{key}", item)
