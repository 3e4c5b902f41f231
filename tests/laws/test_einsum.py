"""einsum is NumPy's, for random subscripts: eager, compiled and its gradients."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import GradwerkError
from gradwerk.ops.einsum import einsum, kron, tensordot


def drawn(rng: np.random.Generator) -> tuple[str, list[np.ndarray[Any, Any]]]:
    """Subscripts that NumPy takes, and operands."""
    letters = rng.permutation(list(string.ascii_letters))[:6]
    extent = {name: int(rng.choice([1, 2, 2, 3, 3, 0] if rng.random() < 0.1 else [1, 2, 3, 4])) for name in letters}
    around = [int(n) for n in rng.integers(1, 4, int(rng.integers(0, 3)))]
    terms, operands = [], []
    for _ in range(int(rng.integers(1, 5))):
        names = [str(name) for name in rng.choice(letters, int(rng.integers(0, 4)), replace=bool(rng.random() < 0.3))]
        twice = {name for name in names if names.count(name) > 1}
        shape = [1 if rng.random() < 0.1 and name not in twice else extent[name] for name in names]
        if rng.random() < 0.4:
            place, lead = int(rng.integers(0, len(names) + 1)), around[len(around) - int(rng.integers(0, len(around) + 1)) :]
            shape[place:place] = [1 if rng.random() < 0.2 else n for n in lead]
            names.insert(place, "...")
        terms.append("".join(names))
        operands.append(np.asarray(rng.standard_normal(shape)))
    text, used = ",".join(terms), sorted({name for term in terms for name in term.replace("...", "")})
    if rng.random() < 0.8:
        out = [str(name) for name in rng.permutation(used)[: int(rng.integers(0, len(used) + 1))]] if used else []
        if "..." in text:
            out.insert(int(rng.integers(0, len(out) + 1)), "...")
        text += "->" + "".join(out)
    return text, operands


@pytest.mark.parametrize("seed", range(8))
def test_random_subscripts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tried = 0
    for number in range(30):
        text, operands = drawn(rng)
        try:
            wanted = np.einsum(text, *operands)
        except ValueError:
            with pytest.raises(GradwerkError, match="einsum"):
                einsum(text, *operands)
            continue
        tried += 1
        np.testing.assert_allclose(einsum(text, *operands), wanted, rtol=1e-12, atol=1e-12, err_msg=text)
        if number % 6 and not any(len(set(term)) < len(term) for term in text.partition("->")[0].replace("...", "").split(",")):
            continue
        tensors = [gw.Tensor(x, requires_grad=True) for x in operands]
        made = gw.compile(lambda *xs, text=text: einsum(text, *xs))(*tensors)
        np.testing.assert_allclose(made.numpy(), wanted, rtol=1e-12, atol=1e-12, err_msg=text)
        ct = rng.standard_normal(wanted.shape)
        made.backward(gw.Tensor(ct))
        for k, x in enumerate(operands):  # it is linear in each
            way = rng.standard_normal(x.shape)
            slope = np.sum(ct * np.einsum(text, *[way if j == k else other for j, other in enumerate(operands)]))
            np.testing.assert_allclose(np.sum(tensors[k].grad.numpy() * way), slope, rtol=1e-9, atol=1e-9, err_msg=text)
    assert tried > 15


@pytest.mark.parametrize("text", ["ij,jk", "ij->iij", "ij->k", "i.j", "i1", "ij......", "ijk", "i"])
def test_subscripts_that_mean_nothing(text: str) -> None:
    with pytest.raises(GradwerkError, match="einsum"):
        einsum(text, np.ones((2, 2)))


def test_the_second_derivative_of_a_diagonal() -> None:
    x = gw.Tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    first = gw.grad(gw.reduce_sum(einsum("ii->i", x) ** 3), x, create_graph=True)
    second = gw.grad(gw.reduce_sum(first), x)
    np.testing.assert_array_equal(second.numpy(), np.diag(6 * np.diag(np.arange(9.0).reshape(3, 3))))


def test_products_beside_numpy() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 3, 4)), rng.standard_normal((4, 3, 5))
    np.testing.assert_allclose(tensordot(a, b, ([2, 1], [0, 1])), np.tensordot(a, b, ([2, 1], [0, 1])))
    np.testing.assert_allclose(tensordot(a, b, 1), np.tensordot(a, b, 1))
    np.testing.assert_allclose(tensordot(a, b, 0), np.tensordot(a, b, 0))
    np.testing.assert_allclose(kron(a, b[0]), np.kron(a, b[0]))
    np.testing.assert_allclose(kron(b[0], a), np.kron(b[0], a))
