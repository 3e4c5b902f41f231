"""nn.ModuleDict, nn.ParameterList and nn.ParameterDict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, MissingOptionError, OutOfRangeError, StateError
from gradwerk.nn import module as core
from gradwerk.tensor import tensor as base
from gradwerk.torch.nn.module import Module, checked
from gradwerk.torch.tensors import Parameter, Tensor


class ModuleDict(Module):
    """Modules by name, in the order in which they came."""

    def __init__(self, modules: Mapping[str, core.Module] | Iterable[tuple[str, core.Module]] | None = None) -> None:
        super().__init__()
        if modules is not None:
            self.update(modules)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401  a module
        found = dict(self.registered_modules())
        if key not in found:
            raise MissingOptionError(f"ModuleDict has no module {key!r}", facts=(f"there are: {', '.join(found)}",))
        return found[key]

    def __setitem__(self, key: str, module: core.Module) -> None:
        self.add_module(key, checked(module))

    def __delitem__(self, key: str) -> None:
        self[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self.registered_modules())

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __contains__(self, key: str) -> bool:
        return key in self.keys()

    def clear(self) -> None:
        """Takes all out."""
        for key in list(self.keys()):
            del self[key]

    def pop(self, key: str) -> Any:  # noqa: ANN401  a module
        """Takes one out and gives it.  Raises: MissingOptionError."""
        module = self[key]
        del self[key]
        return module

    def keys(self) -> Iterable[str]:
        """The names."""
        return dict(self.registered_modules()).keys()

    def items(self) -> Iterable[tuple[str, core.Module]]:
        """Names and modules."""
        return dict(self.registered_modules()).items()

    def values(self) -> Iterable[core.Module]:
        """The modules."""
        return dict(self.registered_modules()).values()

    def update(self, modules: Mapping[str, core.Module] | Iterable[tuple[str, core.Module]]) -> None:
        """Takes in several, in the place of those of their names.  Raises: ArgumentTypeError for what holds no pairs."""
        if not isinstance(modules, Iterable):
            raise ArgumentTypeError(f"ModuleDict.update should be called with an iterable of key/value pairs, not {type(modules).__name__}")
        pairs = modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules
        for key, module in pairs:
            self[key] = module

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A dict is not called.  Raises: StateError."""
        raise StateError("ModuleDict holds modules and calls none")


def as_parameter(value: Any) -> Any:  # noqa: ANN401
    """A Tensor as a parameter; other things as they are."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, base.Parameter) else value


class ParameterList(Module):
    """Parameters in a list; Tensors become parameters."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def _place(self, index: int) -> str:
        if not -self._size <= index < self._size:
            raise OutOfRangeError(f"index {index} is out of range", facts=(f"ParameterList of {self._size}",))
        return str(index % self._size)

    def __getitem__(self, index: int | slice) -> Any:  # noqa: ANN401
        if isinstance(index, slice):
            return ParameterList([getattr(self, str(at)) for at in range(self._size)[index]])
        return getattr(self, self._place(index))

    def __setitem__(self, index: int, value: Any) -> None:  # noqa: ANN401
        setattr(self, self._place(index), as_parameter(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[at] for at in range(self._size)])

    def __iadd__(self, values: Iterable[Any]) -> Self:
        return self.extend(values)

    def append(self, value: Any) -> Self:  # noqa: ANN401
        """One more at the end."""
        place = str(self._size)
        self._size += 1
        setattr(self, place, as_parameter(value))
        return self

    def extend(self, values: Iterable[Any]) -> Self:
        """More at the end.  Raises: ArgumentTypeError for what holds none."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise ArgumentTypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in values:
            self.append(value)
        return self

    def __repr__(self) -> str:
        return "\n".join(["ParameterList(", *(f"    {line}" for line in described(enumerate(self), str)), ")"])

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A list is not called.  Raises: StateError."""
        raise StateError("ParameterList should not be called")


class ParameterDict(Module):
    """Parameters by name, in the order in which they came; Tensors become parameters."""

    def __init__(self, parameters: Any = None) -> None:  # noqa: ANN401  a mapping, or pairs
        super().__init__()
        self._names: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        if key not in self._names:
            raise MissingOptionError(f"ParameterDict has no parameter {key!r}", facts=(f"there are: {', '.join(self._names)}",))
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        self._names[key] = None
        setattr(self, key, as_parameter(value))

    def __delitem__(self, key: str) -> None:
        self[key]
        del self._names[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[str]:
        return iter(list(self._names))

    def __contains__(self, key: str) -> bool:
        return key in self._names

    def keys(self) -> Iterable[str]:
        """The names."""
        return list(self._names)

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and parameters."""
        return [(key, self[key]) for key in self._names]

    def values(self) -> Iterable[Any]:
        """The parameters."""
        return [self[key] for key in self._names]

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401
        """One of them, or the default."""
        return self[key] if key in self._names else default

    def setdefault(self, key: str, default: Any = None) -> Any:  # noqa: ANN401
        """One of them, which is the default from now on where there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:  # noqa: ANN401
        """Takes one out and gives it.  Raises: MissingOptionError."""
        value = self[key]
        del self[key]
        return value

    def clear(self) -> None:
        """Takes all out."""
        for key in list(self._names):
            del self[key]

    def update(self, parameters: Any) -> None:  # noqa: ANN401
        """Takes in several, in the place of those of their names.  Raises: ArgumentTypeError for what holds no pairs."""
        if not isinstance(parameters, Iterable):
            raise ArgumentTypeError(f"ParametersDict.update should be called with an iterable, not {type(parameters).__name__}")
        for key, value in parameters.items() if isinstance(parameters, (Mapping, ParameterDict)) else parameters:
            self[key] = value

    def __repr__(self) -> str:
        return f"ParameterDict({chr(10).join(f'  {line}' for line in described(self.items(), named_type))})"

    def forward(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """A dict is not called.  Raises: StateError."""
        raise StateError("ParameterDict should not be called")


def named_type(dtype: str) -> str:
    """`FloatTensor` of `float32`: torch's older name of a Tensor of this dtype."""
    names = {"float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long", "int32": "Int",
             "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}  # fmt: skip
    return f"{names[dtype]}Tensor" if dtype in names else dtype


def described(entries: Iterable[tuple[object, Any]], kind_of: Callable[[str], str]) -> list[str]:
    """A line for each entry, as torch writes them."""
    lines = []
    for key, value in entries:
        if isinstance(value, base.Tensor):
            kind = "Parameter" if isinstance(value, base.Parameter) else "Tensor"
            size = "x".join(map(str, value.shape))
            lines.append(f"({key}): {kind} containing: [torch.{kind_of(dtypes.name(value.dtype))} of size {size}]")
        else:
            lines.append(f"({key}): Object of type: {type(value).__name__}")
    return lines
