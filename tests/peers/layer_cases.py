"""Layers, losses, optimizers and small nets of PyTorch, in either namespace: what runs, on what, and what is recorded.

Weights come from a seed and the parameter's name, so that none are stored.  Recorded in float64: results, gradients of inputs and
parameters, changed buffers; and of each case PyTorch's own largest error in float32, in units of the array's largest number: ours is
held to it.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.peers.nets import NETS

Array = np.ndarray[Any, np.dtype[Any]]
Build = Callable[[Any], Any]


class Layer(NamedTuple):
    """A module and the shape of its input; `whole` counts integer inputs below it."""

    build: Build
    shape: tuple[int, ...]
    whole: int = 0
    drawn: Callable[[Array], Array] = lambda x: x


LAYERS: dict[str, Layer] = {
    "linear": Layer(lambda t: t.nn.Linear(7, 5), (2, 3, 7)),
    "conv2d": Layer(lambda t: t.nn.Conv2d(3, 4, 3), (2, 3, 8, 9)),
    "conv2d of one channel, padded": Layer(lambda t: t.nn.Conv2d(1, 6, 5, padding=2), (2, 1, 9, 9)),
    "conv2d behind an activation": Layer(
        lambda t: t.nn.Sequential(t.nn.Tanh(), t.nn.Conv2d(6, 6, 5, padding=2), t.nn.ReLU()), (2, 6, 9, 9)
    ),
    "conv2d strided, padded, dilated": Layer(
        lambda t: t.nn.Conv2d(3, 4, (3, 2), stride=2, padding=(2, 1), dilation=(2, 1)), (2, 3, 9, 8)
    ),
    "conv2d of groups": Layer(lambda t: t.nn.Conv2d(4, 6, 3, padding=1, groups=2, bias=False), (2, 4, 6, 6)),
    "conv2d depthwise, strided": Layer(lambda t: t.nn.Conv2d(5, 5, 3, padding=1, stride=2, groups=5), (2, 5, 7, 7)),
    "conv2d of one place": Layer(lambda t: t.nn.Conv2d(48, 12, 1, bias=False), (2, 48, 3, 3)),
    "conv1d": Layer(lambda t: t.nn.Conv1d(3, 4, 3, padding=1, stride=2), (2, 3, 8)),
    "max pooling with ties": Layer(lambda t: t.nn.MaxPool2d(3, stride=2, padding=1), (2, 3, 8, 9), drawn=np.round),
    "max pooling of one picture": Layer(lambda t: t.nn.MaxPool2d(3, stride=1), (1, 1, 6, 6)),
    "average pooling": Layer(lambda t: t.nn.AvgPool2d(3, stride=2, padding=1), (2, 3, 8, 9)),
    "average pooling inside": Layer(lambda t: t.nn.AvgPool2d(2, padding=1, count_include_pad=False), (2, 3, 8, 8)),
    "batch norm": Layer(lambda t: t.nn.BatchNorm2d(3), (4, 3, 5, 6)),
    "batch norm of rows": Layer(lambda t: t.nn.BatchNorm1d(3, momentum=0.3, eps=1e-3), (6, 3)),
    "batch norm without scale": Layer(lambda t: t.nn.BatchNorm2d(3, affine=False), (2, 3, 4, 4)),
    "batch norm, evaluating": Layer(lambda t: t.nn.BatchNorm2d(3).eval(), (4, 3, 5, 6)),
    "lstm": Layer(lambda t: t.nn.LSTM(3, 4), (5, 2, 3)),
    "lstm of two layers, both ways": Layer(lambda t: t.nn.LSTM(3, 4, num_layers=2, bidirectional=True, batch_first=True), (2, 5, 3)),
    "embedding": Layer(lambda t: t.nn.Embedding(6, 4), (2, 5), whole=6),
    "activations": Layer(lambda t: t.nn.Sequential(t.nn.Tanh(), t.nn.ReLU(), t.nn.Sigmoid(), t.nn.LogSoftmax(dim=-1)), (2, 5)),
    "softmax over channels": Layer(lambda t: t.nn.Softmax(dim=1), (2, 4, 3, 3)),
} | {f"net {name}": Layer(build, (2, 3, 16, 16)) for name, build in NETS.items()}  # fmt: skip

LABELS = np.array([0, 4, 2, 2, 1, 3])
LOSSES: dict[str, tuple[Build, str]] = {
    "cross entropy": (lambda t: t.nn.CrossEntropyLoss(), "labels"),
    "cross entropy, an ignored class": (lambda t: t.nn.CrossEntropyLoss(ignore_index=2), "labels"),
    "cross entropy, smoothed": (lambda t: t.nn.CrossEntropyLoss(label_smoothing=0.1), "labels"),
    "cross entropy, summed": (lambda t: t.nn.CrossEntropyLoss(reduction="sum"), "labels"),
    "cross entropy of probabilities": (lambda t: t.nn.CrossEntropyLoss(), "shares"),
    "mean squared error": (lambda t: t.nn.MSELoss(), "floats"),
    "squared errors": (lambda t: t.nn.MSELoss(reduction="none"), "floats"),
    "mean absolute error": (lambda t: t.nn.L1Loss(), "floats"),
    "binary with logits": (lambda t: t.nn.BCEWithLogitsLoss(), "bits"),
    "binary": (lambda t: t.nn.BCELoss(reduction="sum"), "bits of shares"),
    "binary, weighted": (lambda t: t.nn.BCEWithLogitsLoss(held(t, "w", 5), pos_weight=held(t, "p", 5)), "bits"),
    "cross entropy, weighted and smoothed": (lambda t: t.nn.CrossEntropyLoss(held(t, "w", 5), label_smoothing=0.2), "labels"),
    "likelihood, weighted, an ignored class": (lambda t: t.nn.NLLLoss(held(t, "w", 5), ignore_index=2), "labels"),
    "smooth l1": (lambda t: t.nn.SmoothL1Loss(beta=0.5), "floats"),
    "huber": (lambda t: t.nn.HuberLoss("none", delta=0.7), "floats"),
    "divergence": (lambda t: t.nn.KLDivLoss(reduction="batchmean"), "shares"),
    "divergence of logarithms": (lambda t: t.nn.KLDivLoss(reduction="sum", log_target=True), "floats"),
    "poisson": (lambda t: t.nn.PoissonNLLLoss(full=True), "shares"),
    "poisson of means": (lambda t: t.nn.PoissonNLLLoss(log_input=False), "bits of shares"),
    "gaussian": (lambda t: lambda x, y: t.nn.GaussianNLLLoss(full=True)(x, y, 0.1 + y * y), "floats"),
    "soft margin": (lambda t: t.nn.SoftMarginLoss(), "signs"),
    "hinge embedding": (lambda t: t.nn.HingeEmbeddingLoss(margin=0.4), "signs"),
    "multi-margin": (lambda t: t.nn.MultiMarginLoss(p=2, margin=0.8, weight=held(t, "w", 5)), "labels"),
    "multilabel margin": (lambda t: t.nn.MultiLabelMarginLoss(), "lists"),
    "multilabel soft margin": (lambda t: t.nn.MultiLabelSoftMarginLoss(held(t, "w", 5)), "bits"),
    "margin ranking": (lambda t: lambda x, y: t.nn.MarginRankingLoss(margin=0.3)(x, x * x, y), "signs"),
    "cosine embedding": (lambda t: lambda x, y: t.nn.CosineEmbeddingLoss(margin=-0.2)(x, x * x + y, y[:, 0]), "signs"),
    "triplet": (lambda t: lambda x, y: t.nn.TripletMarginLoss(margin=0.7, swap=True)(x, x * x, y), "floats"),
    "triplet of order 1": (lambda t: lambda x, y: t.nn.TripletMarginLoss(p=1.0, reduction="none")(x, x * x, y), "floats"),
    "ctc": (lambda t: lambda x, y: t.nn.CTCLoss()(x.reshape(6, 1, 5).log_softmax(2), y[:1, :3] % 4 + 1, (6,), (3,)), "lists"),
    "ctc of equal labels": (
        lambda t: lambda x, y: t.nn.CTCLoss(blank=4)(x.reshape(3, 2, 5).log_softmax(2), y[:2, :2] * 0 + 1, (3, 3), (2, 1)), "lists",
    ),
}  # fmt: skip
"""How it is made, and what its second argument is.  The probabilities of `bits of shares` lie between 0 and 1."""


def held(t: Any, name: str, extent: int) -> Any:
    """A weight for each class, in the dtype that is tested."""
    return t.tensor((0.5 + np.abs(drawn(name, (extent,)))).astype(WIDTH[0]))


WIDTH = ["float32"]
"""The dtype of the case that runs."""


OPTIMIZERS: dict[str, Callable[[Any, Any], Any]] = {
    "sgd": lambda t, p: t.optim.SGD(p, lr=0.1),
    "momentum, dampened": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    "nesterov, decay": lambda t, p: t.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "adam": lambda t, p: t.optim.Adam(p, lr=0.01),
    "adam, decay": lambda t, p: t.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-4, weight_decay=0.1),
    "adamw": lambda t, p: t.optim.AdamW(p, lr=0.01),
    "rmsprop": lambda t, p: t.optim.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-3),
    "rmsprop, centred": lambda t, p: t.optim.RMSprop(p, lr=0.01, alpha=0.8, eps=1e-3, momentum=0.6, centered=True, weight_decay=0.1),
    "adagrad": lambda t, p: t.optim.Adagrad(p, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.2, weight_decay=0.01),
    "adadelta": lambda t, p: t.optim.Adadelta(p, lr=0.9, rho=0.8, eps=1e-3, weight_decay=0.01),
    "adamax": lambda t, p: t.optim.Adamax(p, lr=0.02, betas=(0.8, 0.9), weight_decay=0.01),
    "nadam": lambda t, p: t.optim.NAdam(p, lr=0.02, betas=(0.8, 0.9), momentum_decay=0.1, weight_decay=0.01),
    "nadam, decoupled decay": lambda t, p: t.optim.NAdam(p, lr=0.02, decoupled_weight_decay=True, weight_decay=0.3),
    "radam": lambda t, p: t.optim.RAdam(p, lr=0.02, betas=(0.8, 0.9), weight_decay=0.01),
    "asgd": lambda t, p: t.optim.ASGD(p, lr=0.1, lambd=0.1, t0=2.0, weight_decay=0.01),
    "rprop": lambda t, p: t.optim.Rprop(p, lr=0.05, etas=(0.4, 1.3)),
    "groups": lambda t, p: t.optim.SGD([{"params": [p[0]], "lr": 0.5}, {"params": p[1:]}], lr=0.1, momentum=0.9),
}


def drawn(name: str, shape: tuple[int, ...]) -> Array:
    """Normal numbers that depend on name and shape alone."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)


