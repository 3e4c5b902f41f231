"""The pictures of the reference: SVG with title and description, lines that differ without their colours too, and the figure in words."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np

from docs.site import costs, markup
from docs.site.catalogue import Entry, Section, sections
from docs.site.curves import (
    RATES,
    WALKED,
    Curve,
    Function,
    Walk,
    facts,
    is_activation,
    is_walked,
    loss_picture,
    of_one_element,
    sampled,
    schedule_curve,
    shown_interval,
    walk,
)
from examples.foundations.drawing import COLOURS, DASHES, panels, plt

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDE, HIGH = 6.4, 3.6
TALLEST = 5.0
"""What of a function is drawn, up and down, where it goes on without end."""


def pictures_of(section: Section, entry: Entry, folder: Path) -> list[str]:
    """The Markdown of the pictures of a name, which are drawn into the folder of its page."""
    place = folder / f"{section.page_of(entry).rpartition('/')[2]}.svg"
    if section.folder in ("ops", "functions"):
        function = of_one_element(entry.subject)
        return [*_activation(entry, function), _function(entry, function, place)] if function else []
    if section.folder == "losses":
        return _loss(entry, place)
    if section.folder == "schedules":
        return _schedule(entry, place)
    return [_path(entry, place)] if section.folder == "optimizers" and is_walked(entry.subject) else []


def _activation(entry: Entry, function: Function) -> list[str]:
    """What is asked of an activation, as a table."""
    if not is_activation(entry.name, entry.subject):
        return []
    rows = [(f"**{label}**", markup.cell(words)) for label, words in facts(function)]
    cost = costs.recorded().get(entry.name)
    if cost is not None:
        rows.append(("**Cost**", f"{cost:.2f} ns an element, float32, {costs.circumstances()} (`python -m docs.site.costs`)"))
    return [markup.table(("", ""), rows)]


def _function(entry: Entry, function: Function, place: Path) -> str:
    within = shown_interval(entry.subject)
    curve = sampled(function, np.linspace(within.low, within.high, 801))
    figure, (axes,) = panels(1, width=WIDE, height=HIGH)
    for k, (values, name) in enumerate(((curve.y, entry.name), (curve.slope, "its derivative"))):
        _line(axes, k, curve.x, np.where(np.abs(values) < 3 * TALLEST, values, np.nan), name)  # no line from one end of a pole to the other
    seen = np.concatenate([curve.y, curve.slope])
    seen = seen[np.isfinite(seen)]
    axes.set(ylim=(max(seen.min(), -TALLEST) - 0.3, min(seen.max(), TALLEST) + 0.3), xlabel="x")
    _origin(axes)
    axes.legend(frameon=False)
    words = f"{entry.name} and its derivative: {_at(curve)}."
    return _saved(figure, place, entry.name, words)


def _at(curve: Curve) -> str:
    """A curve in words: its values at three points where it has any."""
    said = []
    for x in (-2.0, 0.0, 2.0):
        k = int(np.argmin(np.abs(curve.x - x)))
        if np.isfinite(curve.y[k]) and np.isfinite(curve.slope[k]):
            said.append(f"at {curve.x[k]:.3g} it is {curve.y[k]:.3g} with slope {curve.slope[k]:.3g}")
    return ", ".join(said) or "it has no finite values at -2, 0 and 2"


def _loss(entry: Entry, place: Path) -> list[str]:
    found = loss_picture(entry.name, entry.subject)
    if found is None:
        return []
    figure, (left, right) = panels(2, width=4.2, height=HIGH)
    for k, curve in enumerate(found.curves):
        _line(left, k, curve.x, curve.y, curve.name)
        _line(right, k, curve.x, curve.slope, curve.name)
    highest = max(float(np.nanmax(curve.y)) for curve in found.curves)
    steepest = max(float(np.nanpercentile(np.abs(curve.slope), 97)) for curve in found.curves)
    left.set(title="the loss", xlabel=found.axis, ylim=(None, highest * 1.05))
    right.set(title="its derivative", xlabel=found.axis, ylim=(-steepest * 1.15, steepest * 1.15))
    left.legend(frameon=False)
    finite = [(curve.name, curve.y[np.isfinite(curve.y)]) for curve in found.curves]
    ends = [f"{name}: {y[0]:.3g} at the left end, {y[-1]:.3g} at the right" for name, y in finite]
    return [_saved(figure, place, f"{entry.name} and its derivative", f"{entry.name} over the {found.axis}. {'; '.join(ends)}.")]


def _schedule(entry: Entry, place: Path) -> list[str]:
    curve = schedule_curve(entry.subject)
    if curve is None:
        return []
    figure, (axes,) = panels(1, width=WIDE, height=2.8)
    _line(axes, 0, curve.x, curve.y, "")
    axes.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    said = ", ".join(f"{curve.y[k]:.3g} at step {k}" for k in (0, 30, 60, len(curve.y) - 1))
    return [_saved(figure, place, entry.name, f"{entry.name} with {curve.name}: {said}.")]


def _path(entry: Entry, place: Path) -> str:
    """The rule on a valley, beside plain gradient descent."""
    own, plain = walk(entry.subject), _plain_descent()
    figure, (plane, losses) = panels(2, width=4.8, height=HIGH)
    x, y = np.linspace(-10, 4, 120), np.linspace(-3, 3, 80)
    plane.contour(x, y, np.log(x[None] ** 2 / 20 + y[:, None] ** 2 + 0.02), levels=9, cmap="Greys", linewidths=0.6)
    for k, (walked, name) in enumerate(((own, entry.name), (plain, "gradient descent"))):
        if k and entry.name == "SGD":
            continue
        _line(plane, k, *walked.places.T, name, marker="os"[k], markersize=3)
        _line(losses, k, np.arange(WALKED + 1), np.maximum(walked.heights, 1e-10), name)
    plane.plot(0, 0, "*", color="black", markersize=12)
    plane.set(title="paths; the star is the lowest point", xlabel="x", ylabel="y", xlim=(-10, 4), ylim=(-3, 3))
    losses.set(title="loss", xlabel="step", yscale="log")
    losses.legend(frameon=False)
    words = (
        f"{entry.name} on the valley x^2 / 20 + y^2 from (-9, 2), at the best of the learning rates {', '.join(map(str, RATES))}, which is "
        f"{own.rate:g}: the loss is {own.heights[0]:.3g} at the start, {own.heights[10]:.2g} after 10 steps, "
        f"{own.heights[-1]:.2g} after {WALKED}."
    )
    return _saved(figure, place, f"The path of {entry.name}", words)


def _plain_descent() -> Walk:
    section = next(section for section in sections() if section.folder == "optimizers")
    return walk(next(entry.subject for entry in section.entries if entry.name == "SGD"))


def _line(axes: Axes, number: int, x: Any, y: Any, label: str, **style: Any) -> None:  # noqa: ANN401
    axes.plot(x, y, color=COLOURS[number], linestyle=DASHES[number], label=label, linewidth=1.8, **style)


def _origin(axes: Axes) -> None:
    axes.axhline(0, color="#888888", linewidth=0.6, zorder=0)
    axes.axvline(0, color="#888888", linewidth=0.6, zorder=0)


def _saved(figure: Figure, place: Path, title: str, words: str) -> str:
    """Writes the picture, as text that can be searched and read aloud; the same bytes each time."""
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": title, "font.family": "sans-serif"}):
        figure.savefig(place, metadata={"Title": title, "Date": None, "Creator": None})
    plt.close(figure)
    text = place.read_text(encoding="utf-8")
    text, count = re.subn(r"<title>.*?</title>", lambda found: f"{found[0]}\n <desc>{html.escape(words)}</desc>", text, count=1)
    if not count:
        raise RuntimeError(f"{place.name} has no title")
    place.write_text(text.replace("<svg ", '<svg role="img" ', 1), encoding="utf-8")
    return markup.picture(place.name, words)
