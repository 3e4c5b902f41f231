"""Pages of ops, asked from their classes: types, dtypes, derivative, how they compile, and the whole class."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np

import gradwerk
from docs.site import markup
from docs.site.catalogue import Entry
from docs.site.docstrings import docstring_of
from docs.site.formulas import derivative
from docs.site.name_pages import facts, source
from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.cli.ops import kind_of
from gradwerk.ir.op import Op, no_gradient
from gradwerk.ir.type import Type
from tests.laws.cases import examples_of, retyped

RULES = ("vjp", "pullback", "pullback_by")
"""What says the derivative: the first that a class has itself."""
MOST_EXAMPLES = 4
KINDS: Mapping[str, str] = {
    "Host": "runs Python: inside a compiled step it is called by the program, between two native segments",
    "Movement": "never a kernel of its own: whoever reads its result reads through it",
    "Look": "its argument unchanged, or an error",
    "Indexed": "reads or writes at places that data names, which are looked at before anything is written",
    "Control": "holds graphs of its own, which compile with the rest",
}


def op_page(entry: Entry, *pictures: str) -> str:
    """The page of an op."""
    op: type[Op] = entry.subject
    said = docstring_of(op)
    rows = [("**Kind**", f"{kind_of(op)}: {markup.cell(meaning(op))}"), ("**Called as**", called_as(op)), ("**Dtypes**", accepted(op))]
    return markup.page(
        entry.name,
        markup.plain(said.summary), markup.prose(said.body), facts(said, *rows), *pictures,
        "## Types", examples(op), "## Derivative", *derivatives(op), *source(op),
    )  # fmt: skip


def meaning(op: type[Op]) -> str:
    """What the kind of an op means."""
    base = next(base for base in op.__mro__[1:] if "answers" in base.__dict__)
    own = (inspect.getdoc(base) or "").partition("\n")[0]
    return next((f"{own}  It {words}." for name, words in KINDS.items() if name == base.__name__ and name in ("Host", "Movement")), own)


@cache
def _public() -> dict[type, list[str]]:
    found: dict[type, list[str]] = {}
    for names in gradwerk._FUNCTIONS.values():
        for name in names:
            found.setdefault(type(getattr(gradwerk, name)), []).append(name)
    return found


def called_as(op: type[Op]) -> str:
    """The public functions that are this op."""
    return ", ".join(f"`gradwerk.{name}`" for name in _public().get(op, ()))


def accepted(op: type[Op]) -> str:
    """The dtypes that its type rule takes in place of float32, each tried."""
    found: list[str] = []
    tried = [example for example in examples_of(op) if any(t.dtype == dtypes.float32 for t in example[1])][:1]
    for example in tried:
        found = [dtypes.name(dtypes.float32)]
        found += [row.name for row in dtypes.TABLE if row.kind and row.dtype != dtypes.float32 and _takes(example, row.dtype)]
    return ", ".join(f"`{name}`" for name in found)


def _takes(example: tuple[Op, tuple[Type, ...]], dtype: dtypes.DType) -> bool:
    try:
        return retyped(example, dtype) is not None
    except GradwerkError:
        return False


def examples(op: type[Op]) -> str:
    """Attributes and types of arguments, and what the type rule says of them."""
    rows: dict[tuple[str, ...], None] = {}
    for made, types in examples_of(op):
        inside = ", ".join(f"{k}={_short(v)}" for k, v in made.attributes().items())
        row = (f"`{op.name}({inside})`" if inside else f"`{op.name}`", _types(types), _types(made.infer(*types)))
        rows.setdefault(tuple(part.replace("|", r"\|") for part in row))
    return markup.table(("op", "arguments", "results"), list(rows)[:MOST_EXAMPLES]) if rows else "It has no example."


def _short(value: object) -> str:
    text = str(value) if isinstance(value, np.dtype) else repr(value)
    return text if len(text) <= 48 and "\n" not in text else "..."


def _types(types: Sequence[Type]) -> str:
    return ", ".join(f"`{type_}`" for type_ in types) or "none"


def derivatives(op: type[Op]) -> list[str]:
    """The formula of each argument's gradient, traced from the rule; or the rule itself."""
    if op.vjp is no_gradient and not any(name in op.__dict__ for name in RULES[1:]):
        return ["None: the result is no differentiable data, or counts as a constant."]
    made, types = examples_of(op)[0]
    names = list(inspect.signature(op.vjp).parameters)[3:]
    if len(names) != len(types) or names == ["xs"]:
        names = [f"x{k}" for k in range(len(types))] if len(types) > 1 else ["x"]
    try:
        found = derivative(made, types, names) if len(made.infer(*types)) == 1 else None
    except GradwerkError as error:
        return [markup.plain(f"None: {error.message}.")]
    if found is None:
        rule = next((name for name in RULES if name in op.__dict__), "pullback")
        return [f"By `{rule}`, in the code below."]
    shown = f" of `{made}`" if made.attributes() else ""
    rows = [(f"`{name}`", f"`{text}`".replace("|", r"\|")) for name, text in found]
    words = f"With `g` the gradient of the result `y`{shown}; where an argument was broadcast, the sum over what it was broadcast to."
    return [words, markup.table(("argument", "its gradient"), rows)]

