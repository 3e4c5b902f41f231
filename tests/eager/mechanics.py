"""What autograd, views, writes and shared memory mean, where work waits."""

from __future__ import annotations

import copy
import pickle
import threading
from typing import Any

import numpy as np

from gradwerk import torch
from gradwerk.torch import nn
from tests.eager.loops import F, net, sgd, trained, weights, x, y
from tests.eager.ways import program


def vector(*numbers: float, grad: bool = False) -> Any:
    return torch.tensor(list(numbers), requires_grad=grad)


@program
def views_of_what_waits() -> Any:
    a = vector(1.0, 2.0, 3.0, 4.0) * 2
    b = a.reshape(2, 2)
    c = b.t()[1]
    b.mul_(10.0)
    return a, b, c, c.is_contiguous(), a._version


@program
def a_write_through_a_view() -> Any:
    a = vector(1.0, 2.0, 3.0, 4.0) + 1
    row = a[1:3]
    row.add_(5.0)
    total = a.sum()
    a[0] = -1.0
    return a, row, total, a.sum()


@program
def a_write_with_history() -> Any:
    w = vector(1.0, 2.0, 3.0, grad=True)
    a = w * 2
    a[1] = 7.0
    a.mul_(w)
    a.sum().backward()
    return a, w.grad


@program
def in_place_chain() -> Any:
    a = vector(1.0, 2.0, 3.0) * 1
    for k in range(5):
        a += k
        a *= 0.5
    return a


@program
def a_view_of_a_view_with_gradient() -> Any:
    w = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
    a = (w * 3).t()[1:].reshape(-1)
    (a * a).sum().backward()
    return a, w.grad


@program
def detach_shares() -> Any:
    w = vector(1.0, 2.0, grad=True)
    a = w * 2
    b = a.detach()
    b.mul_(3.0)
    return a, b, b.requires_grad, a.requires_grad


@program
def modified_what_backward_needs() -> Any:
    w = vector(1.0, 2.0, grad=True)
    a = w * 2
    b = (a * a).sum()
    a.detach().mul_(3.0)
    b.backward()
    return w.grad


@program
def data_replaced() -> Any:
    w = vector(1.0, 2.0, grad=True)
    a = (w * 2).sum()
    w.data = vector(5.0, 6.0)
    a.backward()
    return a, w, w.grad, (w * 2).sum()


@program
def data_written() -> Any:
    w = vector(1.0, 2.0, grad=True)
    a = w * w
    w.data.mul_(10.0)
    b = w * w
    return a, b, w


@program
def backward_twice() -> Any:
    w = vector(1.0, 2.0, grad=True)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    first = w.grad.clone()
    loss.backward()
    return first


@program
def backward_kept_and_repeated() -> Any:
    w = vector(1.0, 2.0, grad=True)
    found = []
    for _ in range(3):
        loss = (w * w).sum()
        loss.backward(retain_graph=True)
        loss.backward(retain_graph=True)
        found.append(w.grad.clone())
        w.grad = None
    return found


@program
def two_losses_of_one_trunk() -> Any:
    model = net()
    found = []
    for t in range(4):
        h = model(x(t)).tanh()
        one, two = h.sum(), (h * h).mean()
        one.backward(retain_graph=True)
        two.backward()
        found.append([p.grad.clone() for p in model.parameters()])
        model.zero_grad()
    return found


@program
def second_derivatives() -> Any:
    found = []
    for k in range(3):
        w = vector(1.0, 2.0 + k, grad=True)
        (first,) = torch.autograd.grad((w**3).sum(), (w,), create_graph=True)
        first.sum().backward()
        found += [first, w.grad]
    return found


@program
def gradients_of_chosen_inputs() -> Any:
    a, b = vector(1.0, 2.0, grad=True), vector(3.0, 4.0, grad=True)
    found = [torch.autograd.grad((a * b).sum(), (a, b)) for _ in range(3)]
    return found, a.grad is None


@program
def a_weighted_backward() -> Any:
    w = vector(1.0, 2.0, grad=True)
    for k in range(3):
        (w * w).backward(vector(1.0, float(k)))
    return w.grad


