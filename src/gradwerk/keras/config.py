"""keras.config: what holds for the whole process.  Limits of epochs and of their steps are not here."""

from __future__ import annotations

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.dtype_policies import dtype_policy as dtype_policy
from gradwerk.keras.dtype_policies import set_dtype_policy as set_dtype_policy
from gradwerk.keras.options import choice, is_number


def backend() -> str:
    """What computes: `gradwerk`, whatever KERAS_BACKEND names."""
    return "gradwerk"


def set_backend(backend: str) -> None:
    """Nothing but `gradwerk` is set: Keras' own back ends are not used here.  Raises: StateError for another."""
    if backend != "gradwerk":
        raise StateError(f"keras.config.set_backend: what computes here is gradwerk, not {backend!r}")


def epsilon() -> float:
    """The fuzz of losses on probabilities and of normalisations by keras.ops."""
    return SETTINGS.epsilon


def set_epsilon(value: float) -> None:
    """Sets it for keras.ops.  Raises: ArgumentError for what is no number from 0 on."""
    if not is_number(value) or not value >= 0:
        raise ArgumentError(f"keras.config.set_epsilon takes a number from 0 on, this is {value!r}")
    SETTINGS.epsilon = float(value)


def floatx() -> str:
    """The dtype of floats of which none is said."""
    return SETTINGS.floatx


def set_floatx(value: str) -> None:
    """Sets it for keras.ops, keras.random, and layers that are made from then on without a policy.

    Raises: ArgumentError for another than four floating dtypes.
    """
    SETTINGS.floatx = choice("keras.config.set_floatx", "value", value, ("float32", "float64", "float16", "bfloat16"))


def image_data_format() -> str:
    """Where channels of pictures stand where nothing else is said."""
    return SETTINGS.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Sets it for keras.ops and for layers made from then on.  Raises: ArgumentError for no layout."""
    known = ("channels_last", "channels_first")
    SETTINGS.image_data_format = choice("keras.config.set_image_data_format", "data_format", data_format, known)


def enable_interactive_logging() -> None:
    """Progress bars are drawn in place."""
    SETTINGS.interactive_logging = True


def disable_interactive_logging() -> None:
    """Progress is logged line by line."""
    SETTINGS.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress bars are drawn in place."""
    return SETTINGS.interactive_logging


def enable_traceback_filtering() -> None:
    """Errors name the user's own line, as they do here always."""
    SETTINGS.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Tracebacks are whole, as they are here always."""
    SETTINGS.traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """What was said last."""
    return SETTINGS.traceback_filtering


def enable_flash_attention() -> None:
    """Says how GPUs compute attention; nothing here."""
    SETTINGS.flash_attention = True


def disable_flash_attention() -> None:
    """Says how GPUs compute attention; nothing here."""
    SETTINGS.flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """What was said last, None where nothing was."""
    return SETTINGS.flash_attention


def is_nnx_enabled() -> bool:
    """Whether variables are those of Flax: never."""
    return False


__getattr__ = ORIGINAL.module("keras.config", __name__)
