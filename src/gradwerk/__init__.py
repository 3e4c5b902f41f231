"""Gradwerk: deep learning that compiles whole training steps to native code.

    import gradwerk as gw
    step = gw.compile(step)

Every public name is here; each loads what it needs when it is first asked for, so that the import costs nothing.
"""

from __future__ import annotations

import importlib
from contextlib import suppress
from types import ModuleType
from typing import TYPE_CHECKING, Any

from gradwerk.base.forks import one_at_a_time

if TYPE_CHECKING:
    from gradwerk.base.errors import (
        ArgumentError,
        DataError,
        DTypeError,
        FileError,
        GradwerkError,
        MissingExtraError,
        NumericError,
        ShapeError,
        StateError,
        TraceError,
    )
    from gradwerk.base.settings import settings
    from gradwerk.io.weights import load, save
    from gradwerk.jit.branch import cond, while_loop
    from gradwerk.jit.compile import compile  # noqa: A004
    from gradwerk.jit.control import scan
    from gradwerk.tensor.effects import print_, synchronize
    from gradwerk.tensor.grad import enable_grad, grad, no_grad, value_and_grad
    from gradwerk.tensor.random import Generator, seed
    from gradwerk.tensor.tensor import Parameter, Tensor

__version__ = "0.1.0"

__all__ = [
    "ArgumentError", "DTypeError", "DataError", "FileError", "Generator", "GradwerkError", "MissingExtraError", "NumericError", "Parameter",
    "ShapeError", "StateError", "Tensor", "TraceError", "compile", "cond", "enable_grad", "grad", "load", "no_grad", "print_", "save",
    "scan", "seed", "settings", "synchronize", "value_and_grad", "while_loop",
]  # fmt: skip

