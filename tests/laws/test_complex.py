"""Complex numbers and Fourier transforms beside NumPy's: eager, compiled, in loops; gradients beside finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError, StateError
from gradwerk.ops import arithmetic, complexes, eigenvalues, fourier, movement
from gradwerk.ops.arrangement import roll
from gradwerk.ops.conjugate import conj, real
from gradwerk.ops.functions import matmul
from gradwerk.ops.indexing import gather

Array = np.ndarray[Any, Any]
PAIRS = {
    "add": (arithmetic.add, np.add), "sub": (arithmetic.sub, np.subtract), "mul": (arithmetic.mul, np.multiply),
    "div": (arithmetic.div, np.divide), "matmul": (matmul, np.matmul),
}  # fmt: skip
MOVES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "transpose": (lambda z: movement.transpose(z, (1, 0)), lambda z: z.T),
    "flip": (lambda z: movement.flip(z, 1), lambda z: z[:, ::-1]),
    "pad": (lambda z: movement.pad(z, (1, 0), (0, 2)), lambda z: np.pad(z, ((1, 0), (0, 2)))),
    "steps": (lambda z: movement.slice_(z, (0, 1), (3, 4), (2, 2)), lambda z: z[0:3:2, 1:4:2]),
    "roll": (lambda z: roll(z, 2, 1), lambda z: np.roll(z, 2, 1)),
    "repeat": (lambda z: movement.broadcast_to(movement.expand_dims(z, 0), (2, *z.shape)), lambda z: np.stack([z, z])),
    "twice": (lambda z: movement.concatenate([z, movement.flip(z, 0)], 0), lambda z: np.concatenate([z, z[::-1]])),
    "choose": (lambda z: arithmetic.where(np.arange(z.shape[1]) % 2 == 0, z, 0), lambda z: np.where(np.arange(z.shape[1]) % 2 == 0, z, 0)),
    "rows": (lambda z: gather(z, np.array([2, 0, 2])), lambda z: z[[2, 0, 2]]),
    "sum": (lambda z: gw.reduce_sum(z, 0), lambda z: z.sum(0)),
    "conj": (conj, np.conj), "real": (real, np.real), "imag": (complexes.imag, np.imag),
    "angle": (complexes.angle, np.angle), "magnitude": (complexes.magnitude, np.abs), "neg": (arithmetic.neg, np.negative),
    "by a number": (lambda z: z * 2 - 1j, lambda z: z * 2 - 1j),
}  # fmt: skip


def numbers(shape: tuple[int, ...], dtype: np.dtype[Any], seed: int = 0) -> Array:
    rng = np.random.default_rng(seed)
    return np.asarray(rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)


@pytest.mark.parametrize("dtype", [dtypes.complex64, dtypes.complex128], ids=str)
@pytest.mark.parametrize("name", PAIRS)
def test_arithmetic(name: str, dtype: np.dtype[Any]) -> None:
    ours, theirs = PAIRS[name]
    a, b = numbers((3, 17, 17), dtype), numbers((17, 17), dtype, 1)
    wanted = theirs(a, b)
    for made in (ours(gw.Tensor(a), gw.Tensor(b)), gw.compile(ours)(gw.Tensor(a), gw.Tensor(b))):
        assert made.dtype == dtype
        np.testing.assert_allclose(made.numpy(), wanted, rtol=20 * dtypes.limits(dtypes.part(dtype)).eps)


@pytest.mark.parametrize("dtype", [dtypes.complex64, dtypes.complex128], ids=str)
@pytest.mark.parametrize("shape", [(3, 5), (4, 67)])
@pytest.mark.parametrize("name", MOVES)
def test_moves_and_parts(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    ours, theirs = MOVES[name]
    z = numbers(shape, dtype)
    wanted = theirs(z)
    for made in (ours(gw.Tensor(z)), gw.compile(ours)(gw.Tensor(z)), gw.compile(lambda x: ours(x + 0))(gw.Tensor(z))):
        assert made.dtype == wanted.dtype
        np.testing.assert_allclose(made.numpy(), wanted, rtol=4 * dtypes.limits(dtypes.part(dtype)).eps, atol=1e-15)


@pytest.mark.parametrize("name", [*PAIRS, *MOVES])
def test_gradients(name: str) -> None:
    """Of |f|^2 weighted, along a random direction of the real and imaginary parts."""
    rng, shape = np.random.default_rng(1), (4, 4)
    parts = [rng.standard_normal((*shape, 2)) for _ in range(2)]
    weights = rng.standard_normal(64)

    def value(first: Any, second: Any) -> Any:
        a, b = (complexes.view_as_complex(x) for x in (first, second))
        made = PAIRS[name][0](a, b) if name in PAIRS else MOVES[name][0](a * b)
        size = complexes.magnitude(made) if dtypes.is_complex(made.dtype) else made
        return gw.reduce_sum(size * size * weights[: size.size if isinstance(size, np.ndarray) else size._type.size].reshape(size.shape))

    ways = [rng.standard_normal((*shape, 2)) for _ in range(2)]
    step = 1e-6
    above, below = (float(value(*(gw.Tensor(x + s * w) for x, w in zip(parts, ways, strict=True))).item()) for s in (step, -step))
    for way in (value, gw.compile(value)):
        tensors = [gw.Tensor(x, requires_grad=True) for x in parts]
        way(*tensors).backward()
        slope = sum(float((x.grad.numpy() * w).sum()) for x, w in zip(tensors, ways, strict=True) if x.grad is not None)
        np.testing.assert_allclose(slope, (above - below) / (2 * step), rtol=1e-6, atol=1e-7)


def test_in_a_loop() -> None:
    z = numbers((5, 3), dtypes.complex64)
    step = gw.compile(lambda xs, start: gw.scan(lambda carry, x: (carry * x, carry), start, xs))
    carry, rows = step(gw.Tensor(z), gw.Tensor(np.ones(3, np.complex64)))
    np.testing.assert_allclose(carry.numpy(), z.prod(0), rtol=1e-5)
    np.testing.assert_allclose(rows.numpy()[1:], np.cumprod(z, 0)[:-1], rtol=1e-5)


def test_a_part_is_never_dropped_silently() -> None:
    z = gw.Tensor(numbers((3,), dtypes.complex64))
    for refused in (lambda: gw.exp(z), lambda: gw.cast(z, dtypes.float32), lambda: gw.maximum(z, z), lambda: gw.sin(z)):
        with pytest.raises(DTypeError, match="complex"):
            refused()
    with pytest.raises(DTypeError, match="complex"):
        gw.Tensor(numbers((3,), dtypes.complex64), np.float32)


# ---- Fourier transforms

SIZES = [((5,), None, (0,)), ((3, 4), None, (0, 1)), ((3, 5), (4, 3), (1, 0)), ((2, 3, 7), (9,), (1,)), ((2, 4, 3), None, (0, 2))]


@pytest.mark.parametrize("norm", [None, "backward", "ortho", "forward"])
@pytest.mark.parametrize(("shape", "sizes", "axes"), SIZES)
@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float64], ids=str)
def test_transforms(shape: tuple[int, ...], sizes: Any, axes: Any, norm: Any, dtype: np.dtype[Any]) -> None:
    z, x = numbers(shape, dtypes.promoted(dtypes.complex64, dtype)), np.random.default_rng(2).standard_normal(shape).astype(dtype)
    cases = [
        (fourier.fftn(z, sizes, axes, norm), np.fft.fftn(z, sizes, axes, norm)),
        (fourier.fftn(x, sizes, axes, norm, inverse=True), np.fft.ifftn(x, sizes, axes, norm)),
        (fourier.rfftn(x, sizes, axes, norm), np.fft.rfftn(x, sizes, axes, norm)),
    ]
    half = [*z.shape]
    if sizes is None or sizes[-1] // 2 + 1 <= half[axes[-1]]:
        cases.append((fourier.irfftn(z, sizes, axes, norm), np.fft.irfftn(z, sizes, axes, norm)))
    if len(axes) == 1:
        size = None if sizes is None else sizes[0]
        cases.append((fourier.rfftn(x, sizes, axes, norm, inverse=True), np.fft.ihfft(x, size, axes[0], norm)))
        cases.append((fourier.irfftn(z, sizes, axes, norm, inverse=False), np.fft.hfft(z, size, axes[0], norm)))
    for made, wanted in cases:
        assert dtypes.part(made.dtype) == dtype
        np.testing.assert_allclose(made, wanted, rtol=0, atol=20 * dtypes.limits(dtype).eps * np.abs(wanted).max())


@pytest.mark.parametrize(("shape", "sizes", "axes"), SIZES)
@pytest.mark.parametrize("kind", ["complex", "to half", "from half"])
def test_gradients_of_transforms(kind: str, shape: tuple[int, ...], sizes: Any, axes: Any) -> None:
    rng = np.random.default_rng(3)
    parts, way = rng.standard_normal((*shape, 2)), rng.standard_normal((*shape, 2))

    def transform(x: Any) -> Any:
        if kind == "complex":
            return fourier.fftn(complexes.view_as_complex(x), sizes, axes, "ortho")
        if kind == "to half":
            return fourier.rfftn(gw.reduce_sum(x, -1), sizes, axes)
        return complexes.from_parts(fourier.irfftn(complexes.view_as_complex(x), sizes, axes), np.float64(0.0) * np.ones(()))

    made = complexes.view_as_real(transform(parts))
    ct = rng.standard_normal(made.shape)
    slope = float((ct * complexes.view_as_real(transform(way))).sum())  # it is linear
    for run in (transform, gw.compile(transform)):
        x = gw.Tensor(parts, requires_grad=True)
        gw.reduce_sum(complexes.view_as_real(run(x)) * ct).backward()
        np.testing.assert_allclose((x.grad.numpy() * way).sum(), slope, rtol=1e-10)


def test_what_cannot_be_transformed() -> None:
    with pytest.raises(ShapeError, match="Invalid number of data points"):
        fourier.fftn(gw.Tensor(np.ones(3)), (0,), (0,))
    with pytest.raises(ShapeError, match="empty"):
        fourier.fftn(gw.Tensor(np.ones((0, 3))), None, (0,))


def test_eigenvalues_of_any_matrix_have_no_derivative() -> None:
    x = np.random.default_rng(0).standard_normal((2, 4, 4))
    values, vectors, info = eigenvalues.Eig()(x)
    np.testing.assert_allclose(x @ vectors, vectors * values[:, None, :], atol=1e-12)
    assert not info.any()
    found = eigenvalues.Eig()(gw.Tensor(x, requires_grad=True))[0]
    with pytest.raises(StateError, match="eig has no derivative"):
        gw.reduce_sum(complexes.magnitude(found)).backward()
    with pytest.raises(np.linalg.LinAlgError, match="linalg.eig"):
        eigenvalues.Eig("linalg.eig")(x * np.nan)
