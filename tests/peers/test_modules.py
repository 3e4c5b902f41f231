"""Layers without parameters, or whose parameters say their values: PyTorch's text, results and gradients."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as api

pytest.importorskip("torch", reason="PyTorch is not installed: make test-peers runs this")
peer: Any = importlib.import_module("torch")
ROWS = (4, 6)
CASES: list[tuple[Callable[[Any], Any], tuple[int, ...]]] = [
    *((lambda nn, name=name: getattr(nn, name)(), ROWS) for name in (
        "ELU", "CELU", "SELU", "SiLU", "Mish", "Hardsigmoid", "Hardswish", "Hardtanh", "ReLU6", "LeakyReLU", "Hardshrink", "Softshrink",
        "Tanhshrink", "Softsign", "LogSigmoid", "Softplus", "GELU", "GLU", "PReLU",
    )),
    (lambda nn: nn.ELU(2.0, inplace=True), ROWS),
    (lambda nn: nn.CELU(alpha=0.5), ROWS),
    (lambda nn: nn.SiLU(inplace=True), ROWS),
    (lambda nn: nn.LeakyReLU(0.2, True), ROWS),
    (lambda nn: nn.Hardtanh(-0.5, 2, inplace=True), ROWS),
    (lambda nn: nn.ReLU6(inplace=True), ROWS),
    (lambda nn: nn.Threshold(0.1, 20), ROWS),
    (lambda nn: nn.RReLU(0.1, 0.2).eval(), ROWS),
    (lambda nn: nn.PReLU(6, 0.1), ROWS),
    (lambda nn: nn.Softplus(2, 3), ROWS),
    (lambda nn: nn.GELU("tanh"), ROWS),
    (lambda nn: nn.GLU(0), ROWS),
    (lambda nn: nn.Softmin(dim=0), ROWS),
    (lambda nn: nn.Softmax2d(), (2, 3, 4, 2)),
    (lambda nn: nn.MaxPool1d(3, stride=2, padding=1, return_indices=True), (2, 3, 8)),
    (lambda nn: nn.MaxPool2d((2, 3), dilation=2, ceil_mode=True), (2, 3, 8, 9)),
    (lambda nn: nn.MaxPool3d(2, ceil_mode=True, return_indices=True), (2, 1, 3, 5, 4)),
    (lambda nn: nn.AvgPool1d(3, stride=2, padding=1, ceil_mode=True), (2, 3, 8)),
    (lambda nn: nn.AvgPool2d((2, 3), ceil_mode=True, divisor_override=5), (2, 3, 5, 8)),
    (lambda nn: nn.AvgPool3d(2, padding=1, count_include_pad=False), (2, 1, 3, 5, 4)),
    (lambda nn: nn.LPPool1d(2, 3, ceil_mode=True), (2, 3, 8)),
    (lambda nn: nn.LPPool2d(1.5, (2, 3), stride=1), (2, 3, 5, 8)),
    (lambda nn: nn.LPPool3d(2, 2), (2, 3, 5, 4, 4)),
    (lambda nn: nn.AdaptiveAvgPool1d(3), (2, 3, 8)),
    (lambda nn: nn.AdaptiveAvgPool2d((None, 3)), (2, 3, 5, 8)),
    (lambda nn: nn.AdaptiveAvgPool3d(2), (3, 5, 4, 3)),
    (lambda nn: nn.AdaptiveMaxPool1d(3, return_indices=True), (2, 3, 8)),
    (lambda nn: nn.AdaptiveMaxPool2d((4, 3)), (2, 3, 5, 8)),
    (lambda nn: nn.AdaptiveMaxPool3d((2, 2, 3), return_indices=True), (1, 2, 3, 4, 5)),
    (lambda nn: nn.ReflectionPad1d(2), (2, 3, 8)),
    (lambda nn: nn.ReflectionPad2d((1, 2, 0, 1)), (2, 3, 4, 5)),
    (lambda nn: nn.ReflectionPad3d(1), (2, 2, 3, 2, 3)),
    (lambda nn: nn.ReplicationPad2d((1, 2, 0, 1)), (2, 3, 4, 5)),
    (lambda nn: nn.CircularPad1d((1, 2)), (2, 3, 4)),
    (lambda nn: nn.ConstantPad2d((1, 2, -1, 1), 3.5), (2, 3, 4, 5)),
    (lambda nn: nn.ZeroPad1d((1, 2)), (2, 3, 4)),
    (lambda nn: nn.LayerNorm((3, 8)), (2, 3, 8)),
    (lambda nn: nn.LayerNorm(8, eps=1e-2, bias=False), (2, 3, 8)),
    (lambda nn: nn.RMSNorm(8), (2, 3, 8)),
    (lambda nn: nn.GroupNorm(2, 4), (2, 4, 3, 3)),
    (lambda nn: nn.GroupNorm(4, 4, affine=False), (2, 4, 6)),
    (lambda nn: nn.LocalResponseNorm(3, alpha=0.1), (2, 4, 3)),
    (lambda nn: nn.BatchNorm3d(2), (2, 2, 3, 2, 3)),
    (lambda nn: nn.Upsample(scale_factor=2), (2, 3, 4)),
    (lambda nn: nn.Upsample(size=(5, 7), mode="bicubic"), (1, 2, 4, 3)),
    (lambda nn: nn.Upsample(scale_factor=(1.7, 2.3), mode="bilinear", align_corners=False), (1, 2, 4, 3)),
    (lambda nn: nn.Upsample(scale_factor=(1.7, 2.3), mode="bilinear", recompute_scale_factor=True), (1, 2, 4, 3)),
    (lambda nn: nn.UpsamplingNearest2d(scale_factor=1.6), (1, 2, 4, 3)),
    (lambda nn: nn.UpsamplingBilinear2d((6, 5)), (1, 2, 4, 3)),
    (lambda nn: nn.PixelShuffle(2), (2, 8, 3, 2)),
    (lambda nn: nn.PixelUnshuffle(2), (2, 2, 4, 6)),
    (lambda nn: nn.ChannelShuffle(2), (2, 4, 3)),
    (lambda nn: nn.Unfold((2, 3), dilation=2, padding=1, stride=2), (2, 3, 6, 7)),
    (lambda nn: nn.Fold((5, 6), (2, 3), padding=1, stride=2), (2, 12, 9)),
]  # fmt: skip


def run(side: Any, build: Callable[[Any], Any], shape: tuple[int, ...]) -> list[Any]:
    """The text, the results, the gradients of input and parameters."""
    layer = build(side.nn)
    x = side.tensor(np.random.default_rng(5).standard_normal(shape).astype(np.float32) * 2).requires_grad_()
    results = layer(x * 1)
    results = [y for y in (results if isinstance(results, tuple) else (results,)) if y is not None]
    weights = [side.tensor(np.cos(np.arange(y.numel())).reshape(tuple(y.shape)).astype(np.float32)) for y in results]
    sum((y * w).sum() for y, w in zip(results, weights, strict=True) if y.requires_grad).backward()
    return [repr(layer), *(y.detach().numpy() for y in results), x.grad.numpy(), *(p.grad.numpy() for p in layer.parameters())]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[repr(build(api.nn)) for build, _ in CASES])
def test_layer(number: int) -> None:
    ours, theirs = (run(side, *CASES[number]) for side in (api, peer))
    assert ours[0] == theirs[0]
    assert len(ours) == len(theirs)
    for got, wanted in zip(ours[1:], theirs[1:], strict=True):
        assert got.dtype == wanted.dtype
        np.testing.assert_allclose(got, wanted, 2e-5, 2e-5)
