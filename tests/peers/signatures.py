"""The parameters of the originals' public names: read from an original where it is installed, else from what was recorded of it.

Recorded anew in an environment that has the original, for every public name of our door that the original knows:

    PYTHONPATH=src python -m tests.peers.signatures keras      (Keras 3.15.1)
    PYTHONPATH=src python -m tests.peers.signatures torch      (PyTorch 2.13.0)
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import json
import re
import sys
import typing
from pathlib import Path
from typing import Any, NamedTuple

from gradwerk.keras.signatures import RECORD as keras_record

MODULES = {
    "keras": ("layers", "losses", "optimizers", "metrics", "initializers", "activations", "callbacks", "utils"),
    "torch": ("", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "utils.data", "autograd"),
}
METHODS = {
    "keras": ("Sequential", "Optimizer"),
    "torch": ("nn.Module", "optim.Optimizer"),
}
INTERNAL = {
    "keras": {
        "Count", "FromFunction", "FunctionLoss", "Probabilities", "TestBridge", "TrainingBridge", "accuracy_for", "aligned", "as_operand",
        "checked_callbacks", "chosen", "get", "is_sparse", "labels_of", "lined_up", "logits_of", "remembering", "serialize",
        "Told", "Variable", "checked_values",
        "weights_like", "with_shapes",
    },
    "torch": {"ByFunction", "channels_first", "channels_last", "counted_steps", "each", "for_groups"},
}  # fmt: skip
"""Names that a module of a door holds for itself."""
RECORDS = {"keras": keras_record, "torch": Path(__file__).parent / "recorded" / "torch.json"}


class Parameter(NamedTuple):
    """One parameter: what may stand for it, and its default as text (None: it must be given)."""

    name: str
    kind: str
    default: str | None


Signature = list[Parameter]


def public(door: str) -> dict[str, Any]:
    """What a user of our door can call, by path."""
    found = {}
    for module in MODULES[door]:
        ours = importlib.import_module(".".join(filter(None, ("gradwerk", door, module))))
        home = f"gradwerk.{door}" if module else "gradwerk"
        for name, value in vars(ours).items():
            owner = str(getattr(value, "__module__", ""))
            at_home = owner.startswith(home) if hasattr(ours, "__path__") else owner == ours.__name__
            if callable(value) and at_home and not name.startswith("_") and name not in INTERNAL[door]:
                found[".".join(filter(None, (module, name)))] = value
    for path in METHODS[door]:
        owner_class = resolve(importlib.import_module(f"gradwerk.{door}"), path)
        for name in dir(owner_class):
            if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(owner_class, name)):
                found[f"{path}.{name}"] = getattr(owner_class, name)
    return found


def resolve(module: Any, path: str) -> Any:
    """The object at a dotted path.  Raises: AttributeError."""
    return functools.reduce(getattr, path.split("."), module)


def of(called: Any) -> Signature:
    """The parameters of what is called, `self` left out."""
    read = called.__init__ if inspect.isclass(called) else called
    return [
        Parameter(p.name, p.kind.name, None if p.default is p.empty else repr(p.default))
        for p in inspect.signature(read).parameters.values()
        if p.name != "self"
    ]


def overloads(called: Any) -> list[Signature]:
    """Every way to call an original: its overloads, its own signature, or the ones its documentation states."""
    variants = typing.get_overloads(called.__init__) if inspect.isclass(called) and inspect.isfunction(called.__init__) else []
    if variants:
        return [of(variant) for variant in variants if len(inspect.signature(variant).parameters) > 3]
    try:
        own = [of(called)]
    except (TypeError, ValueError):
        own = []
    if own and (not own[0] or not all(p.kind.startswith("VAR") for p in own[0])):
        return own
    return [found for line in _documented(called) if (found := parsed(line))] or own


def _documented(called: Any) -> list[str]:
    """`name(a, b=1, *, c=None)` wherever the documentation begins a line with it."""
    name = getattr(called, "__name__", "")
    text = inspect.getdoc(called) or ""
    return re.findall(rf"^(?:\.\. function:: )?{re.escape(name)}\((.*?)\)(?: ->|\s*$)", text, re.MULTILINE)


def parsed(arguments: str) -> Signature:
    """The parameters of a call as written; nothing where it is no Python."""
    plain = re.sub(r":\s*[\w.]+(\[[^=]*\])?(?=\s*[,=]|\s*$)", "", arguments.replace("\\", ""))
    parameters, later = [], False
    for part in filter(None, (text.strip() for text in re.split(r",(?![^(\[]*[)\]])", plain))):
        name, _, default = (text.strip() for text in part.partition("="))
        if part.startswith("*"):
            later = True
            if part != "*":
                parameters.append(Parameter(part.lstrip("*"), "VAR_KEYWORD" if part.startswith("**") else "VAR_POSITIONAL", None))
        elif name.isidentifier():
            parameters.append(Parameter(name, "KEYWORD_ONLY" if later else "POSITIONAL_OR_KEYWORD", default or None))
        else:
            return []
    return parameters


def written(signature: Signature) -> str:
    """`a, b=1, *, c=None`; a default that is no plain value is `...`."""
    parts, later = [], False
    for name, kind, default in signature:
        if kind == "KEYWORD_ONLY" and not later:
            parts.append("*")
        later = later or kind in {"KEYWORD_ONLY", "VAR_POSITIONAL"}
        stars = {"VAR_POSITIONAL": "*", "VAR_KEYWORD": "**"}.get(kind, "")
        parts.append(stars + name + ("" if default is None else f"={'...' if '<' in default else default}"))
    return ", ".join(parts)


def same_default(ours: str | None, theirs: str | None) -> bool:
    """Equal as numbers, tuples and words; 0 is 0.0."""
    if ours == theirs:
        return True
    try:
        return bool(ast.literal_eval(str(ours)) == ast.literal_eval(str(theirs)))
    except (SyntaxError, ValueError):
        return False


def recorded(door: str) -> dict[str, list[Signature]]:
    """The record of an original."""
    table = json.loads(RECORDS[door].read_text())
    return {path: [parsed(one) for one in signatures] for path, signatures in table["names"].items()}


def read(door: str) -> dict[str, Any]:
    """The record as the original that is installed would give it now."""
    original = importlib.import_module(door)
    names = {}
    for path in sorted(public(door)):
        try:
            called = resolve(original, path)
        except AttributeError:
            continue
        names[path] = [written(signature) for signature in overloads(called)]
    return {"version": original.__version__.partition("+")[0], "names": names}


if __name__ == "__main__":
    door = sys.argv[1]
    table = read(door)
    lines = [f"  {json.dumps(path)}: {json.dumps(signatures)}" for path, signatures in table["names"].items()]
    RECORDS[door].write_text(f'{{"version": {json.dumps(table["version"])}, "names": {{\n' + ",\n".join(lines) + "\n}}\n")
