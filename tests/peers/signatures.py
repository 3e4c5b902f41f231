"""The parameters of the originals' public names: read from an original where it is installed, else from what was recorded of it.

Recorded anew in an environment that has the original, for every public name of its own and of our API, so that who adds one of its names
finds it recorded:

    PYTHONPATH=src python -m tests.peers.signatures keras      (Keras 3.15.1)
    PYTHONPATH=src python -m tests.peers.signatures torch      (PyTorch 2.13.0)
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import re
import sys
import typing
from pathlib import Path
from typing import Any

import gradwerk
from gradwerk.keras.absent import ORIGINAL as KERAS
from gradwerk.torch.absent import ORIGINAL
from tests.peers import stubs
from tests.peers.written import Parameter, Signature, parsed, written

MODULES = {
    "keras": (
        "layers", "losses", "optimizers", "metrics", "initializers", "activations", "callbacks", "utils", "ops", "random",
        "tree", "config",
    ),
    "torch": (
        "", "fft", "linalg", "nn", "nn.functional", "nn.init", "nn.utils", "optim", "optim.lr_scheduler", "utils.data", "autograd", "amp",
        "autograd.functional", "cuda.amp", "jit", "nn.utils.parametrizations", "nn.utils.parametrize", "nn.utils.prune", "nn.parallel",
        "distributed", "utils.checkpoint", "utils.data.distributed",
    ),
}
METHODS = {
    "keras": ("Sequential", "Optimizer"),
    "torch": ("Tensor", "nn.Module", "optim.Optimizer"),
}
CALLED = {"layers": "call", "metrics": "update_state", "losses": "call"}
"""The method of a class of one of these modules that takes what the class is used with."""
INTERNAL = {
    "keras": {
        "Count", "FromFunction", "FunctionLoss", "Probabilities", "TestBridge", "TrainingBridge", "accuracy_for", "aligned", "as_operand",
        "checked_callbacks", "chosen", "counting", "entry", "function_of", "is_sparse", "labels_of", "lined_up", "logits_of", "reducing",
        "remembering", "Told", "Total", "checked_values",
        "weights_like", "with_shapes",
    },
    "torch": {"ByFunction", "channels_first", "channels_last", "counted_steps", "each", "for_groups", "leaves_of"},
}  # fmt: skip
"""Names that a module of an API holds for itself."""
ORIGINALS = {"keras": KERAS, "torch": ORIGINAL}
RECORDS = {api: Path(gradwerk.__file__).parent / api / "signatures.json" for api in ORIGINALS}


def public(api: str) -> dict[str, Any]:
    """What a user of our API can call, by path."""
    found = {}
    for module in MODULES[api]:
        ours = importlib.import_module(".".join(filter(None, ("gradwerk", api, module))))
        home = f"gradwerk.{api}" if module else "gradwerk"
        for name, value in vars(ours).items():
            owner = str(getattr(value, "__module__", ""))
            several = getattr(ours, "__path__", ()) or path_is_listed(api, module, name)
            at_home = owner.startswith(home) if several else owner == ours.__name__
            if callable(value) and at_home and not name.startswith("_") and name not in INTERNAL[api]:
                found[".".join(filter(None, (module, name)))] = value
                if api == "keras" and module in CALLED and inspect.isclass(value):
                    found[f"{module}.{name}.{CALLED[module]}"] = getattr(value, CALLED[module])
    for path in METHODS[api]:
        owner_class = resolve(importlib.import_module(f"gradwerk.{api}"), path)
        for name in dir(owner_class):
            if not name.startswith("_") and inspect.isfunction(inspect.getattr_static(owner_class, name)):
                found[f"{path}.{name}"] = getattr(owner_class, name)
    return found


def path_is_listed(api: str, module: str, name: str) -> bool:
    """Whether a module takes a name from another one because the original has it there."""
    return api == "torch" and module == "optim.lr_scheduler" and name in ORIGINAL.names("torch.optim.lr_scheduler")


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


def overloads(original: Any, path: str) -> list[Signature]:
    """Every way to call an original: its overloads, its own signature, or the ones its stubs or its documentation state."""
    called = resolve(original, path)
    variants = typing.get_overloads(called.__init__) if inspect.isclass(called) and inspect.isfunction(called.__init__) else []
    if variants:
        return [of(variant) for variant in variants if len(inspect.signature(variant).parameters) > 3]
    try:
        own = [of(called)]
    except (TypeError, ValueError):
        own = []
    if own and (not own[0] or not all(p.kind.startswith("VAR") for p in own[0])):
        return own
    stated = stubs.stated(original, path) if original.__name__ == "torch" else []
    documented = [found for line in _documented(called, path) if (found := parsed(line))]
    return (stated if any(stated) else documented) or stated or own


def _documented(called: Any, path: str) -> list[str]:
    """`name(a, b=1, *, c=None)` or `module.name(...)` wherever the documentation begins a line with it."""
    names = "|".join(map(re.escape, {getattr(called, "__name__", ""), path.rpartition(".")[2], path, f"torch.{path}"}))
    text = inspect.getdoc(called) or ""
    return re.findall(rf"^(?:\.\. function:: )?(?:{names})\((.*?)\)(?: ->|\s*$)", text, re.MULTILINE)


def recorded(api: str) -> dict[str, list[Signature]]:
    """The record of an original."""
    table = json.loads(RECORDS[api].read_text())
    return {path: [parsed(one) for one in signatures] for path, signatures in table["names"].items()}


def listed(api: str) -> set[str]:
    """All names of the original, whether they are here yet or not."""
    found = set[str]()
    for module in (*MODULES[api], *METHODS[api]):
        place = f"{api}.{module}".removesuffix(".")
        names = ORIGINALS[api].names(place) if ORIGINALS[api].lists(place) else ()
        paths = {".".join(filter(None, (module, name))) for name in names}
        found |= paths | {f"{path}.{CALLED[module]}" for path in paths if api == "keras" and module in CALLED}
    return found


def read(api: str) -> dict[str, Any]:
    """The record as the original that is installed would give it now."""
    original = importlib.import_module(api)
    for module in filter(None, MODULES[api]):
        importlib.import_module(f"{api}.{module}")  # some are not there before they are asked for
    names, builtins, ours = {}, [], public(api).keys()
    for path in sorted({*ours, *listed(api)}):
        try:
            called = resolve(original, path)
        except AttributeError:
            continue
        if path not in ours and (not callable(called) or (path[:1].isupper() and "." not in path)):
            continue  # the classes of torch itself are no layers, losses, optimizers
        signatures = [written(signature) for signature in overloads(original, path)]
        if path not in ours and not any(signatures):
            continue  # it says nothing of itself
        names[path] = signatures
        if api == "torch" and inspect.isroutine(called) and not inspect.isfunction(called):
            builtins.append(path)
    return {"version": original.__version__.partition("+")[0], "builtins": builtins, "names": names}


if __name__ == "__main__":
    api = sys.argv[1]
    table = read(api)
    lines = [f"  {json.dumps(path)}: {json.dumps(signatures)}" for path, signatures in table["names"].items()]
    builtins = f'"builtins": {json.dumps(table["builtins"])},\n' if table["builtins"] else ""
    RECORDS[api].write_text(f'{{"version": {json.dumps(table["version"])}, {builtins}"names": {{\n' + ",\n".join(lines) + "\n}}\n")
