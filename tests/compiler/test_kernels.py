"""The keys of cached kernels cover all that makes them, and a name stands for one kernel."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

import gradwerk
from gradwerk.base import dtypes
from gradwerk.base.cache import cache
from gradwerk.base.errors import VerifyError
from gradwerk.base.settings import LOADED, settings
from gradwerk.compiler import kernels
from gradwerk.compiler.kernels import PACKAGES, compiler_digest, digest_of, objects_for
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.machines import host
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.transcendental import tanh

PACKAGE = Path(gradwerk.__file__).parent


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A copy of the files that shape kernels, older than this process."""
    for folder in PACKAGES:
        for path in PACKAGE.glob(folder):
            copy = tmp_path / path.relative_to(PACKAGE)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
            os.utime(copy, (1, 1))
    return tmp_path


EDITED = ("compiler/llvm/maps.py", "compiler/llvm/executor_walk.py", "ops/arithmetic.py", "ir/op.py", "__init__.py")


@pytest.mark.parametrize("name", EDITED)
def test_an_edit_of_the_same_size_and_time_is_another_compiler(package: Path, name: str) -> None:
    before = digest_of(package)
    assert digest_of(package) == before
    path = package / name
    data = path.read_bytes()
    path.write_bytes(data.replace(b"e", b"f", 1))
    os.utime(path, (1, 1))
    assert digest_of(package) != before
    path.write_bytes(data)
    os.utime(path, (1, 1))
    assert digest_of(package) == before
    (path.parent / "another.py").write_bytes(b"")
    os.utime(path.parent / "another.py", (1, 1))
    assert (digest_of(package) != before) == (name != "__init__.py")


def test_a_compiler_edited_while_it_runs_shares_nothing(package: Path) -> None:
    """What is on disk is then not what makes the kernels."""
    os.utime(package / "compiler" / "lower.py", ns=(LOADED + 1, LOADED + 1))
    assert digest_of(package) != digest_of(package)


def test_the_digest_covers_what_the_compiler_is_built_on() -> None:
    found = [compiler_digest(versions) for versions in ("llvmlite 1", "llvmlite 2")]
    assert found[0] != found[1]
    assert np.__version__ in found[0]


@dataclass(frozen=True)
class Named:
    """A kernel of somebody's own."""

    number: int
    name: str = "named"

    def build(self, target: object) -> str:
        return f"define i64 @named() {{ ret i64 {self.number} }}"


def test_two_kernels_of_one_name_are_an_error() -> None:
    objects_for([Named(1)], host())
    with pytest.raises(VerifyError, match="two kernels are called named"):
        objects_for([Named(2)], host())


def test_the_key_is_of_kernel_compiler_and_target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One entry for each; an entry of another key is not taken for it."""
    with settings.scope(cache=str(tmp_path / "kernels")):
        graph = Graph()
        graph.finish([tanh(graph.input(Type((4,), dtypes.float32)))])
        found = set[str]()
        for digest, target in (("one", host_target()), ("two", host_target()), ("two", replace(host_target(), features=""))):
            monkeypatch.setattr(kernels, "_known", kernels.Known())
            monkeypatch.setattr(kernels, "compiler_digest", lambda versions, digest=digest: digest)
            compile_graph(graph, target, {})
            names = {path.name for path in (tmp_path / "kernels").iterdir() if not path.name.startswith(".")}
            assert len(names) == len(found) + 1
            found = names
        first, second, _ = sorted(found)
        assert cache().get(first)
        (tmp_path / "kernels" / first).replace(tmp_path / "kernels" / second)
        assert cache().get(second) is None
