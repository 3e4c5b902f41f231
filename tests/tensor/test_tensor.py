"""Eager Tensors against NumPy."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from gradwerk.base.errors import DTypeError, GradwerkError, ShapeError, StateError
from gradwerk.ops.elementwise import add
from gradwerk.tensor.tensor import Parameter, Tensor

A = np.arange(12, dtype=np.float32).reshape(3, 4) - 5
B = np.linspace(1, 2, 12, dtype=np.float32).reshape(3, 4)


@pytest.mark.parametrize(
    "fn",
    [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a * b,
        lambda a, b: a / b,
        lambda a, b: 2 + a,
        lambda a, b: 2 - a,
        lambda a, b: 2 * a,
        lambda a, b: 2 / b,
        lambda a, b: -a,
        lambda a, b: abs(a),
        lambda a, b: a**2,
        lambda a, b: a**3,
        lambda a, b: b**-1,
        lambda a, b: b**0.5,
        lambda a, b: a @ b.T,
        lambda a, b: a < b,
        lambda a, b: a <= 0,
        lambda a, b: a > b,
        lambda a, b: a >= 1,
        lambda a, b: a == 1,
        lambda a, b: a != b,
        lambda a, b: (a > 0) & (b > 1.5),
        lambda a, b: ~(a > 0) | (b > 1.5),
        lambda a, b: a[1],
        lambda a, b: a[-1, 2],
        lambda a, b: a[1:, ::2],
        lambda a, b: a[::-1, 3:0:-2],
        lambda a, b: a[..., 1],
        lambda a, b: a[None, :, 0],
        lambda a, b: a[1:1],
        lambda a, b: a.reshape(4, 3),
        lambda a, b: a.reshape((2, -1)),
        lambda a, b: a.T.reshape(12),
        lambda a, b: a.transpose(1, 0),
        lambda a, b: a.sum(),
        lambda a, b: a.sum(axis=0),
        lambda a, b: a.sum(axis=1, keepdims=True),
        lambda a, b: a.mean(axis=1),
        lambda a, b: a.max(axis=0),
        lambda a, b: a.min(),
        lambda a, b: a.argmax(),
        lambda a, b: a.argmax(axis=1),
        lambda a, b: a.astype(np.int32),
        lambda a, b: a[a > 0],
        lambda a, b: a[np.array([2, 0])],
    ],
)
def test_agrees_with_numpy(fn):
    expected, got = fn(A, B), fn(Tensor(A), Tensor(B))
    assert isinstance(got, Tensor)
    assert got.shape == np.shape(expected)
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)


def test_numbers_and_arrays_beside_a_tensor_keep_its_dtype_and_make_tensors():
    x = Tensor(A)
    for y in (A * x, x * A, 2 * x, np.float32(2) * x, add(A, x)):
        assert isinstance(y, Tensor)
        assert y.dtype == np.float32


def test_python_floats_become_float32_and_whole_numbers_int64():
    assert Tensor([1.0, 2.0]).dtype == np.float32
    assert Tensor([1, 2]).dtype == np.int64
    assert Tensor(np.float64(1)).dtype == np.float64
    with pytest.raises(DTypeError, match=">i2"):
        Tensor(np.zeros(2, ">i2"))


def test_a_new_tensor_copies_and_numpy_copies():
    source = A.copy()
    x = Tensor(source)
    source[0] = 99
    out = x.numpy()
    out[1] = 99
    np.testing.assert_array_equal(x.numpy(), A)
    assert np.shares_memory(Tensor.sharing(source).contents("test"), source)


def test_item_len_iter_bool_and_conversions():
    x = Tensor(A)
    assert len(x) == 3
    assert [row.sum().item() for row in x] == list(A.sum(1))
    assert float(x[0, 0]) == -5
    assert int(x[0, 0]) == -5
    assert bool(x[0, 0])
    assert [10, 20, 30][Tensor(2)] == 30
    assert x.tolist() == A.tolist()
    np.testing.assert_array_equal(np.asarray(x), A)
    with pytest.raises(ValueError, match="ambiguous"):
        bool(x)


def test_repr_names_type_and_history():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1. 2.], float32[2])"
    assert "requires_grad" in repr(Parameter([1.0]))
    assert "made by mul" in repr(Parameter([1.0]) * 2)


def test_deepcopy_is_independent():
    w = Parameter(A)
    twin = copy.deepcopy(w)
    twin.assign(np.zeros_like(A))
    assert type(twin) is Parameter
    assert twin.requires_grad
    np.testing.assert_array_equal(w.numpy(), A)


def test_results_take_the_most_derived_class_and_parameters_make_tensors():
    class Mine(Tensor):
        pass

    class Trained(Mine):
        result_class = Mine

    assert type(Parameter(A) * 2) is Tensor
    assert type(Tensor(A) + Mine(A)) is Mine
    assert type(Mine(A) + Parameter(A)) is Mine
    assert type(Trained(A)[0]) is Mine
    assert type(Mine(A).detach()) is Mine


@pytest.mark.parametrize(
    ("fn", "kind"),
    [
        (lambda: Tensor(A) + Tensor(A[:2]), ShapeError),
        (lambda: Tensor(A) + Tensor(A.astype(np.float64)), DTypeError),
        (lambda: Tensor(A)[3], ShapeError),
        (lambda: Tensor(A)[0, 0, 0], ShapeError),
        (lambda: Tensor(A).assign(B[:2]), ShapeError),
        (lambda: Tensor(A).assign(Tensor(B.astype(np.float64))), DTypeError),
        (lambda: Tensor(A).backward(), StateError),
        (lambda: Parameter(A).backward(), ShapeError),
        (lambda: Parameter(np.arange(3)), StateError),
    ],
)
def test_errors_name_what_does_not_fit(fn, kind):
    with pytest.raises(kind) as caught:
        fn()
    assert isinstance(caught.value, GradwerkError)
    assert "test_tensor.py" in str(caught.value)


def test_large_arguments_agree_with_numpy():
    big = np.linspace(-3, 3, 300 * 400, dtype=np.float32).reshape(300, 400)
    np.testing.assert_allclose((Tensor(big) * 2 + 1).numpy(), big * 2 + 1, rtol=1e-6)
    np.testing.assert_allclose((Tensor(big) @ Tensor(big.T)).numpy(), big @ big.T, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(Tensor(big).T.sum(axis=0).numpy(), big.sum(1), rtol=1e-4, atol=1e-3)


def test_numpys_error_state_stays_the_users_own() -> None:
    """NumPy 1 keeps it per thread, NumPy 2 per context: in neither does an operation change what the user's own arrays warn of."""
    with np.errstate(over="raise", divide="call", invalid="warn", under="ignore"):
        before = np.geterr()
        small = Tensor(np.array([1e38, 0.0], np.float32))
        (small * small / 0.0).numpy()
        assert np.geterr() == before
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        np.float32(1e38) * np.float32(1e38)