@program
def a_hook_on_a_tensor() -> Any:
    seen, found = [], []
    for k in range(4):
        w = vector(1.0, 2.0, grad=True)
        a = w * 2
        a.register_hook(lambda g: seen.append(g.sum().item()))
        a.register_hook(lambda g, k=k: g * k)
        (a * a).sum().backward()
        found.append(w.grad)
    return seen, found


@program
def a_hook_on_a_leaf() -> Any:
    w = vector(1.0, 2.0, grad=True)
    found = []
    handle = w.register_hook(lambda g: g * 10)
    for k in range(4):
        if k == 2:
            handle.remove()
        (w * w).sum().backward()
        found.append(w.grad.clone())
        w.grad = None
    return found


@program
def a_retained_gradient() -> Any:
    found = []
    for _ in range(3):
        w = vector(1.0, 2.0, grad=True)
        a = w * 2
        a.retain_grad()
        (a * a).sum().backward()
        found += [a.grad, w.grad]
    return found


@program
def hooks_of_modules() -> Any:
    model = net()
    seen: list[float] = []
    model[0].register_forward_hook(lambda module, args, out: seen.append(out.sum().item()))
    step = trained(model, sgd(model))
    for t in range(4):
        step(x(t), y(t))
    return seen, weights(model)


@program
def no_grad_inside() -> Any:
    w = vector(1.0, 2.0, grad=True)
    with torch.no_grad():
        a = w * 2
        with torch.enable_grad():
            b = w * 3
    return a.requires_grad, b.requires_grad, a, b


@program
def a_gradient_added_to() -> Any:
    w = vector(1.0, 2.0, grad=True)
    kept = []
    for k in range(4):
        (w * w * k).sum().backward()
        kept.append(w.grad)
    return kept, [one is kept[0] for one in kept]


@program
def a_gradient_changed_by_hand() -> Any:
    model = net()
    optimizer = sgd(model)
    for t in range(5):
        optimizer.zero_grad()
        F.mse_loss(model(x(t)), y(t)).backward()
        for p in model.parameters():
            p.grad = p.grad * 0.5
        optimizer.step()
    return weights(model)


@program
def a_gradient_written_in_place() -> Any:
    model = net()
    optimizer = sgd(model)
    for t in range(5):
        optimizer.zero_grad(set_to_none=False)
        F.mse_loss(model(x(t)), y(t)).backward()
        model[0].weight.grad.clamp_(-0.01, 0.01)
        optimizer.step()
    return weights(model)


@program
def a_gradient_that_is_missing() -> Any:
    model = net()
    optimizer = sgd(model)
    for t in range(6):
        optimizer.zero_grad()
        F.mse_loss(model(x(t)), y(t)).backward()
        if t % 2:
            model[0].bias.grad = None
        optimizer.step()
    return weights(model)


@program
def optimizers_of_all_kinds() -> Any:
    found = []
    for make in (
        lambda ps: torch.optim.SGD(ps, lr=0.1),
        lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, dampening=0.5, maximize=True),
        lambda ps: torch.optim.Adam(ps, lr=0.01, amsgrad=True),
        lambda ps: torch.optim.AdamW(ps, lr=0.01, weight_decay=0.1),
    ):
        model = net()
        step = trained(model, make(model.parameters()))
        found.append([step(x(t), y(t)).item() for t in range(5)])
        found.append(weights(model))
    return found


@program
def groups_with_rates_of_their_own() -> Any:
    model = net()
    optimizer = torch.optim.SGD([{"params": model[0].parameters(), "lr": 0.1}, {"params": model[2].parameters()}], lr=0.01, momentum=0.9)
    step, losses = trained(model, optimizer), []
    for t in range(6):
        if t == 3:
            optimizer.param_groups[1]["lr"] = 0.2
        losses.append(step(x(t), y(t)).item())
    return losses, weights(model)


@program
def a_group_added_midway() -> Any:
    model, more = net(), nn.Linear(2, 2)
    optimizer, losses = sgd(model), []
    for t in range(6):
        if t == 3:
            optimizer.add_param_group({"params": list(more.parameters())})
        optimizer.zero_grad()
        loss = F.mse_loss(more(model(x(t))), y(t))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model), weights(more)


