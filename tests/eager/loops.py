"""Loops of ordinary users: what goes wrong where work waits, as PyTorch/XLA, MLX and others report it."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from gradwerk import torch
from gradwerk.torch import nn
from tests.eager.ways import Steps, program

F = nn.functional
X = np.random.default_rng(3).standard_normal((40, 4, 3)).astype(np.float32)
Y = np.random.default_rng(4).standard_normal((40, 4, 2)).astype(np.float32)


def x(t: int) -> Any:
    return torch.tensor(X[t])


def y(t: int) -> Any:
    return torch.tensor(Y[t])


def net() -> Any:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2))


def sgd(model: Any, **options: Any) -> Any:
    return torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, **options)


def size(model: Any) -> float:
    return float(sum((p.detach().numpy().astype(np.float64) ** 2).sum() for p in model.parameters()))


def weights(model: Any) -> list[Any]:
    return [p.detach().tolist() for p in model.parameters()]


def trained(model: Any, optimizer: Any) -> Any:
    def step(a: Any, b: Any) -> Any:
        optimizer.zero_grad()
        loss = F.mse_loss(model(a), b)
        loss.backward()
        optimizer.step()
        return loss

    return Steps.of(step)


@program
def plain() -> Any:
    model = net()
    step = trained(model, sgd(model))
    return [step(x(t), y(t)).item() for t in range(8)], weights(model)


@program
def losses_kept_and_read_at_the_end() -> Any:
    model = net()
    step = trained(model, sgd(model))
    losses = [step(x(t), y(t)) for t in range(8)]
    return [loss.item() for loss in losses], weights(model)


@program
def sum_of_detached_losses() -> Any:
    model = net()
    step, total = trained(model, sgd(model)), torch.tensor(0.0)
    for t in range(8):
        total += step(x(t), y(t)).detach()
    return total.item(), weights(model)


@program
def sum_of_losses_with_their_history() -> Any:
    model = net()
    optimizer, total = sgd(model), 0
    for t in range(6):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        loss.backward()
        optimizer.step()
        total = total + loss
    return total.item(), weights(model)


@program
def a_buffer_of_numpy_used_again() -> Any:
    model = net()
    step, losses = trained(model, sgd(model)), []
    a, b = np.empty((4, 3), np.float32), np.empty((4, 2), np.float32)
    xs, ys = torch.from_numpy(a), torch.from_numpy(b)
    for t in range(8):
        a[...] = X[t]
        b[...] = Y[t]
        losses.append(step(xs, ys).item())
    return losses, weights(model)


@program
def a_buffer_changed_behind_its_use() -> Any:
    model = net()
    optimizer, losses, b = sgd(model), [], np.empty((4, 2), np.float32)
    ys = torch.from_numpy(b)
    for t in range(6):
        b[...] = Y[t]
        optimizer.zero_grad()
        loss = ((model(x(t)) - (ys + 1)) ** 2).mean()
        b[...] = 7
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@program
def weights_read_around_the_step() -> Any:
    model = net()
    optimizer, seen = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        loss.backward()
        seen.append(size(model))
        optimizer.step()
        seen.append(size(model))
    return seen


@program
def a_weight_written_between_backward_and_step() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        loss.backward()
        with torch.no_grad():
            model[0].bias.mul_(0.5)
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def a_weight_written_between_forward_and_backward() -> Any:
    model = net()
    optimizer, found = sgd(model), []
    for t in range(5):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        if t == 3:
            with torch.no_grad():
                model[2].weight.mul_(0.5)
        try:
            loss.backward()
            found.append("ok")
        except Exception as error:
            found.append(type(error).__name__)
        optimizer.step()
    return found, weights(model)


@program
def the_norm_of_gradients_read() -> Any:
    model = net()
    optimizer, norms = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        F.mse_loss(model(x(t)), y(t)).backward()
        norms.append(float(sum(float((p.grad.numpy() ** 2).sum()) for p in model.parameters())))
        optimizer.step()
    return norms, weights(model)


@program
def gradients_clipped() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def gradients_accumulated() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(9):
        loss = F.mse_loss(model(x(t)), y(t)) / 3
        loss.backward()
        losses.append(loss)
        if t % 3 == 2:
            optimizer.step()
            optimizer.zero_grad()
    return [loss.item() for loss in losses], weights(model)


@program
def the_learning_rate_changed() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    step = trained(model, optimizer)
    for t in range(8):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * 0.9**t
        losses.append(step(x(t), y(t)).item())
    return losses, weights(model)


@program
def the_learning_rate_changed_behind_backward() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(8):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        loss.backward()
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * 0.9**t
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def the_momentum_changed() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    step = trained(model, optimizer)
    for t in range(8):
        for group in optimizer.param_groups:
            group["momentum"] = 0.5 + 0.03 * t
        losses.append(step(x(t), y(t)).item())
    return losses, weights(model)


@program
def a_number_that_changes() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(8):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t)) * (1 + 0.1 * t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def a_branch_on_a_counter() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(9):
        optimizer.zero_grad()
        h = model(x(t))
        h = h * 2 if t % 3 == 0 else h.tanh()
        loss = F.mse_loss(h, y(t))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def two_models_of_one_architecture() -> Any:
    one, two = net(), net()
    steps, losses = (trained(one, sgd(one)), trained(two, sgd(two))), []
    for t in range(8):
        for k, step in enumerate(steps):
            losses.append(step(x(t + k), y(t)).item())
    return losses, weights(one), weights(two)


@program
def a_weight_frozen_midway() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    step = trained(model, optimizer)
    for t in range(8):
        if t == 4:
            model[0].weight.requires_grad = False
        losses.append(step(x(t), y(t)).item())
    return losses, weights(model)


@program
def evaluation_in_between() -> Any:
    model = net()
    step, seen = trained(model, sgd(model)), []
    for t in range(9):
        step(x(t), y(t))
        if t % 3 == 2:
            model.eval()
            with torch.no_grad():
                seen.append(sum(F.mse_loss(model(x(k)), y(k)).item() for k in range(20, 24)))
            model.train()
    return seen, weights(model)


@program
def evaluation_added_up_in_a_tensor() -> Any:
    model = net()
    step, seen = trained(model, sgd(model)), []
    for t in range(6):
        step(x(t), y(t))
        with torch.no_grad():
            total = 0
            for k in range(20, 30):
                total = total + F.mse_loss(model(x(k)), y(k))
            seen.append((total / 10).item())
    return seen, weights(model)


@program
def outputs_kept() -> Any:
    model = net()
    optimizer, kept = sgd(model), []
    for t in range(8):
        optimizer.zero_grad()
        out = model(x(t))
        loss = F.mse_loss(out, y(t))
        loss.backward()
        optimizer.step()
        kept.append(out.detach())
    return kept, weights(model)


@program
def outputs_detached_before_the_step() -> Any:
    model = net()
    optimizer, kept = sgd(model), []
    for t in range(8):
        optimizer.zero_grad()
        out = model(x(t))
        kept.append(out.detach())
        F.mse_loss(out, y(t)).backward()
        optimizer.step()
    return kept, weights(model)


@program
def a_view_of_a_weight_held() -> Any:
    model = net()
    step, seen = trained(model, sgd(model)), []
    for t in range(6):
        row = model[0].weight[0]
        step(x(t), y(t))
        seen.append(row.detach().numpy().tolist())
    return seen


@program
def an_exception_in_forward() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(8):
        optimizer.zero_grad()
        try:
            h = model(x(t))
            if t % 4 == 3:
                raise KeyError
            loss = F.mse_loss(h, y(t))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        except KeyError:
            losses.append(-1.0)
    return losses, weights(model)


@program
def steps_skipped_on_a_condition() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(10):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        if loss.item() > 1.0:
            continue
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def updates_written_by_hand() -> Any:
    model = net()
    losses = []
    for t in range(8):
        loss = F.mse_loss(model(x(t)), y(t))
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.05 * p.grad
                p.grad = None
        losses.append(loss.item())
    return losses, weights(model)


@program
def a_label_that_is_not_there() -> Any:
    model = nn.Sequential(nn.Linear(3, 5))
    optimizer, found = sgd(model), []
    for t in range(6):
        labels = torch.tensor(np.array([0, 1, 2, 9 if t == 4 else 3]))
        optimizer.zero_grad()
        try:
            loss = F.cross_entropy(model(x(t)), labels)
            found.append("forward")
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        except Exception as error:
            found.append(type(error).__name__)
    return found, weights(model)


@program
def printed() -> Any:
    model = net()
    optimizer, texts = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        h = model(x(t))
        texts.append(repr(h)[:24])
        loss = F.mse_loss(h, y(t))
        loss.backward()
        optimizer.step()
        texts.append(f"{loss:.3f}")
    return texts


@program
def dropout() -> Any:
    torch.manual_seed(2)
    model = nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 2))
    step = trained(model, sgd(model))
    return [step(x(t), y(t)).item() for t in range(8)], weights(model)


@program
def adam() -> Any:
    model = net()
    step = trained(model, torch.optim.Adam(model.parameters(), lr=0.01))
    return [step(x(t), y(t)).item() for t in range(8)], weights(model)


@program
def a_smaller_last_batch() -> Any:
    model = net()
    step, losses = trained(model, sgd(model)), []
    for t in range(12):
        count = 2 if t % 4 == 3 else 4
        losses.append(step(torch.tensor(X[t][:count]), torch.tensor(Y[t][:count])).item())
    return losses, weights(model)


@program
def another_thread_looks() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        got: list[float] = []
        thread = threading.Thread(target=lambda loss=loss, got=got: got.append(loss.item()))
        thread.start()
        thread.join()
        loss.backward()
        optimizer.step()
        losses.append(got[0])
    return losses, weights(model)


@program
def a_state_dict_in_between() -> Any:
    model = net()
    optimizer, seen = sgd(model), []
    for t in range(8):
        optimizer.zero_grad()
        F.mse_loss(model(x(t)), y(t)).backward()
        if t == 5:
            held = {name: value.numpy().copy() for name, value in model.state_dict().items()}
            seen.append(float(sum((value**2).sum() for value in held.values())))
        optimizer.step()
    return seen, weights(model)


@program
def batches_cut_from_one_tensor() -> Any:
    model, data, labels = net(), torch.tensor(X.reshape(-1, 3)), torch.tensor(Y.reshape(-1, 2))
    step = trained(model, sgd(model))
    losses = [step(data[k : k + 4], labels[k : k + 4]).item() for k in range(0, 40, 4)]
    return losses, weights(model)


@program
def a_part_and_the_whole() -> Any:
    found = []
    data = torch.tensor(X[0])
    for k in range(3):
        rows = data[k : k + 2]
        found += [rows * rows, rows + data[0], (data * 2)[k], (rows * data[k : k + 2] + data.sum()).mean(), rows.t() @ data[:2]]
        data[k] = 5.0
        found.append(rows * 1)
    return found


@program
def part_of_a_weight_trained() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        loss = (model[0].weight[1:3] * 2).pow(2).sum() + F.mse_loss(model(x(t)), y(t))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def a_loader() -> Any:
    model = net()
    data = torch.utils.data.TensorDataset(torch.tensor(X.reshape(-1, 3)), torch.tensor(Y.reshape(-1, 2)))
    step, losses = trained(model, sgd(model)), []
    for _ in range(2):
        losses += [step(a, b).item() for a, b in torch.utils.data.DataLoader(data, batch_size=24, shuffle=True)]
    return losses, weights(model)
