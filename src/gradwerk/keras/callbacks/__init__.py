"""keras.callbacks: what is told of training, and acts on it."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.callbacks.averaged import SwapEMAWeights
from gradwerk.keras.callbacks.backup import BackupAndRestore
from gradwerk.keras.callbacks.bar import ProgbarLogger
from gradwerk.keras.callbacks.callback import Callback, History
from gradwerk.keras.callbacks.lists import CallbackList
from gradwerk.keras.callbacks.monitored import EarlyStopping, ReduceLROnPlateau
from gradwerk.keras.callbacks.simple import CSVLogger, LambdaCallback, LearningRateScheduler, TerminateOnNaN
from gradwerk.keras.callbacks.storing import ModelCheckpoint
from gradwerk.keras.callbacks.tensorboard import TensorBoard

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History", "LambdaCallback", "LearningRateScheduler",
    "ModelCheckpoint", "ProgbarLogger", "ReduceLROnPlateau", "SwapEMAWeights", "TensorBoard",
    "TerminateOnNaN",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.callbacks", __name__)
