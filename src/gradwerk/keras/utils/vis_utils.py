"""keras.utils.vis_utils: where Keras 2 had them."""

from __future__ import annotations

from gradwerk.keras.utils.plotting import model_to_dot, plot_model

__all__ = ["model_to_dot", "plot_model"]
