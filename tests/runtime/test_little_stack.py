"""Threads with little stack: 128 KiB, as some C libraries give, are enough for what every family of kernels takes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from gradwerk.base.errors import VerifyError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.function import MOST_STACK, Module

PROGRAM = """
import threading
import numpy as np
import gradwerk
from gradwerk import torch
from gradwerk.torch.nn import functional as F

def made(*shape, dtype=torch.float32):
    return torch.sin(torch.arange(int(np.prod(shape)), dtype=dtype) * 0.7).reshape(shape)

def rows(x):
    y, z = torch.tanh(x), torch.exp(torch.sin(x))
    w = torch.softmax(y * z, dim={axis})
    return (w - (w * torch.sigmoid(y)).sum(dim={axis}, keepdim=True)) / (z * y).std(dim={axis}, keepdim=True)

def many(x):
    values = [torch.tanh(x * k) for k in range(1, 13)]
    y = torch.softmax(sum(values), dim=1)
    for value in values:
        y = y * value
    return y

def short(x, biases):
    y = x
    for k, bias in enumerate(biases):
        y = y * bias + x if k % 2 else y + bias
    return y

def step(x):
    x = x.clone().requires_grad_()
    y = {result}
    (y * torch.cos(y)).sum().backward()
    return x.grad

def work():
    x = {data}
    eager, compiled = step(x), torch.compile(step)(x)
    np.testing.assert_allclose(eager.numpy(), compiled.numpy(), rtol=1e-3, atol=1e-3)
    print("right")

threading.stack_size(128 << 10)
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""
CASES = {
    "turned panels": ("made(256, 1000)", "(x @ made(300, 1000).T).relu()"),
    "far panels": ("made(256, 700)", "(x @ made(700, 1500)).relu()"),
    "passes": ("made(256, 3000)", "x @ made(3000, 500)"),
    "convolutions": ("made(4, 64, 17, 17)", "F.conv2d(x, made(96, 64, 3, 3), padding=1)"),
    "rows": ("made(7, 4000, dtype=torch.float64)", "rows(x)"),
    "rows of more than is kept": ("made(7, 4000, dtype=torch.float64)", "many(x)"),
    "columns": ("made(500, 40, dtype=torch.float64)", "rows(x)"),
    "many short rows": ("made(1000, 6, dtype=torch.float64)", "short(x, [made(6, dtype=torch.float64) / k for k in range(1, 21)])"),
    "sums of many short rows": ("made(1000, 6)", "short(x, [made(6) / k for k in range(1, 21)]).sum(0)"),
    "windows": ("made(4, 8, 16, 16)", "F.max_pool2d(x, 3, 2)"),
    "gathers": ("made(5, 300)", "x[torch.argmax(x, dim=1) % 5] + F.embedding(torch.argmax(x, dim=1), x.T.contiguous() @ made(5, 300))"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_thread_with_little_stack_runs(case: str) -> None:
    data, result = CASES[case]
    text = PROGRAM.format(data=data, result=result, axis=0 if case == "columns" else 1)
    ran = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "right\n"), ran.stderr


def test_a_kernel_that_wants_too_much_stack_is_an_error_in_tests() -> None:
    module = Module()
    module.function("greedy", []).on_stack("float", MOST_STACK // 4 + 1)
    with settings.scope(check=True), pytest.raises(VerifyError, match="bytes of the stack"):
        module.text()
