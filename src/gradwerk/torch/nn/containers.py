"""nn.Sequential and nn.ModuleList: modules under the names 0, 1, 2, ... (of a Sequential also under names of the user's)."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any, Self

from gradwerk.base.errors import ArgumentTypeError, OutOfRangeError, StateError
from gradwerk.nn import module as core
from gradwerk.torch.nn.module import Module, checked, laid_out


class Listed(Module):
    """Modules in an order: what Sequential and ModuleList share."""

    def __len__(self) -> int:
        return len(self.registered_modules())

    def __iter__(self) -> Iterator[core.Module]:
        return iter([child for _, child in self.registered_modules()])

    def __getitem__(self, index: int | slice) -> Any:  # noqa: ANN401  a module, or several
        if isinstance(index, slice):
            return self.of(self.registered_modules()[index])
        return self.registered_modules()[self._place(index)][1]

    def __setitem__(self, index: int, module: core.Module) -> None:
        setattr(self, self.registered_modules()[self._place(index)][0], checked(module))

    def __delitem__(self, index: int | slice) -> None:
        held = self.registered_modules()
        del held[index if isinstance(index, slice) else self._place(index)]
        self._hold([child for _, child in held])

    def of(self, held: list[tuple[str, core.Module]]) -> Any:  # noqa: ANN401  one of these
        """The same with other modules.  A subclass writes it."""
        raise StateError(f"{type(self).__name__} does not say what a part of it is", likely="take its modules one by one")

    def append(self, module: core.Module) -> Self:
        """One more module at the end."""
        self.add_module(str(len(self)), checked(module))
        return self

    def extend(self, modules: Iterable[core.Module]) -> Self:
        """More modules at the end.  Raises: ArgumentTypeError for what holds none."""
        if not isinstance(modules, Iterable):
            raise ArgumentTypeError(f"extend should be called with an iterable, but got {type(modules).__name__}")
        for module in list(modules):
            self.append(module)
        return self

    def insert(self, index: int, module: core.Module) -> Any:  # noqa: ANN401
        """One more module before the one at `index`."""
        held = [child for _, child in self.registered_modules()]
        held.insert(index, checked(module))
        self._hold(held)
        return self

    def pop(self, key: int) -> Any:  # noqa: ANN401  a module
        """Takes the module at `key` out and gives it."""
        module = self[key]
        del self[key]
        return module

    def _place(self, index: int) -> int:
        """The place that an index means.  Raises: OutOfRangeError."""
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise OutOfRangeError(f"index {place} is out of range", facts=(f"{type(self).__name__} of {len(self)} modules",))
        return place % len(self)

    def _hold(self, modules: list[core.Module]) -> None:
        """Holds these modules, under the names 0, 1, 2, ..."""
        for name, child in self.registered_modules():
            if child.name == name:
                object.__setattr__(child, "name", "")
            delattr(self, name)
        for number, child in enumerate(modules):
            self.add_module(str(number), child)


class Sequential(Listed):
    """Modules called one after the other; takes modules or one ordered dict of them."""

    def __init__(self, *args: Any) -> None:  # noqa: ANN401
        super().__init__()
        layers = args[0] if len(args) == 1 and isinstance(args[0], dict) else {str(k): layer for k, layer in enumerate(args)}
        for name, layer in layers.items():
            self.add_module(name, checked(layer))

    def forward(self, input: Any) -> Any:  # noqa: A002, ANN401  torch's name
        """The last module's result."""
        for layer in self:
            input = layer(input)  # noqa: A001
        return input

    def of(self, held: list[tuple[str, core.Module]]) -> Sequential:
        """These modules under their names."""
        return Sequential(dict(held))


class ModuleList(Listed):
    """Modules held in a list."""

    def __init__(self, modules: Iterable[core.Module] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.extend(modules)

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A list is not called.  Raises: StateError."""
        raise StateError(f"{type(self).__name__} holds modules and calls none", likely="nn.Sequential(*layers) calls one after the other")

    def insert(self, index: int, module: core.Module) -> None:
        """One more module before the one at `index`."""
        super().insert(index, module)

    def of(self, held: list[tuple[str, core.Module]]) -> ModuleList:
        """These modules, counted from 0."""
        return ModuleList([child for _, child in held])

    def __repr__(self) -> str:
        runs: list[list[Any]] = []  # first, last, text: equal neighbours are one line
        for number, child in enumerate(self):
            text = repr(child)
            if runs and runs[-1][2] == text:
                runs[-1][1] = number
            else:
                runs.append([number, number, text])
        lines = [f"({a}): {t}" if a == b else f"({a}-{b}): {b - a + 1} x {t}" for a, b, t in runs]
        return laid_out(type(self).__name__, [], [line.replace("\n", "\n  ") for line in lines])
