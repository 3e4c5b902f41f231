"""The torch API against PyTorch itself: losses, gradients, optimizer steps, layers.  Skipped where PyTorch is not installed."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as api
from tests.peers.layer_cases import error
from tests.peers.optimizer_histories import run_history

peer = pytest.importorskip("torch", reason="PyTorch is not installed: make test-peers runs this")
Build = Callable[[Any], Any]
RNG = np.random.default_rng(7)


def floats(*shape: int) -> Any:
    return RNG.standard_normal(shape).astype(np.float32)


def numbers(x: Any) -> Any:
    return x.detach().numpy()


def copy_weights(ours: Any, theirs: Any) -> None:
    ours.load_state_dict({name: tensor.numpy() for name, tensor in theirs.state_dict().items()})


def agree(ours: Any, theirs: Any, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(numbers(ours), numbers(theirs), rtol=tolerance, atol=tolerance)


LAYERS: dict[str, tuple[Build, tuple[int, ...]]] = {
    "linear": (lambda t: t.nn.Linear(7, 5), (3, 7)),
    "linear of three axes": (lambda t: t.nn.Linear(7, 5, bias=False), (2, 3, 7)),
    "conv2d": (lambda t: t.nn.Conv2d(3, 4, 3), (2, 3, 8, 9)),
    "conv2d strided, padded, dilated": (lambda t: t.nn.Conv2d(3, 4, (3, 2), stride=2, padding=(2, 1), dilation=(2, 1)), (2, 3, 9, 8)),
    "conv2d of groups": (lambda t: t.nn.Conv2d(4, 6, 3, padding="same", groups=2, bias=False), (2, 4, 6, 6)),
    "conv1d": (lambda t: t.nn.Conv1d(3, 4, 3, padding=1), (2, 3, 8)),
    "max pooling": (lambda t: t.nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 8, 9)),
    "average pooling": (lambda t: t.nn.AvgPool2d(3, stride=2, padding=1), (2, 3, 8, 9)),
    "average pooling without padding": (lambda t: t.nn.AvgPool2d(2, padding=1, count_include_pad=False), (2, 3, 8, 8)),
    "batch norm": (lambda t: t.nn.BatchNorm2d(3), (4, 3, 5, 6)),
    "batch norm of rows": (lambda t: t.nn.BatchNorm1d(3, momentum=0.3, eps=1e-3), (6, 3)),
    "batch norm in eval": (lambda t: t.nn.BatchNorm2d(3).eval(), (4, 3, 5, 6)),
    "flatten and softmax": (lambda t: t.nn.Sequential(t.nn.Flatten(), t.nn.Softmax(dim=1)), (2, 3, 4)),
    "activations": (lambda t: t.nn.Sequential(t.nn.Tanh(), t.nn.ReLU(), t.nn.Sigmoid(), t.nn.LogSoftmax(dim=-1)), (2, 5)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layer_forward_backward_and_buffers(name: str) -> None:
    build, shape = LAYERS[name]
    ours, theirs, x = build(api), build(peer), floats(*shape)
    copy_weights(ours, theirs)
    mine, its = api.tensor(x, requires_grad=True), peer.tensor(x, requires_grad=True)
    got, expected = ours(mine), theirs(its)
    agree(got, expected)
    assert got.stride() == expected.contiguous().stride()
    weights = floats(*expected.shape)
    (got * api.tensor(weights)).sum().backward()
    (expected * peer.tensor(weights)).sum().backward()
    agree(mine.grad, its.grad, 1e-4)
    for (path, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        np.testing.assert_allclose(numbers(p.grad), numbers(q.grad), rtol=1e-4, atol=1e-4, err_msg=path)
    for (path, p), (_, q) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-5, atol=1e-6, err_msg=path)


LOSSES: dict[str, tuple[Build, Any, Any]] = {
    "cross entropy": (lambda t: t.nn.CrossEntropyLoss(), floats(6, 5), np.array([0, 4, 2, 2, 1, 3])),
    "cross entropy, ignored labels": (lambda t: t.nn.CrossEntropyLoss(), floats(6, 5), np.array([0, -100, 2, 2, -100, 3])),
    "cross entropy, an ignored class": (lambda t: t.nn.CrossEntropyLoss(ignore_index=2), floats(6, 5), np.array([0, 4, 2, 2, 1, 3])),
    "cross entropy, smoothed": (lambda t: t.nn.CrossEntropyLoss(label_smoothing=0.1), floats(6, 5), np.array([0, 4, 2, 2, 1, 3])),
    "cross entropy, class weights": (
        lambda t: t.nn.CrossEntropyLoss(weight=t.tensor([1.0, 2.0, 0.5, 1.0, 3.0])), floats(6, 5), np.array([0, 4, 2, 2, 1, 3]),
    ),
    "cross entropy, summed": (lambda t: t.nn.CrossEntropyLoss(reduction="sum"), floats(6, 5), np.array([0, 4, 2, 2, 1, 3])),
    "cross entropy over an image": (lambda t: t.nn.CrossEntropyLoss(), floats(2, 5, 3, 3), RNG.integers(0, 5, (2, 3, 3))),
    "cross entropy of probabilities": (lambda t: t.nn.CrossEntropyLoss(), floats(6, 5), RNG.dirichlet(np.ones(5), 6).astype(np.float32)),
    "mean squared error": (lambda t: t.nn.MSELoss(), floats(6, 5), floats(6, 5)),
    "mean absolute error": (lambda t: t.nn.L1Loss(reduction="none"), floats(6, 5), floats(6, 5)),
    "binary with logits": (lambda t: t.nn.BCEWithLogitsLoss(), 20 * floats(6, 5), RNG.integers(0, 2, (6, 5)).astype(np.float32)),
    "binary": (lambda t: t.nn.BCELoss(), RNG.uniform(0.05, 0.95, (6, 5)).astype(np.float32), RNG.integers(0, 2, (6, 5)).astype(np.float32)),
}  # fmt: skip


@pytest.mark.parametrize("name", LOSSES)
def test_loss_and_gradient(name: str) -> None:
    build, x, y = LOSSES[name]
    mine, its = api.tensor(x, requires_grad=True), peer.tensor(x, requires_grad=True)
    got, expected = build(api)(mine, api.tensor(y)), build(peer)(its, peer.tensor(y))
    agree(got, expected)
    got.sum().backward()
    expected.sum().backward()
    agree(mine.grad, its.grad)


OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "sgd": lambda t, p: t.optim.SGD(p, lr=0.1),
    "momentum": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9),
    "dampening": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "nesterov and decay": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda t, p: t.optim.Adam(p, lr=0.01),
    "adam, decay": lambda t, p: t.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
    "adamw": lambda t, p: t.optim.AdamW(p, lr=0.01),
    "groups": lambda t, p: t.optim.SGD([{"params": [p[0]], "lr": 0.5}, {"params": p[1:]}], lr=0.1, momentum=0.9),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_first_steps_of_an_optimizer(name: str) -> None:
    ours, theirs = api.nn.Linear(4, 3), peer.nn.Linear(4, 3)
    copy_weights(ours, theirs)
    step, its_step = OPTIMIZERS[name](api, list(ours.parameters())), OPTIMIZERS[name](peer, list(theirs.parameters()))
    for number in range(6):
        x, y = floats(5, 4), floats(5, 3)
        if number == 4:
            for optimizer in (step, its_step):
                optimizer.param_groups[0]["lr"] = 0.05
        for t, model, optimizer in ((api, ours, step), (peer, theirs, its_step)):
            optimizer.zero_grad()
            t.nn.functional.mse_loss(model(t.tensor(x)), t.tensor(y)).backward()
            optimizer.step()
        agree(ours.weight, theirs.weight, 1e-5)
        agree(ours.bias, theirs.bias, 1e-5)


@pytest.mark.filterwarnings("ignore:.*is traced again at each call")  # histories of optimizers change an option at each step
def test_optimizers_live_through_random_histories_alike() -> None:
    for seed in map(str, random.sample(range(1_000_000), 10)):
        exact = run_history(peer, seed, "float64")
        theirs = error(run_history(peer, seed, "float32"), exact)
        for compiled in (lambda function: function, api.compile):
            got = run_history(api, seed, "float32", compiled)
            assert {key: array.shape for key, array in got.items()} == {key: array.shape for key, array in exact.items()}, seed
            assert error(got, exact) <= 3 * theirs + 1e-6, seed


@pytest.mark.parametrize(
    "options", [{}, {"num_layers": 2}, {"bidirectional": True, "batch_first": True}, {"bias": False, "batch_first": True}]
)
def test_lstm(options: dict[str, Any]) -> None:
    ours, theirs = api.nn.LSTM(3, 4, **options), peer.nn.LSTM(3, 4, **options)
    copy_weights(ours, theirs)
    x = floats(2, 5, 3)
    mine, its = api.tensor(x, requires_grad=True), peer.tensor(x, requires_grad=True)
    (got, (h, c)), (expected, (its_h, its_c)) = ours(mine), theirs(its)
    for a, b in ((got, expected), (h, its_h), (c, its_c)):
        agree(a, b)
    ((got * got).sum() + c.sum()).backward()
    ((expected * expected).sum() + its_c.sum()).backward()
    agree(mine.grad, its.grad, 1e-4)
    for (path, p), (_, q) in zip(ours.named_parameters(), theirs.named_parameters(), strict=True):
        np.testing.assert_allclose(numbers(p.grad), numbers(q.grad), rtol=1e-4, atol=1e-4, err_msg=path)


def test_lstm_goes_on_from_a_state() -> None:
    ours, theirs = api.nn.LSTM(3, 4), peer.nn.LSTM(3, 4)
    copy_weights(ours, theirs)
    x, h, c = floats(5, 2, 3), floats(1, 2, 4), floats(1, 2, 4)
    got, _ = ours(api.tensor(x), (api.tensor(h), api.tensor(c)))
    expected, _ = theirs(peer.tensor(x), (peer.tensor(h), peer.tensor(c)))
    agree(got, expected)


def test_embedding() -> None:
    ours, theirs = api.nn.Embedding(6, 4), peer.nn.Embedding(6, 4)
    copy_weights(ours, theirs)
    ids = np.array([[1, 5, 1], [0, 2, 2]])
    got, expected = ours(api.tensor(ids)), theirs(peer.tensor(ids))
    agree(got, expected)
    (got * got).sum().backward()
    (expected * expected).sum().backward()
    agree(ours.weight.grad, theirs.weight.grad)


DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("left", DTYPES)
def test_promotion_table(left: str) -> None:
    for right in DTYPES:
        for shapes in (((2,), (2,)), ((2,), ()), ((), (2,)), ((), ())):
            pair = [np.ones(shape, dtype) for shape, dtype in zip(shapes, (left, right), strict=True)]
            got, expected = (getattr(t.tensor(pair[0]) == t.tensor(pair[1]), "dtype", None) for t in (api, peer))
            ours = api.Tensor.promote(*map(api.tensor, pair))[0].dtype
            assert str(peer.result_type(*map(peer.tensor, pair))) == f"torch.{ours}", (left, right, shapes)
            assert f"torch.{got}" == str(expected)
    for number in (True, 2, 2.5):
        x = np.ones(2, left)
        ours = api.Tensor.promote(api.tensor(x), number)[0].dtype
        assert str(peer.result_type(peer.tensor(x), number)) == f"torch.{ours}", (left, number)


METHODS: dict[str, Callable[[Any, Any], Any]] = {
    "view": lambda t, x: x.view(6, -1), "permute": lambda t, x: x.permute(2, 0, 1), "transpose": lambda t, x: x.transpose(0, 2),
    "flatten": lambda t, x: x.flatten(1), "squeeze": lambda t, x: x[:, :1].squeeze(1), "unsqueeze": lambda t, x: x.unsqueeze(-1),
    "expand": lambda t, x: x[:, :1].expand(-1, 3, -1), "sum": lambda t, x: x.sum((0, 2), keepdim=True), "mean": lambda t, x: x.mean(1),
    "std": lambda t, x: x.std(0), "var": lambda t, x: x.var(-1, unbiased=False), "max": lambda t, x: x.max(1).values,
    "argmax": lambda t, x: x.max(1).indices, "argmax of all": lambda t, x: x.argmax(), "argmin": lambda t, x: x.argmin(dim=0, keepdim=True),
    "clamp": lambda t, x: x.clamp(-0.5, 0.5), "power": lambda t, x: x**3, "division": lambda t, x: (x.long() + 3) / 2,
    "cat": lambda t, x: t.cat([x, x], 1), "stack": lambda t, x: t.stack([x, x], 1), "where": lambda t, x: t.where(x > 0, x, 0.0),
    "chunk": lambda t, x: x.chunk(2, dim=2)[1], "split": lambda t, x: x.split([1, 2], dim=1)[0], "unbind": lambda t, x: x.unbind(1)[2],
    "in place": lambda t, x: x.clone().mul_(2).add_(x, alpha=0.5).zero_().fill_(3), "softmax": lambda t, x: t.softmax(x, 1),
    "sum of bools": lambda t, x: (x > 0).sum(), "norm": lambda t, x: x.norm(), "arange": lambda t, x: t.arange(2, 9, 2),
    "matmul": lambda t, x: x @ x.transpose(1, 2), "index": lambda t, x: x[0, ..., 1:3], "index of ids": lambda t, x: x[t.tensor([1, 0])],
    "full": lambda t, x: t.full((2,), 3), "linspace": lambda t, x: t.linspace(0, 1, 5), "eye": lambda t, x: t.eye(3),
}  # fmt: skip


@pytest.mark.parametrize("name", METHODS)
def test_method(name: str) -> None:
    x = floats(2, 3, 4)
    got, expected = METHODS[name](api, api.tensor(x)), METHODS[name](peer, peer.tensor(x))
    assert tuple(got.shape) == tuple(expected.shape)
    assert f"torch.{got.dtype}" == str(expected.dtype)
    agree(got, expected)


def test_clip_grad_norm() -> None:
    g = floats(4, 3)
    parts = []
    for t in (api, peer):
        p = t.nn.Parameter(t.tensor(floats(4, 3)))
        p.grad = t.tensor(g)
        norm = t.nn.utils.clip_grad_norm_([p], 0.5)
        parts.append((float(norm), numbers(p.grad)))
    np.testing.assert_allclose(parts[0][0], parts[1][0], rtol=1e-6)
    np.testing.assert_allclose(parts[0][1], parts[1][1], rtol=1e-5)