@program
def a_scheduler() -> Any:
    model = net()
    optimizer = sgd(model)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)
    step, losses = trained(model, optimizer), []
    for t in range(7):
        losses.append(step(x(t), y(t)).item())
        scheduler.step()
    return losses, scheduler.get_last_lr(), weights(model)


@program
def a_closure() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(5):

        def closure(t: int = t) -> Any:
            optimizer.zero_grad()
            loss = F.mse_loss(model(x(t)), y(t))
            loss.backward()
            return loss

        losses.append(optimizer.step(closure))
    return losses, weights(model)


@program
def two_optimizers_in_turn() -> Any:
    maker, judge = net(), nn.Linear(2, 1)
    one, two, found = sgd(maker), torch.optim.Adam(judge.parameters(), lr=0.01), []
    for t in range(6):
        two.zero_grad()
        bad = judge(maker(x(t)).detach()).mean() - judge(y(t)).mean()
        bad.backward()
        two.step()
        one.zero_grad()
        good = -judge(maker(x(t))).mean()
        good.backward()
        one.step()
        found += [bad.item(), good.item()]
    return found, weights(maker), weights(judge)


@program
def a_weight_used_twice() -> Any:
    layer = nn.Linear(3, 3)
    optimizer, found = sgd(layer), []
    for t in range(5):
        optimizer.zero_grad()
        loss = layer(layer(x(t)).tanh()).pow(2).mean()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found, weights(layer)


@program
def batch_norm() -> Any:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    step = trained(model, sgd(model))
    losses = [step(x(t), y(t)).item() for t in range(6)]
    model.eval()
    return losses, weights(model), model[1].running_mean, model[1].num_batches_tracked, model(x(9))


@program
def convolutions() -> Any:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2))
    step = trained(model, sgd(model))
    images = torch.randn(4, 1, 4, 4)
    return [step(images, y(t)).item() for t in range(6)], weights(model), model[0].weight.grad


@program
def an_embedding() -> Any:
    torch.manual_seed(1)
    model = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(6, 2))
    step = trained(model, sgd(model))
    found = [step(torch.tensor([[k % 7, (2 * k) % 7]] * 4), y(k)).item() for k in range(6)]
    try:
        model(torch.tensor([[1, 9]]))
    except Exception as error:
        found.append(type(error).__name__)
    return found, weights(model)


@program
def classes_with_ignored_labels() -> Any:
    model = net()
    optimizer, losses = sgd(model), []
    for t in range(6):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x(t)), torch.tensor([0, 1, -100, t % 2]))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(model)


