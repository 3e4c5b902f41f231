"""Sessions that initialise, restore, save and stop by themselves, and the hooks that are asked before and after each run.

Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/train/MonitoredTrainingSession
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from gradwerk.base.errors import ArgumentError, NumericError, StateError
from gradwerk.tf.errors import OutOfRangeError
from gradwerk.tf.graph.graph import get_default_graph
from gradwerk.tf.graph.nodes import group
from gradwerk.tf.graph.session import Session
from gradwerk.tf.graph.variables import GraphKeys
from gradwerk.tf.train.saver import Saver, latest_checkpoint
from gradwerk.tf.train.steps import get_global_step

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures
__all__ = [
    "CheckpointSaverHook", "LoggingTensorHook", "MonitoredSession", "MonitoredTrainingSession", "NanTensorHook", "Scaffold",
    "SessionRunArgs", "SessionRunContext", "SessionRunHook", "SessionRunValues", "SingularMonitoredSession", "StepCounterHook",
    "StopAtStepHook",
]  # fmt: skip


@dataclass
class SessionRunArgs:
    """What a hook wants of the next run."""

    fetches: Any
    feed_dict: Any = None
    options: Any = None


@dataclass
class SessionRunValues:
    """What a hook is given of a run."""

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """What a hook is told of a run: the session, what was asked; `request_stop` ends the training."""

    def __init__(self, original_args: Any, session: Any) -> None:
        self.original_args, self.session, self.stop_requested = original_args, session, False

    def request_stop(self) -> None:
        """The session stops after this run."""
        self.stop_requested = True


class SessionRunHook:
    """What is called around the runs of a session: `begin`, `after_create_session`, `before_run`, `after_run`, `end`."""

    def begin(self) -> None:
        """Before the session is made: the graph may still be changed."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """The session is there, and its graph finalized."""

    def before_run(self, run_context: Any) -> Any:
        """What is wanted of the run besides: SessionRunArgs, or None."""

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """What it gave."""

    def end(self, session: Any) -> None:
        """The session ends, without an error."""


class StopAtStepHook(SessionRunHook):
    """Stops after so many steps, or at one.  Args: num_steps, last_step.  Raises: ArgumentError where not one of them is given."""

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise ArgumentError("Exactly one of num_steps or last_step must be specified.")
        self._count, self._last = num_steps, last_step

    def begin(self) -> None:
        """Finds the global step.  Raises: StateError where there is none."""
        self._step = get_global_step()
        if self._step is None:
            raise StateError("Global step should be created to use StopAtStepHook.", likely="tf.train.get_or_create_global_step()")

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Counts from here."""
        if self._last is None:
            self._last = int(session.run(self._step)) + int(self._count or 0)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Looks at the step."""
        if int(run_context.session.run(self._step)) >= int(self._last or 0):
            run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Says the values of Tensors every so many runs, or seconds.

    Args: tensors (a list, or a dict by names), every_n_iter, every_n_secs, at_end, formatter.
    """

    def __init__(
        self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False, formatter: Any = None
    ) -> None:  # fmt: skip
        self._tensors = tensors if isinstance(tensors, dict) else {getattr(x, "name", str(x)): x for x in tensors}
        self._every, self._seconds, self._at_end, self._formatter = every_n_iter, every_n_secs, at_end, formatter
        self._runs, self._last = 0, 0.0

    def _due(self) -> bool:
        if self._every is not None:
            return self._runs % self._every == 0
        return time.time() - self._last >= (self._seconds or 0.0)

    def before_run(self, run_context: Any) -> Any:
        """The Tensors, where it is time."""
        self._asked = self._due()
        return SessionRunArgs(self._tensors) if self._asked else None

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Says them."""
        self._runs += 1
        if self._asked:
            self._last = time.time()
            found = run_values.results
            said = self._formatter(found) if self._formatter else ", ".join(f"{k} = {v}" for k, v in found.items())
            logging.getLogger("tensorflow").info(said)


class NanTensorHook(SessionRunHook):
    """Stops where the loss is NaN.  Args: loss_tensor, fail_on_nan_loss.  Raises: NumericError in a run, where fail_on_nan_loss."""

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss, self._fail = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: Any) -> Any:
        """The loss."""
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Looks at it."""
        if np.isnan(run_values.results):
            if self._fail:
                raise NumericError("NaN loss during training.")
            run_context.request_stop()


