"""Streams that fail, names that are hard to type, signals, two writers: nothing trained is lost, and what is printed is right."""

from __future__ import annotations

import importlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import gradwerk
from gradwerk.base.settings import settings
from gradwerk.cli.main import main
from gradwerk.cli.report import draw_curves
from gradwerk.cli.samples import write_samples
from gradwerk.cli.typed import quoted
from gradwerk.io.run_folder import RunFolder
from gradwerk.io.safetensors import load_tensors
from gradwerk.train.progress import Progress
from gradwerk.train.run import Run

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, pipes and shells of POSIX")
SHORT = ["train", "lenet5", "--epochs", "1", "--batch-size", "2000"]
NAMES = ["plain", "two words", "it's", 'a "b" $HOME `id`', "line\nbreak", "-dash", "zwölf", "tab\tand\x1b[31m", "\udcff", "a\\b", "*"]


def environment(**variables: str) -> dict[str, str]:
    """That of a user, with the kernels of these tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("GRADWERK", "PYTHON", "MPL", "LC_", "LANG"))}
    return kept | {"PYTHONPATH": str(Path(gradwerk.__file__).parents[1]), "GRADWERK_CACHE": settings.cache, **variables}


def start(*words: str | Path, script: str = "", **options) -> subprocess.Popen[bytes]:
    """The command in a process of its own; `script` runs in it before."""
    code = f"import sys\n{script}\nfrom gradwerk.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment()} | options
    return subprocess.Popen([sys.executable, "-c", code, *map(str, words)], **options)


def finished(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=100)
    return process.returncode, (out or b"").decode(errors="replace"), (err or b"").decode(errors="replace")


def is_whole(folder: Path) -> bool:
    """Whether a run did all that it does."""
    return all((folder / name).is_file() for name in ("summary.txt", "history.csv", "curves.png")) and RunFolder.open(folder).is_reported()


def test_a_reader_that_leaves_does_not_end_the_training(tmp_path) -> None:
    process = start(*SHORT, "--out", tmp_path / "run")
    assert process.stdout is not None and process.stdout.readline().startswith(b"LeNet-5")
    process.stdout.close()
    process.stdout = None
    assert finished(process) == (0, "", "")
    assert is_whole(tmp_path / "run")


@pytest.mark.parametrize("where", [">/dev/full", ">&- <&-", ">/dev/full 2>&-"])
def test_streams_that_are_full_or_closed_do_not_end_the_training(tmp_path, where) -> None:
    code = "import sys; from gradwerk.cli.main import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, *SHORT, "--out", str(tmp_path / "run")]
    done = subprocess.run(["sh", "-c", f'exec "$@" {where}', "sh", *words], capture_output=True, env=environment())
    assert (done.returncode, done.stderr) == (0, b"")
    assert is_whole(tmp_path / "run")


@pytest.mark.parametrize("stream", ["/dev/full", "head"])
def test_an_answer_that_cannot_be_written_is_an_error_and_one_that_is_not_read_is_none(stream) -> None:
    if stream == "head":
        done = start("ops")
        assert done.stdout is not None
        done.stdout.close()
        done.stdout = None
        assert finished(done) == (0, "", "")
    else:
        for unbuffered in ("", "1"):  # "": it fails at the end; "1": in the middle
            with Path(stream).open("wb") as full:
                code, _, err = finished(start("ops", stdout=full, env=environment(PYTHONUNBUFFERED=unbuffered)))
            assert code == 2 and err == "gradwerk: error: cannot write the output: No space left on device\n"


def test_a_terminal_that_cannot_show_a_name_and_a_backend_that_does_not_exist(tmp_path) -> None:
    variables = environment(PYTHONIOENCODING="ascii", MPLBACKEND="no_such_backend")
    code, out, err = finished(start(*SHORT, "--out", "zwölf 日", cwd=tmp_path, env=variables))
    assert code == 0 and err == "", err
    assert "zw\\xf6lf \\u65e5" in out and "mistakes.png" in out
    assert is_whole(tmp_path / "zwölf 日")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_no_terminal_is_too_old_for_an_answer(encoding, tmp_path) -> None:
    code, out, err = finished(start("evaluate", "\udcff日", cwd=tmp_path, env=environment(PYTHONIOENCODING=encoding)))
    assert code == 2 and "\\udcff\\u65e5 is not a run folder" in err and "Traceback" not in err


NAMES_THAT_COMMAND = ("a\nb  9  100.0%   (or 1, 0.0%)", "\x1b[31mred", "\x1b]0;title\x07", "back\b\b\r", "\u202egnp.7", "\u2028line")


def test_no_name_of_a_strangers_file_commands_the_terminal(copied, tmp_path, capsys) -> None:
    digit = write_samples(tmp_path / "samples", 1, 0)[0].read_bytes()
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name in NAMES_THAT_COMMAND:
        (folder / name).write_bytes(digit)
        (folder / f"bad {name}").write_bytes(b"no picture")
    assert main(["predict", str(copied), *(str(folder / f"{bad}{name}") for name in NAMES_THAT_COMMAND for bad in ("", "bad "))]) == 2
    said = capsys.readouterr()
    assert all(line.isprintable() for line in (said.out + said.err).split("\n"))
    assert len(said.out.splitlines()) == len(NAMES_THAT_COMMAND) == said.err.count("is not a picture")
    for name in NAMES_THAT_COMMAND:
        history = (copied / "history.csv").read_text()
        (copied / "history.csv").write_text(history.replace("loss", f'"{name}loss"', 1))
        main(["summary", str(copied)])
        assert main(["summary", str(tmp_path / name)]) == 2
        assert main(["evaluate", str(copied), f"--{name}"]) == 2
        said = capsys.readouterr()
        assert all(line.isprintable() for line in (said.out + said.err).split("\n"))
        (copied / "history.csv").write_text(history)


def test_a_live_line_is_drawn_with_what_the_terminal_has() -> None:
    import io

    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    for encoding, glyph in (("ascii", b"="), ("cp437", b"="), ("utf-8", "━".encode())):
        screen = Terminal(io.BytesIO(), encoding=encoding)
        Progress(screen).on_batch_end(Run(1, 4, batch=2, examples=3, seconds=1.0, logs={"loss": 1.0}))
        assert glyph in screen.buffer.getvalue()


def test_options_are_checked_before_a_folder_is_made(tmp_path) -> None:
    for variable, value in (("GRADWERK_THREADS", "many"), ("GRADWERK_CHECK_NAN", "perhaps"), ("GRADWERK_DEBUG", "-1")):
        code, out, err = finished(start(*SHORT, "--out", tmp_path / "run", env=environment(**{variable: value})))
        assert code == 2 and out == "" and f"{variable}='{value}' is not usable" in err
    assert not (tmp_path / "run").exists()


def test_a_mistyped_variable_is_told_with_the_nearest() -> None:
    code, out, err = finished(start("settings", env=environment(GRADWERK_THREDS="1", GRADWERK_XYZZY="1", GRADWRK_CACH="1")))
    assert code == 0 and "GRADWERK_THREDS is no setting of Gradwerk's; likely: GRADWERK_THREADS" in err
    assert "GRADWRK_CACH is no setting of Gradwerk's; likely: GRADWERK_CACHE" in err
    assert "GRADWERK_XYZZY is no setting of Gradwerk's (" in err
    assert "GRADWERK_THREDS in the environment is no setting; likely: GRADWERK_THREADS" in out
    assert finished(start("settings"))[2] == ""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_saves_and_the_hint_works_when_typed(tmp_path, number, code) -> None:
    name = "it's a\nrun, zwölf \udcff"
    stop = f"""
