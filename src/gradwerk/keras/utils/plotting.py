"""Pictures of models, without Graphviz."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.options import checked, choice, not_negative
from gradwerk.keras.utils.diagrams import Diagram, Shown, part_of

DIRECTIONS = ("TB", "BT", "LR", "RL")


@checked
def model_to_dot(
    model: Any, *, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True, rankdir: str = "TB",  # noqa: ANN401
    expand_nested: bool = False, dpi: float = 200, subgraph: bool = False, show_layer_activations: bool = False,
    show_trainable: bool = False, splines: str = "ortho",
) -> Diagram:  # fmt: skip
    """The picture of a model, as an object that writes it: `create(format="svg")`, `write(path)`, `to_string()` for Graphviz.

    Args:
        model: the model.
        show_shapes: whether shapes are shown.
        show_dtype: whether dtypes are.
        show_layer_names: whether names are.
        rankdir: "TB" from top to bottom, "BT", "LR" or "RL".
        expand_nested: whether models in the model are taken apart, with a frame around each.
        dpi: pixels of an inch.
        subgraph: taken and not needed.
        show_layer_activations: whether activations are shown.
        show_trainable: whether it is shown which layers learn.
        splines: taken and not needed.

    Raises: ArgumentTypeError for what is no model, ArgumentError for another rankdir, StateError for a model that is not built.
    """
    if not isinstance(model, Layer) or not hasattr(model, "compile"):
        raise ArgumentTypeError(f"a model is drawn, this is a {type(model).__name__}")
    choice("plot_model", "rankdir", rankdir, DIRECTIONS)
    if not_negative("plot_model", "dpi", dpi) == 0:
        raise ArgumentError("plot_model: dpi is above 0")
    shown = Shown(bool(show_shapes), bool(show_dtype), bool(show_layer_names), bool(show_layer_activations), bool(show_trainable))
    return Diagram(part_of(model, shown, nested=bool(expand_nested)), rankdir, dpi)


@checked
def plot_model(
    model: Any, to_file: Any = "model.png", *, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = False,  # noqa: ANN401
    rankdir: str = "TB", expand_nested: bool = False, dpi: float = 200, show_layer_activations: bool = False,
    show_trainable: bool = False, splines: str = "ortho",
) -> Diagram:  # fmt: skip
    """Writes the picture of a model: SVG, or whatever Pillow writes, by the ending of the file's name; it shows itself in notebooks.

    Neither Graphviz nor pydot is needed.

    Args:
        model: the model.
        to_file: the file; None writes none.
        show_shapes: as `model_to_dot`; the others too.
        show_dtype: as there.
        show_layer_names: as there.
        rankdir: as there.
        expand_nested: as there.
        dpi: as there.
        show_layer_activations: as there.
        show_trainable: as there.
        splines: taken and not needed.

    Raises: as `model_to_dot`; FileError where the file cannot be written, ArgumentError for an ending that nobody knows.
    """
    made = model_to_dot(
        model, show_shapes=show_shapes, show_dtype=show_dtype, show_layer_names=show_layer_names, rankdir=rankdir,
        expand_nested=expand_nested, dpi=dpi, show_layer_activations=show_layer_activations, show_trainable=show_trainable, splines=splines,
    )  # fmt: skip
    if to_file is not None:
        made.write(to_file)
    return made
