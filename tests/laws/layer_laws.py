"""What every layer of either front end obeys, as functions over its class: a new one is tested by existing.

Its arguments are made of their names, its input is the first of some that it takes.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk import keras, torch
from gradwerk.base.errors import GradwerkError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import mul
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.random import seed
from gradwerk.tensor.tensor import Tensor

Layer = type[Any]
RNG = np.random.default_rng(9)
WIDTH = 3
INPUTS = [RNG.standard_normal(shape).astype(np.float32) for shape in ((4, WIDTH), (4, WIDTH, WIDTH), (4, WIDTH, WIDTH, WIDTH))]
INPUTS += [RNG.integers(0, WIDTH, (4, WIDTH))]
INPUTS += [RNG.standard_normal(shape).astype(np.float32) for shape in ((4, 2 * WIDTH), (2, *(WIDTH,) * 4), (2, 2, *(WIDTH,) * 4))]
ARGUMENTS: dict[str, Any] = {
    **dict.fromkeys(("in_features", "in_channels", "num_features", "input_size", "num_embeddings", "input_dim"), WIDTH),
    **dict.fromkeys(("out_features", "out_channels", "hidden_size", "embedding_dim", "units", "filters", "output_dim"), 2),
    "kernel_size": 2, "rate": 0.5, "activation": "tanh", "dim": 1, "shape": (WIDTH,),
    "stddev": 0.5, "threshold": 0.1, "value": 5.0, "norm_type": 2, "padding": 1, "output_size": 2, "height": 2, "width": 2, "scale": 0.5,
    **dict.fromkeys(("factor", "height_factor", "width_factor"), 0.3),
}  # fmt: skip
"""What stands for an argument that must be given."""
OWN: dict[str, dict[str, Any]] = {
    "Fold": {"output_size": (2, 4)}, "LayerNorm": {"normalized_shape": WIDTH}, "RMSNorm": {"normalized_shape": WIDTH},
    "GroupNorm": {"num_groups": 1, "num_channels": WIDTH}, "LocalResponseNorm": {"size": 2}, "PixelShuffle": {"upscale_factor": 1},
    "PixelUnshuffle": {"downscale_factor": WIDTH}, "ChannelShuffle": {"groups": WIDTH},
    **dict.fromkeys(("Upsample", "UpsamplingNearest2d", "UpsamplingBilinear2d"), {"scale_factor": 2}),
    "RandomHue": {"factor": 0.3, "value_range": (-3, 3)}, "RandomPosterization": {"factor": (3, 7), "value_range": (-3, 3)},
    "Permute": {"dims": (2, 1)}, "RepeatVector": {"n": 2}, "Reshape": {"target_shape": (-1,)}, "Lambda": {"function": lambda x: x * 2.0},
    "Unflatten": {"dim": 1, "unflattened_size": (WIDTH, 1)},
    "TransformerEncoderLayer": {"d_model": WIDTH, "nhead": 1, "dim_feedforward": 4},
    "GroupNormalization": {"groups": WIDTH}, "EinsumDense": {"equation": "...x,xy->...y", "output_shape": 2, "bias_axes": "y"},
}  # fmt: skip
"""The same for one class."""
INSIDE: dict[str, Callable[[], dict[str, Any]]] = {
    "keras.RNN": lambda: {"cell": keras.layers.GRUCell(2)}, "TimeDistributed": lambda: {"layer": keras.layers.Dense(2)},
    "SpectralNormalization": lambda: {"layer": keras.layers.Dense(2)},
    "Bidirectional": lambda: {"layer": keras.layers.LSTM(2, return_sequences=True)},
}  # fmt: skip
"""Layers around another one, which is made anew for each."""
NO_LAYERS = {
    "Sequential", "ModuleList", "Module", "Layer", "InputLayer", "Wrapper", "CosineSimilarity", "PairwiseDistance", "Add", "Subtract",
    "StringLookup", "IntegerLookup", "TextVectorization", "Hashing", "HashedCrossing", "CategoryEncoding", "Discretization",
    "Multiply", "Average", "Maximum", "Minimum", "Concatenate", "Dot", "SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells",
    "Attention", "AdditiveAttention", "MultiHeadAttention", "GroupQueryAttention", "MultiheadAttention", "Bilinear", "Transformer",
    "TransformerEncoder", "TransformerDecoder", "TransformerDecoderLayer", "ModuleDict", "ParameterList", "ParameterDict", "DataParallel",
}  # fmt: skip
"""What holds layers, is the base of all, hands no gradient on, or takes several inputs (tests/keras_api, tests/peers); losses take
targets, and a lazy layer becomes another one."""


def layers() -> dict[str, Layer]:
    """Every layer of a front end: `torch.Linear`, `keras.Dense`."""
    places = {"keras": keras.layers, "torch": torch.nn}
    held = [(f"{place}.{name}", value) for place, module in places.items() for name, value in vars(module).items()]
    found = {name: value for name, value in held if isinstance(value, type) and issubclass(value, Module)}
    own = {name: value for name, value in found.items() if name.partition(".")[2] == value.__name__ and value.__name__ not in NO_LAYERS}
    return {name: value for name, value in own.items() if not name.endswith("Loss") and not value.__name__.startswith("Lazy")}


def made(cls: Layer) -> tuple[Any, Any]:
    """A layer and an input that it takes."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    given = {p.name: ARGUMENTS[p.name] for p in parameters if p.name in ARGUMENTS and (p.default is p.empty or p.name == "dim")}
    given |= OWN.get(cls.__name__, {})
    for array in INPUTS:
        seed(7)
        own = INSIDE.get(cls.__name__) or INSIDE.get(f"{cls.__module__.split('.')[1]}.{cls.__name__}")
        inside = own() if own else {}
        layer, x = cls(**given, **inside), torch.tensor(array) if cls.__module__.startswith("gradwerk.torch") else Tensor(array)
        x.requires_grad = x.dtype == np.float32
        try:
            layer(x)
        except (GradwerkError, UserWarning):  # a warning of PyTorch's where axes may be meant otherwise
            continue
        seed(7)
        return layer, x
    raise AssertionError(f"{cls.__name__} takes none of these inputs")


