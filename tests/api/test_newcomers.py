"""What CONTRIBUTING shows for a layer, loss, update rule, schedule or native op touches no more files than it says; the laws find it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.api.newcomers import changes, copied, touched
from tests.api.test_documents import tool

MOST = {
    "With a kernel of its own": (2, "take_columns"),
    "With running state": (3, "RunningNorm1d"),
    "How to add a loss": (2, "taylor"),
    "How to add a schedule of contractions": (1, "einsum"),
    "How to add an update rule": (1, "Signum"),
}
"""By section: the most files, and what the newcomer is called by the laws."""
PROGRAMS = {
    "With a kernel of its own": """
        import gradwerk as gw, numpy as np
        from gradwerk.inspect.explanation import explain
        from gradwerk.ops.columns import TakeColumns
        x, i = gw.Tensor(np.arange(12.0, dtype=np.float32).reshape(3, 4)), gw.Tensor(np.array([3, 0, 3]))
        taken = gw.compile(lambda x, i: TakeColumns()(x, i) * 2)
        np.testing.assert_array_equal(taken(x, i).numpy(), x.numpy()[:, [3, 0, 3]] * 2)
        assert not explain(lambda x, i: TakeColumns()(x, i) * 2, x, i).made.plan.host_calls
        """,
    "With running state": """
        import numpy as np
        from gradwerk import torch
        layer = torch.nn.RunningNorm1d(3)
        x = torch.randn(4, 3, 5)
        layer(x)
        np.testing.assert_allclose(layer.running_mean.numpy(), 0.1 * x.numpy().mean((0, 2)), rtol=1e-5, atol=1e-7)
        variance = x.numpy().var(2, ddof=1).mean(0)
        np.testing.assert_allclose(layer.running_var.numpy(), 0.9 + 0.1 * variance, rtol=1e-5)
        """,
    "How to add a loss": """
        import numpy as np
        from gradwerk import keras
        y, p = np.array([1, 0]), np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
        wanted = (0.25 + 0.25**2 / 2 + 0.5 + 0.5**2 / 2) / 2
        loss = keras.losses.TaylorCrossEntropy()
        np.testing.assert_allclose(loss(y, p).numpy().item(), wanted, rtol=1e-5)
        loss = keras.losses.get("taylor_cross_entropy")
        np.testing.assert_allclose(loss(y, p).numpy().mean(), wanted, rtol=1e-5)
        """,
    "How to add a schedule of contractions": """
        import gradwerk as gw, numpy as np
        from gradwerk.inspect.explanation import explain
        from gradwerk.ops.contraction import contract
        x, y = (gw.Tensor(np.arange(n, dtype=np.float32)) for n in (33.0, 40.0))
        outer = lambda x, y: contract(x, y, "n,c->nc")
        np.testing.assert_array_equal(gw.compile(outer)(x, y).numpy(), np.outer(x.numpy(), y.numpy()))
        assert [launch.title.split("_")[0] for launch in explain(outer, x, y).launches] == ["map"]
        """,
    "How to add an update rule": """
        import numpy as np
        from gradwerk.nn.signum import Signum
        from gradwerk.tensor.tensor import Parameter, Tensor
        w = Parameter(np.ones(3, np.float32))
        Signum([w], 0.1).apply([Tensor(np.array([2.0, 0.0, -3.0], np.float32))])
        np.testing.assert_allclose(w.numpy(), [0.9, 1.0, 1.1])
        """,
}
"""What a user of the newcomer sees."""


def run(root: Path, *words: str | Path) -> None:
    """A command in a copy of the sources, which ends well."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "GRADWERK"))}
    environment |= {"PYTHONPATH": str(root / "src"), "PYTHONDONTWRITEBYTECODE": "1", "GRADWERK_CACHE": str(root / "kernels")}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=root, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def root(tmp_path: Path) -> Path:
    copied(tmp_path)
    return tmp_path


def test_every_kind_is_shown() -> None:
    assert changes().keys() == MOST.keys() == PROGRAMS.keys()


@pytest.mark.parametrize("section", MOST)
def test_a_newcomer_touches_few_files_and_the_laws_find_it(root: Path, section: str) -> None:
    most, name = MOST[section]
    for change in changes()[section]:
        change.apply(root)
    assert touched(root) == {change.path for change in changes()[section]}
    assert len(touched(root)) <= most
    (root / "program.py").write_text("if True:\n" + PROGRAMS[section].strip("\n"), encoding="utf-8")
    run(root, sys.executable, "-W", "error", "program.py")
    options = ("-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "--basetemp", root / "tests_of_it")
    run(root, sys.executable, "-m", "pytest", *options, "tests/laws", "-k", name)  # which fails where it finds none


@pytest.mark.skipif(tool("ruff") is None, reason="ruff is not installed: make lint installs it")
def test_what_newcomers_write_passes_the_lint(root: Path) -> None:
    made = {change.path for section in changes().values() for change in section}
    for section in changes().values():
        for change in section:
            change.apply(root)
    done = subprocess.run([str(tool("ruff")), "check", "--no-cache", *sorted(made)], capture_output=True, text=True, check=False, cwd=root)
    assert done.returncode == 0, done.stdout


@pytest.mark.long
@pytest.mark.skipif(tool("mypy") is None, reason="mypy is not installed: make lint installs it")
def test_what_newcomers_write_passes_the_types(root: Path) -> None:
    for section in changes().values():
        for change in section:
            change.apply(root)
    run(root, str(tool("mypy")), "--cache-dir", root / "types")
