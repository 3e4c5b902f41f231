"""Modules in a plain list, tuple or dict of a module are no part of it: they are computed with, and never trained or saved.

PyTorch says nothing of it.  A module that is also registered elsewhere in the model is no mistake and is passed over.
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakSet

from gradwerk.base.origin import warn
from gradwerk.nn.module import Module

LOOKED_AT: WeakSet[Module] = WeakSet()
"""Models that were called before, and all modules inside of them: what is called first is the whole model."""


def warn_of_unregistered(model: Module) -> None:
    """Warns of containers whose modules have parameters that the model does not."""
    modules = list(model.named_modules())
    known = {id(module) for _, module in modules}
    LOOKED_AT.update(module for _, module in modules)
    for path, module in modules:
        for name, kind, container in containers_of(module):
            lost = [one for one in container if id(one) not in known and next(iter(one.parameters()), None) is not None]
            if lost:
                where = f"{path}.{name}" if path else name
                better = "nn.ModuleDict" if kind is dict else "nn.ModuleList"
                message = f"{where}: {len(lost)} modules in a plain {kind.__name__} are no part of {type(model).__name__}"
                warn(f"{message}; their parameters are not trained. Use {better}")


def containers_of(module: Module) -> Iterator[tuple[str, type, list[Module]]]:
    """(name, kind, modules in it) of plain containers among the attributes."""
    for name, value in list(vars(module).items()):
        if name.startswith("_") or type(value) not in (list, tuple, dict):
            continue
        items = value.values() if type(value) is dict else value
        found = [item for item in items if isinstance(item, Module)]
        if found:
            yield name, type(value), found