_ERRORS = "ArgumentError DTypeError DataError FileError GradwerkError MissingExtraError NumericError ShapeError StateError TraceError"
_HOMES = {
    **dict.fromkeys(_ERRORS.split(), "gradwerk.base.errors"),
    **dict.fromkeys(("Tensor", "Parameter"), "gradwerk.tensor.tensor"),
    **dict.fromkeys(("grad", "value_and_grad", "no_grad", "enable_grad"), "gradwerk.tensor.grad"),
    **dict.fromkeys(("Generator", "seed"), "gradwerk.tensor.random"),
    "compile": "gradwerk.jit.compile",
    **dict.fromkeys(("load", "save"), "gradwerk.io.weights"),
    **dict.fromkeys(("print_", "synchronize"), "gradwerk.tensor.effects"),
    "scan": "gradwerk.jit.control",
    **dict.fromkeys(("cond", "while_loop"), "gradwerk.jit.branch"),
    "settings": "gradwerk.base.settings",
}
_FUNCTIONS = {
    "gradwerk.ops.activations": (
        "celu", "elu", "glu", "hard_sigmoid", "hard_swish", "hard_tanh", "leaky_relu", "log_sigmoid", "mish", "relu6", "selu",
        "silu", "soft_shrink", "softsign",
    ),
    "gradwerk.ops.along": ("scatter_along", "take_along"),
    "gradwerk.ops.arrangement": ("block_diag", "meshgrid", "move_axes", "repeat", "roll", "rot90", "stack", "tile"),
    "gradwerk.ops.bessel": ("i0", "i0e", "i1", "i1e"),
    "gradwerk.ops.bits": ("gcd", "lcm", "left_shift", "right_shift"),
    "gradwerk.ops.blends": ("addcdiv", "addcmul", "lerp"),
    "gradwerk.ops.compare": (
        "equal", "greater", "greater_equal", "less", "less_equal", "logical_and", "logical_not", "logical_or", "not_equal",
    ),
    "gradwerk.ops.contraction": ("contract",),
    "gradwerk.ops.cumulative": ("cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"),
    "gradwerk.ops.diagonal": ("diagonal", "diagonal_embed", "trace", "tril", "triu"),
    "gradwerk.ops.einsum": ("einsum", "kron", "tensordot"),
    "gradwerk.ops.elementwise": (
        "add", "cast", "cos", "div", "erf", "exp", "floor", "log", "maximum", "minimum", "mul", "neg", "relu", "rsqrt", "sigmoid",
        "sign", "sin", "softplus", "sqrt", "stop_gradient", "sub", "tanh", "where",
    ),
    "gradwerk.ops.error_functions": ("erfc", "erfinv"),
    "gradwerk.ops.exponentials": (
        "cbrt", "exp2", "expm1", "log10", "log1p", "log2", "logaddexp", "logaddexp2", "logit", "xlog1py", "xlogy",
    ),
    "gradwerk.ops.functions": (
        "clip", "gelu", "log_softmax", "logsumexp", "matmul", "mean", "one_hot", "power", "remainder", "softmax", "square",
        "variance",
    ),
    "gradwerk.ops.gammas": ("digamma", "lgamma", "mvlgamma", "polygamma"),
    "gradwerk.ops.hyperbolic": ("acosh", "asinh", "atanh", "cosh", "sinh"),
    "gradwerk.ops.indexing": ("gather", "scatter_add"),
    "gradwerk.ops.linalg": ("inv", "solve"),
    "gradwerk.ops.logic": ("heaviside", "isclose", "isfinite", "isinf", "isnan"),
    "gradwerk.ops.matrices": ("matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "pinv"),
    "gradwerk.ops.movement": ("broadcast_to", "concatenate", "expand_dims", "flip", "pad", "reshape", "squeeze", "transpose"),
    "gradwerk.ops.norms": ("norm",),
    "gradwerk.ops.quantiles": ("searchsorted",),
    "gradwerk.ops.reduction": ("argmax", "argmin", "reduce_max", "reduce_min", "reduce_sum"),
    "gradwerk.ops.rounding": ("ceil", "frac", "trunc"),
    "gradwerk.ops.signs": ("copysign", "fmax", "fmin", "signbit"),
    "gradwerk.ops.sorting": ("argsort", "lexsort", "sort", "top_k"),
    "gradwerk.ops.trigonometry": ("acos", "asin", "atan", "atan2", "deg2rad", "hypot", "rad2deg", "sinc", "tan"),
}  # fmt: skip
_HOMES.update({name: home for home, names in _FUNCTIONS.items() for name in names})
_PACKAGES = ("data", "inspect", "io", "keras", "nn", "ragged", "tf", "torch", "train", "zoo")


def __getattr__(name: str) -> Any:  # noqa: ANN401
    """The public name, loaded now."""
    home = _HOMES.get(name)
    if home is not None:
        value = getattr(_loaded(home), name)
    elif name in _PACKAGES:
        value = _loaded(f"gradwerk.{name}")
    elif name == "random":
        value = _loaded("gradwerk.tensor.random")
    else:
        raise AttributeError(f"module 'gradwerk' has no attribute {name!r}")
    globals()[name] = value
    return value


def _loaded(name: str) -> ModuleType:
    """A module of ours, imported while nobody forks."""
    with one_at_a_time():
        return importlib.import_module(name)


def load_ipython_extension(shell: object) -> None:
    """`%load_ext gradwerk` in a notebook: from then on `import keras`, `torch` and `tensorflow` in its cells are the packages here.

    Raises: StateError where one of them is loaded already.
    """
    from gradwerk.aliases.imports import Names  # noqa: PLC0415

    del shell
    Names.of_notebook().install()


def unload_ipython_extension(shell: object) -> None:
    """`%unload_ext gradwerk`: imports are Python's again."""
    from gradwerk.aliases.imports import Names  # noqa: PLC0415

    del shell
    Names.remove_installed()


def __dir__() -> list[str]:
    """All public names."""
    return sorted({*globals(), *_HOMES, *_PACKAGES, "random"})


def _watch(name: str = "", value: object = None) -> None:
    """The instruments listen as soon as `settings.debug` or `settings.dump` is set, by the environment or by a program."""
    from gradwerk.base.events import listen  # noqa: PLC0415
    from gradwerk.base.settings import settings  # noqa: PLC0415

    if not name:
        listen("setting", _watch)
        for variable, near in settings.unknown():
            _warn(f"{variable} is no setting of Gradwerk's" + (f"; likely: {near}" if near else "") + " (`gradwerk settings` lists them)")
    with suppress(ValueError):  # a variable that is not usable is complained of where its value is needed
        if settings.debug or settings.dump:
            importlib.import_module("gradwerk.inspect.watching").watch()


def _warn(text: str) -> None:
    """A warning at the line that imports this package."""
    import warnings  # noqa: PLC0415

    warnings.warn(text, UserWarning, stacklevel=4)


_watch()
