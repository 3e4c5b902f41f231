"""Ctrl-C as a user presses it: a real process, a real SIGINT, then a new process that goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.train.interrupt import Interruption

SCRIPT = """
import hashlib, sys, time
from gradwerk.io.run_folder import RunFolder
from gradwerk.train.loop import Interrupted, fit
from gradwerk.train.progress import Progress
from gradwerk.train.resume import restore
from gradwerk.train.run import Events
from gradwerk.train.saving import Saver
from tests.train.small import make_batches, make_steps, weights

class Slow(Events):
    def on_batch_end(self, run):
        print("step", flush=True)
        time.sleep(float(sys.argv[2]))

steps, batches = make_steps(), make_batches()
resumed = len(sys.argv) > 3
folder = RunFolder.open(sys.argv[1]) if resumed else RunFolder.create(sys.argv[1], {})
run = restore(folder.load_checkpoint(), steps, batches.describe()) if resumed else None
saver = Saver(folder, steps, batches.describe(), hint="again")
try:
    fit(steps, batches, epochs=3, events=[Progress(unit="rows"), saver, Slow()], run=run)
except Interrupted:
    sys.exit(130)
digest = hashlib.sha256()
for name, data in sorted(weights(steps).items()):
    digest.update(name.encode() + data)
print("weights", digest.hexdigest())
"""


def start(*arguments: str) -> subprocess.Popen[str]:
    paths = os.pathsep.join([str(Path(__file__).parents[2]), str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
    command = [sys.executable, "-c", SCRIPT, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": paths})


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    return out


@pytest.mark.skipif(os.name != "posix", reason="SIGINT to another process is a POSIX thing")
def test_ctrl_c_saves_and_a_new_process_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    process = start(str(tmp_path / "broken"), "0.05")
    assert process.stdout is not None
    for _ in range(7):
        while process.stdout.readline() != "step\n":
            pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "stopped in epoch 2 of 3" in err
    assert "go on with: again" in err
    assert "Traceback" not in err
    assert "weights" not in out
    resumed = finished(start(str(tmp_path / "broken"), "0", "resume"))
    unbroken = finished(start(str(tmp_path / "whole"), "0"))
    assert resumed.splitlines()[-1].startswith("weights ")
    assert resumed.splitlines()[-1] == unbroken.splitlines()[-1]
    assert (tmp_path / "broken" / "history.csv").read_text() == (tmp_path / "whole" / "history.csv").read_text()
    assert [line for line in unbroken.splitlines() if line.startswith("epoch 3/3  loss ")]


def test_a_signal_that_comes_when_nobody_looks_any_more_is_not_lost() -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")

    class Pressed(keras.callbacks.Callback):
        def on_train_end(self, logs: Any = None) -> None:
            signal.raise_signal(signal.SIGINT)

    x = np.ones((4, 2), np.float32)
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, x[:, :1], verbose=0, callbacks=[Pressed()])
    with pytest.raises(KeyboardInterrupt), Interruption():
        signal.raise_signal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError), Interruption():
        signal.raise_signal(signal.SIGINT)
        raise ZeroDivisionError
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