def weight(path: str, shape: tuple[int, ...]) -> Array:
    """The start of one parameter or buffer: normal over the root of what it sums; scales and variances around 1."""
    if path.endswith("running_var") or len(shape) < 2:
        return 1 + 0.1 * np.abs(drawn(path, shape)) if "weight" in path or "var" in path else 0.1 * drawn(path, shape)
    return drawn(path, shape) / np.sqrt(np.prod(shape[1:]))


def filled(model: Any, t: Any, dtype: str) -> Any:
    """The module with its weights set, in a dtype."""
    state = {}
    for path, held in model.state_dict().items():
        array = held.detach().numpy()
        state[path] = t.tensor(weight(path, array.shape).astype(dtype) if array.dtype.kind == "f" else np.array(array))
    if dtype == "float64":
        model = model.double()
    model.load_state_dict(state)
    return model


def layer_step(model: Any, t: Any, dtype: str, x: Any) -> dict[str, Any]:
    """Results and gradients of one layer, of a sum weighted by what depends on the shape alone."""
    results = model(x)
    results = [results] if hasattr(results, "shape") else [results[0], *results[1]]
    total = sum((r * t.tensor(drawn(f"ct {k}", tuple(r.shape)).astype(dtype))).sum() for k, r in enumerate(results))
    total.backward()
    return {f"result {k}": r.detach() for k, r in enumerate(results)}


