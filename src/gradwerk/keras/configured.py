"""What keras.config sets, for this process."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Settings:
    """The settings, each as Keras begins with it."""

    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    interactive_logging: bool = True
    traceback_filtering: bool = True
    flash_attention: bool | None = None


SETTINGS = Settings()
"""Those of this process."""