import os
from gradwerk.train.progress import Progress
def on_batch_end(self, run):
    if (run.epoch, run.batch) == (0, 2):
        os.kill(os.getpid(), {int(number)})
        {f"os.kill(os.getpid(), {int(number)})" if number != signal.SIGINT else "pass"}
Progress.on_batch_end = on_batch_end
"""
    returned, _, err = finished(start(*SHORT, "--out", name, cwd=tmp_path, script=stop))
    assert returned == code and "stopped in epoch 1 of 1, 2 of 5 batches done" in err and "Traceback" not in err
    if number != signal.SIGINT:  # once is enough
        return
    hint = err.partition("go on with: ")[2].strip()
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "gradwerk").write_text(f"#!{sys.executable}\nimport sys\nfrom gradwerk.cli.main import main\nsys.exit(main())\n")
    (bin_ / "gradwerk").chmod(0o755)
    done = subprocess.run(["bash", "-c", hint], capture_output=True, cwd=tmp_path, env=environment(PATH=f"{bin_}:{os.environ['PATH']}"))
    assert done.returncode == 0, (hint, done.stderr)
    assert is_whole(tmp_path / name)


@pytest.mark.skipif(shutil.which("bash") is None, reason="asks bash how it reads words")
def test_names_are_quoted_as_a_shell_reads_them() -> None:
    line = "printf '%s\\0' " + " ".join(map(quoted, NAMES))
    assert line.isprintable()
    said = subprocess.run(["bash", "-c", line], capture_output=True, check=True).stdout
    assert said.split(b"\0")[:-1] == [os.fsencode(name) for name in NAMES]


@pytest.fixture
def copied(run_folder, tmp_path):
    """A finished run to go on with."""
    return shutil.copytree(run_folder, tmp_path / "copy")


def test_a_run_goes_on_to_the_epochs_that_were_asked_for_last(copied, capsys, monkeypatch) -> None:
    def stop(self: Progress, run: Run) -> None:
        if (run.epoch, run.batch) == (10, 1):
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "on_batch_end", stop)
        assert main(["train", "--resume", str(copied), "--epochs", "11"]) == 130
    capsys.readouterr()
    assert RunFolder.open(copied).config()["epochs"] == 11
    assert not RunFolder.open(copied).is_reported()
    assert main(["train", "--resume", str(copied)]) == 0
    assert "epoch 11/11" in capsys.readouterr().out and is_whole(copied)
    assert main(["train", "--resume", str(copied), "--epochs", "3"]) == 2
    assert "has done more than 3 epochs" in capsys.readouterr().err


def test_a_run_that_is_killed_right_after_more_epochs_were_asked_for_remembers_them(copied, monkeypatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_config", killed)
        assert main(["train", "lenet5", "--resume", str(copied), "--epochs", "12"]) == 130
    assert RunFolder.open(copied).load_checkpoint().record["run"]["epochs"] == 12


def test_a_run_stopped_while_it_drew_is_completed(copied, capsys, monkeypatch) -> None:
    for name in ("summary.txt", "curves.png", "confusion.png", "mistakes.png"):
        (copied / name).unlink()

    def killed(*_: object) -> bytes:
        raise KeyboardInterrupt

    (copied / ".12345678-abcdef01.part").write_bytes(b"half")
    with monkeypatch.context() as patch:
        patch.setattr("gradwerk.cli.report.draw_confusion", killed)
        assert main(["train", "lenet5", "--resume", str(copied)]) == 130
    assert not RunFolder.open(copied).is_reported()
    assert "go on with: gradwerk train --resume" in capsys.readouterr().err
    assert main(["train", "lenet5", "--resume", str(copied)]) == 0
    assert is_whole(copied) and not list(copied.glob("*.part"))
    assert draw_curves([]) and main(["train", "lenet5", "--resume", str(copied)]) == 2
    assert "is finished" in capsys.readouterr().err


def test_history_is_made_whole_again(copied) -> None:
    whole = (copied / "history.csv").read_bytes()
    (copied / "history.csv").write_bytes(whole[:100])
    (copied / "summary.txt").unlink()
    assert main(["train", "lenet5", "--resume", str(copied)]) == 0
    assert (copied / "history.csv").read_bytes() == whole


HOLD = """
import sys, time
from gradwerk.io.run_folder import RunFolder
folder = RunFolder.resume(sys.argv[1])
print("held", flush=True)
time.sleep(60)
"""


def test_one_process_writes_in_a_run_folder_and_a_dead_one_does_not_hold_it(copied, capsys) -> None:
    before = {path.name: path.read_bytes() for path in copied.iterdir()}
    holder = subprocess.Popen([sys.executable, "-c", HOLD, copied], stdout=subprocess.PIPE, env=environment())
    try:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        assert main(["train", "lenet5", "--resume", str(copied), "--epochs", "11"]) == 2
        assert capsys.readouterr().err.startswith(f"gradwerk: error: another process is writing in {copied}\n")
        assert main(["evaluate", str(copied)]) == 0
    finally:
        holder.kill()
        holder.communicate()
    assert {path.name: path.read_bytes() for path in copied.iterdir()} == before
    assert main(["train", "lenet5", "--resume", str(copied), "--epochs", "11"]) == 0


def test_a_disk_that_fails_ends_the_run_with_the_last_checkpoint_whole(copied, capsys, monkeypatch) -> None:
    before = load_tensors(next(copied.glob("checkpoint-*.safetensors")))
    fsync, full = os.fsync, []

    def fail(handle: int) -> None:
        full.append(handle)
        if len(full) > 8:  # when the epoch that was asked for is to be saved
            raise OSError(28, "No space left on device")
        fsync(handle)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        assert main(["train", "lenet5", "--resume", str(copied), "--epochs", "11"]) == 2
    said = capsys.readouterr().err
    assert "No space left" in said and f"go on with: gradwerk train --resume {copied}" in said
    after = RunFolder.open(copied).load_checkpoint().tensors
    assert after.keys() == before.keys() and all(after[name].tobytes() == before[name].tobytes() for name in before)
    assert not list(copied.glob("*.part"))
    assert main(["train", "lenet5", "--resume", str(copied), "--epochs", "11"]) == 0
    assert is_whole(copied)


def test_a_folder_that_is_gone_is_not_made_again(tmp_path, capsys, monkeypatch) -> None:
    def remove(self: Progress, run: Run) -> None:
        shutil.rmtree(tmp_path / "run", ignore_errors=True)

    monkeypatch.setattr(Progress, "on_batch_end", remove)
    assert main([*SHORT, "--out", str(tmp_path / "run")]) == 2
    assert "was moved or deleted" in capsys.readouterr().err and not (tmp_path / "run").exists()


def test_an_unknown_optimizer_is_no_sgd(tmp_path, capsys) -> None:
    from gradwerk.base.errors import ArgumentError
    from gradwerk.cli.recipe import Recipe

    with pytest.raises(ArgumentError, match="'adam2'"):
        Recipe(optimizer="adam2")
    config = Recipe().config() | {"optimizer": "Adam"}
    RunFolder.create(tmp_path / "run", config).close()
    assert main(["train", "lenet5", "--resume", str(tmp_path / "run")]) == 2
    assert "no optimizer is called 'Adam'" in capsys.readouterr().err
    assert RunFolder.open(tmp_path / "run").config() == config


def test_runs_that_begin_in_one_second_get_a_folder_each(tmp_path, monkeypatch) -> None:
    from gradwerk.cli.train import _fresh_folder

    monkeypatch.chdir(tmp_path)
    folders = [_fresh_folder("lenet5") for _ in range(8)]  # nothing lies in any of them yet
    assert len(set(folders)) == 8
    for folder in folders:
        RunFolder.create(folder, {})


@pytest.mark.parametrize("moment", ["at the import", "while the model is made", "before the loop", "in the loop's begin"])
def test_a_run_that_is_stopped_before_it_goes_on_says_how_to_go_on(moment, copied, capsys, monkeypatch) -> None:
    from gradwerk.cli import main as command
    from gradwerk.cli import recipe, train

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    class Importer:
        def import_module(self, name: str) -> object:
            return importlib.import_module(name) if name == "gradwerk" else stop()

    places = {
        "at the import": (command, "importlib"),
        "while the model is made": (recipe.Recipe, "make_steps"),
        "before the loop": (train, "_introduction"),
        "in the loop's begin": (Progress, "on_fit_begin"),
    }
    where, name = places[moment]
    with monkeypatch.context() as patch:
        patch.setattr(where, name, Importer() if name == "importlib" else stop)
        assert main(["train", "--resume", str(copied), "--epochs", "11"]) == 130
    said = capsys.readouterr().err
    assert said.count("gradwerk: stopped;") == 1 and said.count(f"go on with: gradwerk train --resume {copied}") == 1
    RunFolder.resume(copied).close()  # nobody holds it


def test_a_new_run_that_is_stopped_before_its_first_epoch_says_how_to_go_on(tmp_path, capsys, monkeypatch) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "on_fit_begin", stop)
        assert main([*SHORT, "--out", str(tmp_path / "run")]) == 130
    said = capsys.readouterr().err
    assert "stopped; no epoch is saved yet" in said
    assert f"go on with: gradwerk train --resume {tmp_path / 'run'}" in said
    assert main(["train", "--resume", str(tmp_path / "run")]) == 0


@pytest.mark.parametrize("fault", ["cache", "variable"])
def test_a_warning_that_was_made_an_error_is_told_as_what_it_is(fault, tmp_path) -> None:
    """python -W error: what is warned of is the user's to mend, and no fault of ours."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache").chmod(0o777)
    variables = {"GRADWERK_CACHE": str(tmp_path / "cache")} if fault == "cache" else {"GRADWERK_THREDS": "1"}
    code, _, err = finished(start(*SHORT, "--out", tmp_path / "run", env=environment(PYTHONWARNINGS="error", **variables)))
    said = "may be written by others (mode 0777)" if fault == "cache" else "likely: GRADWERK_THREADS"
    assert said in err and "fault of ours" not in err
    if fault == "cache":
        assert code == 2 and err.startswith("gradwerk: error: no cache of kernels") and "-W error" in err and "Traceback" not in err
