"""Loops of the core, and the layers that are made of them, where work waits."""

from __future__ import annotations

from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch import nn
from tests.eager.loops import F, sgd, weights
from tests.eager.ways import Steps, program

SEQUENCES = np.random.default_rng(5).standard_normal((12, 5, 3, 4)).astype(np.float32)


def sequence(t: int) -> Any:
    """(time, batch, features)."""
    return torch.tensor(SEQUENCES[t])


def lstm(**options: Any) -> Any:
    torch.manual_seed(2)
    return nn.LSTM(4, 3, **options)


@program
def an_lstm_is_trained() -> Any:
    model = lstm(batch_first=True)
    optimizer = sgd(model)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        y, _ = model(x)
        loss = (y * y).mean() + y[:, -1].sum()
        loss.backward()
        optimizer.step()
        return loss

    run = Steps.of(step)
    return [run(sequence(t)).item() for t in range(6)], weights(model)


@program
def a_look_at_the_states_in_the_middle() -> Any:
    model = lstm(num_layers=2, bidirectional=True)
    optimizer, seen = sgd(model), []
    for t in range(5):
        optimizer.zero_grad()
        y, (h, c) = model(sequence(t))
        seen.append(h[1].sum().item())
        (y.mean() + (h * c).sum()).backward()
        seen.append(model.weight_hh_l0.grad.abs().sum().item())
        optimizer.step()
    return seen, weights(model)


@program
def states_go_from_batch_to_batch() -> Any:
    model = lstm()
    optimizer, state, losses = sgd(model), None, []
    for t in range(6):
        optimizer.zero_grad()
        y, state = model(sequence(t), state)
        state = tuple([part.detach() for part in state])
        loss = F.mse_loss(y, torch.ones(5, 3, 3))
        loss.backward()
        optimizer.step()
        losses.append(loss)
    return [loss.item() for loss in losses], state, weights(model)


@program
def one_result_of_several_is_held() -> Any:
    model = lstm()
    with torch.no_grad():
        return [model(sequence(t))[1][t % 2] for t in range(5)]


@program
def results_are_written_to() -> Any:
    model = lstm()
    with torch.no_grad():
        for t in range(4):
            y, (h, c) = model(sequence(t))
            h.mul_(2.0)
            y[0] = 0.0
            c += h
    return y, h, c


@program
def characters_one_by_one() -> Any:
    torch.manual_seed(2)
    embedding, cell, dense = nn.Embedding(7, 4), lstm(), nn.Linear(3, 7)
    found = []
    for _ in range(2):
        symbol, state = 1, None
        with torch.no_grad():
            for _ in range(8):
                y, state = cell(embedding(torch.tensor([[symbol]])), state)
                symbol = int(dense(y[-1]).argmax(-1).item())
                found.append(symbol)
    return found, state


@program
def gradients_twice_over_a_scan() -> Any:
    model, found = lstm(), []
    for t in range(3):
        model.zero_grad()
        y, _ = model(sequence(t))
        loss = y.square().sum()
        loss.backward(retain_graph=True)
        loss.backward()
        found.append(model.weight_ih_l0.grad.clone())
        try:
            loss.backward()
        except RuntimeError as error:
            found.append(type(error).__name__)
    return found


@program
def a_gradient_of_a_gradient_over_a_scan() -> Any:
    x, found = torch.ones(3, requires_grad=True), []
    for t in range(3):
        last, _ = gw.scan(lambda c, z: (torch.tanh(c * z), c), x * 0.5, torch.tensor(SEQUENCES[t, :, 0, :3]))
        (slope,) = torch.autograd.grad(last.sum(), x, create_graph=True)
        (curve,) = torch.autograd.grad(slope.sum(), x)
        found.append((last, slope, curve))
    return found


@program
def an_error_between_two_scans() -> Any:
    model = lstm()
    optimizer, found = sgd(model), []
    for t in range(4):
        optimizer.zero_grad()
        y, state = model(sequence(t))
        try:
            model(sequence(t)[:, :, :2], state)
        except GradwerkError as error:
            found.append(type(error).__name__)
        y, _ = model(torch.ones(5, 3, 4), state)
        y.sum().backward()
        optimizer.step()
    return found, weights(model)


@program
def a_step_that_gives_what_it_takes() -> Any:
    found = []
    for t in range(3):
        x = torch.tensor(SEQUENCES[t, 0])
        (same, count), ys = gw.scan(lambda c, z: ((c[0], c[1] + z), (c[0], z)), (x, x[0] * 0), x)
        same += 1
        found.append((x, same, count, ys[0], ys[1]))
    return found


@program
def steps_that_draw_or_look_up() -> Any:
    found = []
    for t in range(3):
        x = torch.tensor(SEQUENCES[t, 0])
        rows = torch.tensor([2, 0, 1])
        last, ys = gw.scan(lambda c, k, x=x: (c + x[k], x[k]), x[0] * 2, rows)
        drawn, _ = gw.scan(lambda c, z: (c + F.dropout(z, 0.5), None), x[0] * 2, x)
        found.append((last, ys, drawn))
    return found


@program
def a_scan_backwards_with_gradients_at_several_results() -> Any:
    w, found = torch.ones(4, requires_grad=True), []
    for t in range(4):
        w.grad = None
        x = torch.tensor(SEQUENCES[t, 0])
        last, ys = gw.scan(lambda c, z: (torch.tanh(c * w + z), c * z), x[0] * w, x, reverse=True)
        ((last * last).sum() + ys.mean()).backward()
        found.append((last.detach(), w.grad.clone()))
    return found


@program
def a_scan_of_the_core_by_value_and_grad() -> Any:
    from gradwerk.tensor.grad import value_and_grad

    def loss(w: Any) -> Any:
        last, _ = gw.scan(lambda c, z: (c * w + z, None), w, Tensor(SEQUENCES[0, :, 0]))
        return (last * last).sum() if hasattr(last, "sum") else gw.reduce_sum(last * last)

    w = Tensor(np.ones(4, np.float32) * 0.1)
    for _ in range(5):
        value, slope = value_and_grad(loss)(w)
        w = w - slope * 0.01
    return value, w
