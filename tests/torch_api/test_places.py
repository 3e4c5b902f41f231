"""What stands where: values in the places of parameters, labels and masks of uint8, and messages in the user's words."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk.torch.nn.functional as F  # noqa: N812  torch's habit
from gradwerk import torch
from gradwerk.torch import nn


def test_a_parameter_is_not_replaced_by_a_tensor() -> None:
    layer = nn.Linear(4, 3)
    with pytest.raises(TypeError, match="cannot assign 'Tensor' as parameter 'weight'"):
        layer.weight = torch.ones(3, 4)
    assert [name for name, _ in layer.named_parameters()] == ["weight", "bias"]
    layer.weight = nn.Parameter(torch.ones(3, 4))
    layer.bias = None
    assert [name for name, _ in layer.named_parameters()] == ["weight"]


def test_a_module_and_a_buffer_are_replaced_by_their_like() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3))
    with pytest.raises(TypeError, match="as child module '0'"):
        setattr(net, "0", 3)
    with pytest.raises(TypeError, match="as buffer 'running_mean'"):
        net[0].running_mean = 3
    net[0].running_mean = torch.ones(3)
    setattr(net, "0", nn.ReLU())
    assert not net.state_dict()


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_labels_of_uint8(reduction: str) -> None:
    scores = torch.randn(6, 3)
    labels = torch.tensor(np.array([0, 1, 2, 2, 1, 0], np.uint8))
    given = F.cross_entropy(scores, labels, reduction=reduction)
    assert np.array_equal(given.numpy(), F.cross_entropy(scores, labels.long(), reduction=reduction).numpy())


def test_labels_that_are_no_tensor() -> None:
    with pytest.raises(TypeError, match=r"must be Tensor, not ndarray[\s\S]*torch.from_numpy"):
        F.cross_entropy(torch.zeros(2, 3), np.zeros(2, np.int64))  # type: ignore[arg-type]


def test_uint8_in_brackets_is_a_mask() -> None:
    x = torch.arange(6).reshape(3, 2)
    mask = torch.tensor(np.array([1, 0, 1], np.uint8))
    with pytest.warns(UserWarning, match=r"torch\.uint8 is now deprecated"):
        assert x[mask].tolist() == [[0, 1], [4, 5]]
    with pytest.warns(UserWarning, match=r"torch\.uint8 is now deprecated") as told:
        x[mask] = 0
    assert told[0].filename == __file__
    assert x.tolist() == [[0, 0], [2, 3], [0, 0]]


def test_keys_that_all_match_are_said_as_torch_does() -> None:
    layer = nn.Linear(2, 1)
    assert repr(layer.load_state_dict(layer.state_dict())) == "<All keys matched successfully>"
    told = layer.load_state_dict({"x": torch.ones(1)}, strict=False)
    assert repr(told) == "_IncompatibleKeys(missing_keys=['weight', 'bias'], unexpected_keys=['x'])"


def test_a_loss_made_of_its_arguments() -> None:
    with pytest.raises(TypeError, match=r"nn\.CrossEntropyLoss\(\)\(input, target\)"):
        nn.CrossEntropyLoss(torch.ones(2, 3), torch.zeros(2))


def test_a_list_of_modules_is_not_called() -> None:
    with pytest.raises(RuntimeError, match=r"nn\.Sequential\(\*layers\)"):
        nn.ModuleList([nn.Linear(4, 3)])(torch.ones(1, 4))


def test_shapes_are_said_as_shapes() -> None:
    with pytest.raises(RuntimeError, match=r"\(3, 4\) float32 and \(3,\) float32"):
        torch.ones(3, 4) + torch.ones(3)


def test_the_line_of_an_error_in_a_dataclass() -> None:
    with pytest.raises(RuntimeError, match=r"at test_places\.py"):
        nn.Linear(4, 3).to("cuda")