def run_layer(t: Any, name: str, dtype: str, compiled: Callable[[Any], Any] = lambda f: f) -> dict[str, Array]:
    """All that is recorded of a layer."""
    case = LAYERS[name]
    model = filled(case.build(t), t, dtype)
    start = drawn(f"x {name}", case.shape)
    if case.whole:
        x = t.tensor((np.abs(start) * 10).astype(np.int64) % case.whole)
    else:
        x = t.tensor(case.drawn(start).astype(dtype), requires_grad=True)
    found = compiled(lambda given: layer_step(model, t, dtype, given))(x)
    found |= {f"gradient {path}": p.grad for path, p in model.named_parameters()} | ({} if case.whole else {"gradient x": x.grad})
    found |= {f"buffer {path}": b for path, b in model.named_buffers() if "running" in path and model.training}
    return {key: np.array(value.detach().numpy()) for key, value in found.items()}


def run_loss(t: Any, name: str, dtype: str, compiled: Callable[[Any], Any] = lambda f: f) -> dict[str, Array]:
    """The loss and the gradient of its sum."""
    build, kind = LOSSES[name]
    WIDTH[0] = dtype
    x = drawn("scores", (6, 5))
    x = 1 / (1 + np.exp(-x)) if kind == "bits of shares" else x
    shares = np.abs(drawn("targets", (6, 5)))
    targets = {
        "labels": LABELS, "shares": (shares / shares.sum(1, keepdims=True)).astype(dtype), "floats": drawn("targets", (6, 5)).astype(dtype),
        "bits": (shares > 0.5).astype(dtype), "bits of shares": (shares > 0.5).astype(dtype),
        "signs": np.where(shares > 0.5, 1.0, -1.0).astype(dtype), "lists": np.where(np.arange(5) < 3, np.argsort(shares), -1),
    }[kind]  # fmt: skip
    given = t.tensor(x.astype(dtype), requires_grad=True)

    def step(scores: Any, wanted: Any) -> Any:
        value = build(t)(scores, wanted)
        value.sum().backward()
        return value.detach()

    value = compiled(step)(given, t.tensor(targets))
    return {"result": np.array(value.numpy()), "gradient x": np.array(given.grad.numpy())}


