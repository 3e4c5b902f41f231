"""What of the core a name of a front end is: there are the formula and the picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from docs.site.catalogue import Entry, Section, sections
from docs.site.curves import is_activation
from gradwerk.ir.op import Binary, Unary

PARTS: Mapping[str, tuple[str, ...]] = {
    "keras.losses": ("losses",), "keras.metrics": ("losses", "metrics"), "keras.optimizers": ("optimizers",),
    "keras.optimizers.schedules": ("schedules",), "keras.initializers": ("initialisers",), "keras.activations": ("elements",),
    "keras.layers": ("elements",), "torch": ("elements",), "torch.Tensor": ("elements",), "torch.nn": ("losses", "elements"),
    "torch.nn.functional": ("losses", "elements"), "torch.nn.init": ("initialisers",), "torch.optim": ("optimizers",),
}  # fmt: skip
"""Where in the core a name of a place is to be looked for.  Elsewhere the same name means something else: `gather`, `repeat`, `cond`."""


@cache
def _known() -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for section in sections():
        for entry in section.entries:
            part = "elements" if _is_of_elements(section, entry) else section.folder
            found.setdefault((part, plain_name(entry.name)), entry.path)
    return found


def _is_of_elements(section: Section, entry: Entry) -> bool:
    """Whether it computes each element alone: there the same name means the same."""
    if section.folder == "ops":
        return issubclass(entry.subject, Unary | Binary)
    return section.folder == "functions" and is_activation(entry.name, entry.subject)


def plain_name(name: str) -> str:
    """`HuberLoss` is huber, `add_` is add."""
    plain = name.lower().replace("_", "")
    return plain.removesuffix("loss") or plain


def core_of(entry: Entry) -> str | None:
    """The path in the core."""
    parts = PARTS.get(entry.path.rpartition(".")[0], ())
    return next((path for part in parts if (path := _known().get((part, plain_name(entry.name))))), None)
