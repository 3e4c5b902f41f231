"""The names of all elementwise functions, for those who call them; arithmetic.py and transcendental.py define them."""

from __future__ import annotations

from gradwerk.ops.arithmetic import abs_, add, cast, div, floor, maximum, minimum, mul, neg, relu, sign, stop_gradient, sub, where
from gradwerk.ops.transcendental import cos, erf, exp, fmod, log, log_loss, pow_, rsqrt, sigmoid, sin, softplus, sqrt, tanh

__all__ = [
    "abs_", "add", "cast", "cos", "div", "erf", "exp", "floor", "fmod", "log", "log_loss", "maximum", "minimum", "mul", "neg", "pow_",
    "relu", "rsqrt", "sigmoid", "sign", "sin", "softplus", "sqrt", "stop_gradient", "sub", "tanh", "where",
]  # fmt: skip
