"""Every public call of an API takes what the original takes: names, order, defaults; what it does not support it refuses by name.

The originals' signatures were recorded (see signatures.py), so this runs without them; where one is installed the record is compared too.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.signatures import OTHER
from gradwerk.keras.older_options import OLDER, Older
from gradwerk.keras.options import own_options, shared_options
from gradwerk.keras.signatures import options_at, placed_of
from tests.peers import signatures
from tests.peers.written import Parameter, Signature, parsed, same_default, written

DIFFERENT = {
    "keras": {
        "Optimizer.build": "takes the parameters by path: states are saved under these names",
        "Sequential.add_weight": "Keras takes every argument by name alone; here shape and initializer may also stand in order",
        "optimizers.Optimizer": "the base that a backend of Keras extends differs from one to another",
        "metrics.Metric": "takes a function too, whose mean it is",
        "tree.MAP_TO_NONE": "a mark, which is never made",
        "Sequential.load_weights": "Keras takes by_name without naming it",
        "Sequential.call": "whether it trains is said to all layers of a call",
        "layers.SimpleRNNCell.call": "its input is called as that of the other cells",
        **{
            f"layers.LocallyConnected{rank}D{part}": "Keras 2's, which Keras 3 no longer has" for rank in (1, 2) for part in ("", ".call")
        },
        **{f"layers.CuDNN{kind}{part}": "Keras 2's, which Keras 3 no longer has" for kind in ("LSTM", "GRU") for part in ("", ".call")},
        "layers.AdditiveAttention": "takes the seed by name, which Keras' hands to its base",
        "layers.InputLayer.call": "Keras' takes nothing, and is never called",
        **dict.fromkeys(
            ("layers.RandomContrast", "layers.RandomBrightness", "layers.AutoContrast", "layers.Solarization"),
            "Keras takes the layout of images without naming it",
        ),
    },
    "torch": {
        "Tensor": "torch's takes sizes too: tensor() and empty() say what is meant",
        **dict.fromkeys(
            ("Tensor.std", "Tensor.var", "Tensor.max", "Tensor.min", "max", "min", "std", "var", "std_mean", "var_mean", "sort", "argsort",
             "Tensor.sort", "Tensor.argsort", "trapz", "trapezoid", "cumulative_trapezoid"), "its ways to call are one here"
        ),
        "norm": "torch's `out`, which stands before the dtype, is not here",
        **dict.fromkeys(("unique", "segment_reduce"), "torch's say no arguments to who asks for them"),
        "device": "a frozen record of its name",
        "nn.Sequential": "torch documents modules, or one ordered dict of them",
        "nn.Parameter": "torch's data may be left out",
    },
}
"""What is called otherwise here, and why."""

PLACES = [(api, path) for api in signatures.MODULES for path in sorted(signatures.public(api)) if path not in DIFFERENT[api]]
RECORDED = {api: signatures.recorded(api) for api in signatures.MODULES}


def positional(signature: Signature) -> list[str]:
    return [p.name for p in signature if p.kind.startswith("POSITIONAL")]


def misfit(own: Signature, original: Signature) -> str:
    """Why a call written for the original could mean something else here; '' where it cannot."""
    theirs = {p.name: p for p in original}
    anything = any(p.kind == "VAR_POSITIONAL" for p in original)
    for place, name in enumerate(positional(own)):
        if not anything and positional(original)[place : place + 1] != [name]:
            return f"{name} stands at place {place}, there stands {positional(original)[place : place + 1]}"
    for p in own:
        if p.kind.startswith("VAR") or (anything and p.name not in theirs):
            continue
        if p.name not in theirs:
            return f"the original has no {p.name}"
        if not plain(theirs[p.name].default) or (theirs[p.name].default is None and p.default is not None):
            continue
        if not same_default(p.default, theirs[p.name].default):
            return f"{p.name} is {p.default}, in the original {theirs[p.name].default}"
    return ""


def plain(default: str | None) -> bool:
    return default is None or not default.startswith(("torch.", "..."))


@pytest.mark.parametrize(("api", "path"), PLACES)
def test_names_order_and_defaults(api: str, path: str) -> None:
    originals = RECORDED[api].get(path)
    if originals is None:
        owner = path.rpartition(".")[0]
        assert owner in signatures.METHODS[api], f"{path} is not recorded: record anew, or rename it as the original does"
        return
    own = signatures.of(signatures.public(api)[path])
    misfits = [misfit(own, original) for original in originals]
    assert "" in misfits or not misfits, misfits


@pytest.mark.parametrize("path", [path for api, path in PLACES if api == "keras"])
def test_what_keras_has_and_is_not_supported_is_refused_by_name(path: str) -> None:
    """Of PyTorch: tests/torch_api/test_options.py."""
    called = signatures.public("keras")[path]
    own = signatures.of(called)
    known = {p.name for p in own}
    if any(p.kind == "VAR_KEYWORD" and p.name == "options" for p in own):
        annotation = inspect.signature(called).parameters["options"].annotation
        known |= shared_options(annotation).__annotations__.keys() | own_options(called)
    elif any(p.kind == "VAR_KEYWORD" for p in own):
        return
    theirs = {p.name for one in RECORDED["keras"].get(path, ()) for p in one if not p.kind.startswith("VAR")}
    older = OLDER.get(path.rpartition(".")[2], {})
    for name in sorted(theirs - known - READ_BY_LAYERS):
        default = options_at(path).get(name, OTHER)
        for value in (object(), None, False, 0, 0.0, "", (), [], {}):
            if value == default or (value is None and default in (False, OTHER)) or value in older.get(name, Older()).only:
                continue
            with pytest.raises(ArgumentError, match=f"Keras' option '{name}' is not supported here yet"):
                used(path)(**{name: value})


@pytest.mark.parametrize("path", [path for api, path in PLACES if api == "keras" and inspect.isclass(signatures.public(api)[path])])
def test_what_keras_takes_by_position_is_taken_or_refused_by_name(path: str) -> None:
    """All defaults by position, one more each time: they say nothing special; and one too many is one error of ours."""
    made = signatures.public("keras")[path]
    placed = placed_of(made.__init__, made)
    defaults = options_at(path)
    values = [NEEDED.get(name, OTHER) if defaults[name] is OTHER else defaults[name] for name in placed]
    if OTHER in values or path in POSITIONS_OF_THEIR_OWN:
        return
    least = max((place + 1 for place, name in enumerate(placed) if defaults[name] is OTHER), default=0)
    for count in range(least, len(placed) + 1):
        made(*values[:count])
    with pytest.raises(ArgumentTypeError, match=f"{made.__name__} takes {len(placed)} argument"):
        made(*values, None)


POSITIONS_OF_THEIR_OWN = {
    "callbacks.Callback": "takes nothing", "callbacks.LambdaCallback": "takes hooks, and any of them by name",
    "callbacks.History": "takes nothing", "callbacks.ProgbarLogger": "takes nothing",
    "callbacks.CallbackList": "takes what callbacks are told, by any name", "initializers.Initializer": "takes the rule that it is",
    "layers.InputLayer": "needs a shape", "layers.Discretization": "needs one of two", "layers.CategoryEncoding": "needs num_tokens",
}  # fmt: skip
"""What takes others by position than Keras', and why."""


