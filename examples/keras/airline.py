"""Forecasting: an LSTM continues the airline passengers of 1949 to 1960.  Course: 11.3 Many to one.

    python examples/keras/airline.py

Twelve months are read, the next is foretold.  The series grows by factors, so the network reads the change of its logarithm from month to
month.  Ten years are trained on; the last two are forecast twice: each month from those that were really there, and all 24 from forecasts
of those before.  Simple rules are the measure: as the month before; as much above last year as in the mean of the training years, which is
hard to beat with 120 numbers to learn from.
"""

from __future__ import annotations

import numpy as np
import pictures

from gradwerk import keras
from gradwerk.data.datasets import airline
from gradwerk.keras import layers

WINDOW, HELD = 12, 24


def network(units: int) -> keras.Sequential:
    """Windows (n, 12, 1) to the next value (n, 1)."""
    return keras.Sequential([keras.Input((WINDOW, 1)), layers.LSTM(units), layers.Dense(1)])


def percent_off(forecast: np.ndarray, truth: np.ndarray) -> float:
    """The mean absolute error, in percent of the truth."""
    return float(100 * (np.abs(forecast - truth) / truth).mean())


def main() -> None:
    """Trains on ten years, and forecasts two."""
    asked = pictures.options(__doc__, epochs=150, units=24, seed=0)
    keras.utils.set_random_seed(asked.seed)
    series = airline()
    logs = np.log(series.values)
    changes = np.diff(logs)
    known = len(changes) - HELD
    middle, spread = changes[:known].mean(), changes[:known].std()
    scaled = ((changes - middle) / spread).astype(np.float32)

    windows = np.lib.stride_tricks.sliding_window_view(scaled, WINDOW)[:-1, :, None]
    train = known - WINDOW
    model = network(asked.units)
    model.summary()
    model.compile(keras.optimizers.Adam(0.003), "mse")
    history = model.fit(windows[:train], scaled[WINDOW:known], batch_size=32, epochs=asked.epochs, verbose=0).history["loss"]
    print(f"loss {history[0]:.3f} -> {history[-1]:.3f} in {asked.epochs} epochs")

    row = list(scaled[:known])
    for _ in range(HELD):
        row.append(float(model.predict(np.array(row[-WINDOW:], np.float32)[None, :, None], verbose=0)[0, 0]))
    at_once, one_ahead = np.array(row[known:]), model.predict(windows[train:], verbose=0)[:, 0]
    truth, before = series.values[-HELD:], logs[-HELD - 1 : -1]
    growth = (logs[12:-HELD] - logs[: -HELD - 12]).mean()
    forecasts = {
        "LSTM, month by month": np.exp(before + one_ahead * spread + middle),
        "LSTM, two years at once": np.exp(before[0] + np.cumsum(at_once * spread + middle)),
        "rule: last month": np.exp(before),
        "rule: last year and growth": np.exp(logs[-HELD - 12 : -12] + growth),
    }
    off = {name: percent_off(forecast, truth) for name, forecast in forecasts.items()}
    for name, percent in off.items():
        print(f"{name:28} off by {percent:.1f} % on average")

    figure, (whole, held) = pictures.panels(2, width=5.6)
    years = 1949 + np.arange(len(logs)) / 12
    for panel in (whole, held):
        panel.plot(years, series.values, color="black", linewidth=1, label="passengers")
        for k, (name, forecast) in enumerate(forecasts.items()):
            panel.plot(years[-HELD:], forecast, pictures.DASHES[k], color=pictures.COLOURS[k], linewidth=1.5, label=name)
        panel.set(xlabel="year", ylabel="thousands of passengers")
    whole.legend(frameon=False)
    held.set(title="The two years held back", xlim=(1958.9, 1961), xticks=(1959, 1960, 1961))
    words = "24 months forecast, off by " + ", ".join(f"{percent:.1f} % ({name})" for name, percent in off.items())
    pictures.save(figure, asked.out, "airline.png", words)


if __name__ == "__main__":
    main()
