"""tf.train of TensorFlow 1: optimizers, rates, checkpoints, counted steps, sessions that look after themselves, and data by queues."""

from __future__ import annotations

from typing import Any

from gradwerk import tf
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.compat.v1 import inputs
from gradwerk.tf.train.decays import (
    cosine_decay,
    cosine_decay_restarts,
    exponential_decay,
    inverse_time_decay,
    natural_exp_decay,
    piecewise_constant,
    piecewise_constant_decay,
    polynomial_decay,
)
from gradwerk.tf.train.monitored import (
    CheckpointSaverHook,
    LoggingTensorHook,
    MonitoredSession,
    MonitoredTrainingSession,
    NanTensorHook,
    Scaffold,
    SessionRunArgs,
    SessionRunContext,
    SessionRunHook,
    SessionRunValues,
    SingularMonitoredSession,
    StepCounterHook,
    StopAtStepHook,
)
from gradwerk.tf.train.optimizers import (
    AdadeltaOptimizer,
    AdagradOptimizer,
    AdamOptimizer,
    FtrlOptimizer,
    GradientDescentOptimizer,
    MomentumOptimizer,
    Optimizer,
    RMSPropOptimizer,
)
from gradwerk.tf.train.saver import (
    Saver,
    checkpoint_exists,
    generate_checkpoint_state_proto,
    get_checkpoint_mtimes,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
    remove_checkpoint,
    update_checkpoint_state,
)
from gradwerk.tf.train.steps import (
    ExponentialMovingAverage,
    assert_global_step,
    create_global_step,
    get_global_step,
    get_or_create_global_step,
    global_step,
)

__all__ = [
    "AdadeltaOptimizer", "AdagradOptimizer", "AdamOptimizer", "CheckpointSaverHook", "ExponentialMovingAverage", "FtrlOptimizer",
    "GradientDescentOptimizer", "LoggingTensorHook", "MomentumOptimizer", "MonitoredSession", "MonitoredTrainingSession", "NanTensorHook",
    "Optimizer", "RMSPropOptimizer", "Saver", "Scaffold", "SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues",
    "SingularMonitoredSession", "StepCounterHook", "StopAtStepHook", "assert_global_step", "checkpoint_exists", "cosine_decay",
    "cosine_decay_restarts", "create_global_step", "exponential_decay", "generate_checkpoint_state_proto", "get_checkpoint_mtimes",
    "get_checkpoint_state", "get_global_step", "get_or_create_global_step", "global_step", "inverse_time_decay", "latest_checkpoint",
    "list_variables", "load_checkpoint", "load_variable", "natural_exp_decay", "piecewise_constant", "piecewise_constant_decay",
    "polynomial_decay", "remove_checkpoint", "update_checkpoint_state",
]  # fmt: skip


def _loaded(name: str) -> Any:  # noqa: ANN401  a class or function of tf.train
    return getattr(inputs, name) if name in inputs.__all__ else getattr(tf.train, name, None)


__getattr__ = ORIGINAL.module("tf.compat.v1.train", __name__, elsewhere=_loaded)
