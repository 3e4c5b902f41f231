"""Breaks `gradwerk train` off at random moments, again and again, until it is through: the bits must be those of an unbroken run.

    python -m tests.cli.interrupted --kills 60 --stops 60 --seed 1

A kill is SIGKILL, a stop is SIGINT.  Each time the run is resumed as the user would do it.  After each break the folder must hold a run
that can be read, or none yet.  Prints the counts; the exit code is 0 where all is well.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import gradwerk
from gradwerk.base.settings import settings
from gradwerk.io.run_folder import RunFolder

CODE = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell takes from what it runs in the background
from gradwerk.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
OPTIONS = ["lenet5", "--batch-size", "250", "--optimizer", "adam", "--seed", "5"]
EXPECTED = {signal.SIGKILL: {-9}, signal.SIGINT: {130, -2}}


def start(*words: str) -> subprocess.Popen[str]:
    """`gradwerk train ...` in a process of its own."""
    paths = os.pathsep.join([str(Path(gradwerk.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "GRADWERK_CACHE": settings.cache}
    command = [sys.executable, "-c", CODE, "train", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def bits(folder: Path) -> tuple[dict[str, bytes], list[dict[str, Any]]]:
    """All a run computed: every tensor, and the history without its times."""
    saved = RunFolder.open(folder).load_checkpoint()
    times = ("seconds", "images_per_second")
    history = [{name: value for name, value in row.items() if name not in times} for row in saved.record["run"]["history"]]
    return {name: np.asarray(array).tobytes() for name, array in saved.tensors.items()}, history


def broken_run(folder: Path, options: list[str], sign: signal.Signals, breaks: int, seconds: float, draw: random.Random) -> int:
    """Starts a run, breaks it off up to `breaks` times within `seconds`, and lets it end; how often it was broken off."""
    done = 0
    while True:
        resumable = (folder / "config.json").is_file()
        process = start("--resume", str(folder)) if resumable else start(*options, "--out", str(folder))
        if done < breaks:
            time.sleep(draw.uniform(0.1, seconds))
            process.send_signal(sign)
        out, err = process.communicate(timeout=300)
        finished = "is finished" in err  # broken off after its last word
        if process.returncode == 0 or finished:
            return done
        assert process.returncode in EXPECTED[sign], (process.returncode, out, err)
        done += 1
        if (folder / "checkpoint.json").exists():
            RunFolder.open(folder).load_checkpoint()


def main(words: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=60)
    parser.add_argument("--stops", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", default="8", help="of each run")
    options = parser.parse_args(words)
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        begin = time.perf_counter()
        train = [*OPTIONS, "--epochs", options.epochs]
        process = start(*train, "--out", str(whole))
        assert process.communicate(timeout=300) and process.returncode == 0
        seconds, wanted = time.perf_counter() - begin, bits(whole)
        for name, sign, count in (("kills", signal.SIGKILL, options.kills), ("stops", signal.SIGINT, options.stops)):
            done = runs = 0
            while done < count:
                folder = Path(place) / f"{name} {runs}"
                done += broken_run(folder, train, sign, count - done, seconds, draw)
                runs += 1
                found = bits(folder)
                assert found == wanted, f"{folder} differs in {[k for k in wanted[0] if found[0].get(k) != wanted[0][k]]}"
                assert not list(folder.glob("*.part")) and RunFolder.open(folder).is_reported() and (folder / "mistakes.png").is_file()
                print(f"{name}: {done} of {count}, in {runs} runs that ended with the same bits", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