def used(path: str) -> Any:
    """What a user calls for a name of Keras: the class or function, the method of an instance, the layer whose `call` it is."""
    of_class, _, method = path.rpartition(".")
    called, owner = signatures.public("keras")[path], signatures.resolve(keras, of_class)
    if not inspect.isclass(owner):
        return called
    needed = {p.name: NEEDED[p.name] for p in signatures.of(owner) if p.name in NEEDED and p.default is None}
    one = keras.optimizers.SGD() if owner is keras.Optimizer else owner(**needed)
    if isinstance(one, keras.Sequential):
        one.add(keras.layers.Flatten())
    if method != "call" or not isinstance(one, keras.Layer):
        return getattr(one, method)
    return functools.partial(one, INPUTS.get(type(one).__name__, np.ones((2, 8, 8, 1), np.float32)))


READ_BY_LAYERS = {"training"}
"""Taken by every layer that is called."""
NEEDED = {
    "units": 2, "filters": 2, "kernel_size": 3, "rate": 0.5, "input_dim": 3, "output_dim": 2, "activation": "relu", "shape": (2,),
    "learning_rate": 0.1, "function": abs, "axes": 1, "output_size": 2, "dims": (1,), "n": 2, "target_shape": (2,),
    "height": 2, "width": 2, "factor": 1, "height_factor": 0.1, "width_factor": 0.1, "scale": 0.5, "num_bins": 4, "num_tokens": 4,
    "num_heads": 2, "key_dim": 2, "head_dim": 2, "num_query_heads": 2, "num_key_value_heads": 1, "stddev": 0.5, "groups": 4,
    "equation": "ab,bc->ac", "output_shape": 2,
    "cell": keras.layers.LSTMCell(2), "cells": [keras.layers.LSTMCell(2)], "layer": keras.layers.LSTM(2),
}  # fmt: skip
"""Arguments that must be given."""
OFTEN_NEEDED = {"shape", "num_tokens"}
"""Those that have a default which says that they must be."""
INPUTS: dict[str, Any] = {"LSTM": np.ones((2, 3, 4), np.float32), "Embedding": np.ones((2, 3), int)}


