"""tf.logging: messages by their level, on standard error."""

from __future__ import annotations

import logging as python
from typing import Any

# ruff: noqa: ANN401  messages and their arguments
__all__ = [
    "DEBUG", "ERROR", "FATAL", "INFO", "WARN", "debug", "error", "fatal", "get_verbosity", "info", "log", "log_every_n", "log_first_n",
    "set_verbosity", "vlog", "warn", "warning",
]  # fmt: skip

DEBUG, INFO, WARN, ERROR, FATAL = python.DEBUG, python.INFO, python.WARNING, python.ERROR, python.CRITICAL
_logger = python.getLogger("tensorflow")
_logger.setLevel(WARN)
if not _logger.handlers:
    _handler = python.StreamHandler()
    _handler.setFormatter(python.Formatter("%(levelname)s:tensorflow:%(message)s"))
    _logger.addHandler(_handler)
    _logger.propagate = False
_counts: dict[Any, int] = {}

debug, info, warning, warn, error, fatal, log = (
    _logger.debug, _logger.info, _logger.warning, _logger.warning, _logger.error, _logger.critical, _logger.log,
)  # fmt: skip


def vlog(level: int, msg: Any, *args: Any) -> None:
    """A message of this level."""
    _logger.log(level, msg, *args)


def set_verbosity(v: Any) -> None:
    """The least level of what is shown."""
    _logger.setLevel(v)


def get_verbosity() -> int:
    """The least level of what is shown."""
    return _logger.getEffectiveLevel()


def log_every_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """Every n-th of the messages of this text."""
    count = _counts[msg] = _counts.get(msg, -1) + 1
    if count % n == 0:
        _logger.log(level, msg, *args)


def log_first_n(level: int, msg: Any, n: int, *args: Any) -> None:
    """The first n of the messages of this text."""
    count = _counts[msg] = _counts.get(msg, -1) + 1
    if count < n:
        _logger.log(level, msg, *args)
