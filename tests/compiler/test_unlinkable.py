"""Object code on the disk that is sound by its digest and no code that can be loaded is dropped, and made again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.cache import DiskCache, cache
from gradwerk.base.settings import settings
from gradwerk.compiler import kernels
from gradwerk.compiler.backend import Unlinkable
from gradwerk.compiler.kernels import key_of, linked, objects_for
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.arithmetic import mul
from gradwerk.ops.transcendental import tanh
from gradwerk.runtime.executor import Executor
from tests.compiler.test_kernels import Named

SPOILT: dict[str, Callable[[bytes], bytes]] = {
    "no object": lambda code: b"no object file", "nothing": lambda code: b"", "zeros": lambda code: bytes(len(code)),
    "cut off": lambda code: code[: len(code) // 2], "a header": lambda code: code[:64],
    "another function": lambda code: host().compiled("define i64 @another() { ret i64 1 }"),
    "a function that nobody has": lambda code: host().compiled(
        "declare i64 @nobodys_own()\ndefine i64 @another() {\n  %x = call i64 @nobodys_own()\n  ret i64 %x\n}"
    ),
}  # fmt: skip


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder of this test's own, and nothing in memory."""
    monkeypatch.setattr(kernels, "_known", kernels.Known())
    monkeypatch.setattr(settings, "cache", str(tmp_path / "kernels"))


def spoil(name: str, how: str) -> str:
    """Puts something else into the entry of a name, as if it had been compiled so; its key."""
    key = key_of(name, host())
    code = cache().get(key)
    assert code is not None
    cache().put(key, SPOILT[how](code))
    kernels._known = kernels.Known()
    return key


@pytest.mark.parametrize("how", SPOILT)
def test_a_kernel_is_made_again(fresh: None, how: str) -> None:
    graph = Graph()
    x = graph.input(Type((4,), gw.Tensor(np.ones(1, np.float32)).dtype))
    graph.finish([mul(tanh(x), x)])
    (name, code), = compile_graph(graph, host().target, {}).objects.items()
    key = spoil(name, how)
    plan, entries = linked(lambda: compile_graph(graph, host().target, {}), host())
    assert plan.objects == {name: code} and entries[name]
    assert cache().get(key) == code


@pytest.mark.parametrize("how", SPOILT)
def test_what_walks_plans_is_made_again(fresh: None, how: str) -> None:
    first = host().executor()
    key = spoil("executor", how)
    second = Executor.at(host().executor())
    assert first.keys() == host().executor().keys() and second is not None
    assert (cache().get(key) or b"").startswith(b"\x7fELF")


PROGRAM = """
import sys, numpy as np, gradwerk as gw
from gradwerk.inspect.explanation import explain
step, x = gw.compile(lambda x: x.tanh() * 3 - x.sigmoid()), gw.Tensor(np.linspace(-2, 2, 7, dtype=np.float32))
print((explain(step, x).launches and "explained") if sys.argv[1] == "explained" else step(x).numpy())
"""


@pytest.mark.parametrize("way", ["run", "explained"])
def test_another_process_computes_whatever_stands_on_the_disk(tmp_path: Path, way: str) -> None:
    folder = DiskCache(tmp_path / "kernels")
    paths = os.pathsep.join([str(Path(gw.__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"GRADWERK_CACHE": str(folder.folder), "PYTHONPATH": paths}
    told = []
    for _ in range(2):
        ran = subprocess.run([sys.executable, "-c", PROGRAM, way], env=environment, capture_output=True, text=True, check=False)
        assert not ran.returncode, ran.stderr
        told.append(ran.stdout)
        entries = [path.name for path in (tmp_path / "kernels").iterdir() if not path.name.startswith(".")]
        assert len(entries) >= 2 and b"no object file" not in {folder.get(name) for name in entries}
        for name in entries:
            folder.put(name, b"no object file")
    assert told[0] == told[1] != ""


def test_what_is_made_wrong_again_is_an_error(fresh: None) -> None:
    class Misnamed(Named):
        def build(self, target: object) -> str:
            return "define i64 @another() { ret i64 1 }"

    tries = []

    def make() -> dict[str, bytes]:
        tries.append(1)
        return objects_for([Misnamed(1, "misnamed")], host())

    with pytest.raises(Unlinkable, match="misnamed"):
        kernels.loaded(make, host().link, lambda made: made, host())
    assert len(tries) == 2
