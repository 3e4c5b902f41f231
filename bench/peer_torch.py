"""PyTorch's rows.

    python bench/peer_torch.py WORKLOAD eager|compile SECONDS THREADS
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import torch
from timing import measure
from torch import nn
from workloads import ADAM_RATE, BLOCKS, EMBEDDED, LEARNING_RATE, MOMENTUM, SYMBOLS, UNITS, WORKLOADS

Step = tuple[Callable[[], object], Callable[[], float]]


class Language(nn.Module):
    """Embedding, LSTM, and a dense layer at every step."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(SYMBOLS, EMBEDDED)
        self.lstm = nn.LSTM(EMBEDDED, UNITS, batch_first=True)
        self.dense = nn.Linear(UNITS, SYMBOLS)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.dense(self.lstm(self.embedding(ids))[0])


class Block(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(channels, channels, 3, padding=1, bias=False) for _ in range(2))
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x))))) + x)


def make_model(name: str) -> nn.Module:
    """The model."""
    if name == "tiny":
        return nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    if name == "mlp":
        return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))
    if name == "lstm":
        return Language()
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )  # fmt: skip


def make(name: str, *, compiled: bool) -> Step:
    """The step."""
    torch.manual_seed(0)
    x, y = (torch.from_numpy(array) for array in WORKLOADS[name].data())
    if name in BLOCKS:
        return make_block(name, x, y, compiled=compiled)
    x, y = (x.permute(0, 3, 1, 2).contiguous() if name == "lenet" else x), (y if name == "tiny" else y.long())
    model = make_model(name)
    adam = name in ("mlp", "lstm")
    optimizer = torch.optim.Adam(model.parameters(), ADAM_RATE) if adam else torch.optim.SGD(model.parameters(), LEARNING_RATE, MOMENTUM)
    measure_loss = nn.MSELoss() if name == "tiny" else nn.CrossEntropyLoss()
    answer = torch.compile(model) if compiled else model

    def step() -> None:
        optimizer.zero_grad()
        prediction = answer(x)
        loss = measure_loss(prediction.flatten(0, 1), y.flatten()) if name == "lstm" else measure_loss(prediction, y)
        loss.backward()
        optimizer.step()
        last[0] = loss

    last = [torch.zeros(())]
    return step, lambda: float(last[0])


def make_block(name: str, x: torch.Tensor, ct: torch.Tensor, *, compiled: bool) -> Step:
    """Forward and backward of a block, channels last in memory."""
    model = Block(BLOCKS[name][-1]).to(memory_format=torch.channels_last)
    x, ct = x.permute(0, 3, 1, 2).requires_grad_(), ct.permute(0, 3, 1, 2)
    answer = torch.compile(model) if compiled else model

    def step() -> None:
        model.zero_grad()
        x.grad = None
        answer(x).backward(ct)

    def finish() -> float:
        if x.grad is None:
            raise SystemExit("no gradient")
        return float(x.grad[0, 0, 0, 0])

    return step, finish


if __name__ == "__main__":
    workload, way, seconds, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    measure(lambda: make(workload, compiled=way == "compile"), float(seconds))
