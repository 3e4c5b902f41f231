"""JAX's row: one jitted step, its state donated.

    python bench/peer_jax.py WORKLOAD jit SECONDS THREADS
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from timing import measure
from workloads import ADAM_RATE, BLOCKS, EMBEDDED, LEARNING_RATE, MOMENTUM, SYMBOLS, UNITS, WORKLOADS

Tree = Any
Step = tuple[Callable[[], object], Callable[[], float]]
WIDTHS = {"tiny": (2, 8, 1), "mlp": (784, 512, 256, 10), "lenet": (400, 120, 84, 10)}


def glorot(random: np.random.Generator, *shape: int) -> jax.Array:
    """Uniform weights."""
    limit = np.sqrt(6 / (np.prod(shape[:-2]) * (shape[-2] + shape[-1])))
    return jnp.asarray(random.uniform(-limit, limit, shape), jnp.float32)


def make_parameters(name: str) -> Tree:
    """The weights, biases zero."""
    random = np.random.default_rng(1)
    if name == "lstm":
        return {
            "table": glorot(random, SYMBOLS, EMBEDDED), "kernel": glorot(random, EMBEDDED, 4 * UNITS),
            "recurrent": glorot(random, UNITS, 4 * UNITS), "bias": jnp.zeros(4 * UNITS),
            "dense": (glorot(random, UNITS, SYMBOLS), jnp.zeros(SYMBOLS)),
        }  # fmt: skip
    widths = WIDTHS[name]
    dense = [(glorot(random, rows, columns), jnp.zeros(columns)) for rows, columns in pairwise(widths)]
    if name == "lenet":
        return {"convs": [(glorot(random, 5, 5, 1, 6), jnp.zeros(6)), (glorot(random, 5, 5, 6, 16), jnp.zeros(16))], "dense": dense}
    return {"dense": dense}


def convolve(x: jax.Array, kernel: jax.Array, padding: str) -> jax.Array:
    """Channels last."""
    return lax.conv_general_dilated(x, kernel, (1, 1), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def apply_dense(layers: Tree, x: jax.Array, activate: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """Dense layers, activated but for the last."""
    for kernel, bias in layers[:-1]:
        x = activate(x @ kernel + bias)
    kernel, bias = layers[-1]
    return x @ kernel + bias


def apply_lstm(p: Tree, ids: jax.Array) -> jax.Array:
    """Embedding, LSTM with its input products outside of the loop, dense."""
    products = (p["table"][ids] @ p["kernel"] + p["bias"]).transpose(1, 0, 2)

    def cell(state: Tree, product: jax.Array) -> tuple[Tree, jax.Array]:
        h, c = state
        i, f, g, o = jnp.split(product + h @ p["recurrent"], 4, -1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    zeros = jnp.zeros((ids.shape[0], UNITS))
    _, hs = lax.scan(cell, (zeros, zeros), products)
    kernel, bias = p["dense"]
    return hs.transpose(1, 0, 2) @ kernel + bias


def answer(name: str, p: Tree, x: jax.Array) -> jax.Array:
    """The model's answer."""
    if name == "lstm":
        return apply_lstm(p, x)
    if name == "lenet":
        for (kernel, bias), padding in zip(p["convs"], ("SAME", "VALID"), strict=True):
            x = jnp.tanh(convolve(x, kernel, padding) + bias)
            x = lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
        x = x.reshape(x.shape[0], -1)
    return apply_dense(p["dense"], x, jax.nn.relu if name == "mlp" else jnp.tanh)


def make(name: str) -> Step:
    """The step."""
    x, y = (jnp.asarray(array) for array in WORKLOADS[name].data())
    if name in BLOCKS:
        return make_block(name, x, y)

    def loss_of(p: Tree) -> jax.Array:
        prediction = answer(name, p, x_traced[0])
        if name == "tiny":
            return jnp.mean((prediction - x_traced[1]) ** 2)
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(prediction), x_traced[1][..., None], -1))

    x_traced: list[Any] = [x, y]
    adam = name in ("mlp", "lstm")

    def step(state: Tree, x: jax.Array, y: jax.Array) -> tuple[Tree, jax.Array]:
        x_traced[:] = x, y
        p, m, v, t = state
        loss, g = jax.value_and_grad(loss_of)(p)
        if not adam:
            m = jax.tree.map(lambda m, g: MOMENTUM * m + g, m, g)
            return (jax.tree.map(lambda p, m: p - LEARNING_RATE * m, p, m), m, v, t), loss
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate = ADAM_RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return (jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-7), p, m, v), m, v, t), loss

    compiled = jax.jit(step, donate_argnums=0)
    parameters = make_parameters(name)
    zeros = jax.tree.map(jnp.zeros_like, parameters)
    held: list[Any] = [(parameters, zeros, jax.tree.map(jnp.zeros_like, parameters), jnp.zeros(())), None]

    def run() -> None:
        held[:] = compiled(held[0], x, y)

    def finish() -> float:
        jax.block_until_ready(held[0])
        return float(held[1])

    return run, finish


def make_block(name: str, x: jax.Array, ct: jax.Array) -> Step:
    """Forward and backward of a block with its running statistics."""
    channels = BLOCKS[name][-1]
    random = np.random.default_rng(1)
    parameters = [(glorot(random, 3, 3, channels, channels), jnp.ones(channels), jnp.zeros(channels)) for _ in range(2)]
    statistics = [(jnp.zeros(channels), jnp.ones(channels)) for _ in range(2)]

    def block(parameters: Tree, x: jax.Array, statistics: Tree) -> tuple[jax.Array, Tree]:
        y, new = x, []
        for number, ((kernel, scale, offset), (mean, variance)) in enumerate(zip(parameters, statistics, strict=True)):
            y = convolve(y, kernel, "SAME")
            now = y.mean((0, 1, 2)), y.var((0, 1, 2))
            new.append((0.9 * mean + 0.1 * now[0], 0.9 * variance + 0.1 * now[1]))
            y = (y - now[0]) * lax.rsqrt(now[1] + 1e-5) * scale + offset
            y = jax.nn.relu(y if number == 0 else y + x)
        return y, new

    @jax.jit
    def step(parameters: Tree, x: jax.Array, statistics: Tree, ct: jax.Array) -> Tree:
        y, pull, new = jax.vjp(lambda p, x: block(p, x, statistics), parameters, x, has_aux=True)
        return y, pull(ct), new

    held: list[Any] = [None, None, statistics]

    def run() -> None:
        held[:] = step(parameters, x, held[2], ct)

    def finish() -> float:
        jax.block_until_ready(held)
        return float(held[1][1][0, 0, 0, 0])

    return run, finish


if __name__ == "__main__":
    workload, _, seconds, _ = sys.argv[1:]
    measure(lambda: make(workload), float(seconds))
