"""`gradwerk run`: the names are the script's own, in its modules and children too, and nobody else's."""

from __future__ import annotations

from pathlib import Path

from tests.aliases.running import command, run


def test_a_script_has_the_names_and_others_do_not(tmp_path: Path) -> None:
    installed = tmp_path / "site-packages"
    installed.mkdir()
    (installed / "stranger.py").write_text("try:\n    import torch\nexcept ImportError:\n    torch = None\n")
    (tmp_path / "own.py").write_text("from tensorflow.keras import layers\nimport torch\n")
    done = run(tmp_path, """
import importlib, importlib.metadata, importlib.util, sys
import keras, keras.backend as K, tensorflow as tf, tensorflow.keras.layers as L, torch, torch.nn.functional as F
import keras.layers.convolutional
from keras.layers.core import Dense
from keras.layers import recurrent, experimental
from keras.utils import np_utils, to_categorical
from torch import nn as n
import own
sys.path.insert(0, "site-packages")
import stranger
assert own.torch is torch is importlib.import_module("torch") and own.layers is L is keras.layers is tf.keras.layers
assert Dense is L.Dense is keras.layers.convolutional.Dense and np_utils.to_categorical is to_categorical
assert recurrent.LSTM is L.LSTM and experimental.preprocessing.Rescaling is L.Rescaling and keras.losses.mse
assert n is torch.nn and F is n.functional
assert importlib.metadata.version("torch") == torch.__version__ and importlib.metadata.version("keras") == keras.__version__
assert importlib.util.find_spec("torch.nn") and importlib.util.find_spec("keras")
assert stranger.torch is None or stranger.torch is not torch
assert "torch" not in sys.modules or sys.modules["torch"] is not torch
assert __name__ == "__main__" and __file__ == "script.py" and sys.argv == ["script.py", "--epochs", "3", "-h"]
assert sys.modules["__main__"].tf is tf
print("all of it")
""", "--epochs", "3", "-h")
    assert (done.returncode, done.stdout, done.stderr) == (0, "all of it\n", "")


def test_what_a_script_does_not_catch_is_shown_from_its_own_line_on(tmp_path: Path) -> None:
    done = run(tmp_path, "import torch\n\ndef deep():\n    torch.nn.Lineer(3, 4)\n\ndeep()\n")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):" and lines[1] == '  File "script.py", line 6, in <module>'
    assert "torch.nn has no 'Lineer'" in done.stderr and "likely: torch.nn.Linear" in done.stderr and "aliases" not in done.stderr


def test_exit_codes_are_the_scripts(tmp_path: Path) -> None:
    done = run(tmp_path, "import sys\nsys.exit(7)\n")
    assert done.returncode == 7
    done = run(tmp_path, "raise SystemExit('enough')\n")
    assert (done.returncode, done.stderr) == (1, "enough\n")


def test_spawned_processes_have_the_names(tmp_path: Path) -> None:
    done = run(tmp_path, """
import multiprocessing, sys
import torch

def work(queue):
    import keras
    queue.put((torch.ones(3).sum().item(), keras.__name__, sys.argv))

if __name__ == "__main__":
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    child = context.Process(target=work, args=(queue,))
    child.start()
    print(*queue.get())
    child.join()
""", "x")
    assert (done.returncode, done.stdout) == (0, "3.0 gradwerk.keras ['script.py', 'x']\n"), done.stderr


def test_what_is_no_script_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("import torch\nx = = 3\n")
    (tmp_path / "null.py").write_bytes(b"\0")
    (tmp_path / "no.ipynb").write_text("{}")
    for words, said in (
        (("run", "absent.py"), "absent.py cannot be read: No such file or directory"),
        (("run", "."), ". cannot be read: Is a directory"),
        (("run", "broken.py"), "broken.py is no Python of this version: invalid syntax\n  line 2: x = = 3"),
        (("run", "null.py"), "null.py is no Python"),
        (("run", "no.ipynb"), "no.ipynb is no notebook"),
        (("check", "absent.py"), "absent.py cannot be read"),
        (("check", "broken.py"), "broken.py is no Python"),
    ):
        done = command(tmp_path, *words)
        assert done.returncode == 2 and said in done.stderr and "Traceback" not in done.stderr, (words, done)


def test_packages_that_are_refused_say_why(tmp_path: Path) -> None:
    done = run(tmp_path, "try:\n    import torchtext.data\nexcept ImportError as error:\n    print(error)\n")
    assert done.returncode == 0 and done.stdout.startswith("torchtext is not part of Gradwerk")


def test_former_modules_are_attributes_before_anybody_imports_them(tmp_path: Path) -> None:
    done = run(tmp_path, """
import keras
assert keras.utils.generic_utils.to_categorical is keras.utils.to_categorical
assert keras.backend.tensorflow_backend is keras.backend and keras.optimizers.legacy.Adam is keras.optimizers.Adam
try:
    keras.backend.tensorflow_backend._get_available_gpus
except AttributeError as error:
    print(str(error).splitlines()[0])
""")
    assert (done.returncode, done.stdout, done.stderr) == (0, "keras.backend has no '_get_available_gpus'\n", "")