class StepCounterHook(SessionRunHook):
    """Says steps per second.  Args: every_n_steps, every_n_secs, output_dir, summary_writer (both taken)."""

    def __init__(
        self, every_n_steps: int = 100, every_n_secs: float | None = None, output_dir: Any = None, summary_writer: Any = None
    ) -> None:  # fmt: skip
        self._every, self._runs, self._start = every_n_steps or 100, 0, time.time()

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Counts."""
        self._runs += 1
        if self._runs % self._every == 0:
            now = time.time()
            logging.getLogger("tensorflow").info("global_step/sec: %g", self._every / max(now - self._start, 1e-9))
            self._start = now


class CheckpointSaverHook(SessionRunHook):
    """Saves every so many steps or seconds, and at the end.

    Args: checkpoint_dir, save_secs, save_steps, saver, checkpoint_basename, scaffold, listeners (taken).
    """

    def __init__(
        self, checkpoint_dir: Any, save_secs: float | None = None, save_steps: int | None = None, saver: Any = None,
        checkpoint_basename: str = "model.ckpt", scaffold: Any = None, listeners: Any = None, save_graph_def: bool = True,
    ) -> None:  # fmt: skip
        self._path, self._seconds, self._steps = str(Path(checkpoint_dir) / checkpoint_basename), save_secs, save_steps
        self._saver, self._scaffold, self._last, self._at = saver, scaffold, time.time(), -1

    def begin(self) -> None:
        """Finds the global step."""
        self._step = get_global_step()
        if self._saver is None:
            self._saver = (self._scaffold.saver if self._scaffold is not None else None) or Saver()

    def after_create_session(self, session: Any, coord: Any) -> None:
        """Saves the beginning."""
        self._save(session)

    def _save(self, session: Any) -> None:
        count = int(session.run(self._step)) if self._step is not None else None
        if count is None or count != self._at:
            self._saver.save(session, self._path, global_step=count)
            self._at, self._last = -1 if count is None else count, time.time()

    def after_run(self, run_context: Any, run_values: Any) -> None:
        """Saves where it is time."""
        if self._steps is not None and self._step is not None:
            if int(run_context.session.run(self._step)) - self._at >= self._steps:
                self._save(run_context.session)
        elif self._seconds is not None and time.time() - self._last >= self._seconds:
            self._save(run_context.session)

    def end(self, session: Any) -> None:
        """Saves the end."""
        self._save(session)


class Scaffold:
    """What a monitored session needs of its graph: operations that initialise, and a Saver; those that are not given are made.

    Args: init_op, init_feed_dict, init_fn (of scaffold and session), ready_op, ready_for_local_init_op, local_init_op, summary_op, saver.
    """

    def __init__(
        self, init_op: Any = None, init_feed_dict: Any = None, init_fn: Any = None, ready_op: Any = None,
        ready_for_local_init_op: Any = None, local_init_op: Any = None, summary_op: Any = None, saver: Any = None,
        copy_from_scaffold: Any = None,
        local_init_feed_dict: Any = None,
    ) -> None:  # fmt: skip
        self.init_op, self.init_feed_dict, self.init_fn, self.local_init_op = init_op, init_feed_dict, init_fn, local_init_op
        self.ready_op, self.ready_for_local_init_op, self.summary_op, self.saver = ready_op, ready_for_local_init_op, summary_op, saver

    def finalize(self) -> Self:
        """Makes what was not given."""
        graph = get_default_graph()
        if self.init_op is None:
            self.init_op = group(*[v.initializer for v in graph.get_collection(GraphKeys.GLOBAL_VARIABLES)], name="init")
        if self.local_init_op is None:
            local = [v.initializer for v in graph.get_collection(GraphKeys.LOCAL_VARIABLES)]
            self.local_init_op = group(*local, *graph.get_collection(GraphKeys.TABLE_INITIALIZERS), name="local_init")
        if self.saver is None and graph.get_collection(GraphKeys.GLOBAL_VARIABLES):
            self.saver = Saver()
        return self


class MonitoredSession:
    """A session with hooks: `with MonitoredSession(...) as sess: while not sess.should_stop(): sess.run(train_op)`.

    Args:
        session_creator: a Scaffold, or what has one and a `checkpoint_dir`.
        hooks: SessionRunHooks.
        stop_grace_period_secs: taken.
    """

    def __init__(self, session_creator: Any = None, hooks: Any = None, stop_grace_period_secs: float = 120, **given: Any) -> None:
        self._hooks = list(hooks or ())
        self._graph = get_default_graph()
        scaffold = given.get("scaffold") or getattr(session_creator, "scaffold", None) or Scaffold()
        folder = given.get("checkpoint_dir") or getattr(session_creator, "checkpoint_dir", None)
        for hook in self._hooks:
            hook.begin()
        scaffold.finalize()
        self._graph.finalize()
        self._session = Session(graph=self._graph, config=given.get("config"))
        self._stopped = False
        found = latest_checkpoint(folder) if folder else None
        if found is not None:
            scaffold.saver.restore(self._session, found)
        else:
            self._session.run(scaffold.init_op, scaffold.init_feed_dict)
            if scaffold.init_fn is not None:
                scaffold.init_fn(self._session)
        self._session.run(scaffold.local_init_op)
        for hook in self._hooks:
            hook.after_create_session(self._session, None)

    @property
    def graph(self) -> Any:
        """The graph that it runs."""
        return self._graph

    def raw_session(self) -> Session:
        """The session without hooks."""
        return self._session

    def should_stop(self) -> bool:
        """Whether a hook has asked for the end, or the session is closed."""
        return self._stopped

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """As a session's, with the hooks before and after."""
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), self._session)
        wanted: dict[Any, Any] = {"own": fetches}
        feeds = dict(feed_dict or {})
        for number, hook in enumerate(self._hooks):
            asked = hook.before_run(context)
            if asked is not None:
                if asked.fetches is not None:
                    wanted[number] = asked.fetches
                feeds.update(asked.feed_dict or {})
        results = self._session.run(wanted, feeds)
        for number, hook in enumerate(self._hooks):
            hook.after_run(context, SessionRunValues(results.get(number)))
        self._stopped = self._stopped or context.stop_requested
        return results["own"]

    def run_step_fn(self, step_fn: Any) -> Any:
        """`step_fn` of an object whose `session` it may use and whose `run_with_hooks` runs with the hooks."""
        owner = self

        class Context:
            """What the function is given."""

            session = owner._session

            def run_with_hooks(self, *args: Any, **kwargs: Any) -> Any:
                """A run with the hooks."""
                return owner.run(*args, **kwargs)

            def request_stop(self) -> None:
                """Ends the training."""
                owner._stopped = True

        return step_fn(Context())

    def close(self) -> None:
        """Ends it: the hooks are told."""
        for hook in self._hooks:
            hook.end(self._session)
        self._session.close()
        self._stopped = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        ended = kind is not None and issubclass(kind, OutOfRangeError)
        if kind is None or ended:
            self.close()
        else:
            self._session.close()
        return ended