@program
def a_recurrence_by_hand() -> Any:
    torch.manual_seed(1)
    cell, out = nn.Linear(5, 2), nn.Linear(2, 1)
    optimizer, losses = torch.optim.SGD([*cell.parameters(), *out.parameters()], lr=0.1), []
    for e in range(4):
        h = torch.zeros(4, 2)
        for t in range(6):
            h = cell(torch.cat([x(t + e), h], 1)).tanh()
        optimizer.zero_grad()
        loss = out(h).pow(2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, weights(cell)


@program
def a_tree_for_each_example() -> Any:
    torch.manual_seed(1)
    join = nn.Linear(4, 2)
    optimizer, found = sgd(join), []

    def value(tree: Any) -> Any:
        return y(tree)[0] if isinstance(tree, int) else join(torch.cat([value(tree[0]), value(tree[1])])).tanh()

    for tree in ((0, 1), ((0, 1), 2), (3, (4, 5)), ((0, 1), (2, 3)), ((0, 1), 2), (0, 1)):
        optimizer.zero_grad()
        loss = value(tree).sum()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found, weights(join)


@program
def a_loop_on_data() -> Any:
    found = []
    for k in range(4):
        a, count = vector(1.0, 3.0 + k), 0
        while a.norm() > 0.5:
            a = a * 0.7
            count += 1
        found += [count, a]
    return found


@program
def shapes_refused_at_the_line() -> Any:
    found = []
    for _ in range(3):
        a = vector(1.0, 2.0) * 2
        try:
            b = a + vector(1.0, 2.0, 3.0)
            found.append(b)
        except Exception as error:
            found.append(type(error).__name__)
        try:
            found.append(a @ torch.ones(3, 3))
        except Exception as error:
            found.append(type(error).__name__)
        found.append(a.sum())
    return found


@program
def dividing_whole_numbers_by_zero() -> Any:
    found = []
    for k in range(3):
        a = torch.tensor([4, 6, 9]) + k
        try:
            found.append(a // torch.tensor([1, 2, 0 if k == 1 else 3]))
        except Exception as error:
            found.append(type(error).__name__)
        found.append(a % 4)
    return found


@program
def an_index_out_of_range() -> Any:
    found = []
    for k in range(3):
        a = torch.ones(3) * k
        try:
            found.append(a[torch.tensor([0, 1 + k])])
        except Exception as error:
            found.append(type(error).__name__)
    return found


@program
def masks_and_places() -> Any:
    found = []
    for k in range(3):
        a = torch.arange(6).float() * (k + 1) - 4
        found += [a[a > 0], torch.where(a > 0, a, a * 0.1), a.masked_fill(a < 0, 9.0), a.argmax(), a.max(), a[[0, 2]]]
        a[a > 3] = 0.0
        found.append(a)
    return found


@program
def dtypes_that_meet() -> Any:
    found = []
    for k in range(3):
        a = torch.arange(4) + k
        found += [a * 2, a * 0.5, a.double() / 3, a.half() * 1.5, (a > 1) & (a < 3), a.float().long(), -a, a == 2]
    return found


@program
def numbers_without_axes() -> Any:
    a = torch.tensor(3.0) * 2
    return a.item(), float(a), int(a), bool(a > 1), a.shape, [a.tolist()], f"{a:.1f}", round(float(a) / 4, 2)


@program
def signed_zeros_and_nan() -> Any:
    found = []
    for zero in (0.0, -0.0, 0.0, -0.0):
        a = vector(1.0, -1.0) * zero
        found.append((1.0 / a).tolist())
    return [str(each) for each in found], [str((vector(1.0) * float("nan")).item()) for _ in range(3)]


@program
def nothing_in_it() -> Any:
    a = torch.ones(0, 3) * 2
    return a.sum(), a @ torch.ones(3, 2), a.shape, torch.ones(2, 0).sum(0)


@program
def cut_and_joined() -> Any:
    found = []
    for k in range(3):
        a = torch.arange(12).float().reshape(3, 4) * (k + 1)
        found += [torch.cat([a, a * 2], 1), torch.stack([a[0], a[1]]), a.split(2)[1], a.permute(1, 0).reshape(-1), a.expand(2, 3, 4).sum(0)]
    return found


@program
def memory_shown_and_written() -> Any:
    found = []
    for _ in range(3):
        a = vector(1.0, 2.0, 3.0) * 2
        shown = a.numpy()
        b = a + 1
        shown[0] = 100.0
        c = a + 1
        a.mul_(2.0)
        found += [a, b, c, shown.copy()]
    return found


@program
def memory_written_before_a_look() -> Any:
    found = []
    given = np.ones(3, np.float32)
    for k in range(3):
        a = torch.from_numpy(given)
        b = a * 2
        given[...] = k + 5
        c = a * 2
        a.add_(1.0)
        found += [b, c, given.copy()]
    return found


@program
def an_array_as_an_operand() -> Any:
    found = []
    for k in range(3):
        given = np.full(3, k, np.float32)
        a = torch.ones(3) * torch.from_numpy(given)
        given[...] = 50
        found.append(a)
    return found


@program
def copies_of_what_waits() -> Any:
    found = []
    for k in range(3):
        a = vector(1.0, 2.0) * (k + 1)
        b, c, d = a.clone(), copy.deepcopy(a), copy.copy(a)
        a.add_(10.0)
        found += [a, b, c, d]
    return found


@program
def a_model_copied_midway() -> Any:
    model = net()
    step = trained(model, sgd(model))
    for t in range(3):
        step(x(t), y(t))
    other = copy.deepcopy(model)
    step(x(3), y(3))
    return weights(model), weights(other)


@program
def pickled() -> Any:
    a = vector(1.0, 2.0) * 3
    b = pickle.loads(pickle.dumps(a))
    return a, b


@program
def an_average_of_weights() -> Any:
    model, average = net(), net()
    step = trained(model, sgd(model))
    for t in range(5):
        step(x(t), y(t))
        with torch.no_grad():
            for mean, p in zip(average.parameters(), model.parameters(), strict=True):
                mean.mul_(0.9).add_(p, alpha=0.1)
    return weights(model), weights(average)


@program
def weights_loaded_midway() -> Any:
    model = net()
    step = trained(model, sgd(model))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    for t in range(6):
        step(x(t), y(t))
        if t == 3:
            model.load_state_dict(before)
    return weights(model)


@program
def the_state_of_an_optimizer_saved_and_loaded() -> Any:
    model = net()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    step = trained(model, optimizer)
    for t in range(4):
        step(x(t), y(t))
    held, kept = optimizer.state_dict(), copy.deepcopy(model.state_dict())
    for t in range(2):
        step(x(t), y(t))
    optimizer.load_state_dict(held)
    model.load_state_dict(kept)
    step(x(7), y(7))
    return weights(model)


@program
def two_threads_train() -> Any:
    models = [net(), net()]

    def train(model: Any) -> None:
        step = trained(model, sgd(model))
        for t in range(6):
            step(x(t), y(t))

    threads = [threading.Thread(target=train, args=(model,)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [weights(model) for model in models]


@program
def another_thread_writes() -> Any:
    found = []
    for _ in range(4):
        a = vector(1.0, 2.0)
        b = a * 3
        thread = threading.Thread(target=lambda a=a: a.mul_(10.0))
        thread.start()
        thread.join()
        found += [b, a * 3]
    return found


@program
def another_thread_records_on() -> Any:
    found = []
    for _ in range(4):
        a = vector(1.0, 2.0) * 2
        got: list[Any] = []
        thread = threading.Thread(target=lambda a=a, got=got: got.append(a + 1))
        thread.start()
        thread.join()
        found += [got[0] * 2, a]
    return found


@program
def a_compiled_function_in_between() -> Any:
    model = net()
    double = torch.compile(lambda a: a * 2 + 1)
    optimizer, found = sgd(model), []
    for t in range(5):
        optimizer.zero_grad()
        h = double(model(x(t)))
        loss = F.mse_loss(h, y(t))
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found, weights(model)


@program
def random_numbers() -> Any:
    found = []
    for _ in range(3):
        found += [torch.randn(3) * 2, torch.rand(2) + 1, torch.randperm(5), torch.randint(0, 9, (4,))]
    return found


@program
def weights_that_require_nothing_for_a_while() -> Any:
    model = net()
    optimizer, found = sgd(model), []
    for t in range(8):
        for p in model.parameters():
            p.requires_grad_(t % 2 == 0)
        optimizer.zero_grad()
        loss = F.mse_loss(model(x(t)), y(t))
        found.append(loss.requires_grad)
        if t % 2 == 0:
            loss.backward()
            optimizer.step()
        found.append(loss.item())
    return found, weights(model)


@program
def a_leaf_written_in_place() -> Any:
    w = vector(1.0, 2.0, grad=True)
    a = w * 2
    w.add_(1.0)
    return a


@program
def results_compared_and_counted() -> Any:
    model, right = net(), 0
    for t in range(6):
        with torch.no_grad():
            right += (model(x(t)).argmax(1) == torch.tensor([0, 1, 0, 1])).sum().item()
    return right


@program
def metrics_added_up_in_floats() -> Any:
    model = net()
    step = trained(model, sgd(model))
    total = 0.0
    for t in range(8):
        total += float(step(x(t), y(t)))
    return total


@program
def lstm() -> Any:
    torch.manual_seed(1)
    model, out = nn.LSTM(3, 4, batch_first=True), nn.Linear(4, 1)
    optimizer, found = torch.optim.Adam([*model.parameters(), *out.parameters()], lr=0.01), []
    for t in range(4):
        optimizer.zero_grad()
        states, _ = model(torch.tensor(np.stack([np.asarray(x(t + k)) for k in range(3)], 1)))
        loss = out(states[:, -1]).pow(2).mean()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found