def copy_of(layer: Any, cls: Layer) -> Any:
    """Another layer with the same parameters and buffers."""
    other, _ = made(cls)
    other.load_state({path: contents(tensor).copy() for path, tensor in layer.state().items()})
    return other


def contents(tensor: Any) -> Any:
    """A Tensor's array."""
    return tensor.detach().numpy()


def state_of(layer: Any) -> dict[str, bytes]:
    """The bits of parameters and buffers, by path."""
    return {path: contents(tensor).tobytes() for path, tensor in layer.state().items()}


def first(result: Any) -> Any:
    """The result, or the first of several."""
    return result[0] if isinstance(result, tuple | list) else result


def results(layer: Any, x: Any, *, training: bool) -> Any:
    """What a call in this mode gives."""
    if isinstance(layer, keras.Layer):
        return layer(x, training=training)
    return layer.train(training)(x)


def is_documented(cls: Layer) -> None:
    """Its class says what it is."""
    assert len((cls.__doc__ or "").splitlines()[0]) > 3


def inference_changes_nothing(cls: Layer) -> None:
    """Outside training no parameter and no buffer changes, and a second call gives the same bits."""
    layer, x = made(cls)
    results(layer, x, training=True)
    before = state_of(layer)
    once, again = (contents(first(results(layer, x, training=False))) for _ in range(2))
    assert once.tobytes() == again.tobytes()
    assert state_of(layer) == before


def goes_on_from_its_state(cls: Layer) -> None:
    """A layer that takes the state of another over gives the same bits, in inference."""
    layer, x = made(cls)
    results(layer, x, training=True)
    other = copy_of(layer, cls)
    given = [contents(first(results(one, x, training=False))) for one in (layer, other)]
    assert given[0].tobytes() == given[1].tobytes()


def compiled_is_eager(cls: Layer) -> None:
    """A training call gives the same result, gradients and buffers, up to rounding; drawn numbers are the same."""
    ends = []
    for wrap in (lambda fn: fn, compile_):
        layer, x = made(cls)

        def step(x: Any, layer: Any = layer) -> Any:
            y = first(results(layer, x, training=True))
            reduce_sum(mul(y, y)).backward()
            return y.detach()

        y = wrap(step)(x)
        ends.append([y, *(p.grad for p in (x, *layer.parameters()) if p.requires_grad), *layer.buffers()])
        assert len(ends[-1]) > 1, "it has nothing to train, and hands no gradient on"
    for eager, compiled in zip(*ends, strict=True):
        np.testing.assert_allclose(contents(compiled), contents(eager), rtol=1e-4, atol=1e-5)


LAYER_LAWS: tuple[Callable[[Layer], None], ...] = (is_documented, inference_changes_nothing, goes_on_from_its_state, compiled_is_eager)
