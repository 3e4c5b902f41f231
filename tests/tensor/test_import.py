"""The import is light, and the public names are the ones we mean."""

from __future__ import annotations

import subprocess
import sys

import gradwerk

SCRIPT = """
import sys, numpy
before = set(sys.modules)
import gradwerk
more = len(set(sys.modules) - before)
heavy = [name for name in ("llvmlite", "ctypes.util", "rich", "PIL", "matplotlib", "safetensors") if name in sys.modules]
gradwerk.Tensor([1.0]) * 2
print(more, heavy, "llvmlite" in sys.modules)
"""


def test_a_fresh_import_is_light():
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env={"PYTHONPATH": "src"})
    more, heavy, compiler = done.stdout.split()
    assert int(more) < 25 and (heavy, compiler) == ("[]", "False")


def test_every_public_name_is_there():
    for name in gradwerk.__all__:
        assert getattr(gradwerk, name) is not None
    assert set(gradwerk.__all__) <= set(dir(gradwerk))