SingularMonitoredSession = MonitoredSession


def MonitoredTrainingSession(  # noqa: N802  TensorFlow's name
    master: str = "", is_chief: bool = True, checkpoint_dir: Any = None, scaffold: Any = None, hooks: Any = None,
    chief_only_hooks: Any = None, save_checkpoint_secs: Any = None, save_summaries_steps: Any = None,
    save_summaries_secs: Any = None, config: Any = None,
    stop_grace_period_secs: float = 120, log_step_count_steps: int | None = 100, max_wait_secs: float = 7200,
    save_checkpoint_steps: Any = None, summary_dir: Any = None, save_graph_def: bool = True,
) -> MonitoredSession:  # fmt: skip
    """A MonitoredSession that restores from a folder where there is a checkpoint, and saves there every ten minutes.

    Args:
        checkpoint_dir: the folder; None for no saving.
        scaffold, hooks, chief_only_hooks, config: see MonitoredSession.
        save_checkpoint_secs, save_checkpoint_steps: how often it saves.
        log_step_count_steps: how often steps per second are said.

    The others are taken: this process is the chief of one.
    """
    scaffold = scaffold or Scaffold()
    every = [*(hooks or ()), *(chief_only_hooks or ())]
    if checkpoint_dir:
        seconds = 600 if save_checkpoint_secs is None and save_checkpoint_steps is None else save_checkpoint_secs
        every.append(CheckpointSaverHook(checkpoint_dir, seconds, save_checkpoint_steps, scaffold=scaffold))
        if log_step_count_steps:
            every.append(StepCounterHook(log_step_count_steps))
    return MonitoredSession(hooks=every, scaffold=scaffold, checkpoint_dir=checkpoint_dir, config=config)
