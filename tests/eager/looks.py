"""Loops that look at something between the forward and the backward half."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk import torch
from gradwerk.torch import nn
from tests.eager.loops import F, X, net, sgd, weights, x, y
from tests.eager.ways import program


@program
def the_loss_is_printed_before_backward() -> Any:
    model, losses = net(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for t in range(8):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return losses, weights(model)


@program
def a_loss_that_is_too_large_is_left_out() -> Any:
    model, taken = net(), []
    optimizer = sgd(model)
    for t in range(10):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        if loss > 1.0:
            taken.append(t)
            continue
        loss.backward()
        optimizer.step()
    return taken, weights(model)


@program
def activations_are_looked_at() -> Any:
    first, norm, last, seen = nn.Linear(3, 5), nn.BatchNorm1d(5), nn.Linear(5, 2), []
    optimizer = torch.optim.SGD([*first.parameters(), *norm.parameters(), *last.parameters()], lr=0.05)
    for t in range(6):
        optimizer.zero_grad()
        h = norm(first(x(t))).tanh()
        seen.append(h.detach().numpy().copy())
        loss = F.mse_loss(last(h), y(t)) + (h * h).mean()
        loss.backward()
        optimizer.step()
    return seen, weights(first), weights(last), norm.running_mean


@program
def parts_are_read_behind_a_look() -> Any:
    w, found = torch.ones(3, 4, requires_grad=True), []
    for t in range(6):
        w.grad = None
        data = torch.tensor(X[t])
        rows = [data[k : k + 2] * (k + 1) for k in range(3)]
        state = torch.zeros(2, 4)
        for row in rows:
            state = torch.tanh(row @ w + state * w[0:2])
        loss = (state[:, 1:3] * state[:, 0:2]).sum()
        found.append(loss.item())
        loss.backward()
        found.append(w.grad.clone())
    return found


@program
def a_number_that_changes_behind_a_look() -> Any:
    model, seen = net(), []
    optimizer = sgd(model)
    for t in range(8):
        optimizer.zero_grad()
        out = model(x(t))
        seen.append(out.sum().item())
        loss = F.mse_loss(out, y(t)) * (1 + 0.1 * t) + out.mean() * float(t % 3)
        seen.append(loss.item())
        loss.backward()
        optimizer.step()
    return seen, weights(model)


@program
def backward_twice_behind_a_look() -> Any:
    model, found = net(), []
    for t in range(4):
        model.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        found.append(loss.item())
        loss.backward(retain_graph=True)
        found.append(model[0].weight.grad.clone())
        for _ in range(2):
            try:
                loss.backward()
            except RuntimeError as error:
                found.append(type(error).__name__)
        found.append(model[0].weight.grad.clone())
    return found


@program
def a_weight_is_written_between_the_look_and_backward() -> Any:
    model, found = net(), []
    for t in range(6):
        model.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        found.append(loss.item())
        if t % 2:
            with torch.no_grad():
                model[2].weight.mul_(0.9)
        try:
            loss.backward()
        except RuntimeError as error:
            found.append(type(error).__name__)
        found.append([None if p.grad is None else p.grad.clone() for p in model.parameters()])
    return found


@program
def a_hook_comes_and_goes() -> Any:
    model, found = net(), []
    for t in range(6):
        model.zero_grad()
        handle = model[0].weight.register_hook(lambda g: g * 2) if t == 3 else None
        h = model[0](x(t))
        if t == 4:
            h.register_hook(lambda g: g * 3)
        loss = F.mse_loss(model[2](model[1](h)), y(t))
        found.append(loss.item())
        loss.backward()
        found.append(model[0].weight.grad.clone())
        if handle is not None:
            handle.remove()
    return found


@program
def one_weight_in_two_places() -> Any:
    w, v, found = torch.full((3, 3), 0.3, requires_grad=True), torch.full((3, 3), 0.2, requires_grad=True), []
    for t in range(6):
        w.grad = v.grad = None
        other = w if t % 2 else v
        loss = ((x(t) @ w).tanh() @ other.t()).square().mean()
        found.append(loss.item())
        loss.backward()
        found += [w.grad.clone(), None if v.grad is None else v.grad.clone()]
    return found


@program
def a_buffer_of_others_is_read_behind_a_look() -> Any:
    w, buffer, found = torch.ones(3, requires_grad=True), np.ones(3, np.float32), []
    shared = torch.from_numpy(buffer)
    for t in range(6):
        w.grad = None
        buffer[...] = t + 1
        loss = ((w * shared) * (w + shared)).sum()
        found.append(loss.item())
        loss.backward()
        found.append(w.grad.clone())
    return found


@program
def an_lstm_with_a_look() -> Any:
    torch.manual_seed(2)
    model, found = nn.LSTM(3, 2), []
    optimizer = sgd(model)
    for t in range(6):
        optimizer.zero_grad()
        out, _ = model(x(t).reshape(2, 2, 3))
        loss = F.mse_loss(out.reshape(4, 2), y(t))
        found.append(loss.item())
        loss.backward()
        optimizer.step()
    return found, weights(model)


@program
def gradients_are_added_up_behind_looks() -> Any:
    model, found = net(), []
    optimizer = sgd(model)
    for t in range(8):
        loss = F.mse_loss(model(x(t)), y(t))
        found.append(loss.item())
        loss.backward()
        if t % 2:
            optimizer.step()
            optimizer.zero_grad(set_to_none=t % 4 == 1)
    return found, weights(model)


@program
def what_only_the_tape_had_is_asked_for_after_all() -> Any:
    model, found, kept = net(), [], []
    optimizer = sgd(model)
    for t in range(10):
        optimizer.zero_grad()
        first = model[0](x(t))
        h = model[1](first)
        loss = F.mse_loss(model[2](h * 2 + 1), y(t))
        found.append(loss.item())
        if t == 5:
            found.append(first.detach().sum().item())
        loss.backward()
        if t == 6:
            kept.append(first)
        if t == 7:
            with torch.no_grad():
                model[0].weight.mul_(0.5)
            found.append((first + h).sum().item())
        optimizer.step()
        if t == 8:
            found.append(first)
    return found, kept, weights(model)


@program
def what_only_the_tape_had_is_read_by_the_next_step() -> Any:
    w, found, before = torch.full((3, 3), 0.5, requires_grad=True), [], None
    for t in range(8):
        w.grad = None
        h = x(t) @ w + 1
        g = h + (0 if before is None else before.detach())
        loss = (g * 0.5).sum() + (w * w).sum()
        found.append(loss.item())
        loss.backward()
        with torch.no_grad():
            w -= w.grad * 0.01
        before = h if t % 3 else None
    return found, w, h


@program
def sources_are_written_before_what_the_tape_had_is_asked_for() -> Any:
    w, found = torch.full((3, 3), 0.5, requires_grad=True), []
    for t in range(8):
        w.grad = None
        a = x(t)
        h = a @ w + 1
        loss = ((h - 1) * 2 + a.sum()).sum()
        found.append(loss.item())
        loss.backward(retain_graph=t % 2 == 0)
        a.zero_()
        if t > 3:
            found.append(h)
    return found
