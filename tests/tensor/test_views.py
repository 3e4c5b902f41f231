"""Views share memory, writes count, the tape refuses what was overwritten, tracked writes carry gradients."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import StateError
from gradwerk.ops.elementwise import exp
from gradwerk.ops.movement import broadcast_to
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Parameter, Tensor

A = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_a_write_to_a_view_shows_everywhere():
    x, expected = Tensor(A), A.copy()
    view = x.T[1:3].reshape(2, 3)
    view[0] = 7
    expected.T[1:3][0] = 7
    np.testing.assert_array_equal(x.numpy(), expected)
    x[2] += 1
    expected[2] += 1
    np.testing.assert_array_equal(view.numpy(), expected.T[1:3])


def test_what_strides_cannot_say_is_a_copy():
    x = Tensor(A)
    flat = x.T.reshape(12)
    flat[0] = 99
    np.testing.assert_array_equal(x.numpy(), A)
    assert x.reshape(12)._storage is x._storage


def test_a_broadcast_view_cannot_be_written():
    with pytest.raises(StateError, match="broadcast"):
        broadcast_to(Tensor([1.0]), (3,)).assign(2.0)


def test_a_stale_argument_is_refused_and_the_line_named():
    w = Parameter(A)
    x = w * 2
    y = x * x
    x += 1
    with pytest.raises(StateError, match=r"modified by an inplace operation[\s\S]*x \+= 1"):
        y.sum().backward()


def test_what_the_rule_does_not_read_may_be_overwritten():
    w = Parameter(A)
    x = w * 2
    y = x + 1
    x += 1
    (y + x).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), np.full(A.shape, 4))
    z = exp(w)
    z *= 2
    with pytest.raises(StateError, match="modified"):
        z.sum().backward()


def test_a_stale_view_is_refused_through_its_base():
    w = Parameter(A)
    base = w * 1
    view = base[0]
    y = view * view
    base[2] = 0
    with pytest.raises(StateError, match="modified"):
        y.sum().backward()


def test_a_tracked_write_to_a_view_replaces_the_history_of_its_base():
    w, v = Parameter(A), Parameter(np.ones(4, np.float32))
    x = w * 3
    row, column = x[1], x[:, 2]
    row.copy_(v * 5)
    (x * 1).sum().backward()
    expected = np.full(A.shape, 3)
    expected[1] = 0
    np.testing.assert_array_equal(w.grad.numpy(), expected)
    np.testing.assert_array_equal(v.grad.numpy(), np.full(4, 5))
    w.grad = v.grad = None
    column.sum().backward()
    np.testing.assert_array_equal(v.grad.numpy(), [0, 0, 5, 0])
    np.testing.assert_array_equal(w.grad.numpy()[:, 2], [3, 0, 3])


def test_a_strided_write_keeps_not_a_number_out():
    w = Parameter(A)
    x = w + np.float32(np.nan)
    x[::2, 1::2] = w[::2, 1::2] * 2
    good = x[::2, 1::2].sum()
    good.backward()
    assert good.item() == 2 * A[::2, 1::2].sum()
    expected = np.zeros_like(A)
    expected[::2, 1::2] = 2
    np.testing.assert_array_equal(w.grad.numpy(), expected)


def test_leaves_are_written_only_outside_of_gradients():
    w = Parameter(A)
    with pytest.raises(StateError, match="leaf"):
        w += 1
    with pytest.raises(StateError, match="leaf"):
        w[0] = Tensor(A[0])
    with no_grad():
        w += 1
    w.assign(w * 2)
    np.testing.assert_array_equal(w.numpy(), (A + 1) * 2)
    assert w.is_leaf


def test_a_detached_view_shares_memory_and_no_gradient():
    w = Parameter(A)
    part = w.detach()[1]
    part += 10
    assert w.numpy()[1, 0] == A[1, 0] + 10
    assert not part.requires_grad
