"""What a layer answers about itself beside its call: the symbolic result, how it was built, its metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gradwerk.keras.layers.drawing import spec_of


class Asked:
    """The answers."""

    def compute_output_spec(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  KerasTensors
        """Symbolic values of the shapes and dtypes that the layer gives for these; it is built where it is not built yet."""
        layer: Any = self
        return spec_of(layer, args, kwargs)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shapes that the layer was built for; None before."""
        layer: Any = self
        if layer._input_shape is None:
            return None
        return {"shapes_dict": dict(layer.built_for)} if layer.built_for else {"input_shape": layer._input_shape}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Builds the layer for the shapes of `get_build_config`'s answer."""
        layer: Any = self
        if config and "shapes_dict" in config:
            layer.build(**config["shapes_dict"])
        elif config and config.get("input_shape") is not None:
            layer.build(config["input_shape"])

    @property
    def metrics(self) -> list[Any]:
        """The metrics that it and the layers inside hold as attributes."""
        return list(_metrics_of(self))


def _metrics_of(layer: Any) -> Iterator[Any]:  # noqa: ANN401
    for value in vars(layer).values():
        held = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else (value,)
        yield from (one for one in held if hasattr(one, "update_state") and hasattr(one, "result"))
    for child in layer.sublayers():
        yield from _metrics_of(child)
