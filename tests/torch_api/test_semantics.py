"""torch's small semantics, expression by expression, frozen from PyTorch 2.13.0: what comes out, or which kind of error.

x is 0..5 of shape (2, 3), i is [1, 2, 3], w is ones(3) that requires a gradient; each expression sees them fresh.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from gradwerk.torch import nn
from gradwerk.torch.nn import functional as F
from gradwerk.torch.utils.data import TensorDataset, default_collate, random_split

VALUES: list[tuple[str, Any]] = [
    ('x[True]', [[[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]], 'float32']),
    ('x[False].shape', [0, 2, 3]),
    ('x[True,0]', [[[0.0, 1.0, 2.0]], 'float32']),
    ('torch.cat([x,torch.ones(2,3,dtype=torch.float64)]).dtype', 'float64'),
    ('torch.cat([x,i.reshape(1,3)]).dtype', 'float32'),
    ('i.mul_(True)', [[1, 2, 3], 'int64']),
    ('w.data.add_(1)', [[2.0, 2.0, 2.0], 'float32']),
    ('x.copy_(i)', [[[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], 'float32']),
    ('i.copy_(x[0])', [[0, 1, 2], 'int64']),
    ('x.numpy().flags.c_contiguous', True),
    ('x==None', False),
    ('x!=None', True),
    ('torch.where(x>0,1,0).dtype', 'int64'),
    ('torch.where(x>0,1.0,0).dtype', 'float32'),
    ('torch.clamp(x,2,1)', [[[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]], 'float32']),
    ('x.max(0,True)', [[[3.0, 4.0, 5.0]], [[1, 1, 1]]]),
    ('torch.max(x,x*2)', [[[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]], 'float32']),
    ('torch.sum(x,0,True)', [[[3.0, 5.0, 7.0]], 'float32']),
    ('torch.sum(x,axis=0)', [[3.0, 5.0, 7.0], 'float32']),
    ('torch.mean(x,dtype=torch.float64)', [2.5, 'float64']),
    ('x.sum(dtype=torch.float64)', [15.0, 'float64']),
    ('torch.flatten(torch.tensor(1.))', [[1.0], 'float32']),
    ('torch.tensor(1.).squeeze(0)', [1.0, 'float32']),
    ('torch.tensor(1.).sum(0)', [1.0, 'float32']),
    ('torch.tensor(1.).max(0)', [1.0, 0]),
    ('torch.softmax(torch.tensor(1.),0)', [1.0, 'float32']),
    ('torch.tensor(1.)[...]', [1.0, 'float32']),
    ('torch.tensor(1.).t()', [1.0, 'float32']),
    ('x.T', [[[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]], 'float32']),
    ('x.mT', [[[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]], 'float32']),
    ('x.numpy(force=True)', [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]),
    ('w.detach().numpy()', [1.0, 1.0, 1.0]),
    ('w.tolist()', '[1.0, 1.0, 1.0]'),
    ('f"{w[0]:.3f}"', '1.000'),
    ('f"{x[0,0]:.3f}"', '0.000'),
    ('f"{x}"', 'tensor([[0., 1., 2.],\n        [3., 4., 5.]])'),
    ('f"{w.sum():.3f}"', '3.000'),
    ('f"{i[0]:d}"', '1'),
    ('torch.equal(x,x)', True),
    ('x.norm(dim=1)', [[2.2360680103302, 7.071067810058594], 'float32']),
    ('x.norm(1)', [15.0, 'float32']),
    ('x.pow(2.5)', [[[0.0, 1.0, 5.656854152679443], [15.588457107543945, 32.0, 55.90169906616211]], 'float32']),
    ('x.std(0,False)', [[1.5, 1.5, 1.5], 'float32']),
    ('x.std(correction=0)', [1.7078251838684082, 'float32']),
    ('x.var(False)', [2.9166667461395264, 'float32']),
    ('x.var(0,False)', [[2.25, 2.25, 2.25], 'float32']),
    ('x.var(dim=0,correction=0)', [[2.25, 2.25, 2.25], 'float32']),
    ('torch.numel(x)', 6),
    ('x.is_floating_point()', True),
    ('x.is_leaf', True),
    ('x.shape', [2, 3]),
    ('x.size()', [2, 3]),
    ('x.size(-1)', 3),
    ('x.stride()', [3, 1]),
    ('x.T.stride()', [1, 3]),
    ('x.data_ptr()==x.numpy().ctypes.data', True),
    ('x.element_size()', 4),
    ('x.storage_offset()', 0),
    ('x[1].storage_offset()', 3),
    ('x.device', 'cpu'),
]
ERRORS = [
    ('x.sum(True)', TypeError),
    ('x.sum(dim=True)', TypeError),
    ('x.mean(True)', TypeError),
    ('torch.softmax(x,True)', TypeError),
    ('x.max(True)', TypeError),
    ('x.argmax(True)', TypeError),
    ('x.squeeze(True)', TypeError),
    ('x.unsqueeze(True)', TypeError),
    ('x.transpose(True,0)', TypeError),
    ('x.flatten(True)', TypeError),
    ('x[1.0]', IndexError),
    ('x[5]', IndexError),
    ('x[0,5]', IndexError),
    ('x[0,0,0]', IndexError),
    ('x.sum(5)', IndexError),
    ('x.sum(-3)', IndexError),
    ('x.sum((0,0))', RuntimeError),
    ('torch.softmax(x,3)', IndexError),
    ('x.max(3)', IndexError),
    ('x.size(4)', IndexError),
    ('x.transpose(0,4)', IndexError),
    ('x.unsqueeze(5)', IndexError),
    ('x.squeeze(4)', IndexError),
    ('x.permute(0)', RuntimeError),
    ('x.permute(0,0)', RuntimeError),
    ('x.view(4)', RuntimeError),
    ('x.view(-1,-1)', RuntimeError),
    ('x.view(-1,4)', RuntimeError),
    ('x.expand(3,3)', RuntimeError),
    ('x.expand(2)', RuntimeError),
    ('x.reshape(5)', RuntimeError),
    ('torch.cat([x,x[0]])', RuntimeError),
    ('torch.cat([x,torch.ones(2,2)])', RuntimeError),
    ('torch.cat([])', ValueError),
    ('torch.cat([x,x],3)', IndexError),
    ('torch.stack([x,x[0]])', RuntimeError),
    ('torch.stack([])', RuntimeError),
    ('x.split(2.5)', TypeError),
    ('x.split([1,2])', RuntimeError),
    ('x.split(-1)', RuntimeError),
    ('x.chunk(0)', RuntimeError),
    ('x.view(True)', TypeError),
    ('x.reshape(2.0,3)', TypeError),
    ('i.add_(1.5)', RuntimeError),
    ('x.add_(torch.ones(4))', RuntimeError),
    ('x[0].add_(torch.ones(2,3))', RuntimeError),
    ('w.add_(1)', RuntimeError),
    ('w[0].add_(1)', RuntimeError),
    ('x.expand(2,2,3).add_(1)', RuntimeError),
    ('torch.ones(1,3).expand(2,3).mul_(2)', RuntimeError),
    ('x.fill_(torch.ones(2))', RuntimeError),
    ('x.fill_(torch.ones(1))', RuntimeError),
    ('torch.ones(2,3)@torch.ones(2,3)', RuntimeError),
    ('torch.ones(2)+torch.ones(3)', RuntimeError),
    ('torch.mm(x,x[0])', RuntimeError),
    ('torch.bmm(x,x)', RuntimeError),
    ('float(x)', ValueError),
    ('bool(x)', RuntimeError),
    ('int(x)', ValueError),
    ('x.item()', RuntimeError),
    ('len(torch.tensor(1.))', TypeError),
    ('list(torch.tensor(1.))', TypeError),
    ('i.mean()', RuntimeError),
    ('i.requires_grad_()', RuntimeError),
    ('w.numpy()', RuntimeError),
    ('(x*2).backward()', RuntimeError),
    ('torch.zeros(2,-1)', RuntimeError),
    ('torch.zeros(2.0)', TypeError),
    ('torch.zeros("a")', TypeError),
    ('torch.tensor("a")', TypeError),
    ('torch.tensor([[1,2],[3]])', ValueError),
    ('torch.tensor([1,"a"])', TypeError),
    ('torch.tensor(None)', RuntimeError),
    ('torch.from_numpy([1])', TypeError),
    ('torch.randint(5,3,(2,))', RuntimeError),
    ('torch.randperm(-1)', RuntimeError),
    ('torch.arange(0,5,0)', RuntimeError),
    ('torch.arange(5,0,1)', RuntimeError),
    ('torch.linspace(0,1,-1)', RuntimeError),
    ('torch.eye(-1)', RuntimeError),
    ('torch.where(x,1,0)', RuntimeError),
    ('x.clamp()', RuntimeError),
    ('x.max(0,keepdim=1)', TypeError),
    ('torch.flatten(x,1,0)', RuntimeError),
    ('torch.tensor(1.)[0]', IndexError),
    ('f"{x:.3f}"', TypeError),
    ('torch.allclose(x,x.double())', RuntimeError),
]


def names() -> dict[str, Any]:
    x, i, w = torch.arange(6.0).reshape(2, 3), torch.tensor([1, 2, 3]), torch.ones(3, requires_grad=True)
    return {"torch": torch, "np": np, "x": x, "i": i, "w": w}


def plain(value: Any) -> Any:
    """A result as it is recorded."""
    if isinstance(value, torch.Tensor):
        return [value.tolist(), str(value.dtype)]
    if hasattr(value, "indices") and hasattr(value, "values"):
        return [value.values.tolist(), value.indices.tolist()]
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.dtype):
        return str(value)
    return list(value) if isinstance(value, tuple) else value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


@pytest.mark.parametrize(("expression", "wanted"), VALUES, ids=[s for s, _ in VALUES])
def test_values(expression: str, wanted: Any) -> None:
    found = plain(eval(expression, names()))  # noqa: S307  the table above
    if isinstance(wanted, list) and len(wanted) == 2 and isinstance(wanted[1], str):
        assert found[1] == wanted[1]
        found, wanted = found[0], wanted[0]
    if isinstance(wanted, (list, float)):
        np.testing.assert_allclose(np.asarray(found, float), np.asarray(wanted, float), rtol=1e-6, atol=1e-7)
    else:
        assert found == wanted


@pytest.mark.parametrize(("expression", "kind"), ERRORS, ids=[s for s, _ in ERRORS])
def test_errors(expression: str, kind: type[Exception]) -> None:
    with pytest.raises(kind) as caught:
        eval(expression, names())  # noqa: S307
    assert isinstance(caught.value, GradwerkError)


def test_all_and_any() -> None:
    x = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    assert (x.all().item(), x.any().item(), x.all(0).tolist(), x.any(1).tolist()) == (False, True, [False, True], [True, True])
    assert (torch.zeros(0).all().item(), torch.zeros(0).any().item()) == (True, False)
    assert torch.tensor([True, False]).any().item() is True


def test_options_by_position_are_those_of_torch() -> None:
    """Of every name: test_options.py."""
    x, y = torch.ones(2, 3), torch.zeros(2, 3)
    assert torch.nn.functional.mse_loss(x, y, None, None, "sum").item() == 6
    assert torch.nn.MSELoss(None, None, "sum")(x, y).item() == 6
    assert torch.nn.functional.avg_pool2d(torch.ones(1, 1, 4, 4), 2, 1, 1, False, False).shape == (1, 1, 5, 5)  # noqa: FBT003
    assert torch.nn.MaxPool2d(2, 2, 0, 1, False, True)(torch.ones(1, 1, 5, 5)).shape == (1, 1, 3, 3)  # noqa: FBT003
    with pytest.raises(TypeError, match="takes from 2 to 7 positional arguments but 8"):
        torch.nn.functional.max_pool2d(torch.ones(1, 1, 4, 4), 2, 2, 0, 1, False, False, 3)  # noqa: FBT003


BACKWARD_TWICE = {
    "w * 2": False, "w + 1": True, "w * w": False, "w.exp()": False, "w.sum()": True, "w.mean()": True, "w.view(3, 1)": True, "-w": True,
    "w - 1": True, "w / 2": False, "torch.cat([w, w])": True, "w.clone()": True, "w[0:2]": True, "torch.relu(w)": False, "w.sin()": False,
    "w.max()": False, "torch.softmax(w, 0)": False, "w ** 2": False, "w.double()": True, "w.std()": False, "w.expand(2, 3)": True,
    "w.abs()": False, "w.clamp(0, 2)": False, "torch.stack([w, w])": True, "torch.nn.functional.linear(w, torch.ones(1, 3))": False,
}  # fmt: skip
"""Whether a second walk through an operation whose values were freed is possible in PyTorch 2.13.0: where its rule reads none."""


@pytest.mark.parametrize("expression", BACKWARD_TWICE)
def test_a_second_walk_through_freed_values(expression: str) -> None:
    def made() -> tuple[Any, Any]:
        w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
        return w, eval(expression, {"torch": torch, "w": w})  # noqa: S307

    w, h = made()
    h.sum().backward()
    once = w.grad.clone()
    if BACKWARD_TWICE[expression]:
        (h * 1.0).sum().backward()
        assert torch.allclose(w.grad, once * 2)
    else:
        with pytest.raises(RuntimeError, match=r"Trying to backward through the graph a second time(.|\n)*retain_graph=True"):
            (h * 1.0).sum().backward()
        assert torch.equal(w.grad, once)
    w, h = made()
    h.sum().backward(retain_graph=True)
    h.sum().backward()
    assert torch.allclose(w.grad, once * 2)
    w, h = made()
    torch.autograd.grad(h.sum(), w, retain_graph=True)
    (gradient,) = torch.autograd.grad(h.sum(), w)
    assert torch.equal(gradient, once)


def test_a_second_walk_through_a_compiled_call_is_refused() -> None:
    model = torch.compile(torch.nn.Linear(3, 2))
    loss = model(torch.ones(2, 3)).sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


REFUSED = {
    "bce outside": (lambda: F.binary_cross_entropy(torch.ones(2) * 2, torch.ones(2)), RuntimeError, "between 0 and 1"),
    "// 0": (lambda: torch.tensor([1, 2]) // 0, RuntimeError, "ZeroDivisionError"),
    "% Tensor of 0": (lambda: torch.tensor([1, 2]) % torch.tensor([1, 0]), RuntimeError, "ZeroDivisionError"),
    "a number for a Tensor": (lambda: nn.ReLU()(3), TypeError, "must be Tensor, not int"),
    "a list for a Tensor": (lambda: nn.Linear(3, 2)([1.0, 2.0, 3.0]), TypeError, r"must be Tensor, not list(.|\n)*torch.tensor"),
    "a number in a list of modules": (lambda: nn.ModuleList([1]), TypeError, "not a Module subclass"),
    "no submodule": (lambda: nn.Sequential(nn.ReLU()).get_submodule("9"), AttributeError, "has no attribute `9`"),
    "no state": (lambda: nn.Linear(3, 2).load_state_dict(3), TypeError, "dict-like"),
    "one value": (lambda: nn.BatchNorm1d(3)(torch.ones(1, 3)), ValueError, "Expected more than 1 value per channel when training"),
    "features": (lambda: F.linear(torch.ones(2, 3), torch.ones(2, 4)), RuntimeError, "in_features is 4"),
    "flatten first": (lambda: nn.Linear(12, 2)(torch.ones(2, 3, 4)), RuntimeError, r"x\.flatten\(1\)"),
    "channels": (lambda: nn.Conv2d(3, 4, 3)(torch.ones(1, 1, 8, 8)), RuntimeError, r"3 channels, but got 1 channels instead \(axis 1\)"),
    "channels last": (lambda: nn.Conv2d(3, 4, 3)(torch.ones(1, 8, 8, 3)), RuntimeError, r"x\.permute\(0, 3, 1, 2\)"),
    "dtype": (lambda: nn.Linear(3, 2)(torch.ones(2, 3).double()), RuntimeError, r"x\.float\(\)"),
    "hidden state": (
        lambda: nn.LSTM(3, 4)(torch.ones(5, 2, 3), (torch.zeros(1, 3, 4), torch.zeros(1, 3, 4))), RuntimeError,
        r"Expected hidden\[0\] size \(1, 2, 4\), got \[1, 3, 4\]",
    ),
    "targets": (lambda: F.mse_loss(torch.ones(3, 1), torch.ones(3)), ValueError, r"targets\[\.\.\., None\]"),
    "whole targets of bce": (lambda: F.binary_cross_entropy(torch.ones(2), torch.tensor([1, 0])), RuntimeError, r"target\.float\(\)"),
    "one-hot whole": (lambda: F.cross_entropy(torch.ones(2, 3), torch.ones(2, 3).long()), RuntimeError, r"target\.float\(\)"),
    "label": (lambda: F.cross_entropy(torch.ones(2, 3), torch.tensor([0, 3])), IndexError, "label 3"),
    "unequal items": (lambda: default_collate([torch.ones(2), torch.ones(3)]), RuntimeError, r"\[2\] at entry 0 and \[3\] at entry 1"),
    "unequal lists": (lambda: default_collate([[1, 2], [1, 2, 3]]), ValueError, "unequal lists"),
    "arrays in a dataset": (lambda: TensorDataset(np.ones(3)), TypeError, "torch.from_numpy"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_layers_refuse(name: str) -> None:
    call, kind, message = REFUSED[name]
    with pytest.raises(kind, match=message) as caught:
        call()
    assert isinstance(caught.value, GradwerkError)


def test_batch_statistics_of_one_value_change_nothing() -> None:
    norm = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match="more than 1 value"):
        norm(torch.ones(1, 3))
    assert (norm.running_var.tolist(), norm.num_batches_tracked.item()) == ([1, 1, 1], 0)


def test_what_is_taken_without_a_batch_and_of_another_dtype() -> None:
    x = torch.arange(48.0).reshape(3, 4, 4)
    for layer in (nn.Conv2d(3, 2, 3), nn.MaxPool2d(2), nn.AvgPool2d(2)):
        assert torch.equal(layer(x), layer(x[None])[0])
    lstm, steps = nn.LSTM(3, 4, batch_first=True), torch.ones(5, 3)
    y, (h, c) = lstm(steps)
    z, (k, d) = lstm(steps[None])
    assert (y.shape, h.shape, c.shape) == ((5, 4), (1, 4), (1, 4))
    assert torch.allclose(y, z[0]) and torch.allclose(h, k[:, 0]) and torch.allclose(c, d[:, 0])
    assert F.mse_loss(x, x.double() + 1).dtype == torch.float64
    assert F.l1_loss(torch.ones(2), torch.tensor([1, 3])).item() == 1.0
    b = torch.tensor([True, False])
    assert ((b + b).tolist(), (b * ~b).tolist()) == ([True, False], [False, False])
    assert ((b + True).tolist(), (b + 1).tolist()) == ([True, True], [2, 1])


def test_shared_memory_of_arrays_in_another_order() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = torch.from_numpy(array.T)
    assert (x.shape, x.stride()) == ((3, 2), (1, 3))
    array[0, 1] = 9
    assert x[1, 0].item() == 9
    x[2, 1] = 7
    assert array[1, 2] == 7


def test_random_split_by_shares() -> None:
    assert [len(part) for part in random_split(range(10), [0.8, 0.2])] == [8, 2]
    assert [len(part) for part in random_split(range(11), [0.5, 0.25, 0.25])] == [6, 3, 2]


def test_clipping_one_of_none_and_of_a_used_up_generator() -> None:
    w = torch.tensor([3.0, 4.0], requires_grad=True)
    assert nn.utils.clip_grad_norm_(w, 1.0).item() == 0.0
    (w * torch.tensor([6.0, 8.0])).sum().backward()
    assert nn.utils.clip_grad_norm_(w, 1.0).item() == pytest.approx(10.0)
    np.testing.assert_allclose(w.grad.tolist(), [0.6, 0.8], rtol=1e-6)
    with pytest.warns(UserWarning, match="exhausted generator"):
        nn.utils.clip_grad_norm_(iter([]), 1.0)


def test_counts_of_whole_numbers_cut_their_ends_first() -> None:
    assert torch.linspace(4.9, -1.0, 6, dtype=torch.int64).tolist() == [4, 3, 2, 1, 0, -1]
    assert torch.arange(3.1, dtype=torch.int64).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("p", "slopes"), [
    (3, [[0.0, 0.0], [0.2311204, -0.9244817], [0.0, 1.0]]),
    (0.5, [[0.0, 0.0], [2.4142137, -1.7071068], [0.0, 1.0]]),
    (-1, [[0.0, 0.0], [0.4444445, -0.1111111], [0.0, 0.0]]),
])  # fmt: skip
def test_norms_are_flat_at_zero(p: float, slopes: list[list[float]]) -> None:
    x = torch.tensor([[0.0, 0.0], [1.0, -2.0], [0.0, 3.0]], requires_grad=True)
    x.norm(p, dim=1).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), slopes, rtol=1e-5)


def test_the_gradient_of_a_computed_tensor_is_warned_of() -> None:
    leaf = torch.ones(2, requires_grad=True)
    computed = leaf * 2
    computed.sum().backward()
    with pytest.warns(UserWarning, match="not a leaf Tensor") as seen:
        assert computed.grad is None
    assert seen[0].filename == __file__
    assert leaf.grad is not None
