"""The pictures of a run as PNG: curves, confusion, mistakes.  Drawn with matplotlib, the extra `plot`."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwerk.base.errors import MissingExtraError
from gradwerk.base.settings import environment

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = np.ndarray[Any, np.dtype[Any]]
TRAINED, HELD_BACK, GREY = "#0072b2", "#d55e00", "#6b6b6b"
"""Of Okabe and Ito, 2008, "Color universal design"; lines differ by their dashes and marks too."""
_MOST_MISTAKES = 40
_COLUMNS = 8


def draw_curves(history: Sequence[Mapping[str, float]]) -> bytes:
    """Loss by epoch, on what is trained on and held back, and of classes the accuracy.  Raises: MissingExtraError."""
    of_classes = not history or "accuracy" in history[0]
    figure = _figure(10 if of_classes else 5, 4.2)
    loss, *others = figure.subplots(1, 2 if of_classes else 1, squeeze=False)[0]
    _draw_curve(loss, history, "loss", "{:.3f}", "upper right")
    loss.set_title(f"Loss ({'cross-entropy' if of_classes else 'squared error'})", loc="left", fontsize=12, weight="bold")
    loss.set_ylim(bottom=0)
    if of_classes:
        _draw_accuracy(others[0], history)
    return _png(figure, "Loss and accuracy by epoch" if of_classes else "Loss by epoch", _curves_in_words(history))


def _draw_accuracy(accuracy: Axes, history: Sequence[Mapping[str, float]]) -> None:
    _draw_curve(accuracy, history, "accuracy", "{:.2%}", "lower right")
    accuracy.set_title("Accuracy", loc="left", fontsize=12, weight="bold")
    low = min([value for row in history for value in (row["accuracy"], row.get("val_accuracy", 1.0))], default=0.9)
    accuracy.set_ylim(max(np.floor(low * 20 - 0.2) / 20, 0), 1.005)
    accuracy.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")


def _curves_in_words(history: Sequence[Mapping[str, float]]) -> str:
    """The numbers at the ends, for who does not see the lines."""
    if not history:
        return "no epochs"
    ends = (f"{name} {history[0].get(name, np.nan):.4g} to {history[-1].get(name, np.nan):.4g}" for name in sorted(history[-1]))
    return f"from epoch 1 to {len(history)}: {', '.join(ends)}"


def _draw_curve(axes: Axes, history: Sequence[Mapping[str, float]], name: str, form: str, corner: str) -> None:
    """One mean over the epochs, training and held back, a ring around the best held-back epoch; values are written by `form`."""
    epochs = range(1, len(history) + 1)
    for key, label, colour, dash, marker in ((name, "training", TRAINED, "-", "o"), (f"val_{name}", "held back", HELD_BACK, "--", "s")):
        values = np.array([row.get(key, np.nan) for row in history])
        last = f", {form.format(values[-1])} at the end" if len(values) else ""
        axes.plot(epochs, values, color=colour, label=f"{label}{last}", linewidth=2, linestyle=dash, marker=marker, markersize=3.5)
    if np.isfinite(values).any():
        best = int(np.nanargmax(values) if name == "accuracy" else np.nanargmin(values))
        label = f"best, {form.format(values[best])} in epoch {best + 1}"
        ring = axes.plot(best + 1, values[best], label=label, marker="o", markersize=11, linestyle="none")[0]
        ring.set_markerfacecolor("none")
        ring.set_markeredgecolor("black")
    axes.set_xlabel("epoch")
    axes.set_ylabel(name)
    axes.set_xlim(0.5, max(len(history), 2) + 0.5)
    axes.set_xticks(list(epochs)[:: max(len(history) // 12, 1)])
    _quiet(axes)
    axes.legend(frameon=False, loc=corner)


def draw_confusion(confusion: Array) -> bytes:
    """What each digit was taken for: rows are digits, columns answers, colours shares of the row.  Raises: MissingExtraError."""
    figure = _figure(6.6, 6.4)
    axes, size = figure.add_subplot(), len(confusion)
    shares = confusion / np.maximum(confusion.sum(1, keepdims=True), 1)
    wrong = shares * (1 - np.eye(len(shares)))
    image = np.ones((*shares.shape, 3))
    image -= (np.diag(np.diag(shares)) ** 4)[..., None] * (1 - np.array([0.30, 0.45, 0.69])) * 0.75
    image -= np.sqrt(np.minimum(wrong * 12, 1))[..., None] * (1 - np.array([0.87, 0.35, 0.17])) * 0.8
    axes.imshow(np.clip(image, 0, 1))
    for (row, column), count in np.ndenumerate(confusion):
        if count:
            weight, colour = "bold" if row == column else "normal", "white" if image[row, column, 0] < 0.75 else "black"
            axes.text(column, row, str(count), ha="center", va="center", fontsize=9.5, weight=weight, color=colour)
    for digit, (rows, columns) in enumerate(zip(confusion.sum(1), confusion.sum(0), strict=True)):
        axes.text(size - 0.3, digit, f"{rows:,}", va="center", fontsize=9.5, color=GREY)
        axes.text(digit, size - 0.25, f"{columns:,}", ha="center", va="center", fontsize=9.5, color=GREY)
    axes.text(size - 0.3, size - 0.25, "total", va="center", fontsize=9.5, color=GREY)
    right, total = int(np.trace(confusion)), int(confusion.sum())
    axes.set_title(f"{right:,} of {total:,} right ({right / max(total, 1):.2%})", loc="left", fontsize=12, weight="bold")
    axes.set_xlabel("answer")
    axes.set_ylabel("digit")
    axes.xaxis.set_label_position("top")
    axes.xaxis.tick_top()
    axes.set_xticks(range(size))
    axes.set_yticks(range(size))
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_xlim(-0.5, size + 0.3)
    axes.set_ylim(size, -0.5)
    axes.grid(which="minor", color="#dddddd", linewidth=0.8)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    confused = [(int(confusion[row, column]), row, column) for row, column in np.argwhere(confusion) if row != column]
    worst = ", ".join(f"{row} as {column} {count} times" for count, row, column in sorted(confused, reverse=True)[:5]) or "nothing"
    return _png(figure, "What each digit was taken for", f"{right:,} of {total:,} right; most often wrong: {worst}")


def draw_mistakes(images: Array, labels: Array, probabilities: Array) -> bytes:
    """The digits answered wrong, the surest mistakes first.

    Shape: images (n, 28, 28), labels (n,), probabilities (n, 10).  Raises: MissingExtraError.
    """
    answers = probabilities.argmax(-1)
    wrong = np.flatnonzero(answers != labels)
    wrong = wrong[np.argsort(-probabilities[wrong].max(-1), kind="stable")]
    shown = wrong[:_MOST_MISTAKES]
    rows = max(-(-len(shown) // _COLUMNS), 1)
    figure = _figure(1.35 * _COLUMNS, 1.62 * rows + 0.7)
    more = f", the surest {len(shown)} shown" if len(shown) < len(wrong) else ", the surest first" if len(wrong) else ""
    title = f"{len(wrong)} mistakes among {len(labels):,} held-back digits{more}"
    figure.suptitle(title, x=0.02, ha="left", fontsize=12, weight="bold")
    for position, k in enumerate(shown, 1):
        axes = figure.add_subplot(rows, _COLUMNS, position)
        axes.imshow(255 - images[k], cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        axes.set_title(f"{labels[k]} read as {answers[k]}", fontsize=9, pad=3)
        axes.set_xlabel(f"{probabilities[k, answers[k]]:.0%} sure", fontsize=8, color=GREY, labelpad=2)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color("#cccccc")
    listed = "; ".join(f"{labels[k]} read as {answers[k]}, {probabilities[k, answers[k]]:.0%} sure" for k in shown) or "none"
    return _png(figure, title, listed)


def _figure(width: float, height: float) -> Figure:
    """An empty figure; no window and no global state of matplotlib's is touched."""
    try:
        with environment(MPLBACKEND=""):  # one that does not exist here would break the import, and nothing is shown anyway
            from matplotlib.figure import Figure  # noqa: PLC0415  an extra, loaded when something is drawn
    except ImportError:
        raise MissingExtraError("matplotlib is not installed", likely="pip install 'gradwerk[plot]'") from None
    return Figure(figsize=(width, height), layout="constrained", facecolor="white")


def _quiet(axes: Axes) -> None:
    axes.grid(color="#e6e6e6", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, colors=GREY)
    for name, spine in axes.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color("#bbbbbb")


def _png(figure: Figure, title: str, words: str) -> bytes:
    """The picture with its title and what it shows, in words."""
    data = io.BytesIO()
    figure.savefig(data, dpi=120, format="png", metadata={"Title": title, "Description": words})
    return data.getvalue()