OPTIONS = sorted({name for path in signatures.public("keras") for name in options_at(path)})
CLASSES = [path for path, called in signatures.public("keras").items() if inspect.isclass(called) and path in RECORDED["keras"]]
CLASSES = [path for path in CLASSES if ("keras", path) in PLACES]


@pytest.mark.parametrize("path", CLASSES)
def test_an_option_is_one_of_that_class(path: str) -> None:
    """What Keras has for other classes is no option here, whatever its value; what it has here may say its default."""
    called, theirs = signatures.public("keras")[path], options_at(path)
    known = {p.name for p in signatures.of(called)}
    if any(p.kind == "VAR_KEYWORD" and p.name == "options" for p in signatures.of(called)):
        known |= shared_options(inspect.signature(called).parameters["options"].annotation).__annotations__.keys() | own_options(called)
    elif any(p.kind == "VAR_KEYWORD" for p in signatures.of(called)):
        return
    known |= OLDER.get(path.rpartition(".")[2], {}).keys()
    required = {p.name: NEEDED[p.name] for p in signatures.of(called) if (p.default is None or p.name in OFTEN_NEEDED) and p.name in NEEDED}
    for name in OPTIONS:
        if name in known or name == "input_dim":
            continue
        for value in (None, False, object()):
            if name not in theirs:
                with pytest.raises((ArgumentError, TypeError), match=name):
                    called(**required, **{name: value})
        if isinstance(theirs.get(name), (bool, int, float, str)):
            called(**required, **{name: theirs[name]})
            with pytest.raises((ArgumentError, TypeError), match=name):
                called(**required, **{name: "something else"})


@pytest.mark.parametrize("api", signatures.MODULES)
def test_the_record_is_what_the_original_says(api: str) -> None:
    try:
        importlib.import_module(api)
    except ImportError as error:
        pytest.skip(f"{error}: make test-peers runs this")
    table = json.loads(signatures.RECORDS[api].read_text())
    now: dict[str, Any] = signatures.read(api)
    if now["version"] != table["version"]:
        pytest.skip(f"{api} {now['version']} is installed, the record is of {table['version']}")
    absent = table["names"].keys() - signatures.public(api).keys() - now["names"].keys()  # methods of the one backend of Keras
    for path in table["names"].keys() - absent - DIFFERENT[api].keys():  # those alone: a backend of Keras may add methods of its own
        assert now["names"].get(path) == table["names"][path], path


@pytest.mark.parametrize("api", signatures.MODULES)
def test_names_that_are_not_here_yet_are_recorded(api: str) -> None:
    """So that a new layer, loss or function needs no record."""
    places = {path.rpartition(".")[0] for path in RECORDED[api]}
    assert len(RECORDED[api].keys() - signatures.public(api).keys()) > 100
    assert {"layers", "losses", "metrics", "optimizers", "Sequential"} <= places or {"", "nn", "optim", "Tensor", "nn.Module"} <= places


def test_a_written_signature_parses_back() -> None:
    one = [
        Parameter("a", "POSITIONAL_OR_KEYWORD", None), Parameter("b", "POSITIONAL_OR_KEYWORD", "(1, 2)"),
        Parameter("c", "KEYWORD_ONLY", "'x'"), Parameter("d", "VAR_KEYWORD", None),
    ]  # fmt: skip
    assert written(one) == "a, b=(1, 2), *, c='x', **d"
    assert parsed(written(one)) == one
