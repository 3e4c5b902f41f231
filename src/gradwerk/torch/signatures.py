"""How PyTorch's own names are called, as recorded of the original (signatures.json), and how such a call reaches a function of ours.

A function here takes by name, in any order, what it serves of the recorded parameters.  A `Handover` says where the arguments
of a call of one form (so many by position, these by name) go; it is made once for each form.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from inspect import Signature, unwrap
from types import FunctionType
from typing import Any, NamedTuple

from gradwerk.base.signatures import SignatureRecord

RECORD = SignatureRecord("gradwerk.torch")
HOME = "gradwerk.torch"
MOVED: Mapping[str, str] = {
    "nn.activations": "nn.functional", "nn.convolutions": "nn.functional", "nn.dropouts": "nn.functional",
    "nn.embeddings": "nn.functional", "nn.utils.clipping": "nn.utils", "nn.utils.vectors": "nn.utils",
    "nn.loss_functions": "nn.functional", "nn.margin_functions": "nn.functional", "nn.normalizing": "nn.functional",
    "nn.pooling": "nn.functional", "nn.vision": "nn.functional",
    "autograd.gradients": "autograd", "autograd.checking": "autograd",
    "optim.cyclic": "optim.lr_scheduler", "optim.plateau": "optim.lr_scheduler", "optim.scheduler": "optim.lr_scheduler",
}
"""Where torch has what is defined in a module of ours."""
FROM_NUMPY: Mapping[str, str] = {"axis": "dim", "keepdims": "keepdim", "x": "input", "a": "input", "x1": "input", "x2": "other"}
"""NumPy's names, which torch's builtins take too."""
Source = int | str | slice
"""Where an argument of a call stands: its place, its name, or several places."""


@dataclass(frozen=True)
class OwnParameters:
    """The parameters of a function of ours, `self` left out."""

    placed: tuple[str, ...]
    needed: tuple[str, ...]
    """The first of them, which have no default."""
    by_name: frozenset[str]
    """All that may be given by name."""
    has_others: bool
    """Whether it takes any number by position."""
    has_options: bool
    """Whether it takes all recorded options, those that were not given too, as `**options`."""

    @classmethod
    def of(cls, function: FunctionType, *, is_method: bool) -> OwnParameters:
        """As its definition has them, or that of the function inside of it."""
        function = unwrap(function)
        code = function.__code__
        placed = code.co_varnames[int(is_method) : code.co_argcount]
        named = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        needed = placed[: len(placed) - len(function.__defaults__ or ())]
        return cls(placed, needed, frozenset((*placed, *named)), bool(code.co_flags & 0x04), bool(code.co_flags & 0x08))

    def counts(self, skipped: int) -> range:
        """How many arguments, all by position and `self` with them where it is skipped, the definition takes without a look at them."""
        if self.has_options:
            return range(0)
        return range(len(self.needed) + skipped, sys.maxsize if self.has_others else len(self.placed) + skipped + 1)

    def takes(self, count: int, names: Collection[str]) -> bool:
        """Whether it takes so many by position and these by name without a look at them."""
        if self.has_options or (count > len(self.placed) and not self.has_others):
            return False
        return set(self.needed[count:]) <= set(names) <= self.by_name - set(self.placed[:count])


class Unserved(NamedTuple):
    """An argument that the function does not take, and what it is where it is left out."""

    name: str
    source: Source
    default: object


class Handover(NamedTuple):
    """Where the arguments of a call go."""

    placed: tuple[Source, ...]
    named: tuple[tuple[str, Source], ...]
    unserved: tuple[Unserved, ...]
    defaults: tuple[tuple[str, object], ...]
    """What a function of all options is given where the call does not say it."""


def place_of(module: str, name: str) -> str:
    """The recorded path of what is defined in a module of ours: `nn.Linear` of `gradwerk.torch.nn.layers`; '' where there is none."""
    if module != HOME and not module.startswith(f"{HOME}."):
        return ""
    place = module[len(HOME) + 1 :]
    parts = MOVED.get(place, place).split(".")
    while parts and ".".join((*parts, name)) not in RECORD:
        parts.pop()
    path = ".".join((*parts, name))
    return path if path in RECORD else ""


def path_of(function: FunctionType) -> str:
    """The recorded path of a function or method; '' for that of a class, which its instance says."""
    found = place_of(function.__module__, function.__qualname__)
    of_tensor = f"Tensor.{function.__name__}"
    return found or (of_tensor if "." in function.__qualname__ and of_tensor in RECORD else "")


def path_of_class(cls: type, definition: object) -> str:
    """The recorded path of the class whose `__init__` is this definition, or of the first class below that is recorded."""
    classes = cls.__mro__
    defining = next(k for k, base in enumerate(classes) if vars(base).get("__init__") is definition)
    paths = (place_of(base.__module__, base.__name__) for base in reversed(classes[: defining + 1]))
    return next(filter(None, paths), cls.__name__)


def handover(path: str, own: OwnParameters, count: int, names: Collection[str]) -> Handover | None:
    """Where the arguments of a call with `count` arguments by position and these by name go; None where the original takes no such call."""
    sources = dict(zip(torch_names(path, names), names, strict=True))
    if len(sources) < len(names):  # one argument by two names
        return None
    for signature in RECORD.signatures(path):
        try:
            bound = signature.bind(*range(count), **sources)
        except TypeError:
            continue
        return _handover(signature, bound.arguments, own)
    return None


def torch_names(path: str, names: Collection[str]) -> list[str]:
    """torch's names for NumPy's."""
    known = {name for signature in RECORD.signatures(path) for name in signature.parameters} if path in RECORD.builtins else set()
    return [FROM_NUMPY[name] if name not in known and FROM_NUMPY.get(name) in known else name for name in names]


def _handover(signature: Signature, bound: Mapping[str, Any], own: OwnParameters) -> Handover:
    """`bound` has the source of each argument, of any number by position all of their places."""
    placed: list[Source] = []
    named: list[tuple[str, Source]] = []
    unserved: list[Unserved] = []
    for place, (name, parameter) in enumerate(signature.parameters.items()):
        if name not in bound:
            continue
        given, by_name = bound[name], isinstance(bound[name], str)
        source: Source = slice(given[0], given[-1] + 1) if isinstance(given, tuple) else given
        if own.has_others and place >= len(own.placed) and (not by_name or (place == 0 and name not in own.by_name)):
            placed.append(source)
        elif name in own.by_name or own.has_options:
            named.append((name, source))
        elif place < len(own.placed) and own.placed[place] not in signature.parameters:  # the same argument by another name
            named.append((own.placed[place], source))
        else:
            unserved.append(Unserved(name, source, None if name == "out" else parameter.default))
    options = [p for p in signature.parameters.values() if own.has_options and p.default is not p.empty]
    return Handover(tuple(placed), tuple(named), tuple(unserved), tuple((p.name, p.default) for p in options))
