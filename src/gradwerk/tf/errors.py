"""Errors of a run, as TensorFlow names them."""

from __future__ import annotations

from gradwerk.base.errors import ArgumentError, StateError


class InvalidArgumentError(ArgumentError):
    """A value that the operation does not take, a placeholder that is not fed."""


class FailedPreconditionError(StateError):
    """The state is not what the operation needs: a variable that holds nothing."""
