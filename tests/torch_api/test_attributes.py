"""Options of torch's modules set as attributes: served as torch 2.13 serves them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.torch import nn

MADE: dict[str, tuple[tuple[int, ...], str]] = {
    "Linear": ((3, 2), "in_features out_features weight bias"),
    "Conv1d": ((2, 3, 2), "in_channels out_channels kernel_size stride padding dilation groups padding_mode weight bias"),
    "Conv2d": ((2, 3, 2), "in_channels out_channels kernel_size stride padding dilation groups padding_mode weight bias"),
    "MaxPool2d": ((2,), "kernel_size stride padding dilation return_indices ceil_mode"),
    "AvgPool2d": ((2,), "kernel_size stride padding ceil_mode count_include_pad divisor_override"),
    "Flatten": ((), "start_dim end_dim"), "ReLU": ((), "inplace"), "Dropout": ((), "p inplace"), "Softmax": ((), "dim"),
    "LogSoftmax": ((), "dim"),
    "BatchNorm1d": ((4,), "num_features eps momentum affine track_running_stats running_mean running_var num_batches_tracked weight bias"),
    "BatchNorm2d": ((4,), "num_features eps momentum affine track_running_stats running_mean running_var num_batches_tracked weight bias"),
    "Embedding": ((5, 3), "num_embeddings embedding_dim padding_idx max_norm norm_type scale_grad_by_freq sparse weight"),
    "LSTM": ((3, 2), "mode input_size hidden_size num_layers bias batch_first dropout bidirectional proj_size"),
    "CrossEntropyLoss": ((), "reduction ignore_index label_smoothing weight"), "MSELoss": ((), "reduction"), "L1Loss": ((), "reduction"),
    "BCEWithLogitsLoss": ((), "reduction weight pos_weight"), "BCELoss": ((), "reduction weight"),
}  # fmt: skip
"""The arguments of a module, and the public attributes that torch's has, but for a convolution's `transposed` and `output_padding`, which
change nothing once it is made."""
def made(name: str) -> Any:
    return getattr(nn, name)(*MADE[name][0])


@pytest.mark.parametrize("name", MADE)
def test_a_module_has_the_attributes_of_torchs(name: str) -> None:
    module = made(name)
    for attribute in MADE[name][1].split():
        getattr(module, attribute)


def test_an_attribute_of_ones_own_may_have_any_name() -> None:
    class Own(nn.Module):
        unserved = 4

    module = Own()
    module.unserved, module.rest = 5, 3
    assert (module.unserved, module.rest) == (5, 3)


def test_a_module_that_computes_by_itself_has_what_it_likes() -> None:
    class Own(nn.MaxPool2d):
        def __init__(self) -> None:
            super().__init__(2)
            self.dilation = 2

        def forward(self, input: Any) -> Any:  # noqa: A002  torch's name
            return input[..., :: self.dilation]

    assert Own()(torch.ones(1, 1, 4, 4)).shape == (1, 1, 4, 2)
    nn.MaxPool2d(2).dilation = (1, 1)


BATCHES = [np.arange(12, dtype=np.float32).reshape(4, 3) * (k + 1) + k * k - np.array([0, 1, 5], np.float32) for k in range(4)]
STATISTICS: dict[str, tuple[dict[str, Any], dict[str, Any], list[float]]] = {
    "momentum=None": ({"momentum": None}, {}, [-1.53206, 14.75, 16.25, 14.75, 112.5, 4]),
    "momentum becomes None": ({}, {"momentum": None}, [-1.32723, 11.8275, 13.1275, 12.6425, 97.83, 4]),
    "momentum was None": ({"momentum": None}, {"momentum": 0.5}, [-1.70783, 19.6875, 21.8125, 20.9375, 163.125, 4]),
    "tracked no longer": ({}, {"track_running_stats": False}, [-0.52686, 1.405, 1.505, 1.035, 8.16, 2]),
    "never tracked": ({"track_running_stats": False, "momentum": None}, {}, [-1.34164]),
    "tracked too late": ({"track_running_stats": False}, {"track_running_stats": True}, [-1.34164]),
    "statistics taken away": ({}, {"running_mean": None, "running_var": None}, [-1.34164]),
}
"""How a layer is made, what is set when two of four batches are behind it, and what torch 2.13 then gives: an element of the answer in eval
mode, the running means, a running variance and the count."""


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", STATISTICS)
def test_running_statistics(name: str, compiled: bool) -> None:
    options, changes, expected = STATISTICS[name]
    layer = nn.BatchNorm1d(3, **options)
    run = torch.compile(layer) if compiled else layer
    for step, batch in enumerate(BATCHES):
        if step == 2:
            for attribute, value in changes.items():
                setattr(layer, attribute, value)
        x = torch.tensor(batch)
        np.testing.assert_allclose(run(x).detach().numpy(), ((x - x.mean(0)) / (x.var(0, correction=0) + 1e-5).sqrt()).numpy(), rtol=1e-4)
    layer.eval()
    found = [run(torch.tensor(BATCHES[0]))[0, 1].item()]
    if layer.running_mean is not None:
        found += [*layer.running_mean.tolist(), layer.running_var[0].item(), layer.num_batches_tracked.item()]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