def run_optimizer(t: Any, name: str, dtype: str, compiled: Callable[[Any], Any] = lambda f: f) -> dict[str, Array]:
    """The parameters after six steps, the learning rate changed before the last two."""
    model = filled(t.nn.Linear(4, 3), t, dtype)
    optimizer = OPTIMIZERS[name](t, list(model.parameters()))

    def step(x: Any, y: Any) -> None:
        optimizer.zero_grad()
        t.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()

    run = compiled(step)
    for number in range(6):
        if number == 4:
            optimizer.param_groups[0]["lr"] = 0.05
        run(*(t.tensor(drawn(f"{letter} {number}", (5, n)).astype(dtype)) for letter, n in (("x", 4), ("y", 3))))
    return {path: np.array(p.detach().numpy()) for path, p in model.named_parameters()}


GROUPS: dict[str, tuple[Callable[..., dict[str, Array]], dict[str, Any]]] = {
    "layer": (run_layer, LAYERS), "loss": (run_loss, LOSSES), "optimizer": (run_optimizer, OPTIMIZERS),
}  # fmt: skip


def error(got: dict[str, Array], exact: dict[str, Array]) -> float:
    """The largest difference, in units of the largest number of each array."""
    return max(
        float(np.max(np.abs(got[key].astype(np.float64) - wanted), initial=0.0)) / max(float(np.max(np.abs(wanted), initial=0.0)), 1e-3)
        for key, wanted in exact.items()
    )


def recorded(torch: Any, groups: dict[str, tuple[Callable[..., dict[str, Array]], dict[str, Any]]]) -> dict[str, Any]:
    """PyTorch's answers in float64, and `error`, its own in float32."""
    found: dict[str, Any] = {}
    for group, (run, cases) in groups.items():
        for name in cases:
            exact = run(torch, name, "float64")
            found |= {f"{group}/{name}/{key}": array for key, array in exact.items()}
            found[f"{group}/{name}/error"] = np.float64(error(run(torch, name, "float32"), exact))
    return found
