"""The outside is small: a fresh import is light, and inside the package nothing is imported from a facade."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import gradwerk

PACKAGE = Path(gradwerk.__file__).parent
SOURCES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"llvmlite", "ctypes.util", "rich", "PIL", "matplotlib", "safetensors", "ml_dtypes", "argparse", "multiprocessing", "concurrent"}
FACADES = ("inspect", "keras", "ragged", "tf", "torch", "torchvision")


def fresh(script: str) -> str:
    """What a new interpreter prints."""
    source = str(PACKAGE.parent)
    environment = {"PYTHONPATH": source, "PATH": os.environ["PATH"]}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment).stdout


def test_a_fresh_import_loads_nothing_unexpected() -> None:
    loaded = set(fresh("import sys, numpy; import gradwerk; print(*sys.modules)").split())
    assert not loaded & HEAVY
    ours = {name for name in loaded if name.startswith("gradwerk.")}
    assert {name.split(".")[1] for name in ours} <= {"base"}


def test_a_first_tensor_loads_no_compiler() -> None:
    loaded = set(fresh("import sys, gradwerk as gw; (gw.Tensor([1.0, 2.0]) * 2).numpy(); print(*sys.modules)").split())
    assert "gradwerk.tensor.tensor" in loaded
    assert not loaded & {"llvmlite", "PIL", "matplotlib", "rich"}


def test_the_import_loads_few_modules_and_reads_few_files() -> None:
    script = """
import sys, numpy
before, opened = set(sys.modules), []
sys.addaudithook(lambda event, facts: opened.append(facts[0]) if event == "open" else None)
import gradwerk
print(len(set(sys.modules) - before), len(opened))
"""
    fresh(script)  # compiles what it imports
    modules, files = map(int, fresh(script).split())
    assert modules < 25 and files < 50


def test_every_public_name_is_there_and_said() -> None:
    assert len(set(gradwerk.__all__)) == len(gradwerk.__all__)
    for name in gradwerk.__all__:
        assert getattr(gradwerk, name) is not None
    assert set(gradwerk.__all__) <= set(dir(gradwerk))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = gradwerk.nonsense


def imported_names(path: Path) -> list[tuple[str, str]]:
    """(module, name) of every `from module import name`."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [(node.module or "", alias.name) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nothing_is_imported_from_a_facade(path) -> None:
    """`from gradwerk.room import name` names a module of the room, never something its `__init__` collects; APIs show their own parts."""
    for module, name in imported_names(path):
        folder = PACKAGE.parent / Path(*module.split("."))
        if not module.startswith("gradwerk") or not folder.is_dir():
            continue
        part = folder / name
        assert part.is_dir() or part.with_suffix(".py").is_file() or (module, name) == ("gradwerk", "__version__"), f"{module}.{name}"


def test_inner_rooms_have_empty_facades() -> None:
    full = [path.parent.relative_to(PACKAGE) for path in SOURCES if path.name == "__init__.py" and path.stat().st_size]
    assert {folder.parts[0] for folder in full if folder.parts} <= set(FACADES)


def test_files_have_their_place_and_size() -> None:
    """Nothing is called by a name that says nothing, and no test is forgotten in a room of its own."""
    theirs = ("keras", "torch", "torchvision", "nn")
    assert not {"utils", "helpers", "common", "misc"} & {path.stem for path in SOURCES if path.parent.name not in theirs}


def hung_on(path: Path) -> list[str]:
    """What a module assigns, while it is imported, to attributes of what it has imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    theirs = {name.asname or name.name for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for name in node.names}
    queue: list[ast.AST] = [*tree.body]
    found = []
    while queue:
        node = queue.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
            continue
        queue += ast.iter_child_nodes(node)
        owner = node.value if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) else None
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("setattr", "delattr"):
            owner = node.args[0]
        while isinstance(owner, ast.Attribute):
            owner = owner.value
        if isinstance(owner, ast.Name) and owner.id in theirs:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_an_import_changes_no_other_module(path: Path) -> None:
    """Else a module needs another that it does not import, and no checker of layers or circles sees it."""
    assert not hung_on(path)


def test_a_change_of_another_module_is_found(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    for line in ("Control.walk = 1", "if True:\n    Control.bodies.x: int = 1", "setattr(Control, 'walk', 1)", "Control.walk += 1"):
        path.write_text(f"from gradwerk.ir.control import Control\n{line}\n")
        assert hung_on(path), line
    path.write_text("from a import B\nclass C:\n    x = 1\nC.x = B.x\ndef f(): B.x = 2\n")
    assert not hung_on(path)


def test_an_op_is_differentiated_wherever_it_comes_from() -> None:
    """Nothing has to be imported besides for an op to have its derivative."""
    print_gradient = """
from gradwerk.ops.control import Scan
import gradwerk.ops.branch
assert not any("autodiff" in name for name in __import__("sys").modules)
from gradwerk.autodiff.reverse import gradients
from gradwerk.ir.graph import Graph
(op, types), *_ = Scan.examples()
graph = Graph()
xs = [graph.input(type_) for type_ in types]
ys = op(*xs)
print(*(found.type for found in gradients(ys[:1], ys[:1], xs)))
"""
    assert fresh(print_gradient).split() == ["f32[2]", "f32[3,2]", "f32[2]"]


def test_the_layers_hold_for_every_import() -> None:
    """No contract excepts an import, nor those that stand under TYPE_CHECKING."""
    linter = tomllib.loads((PACKAGE.parents[1] / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert not linter.get("exclude_type_checking_imports")
    assert not any("ignore_imports" in contract for contract in linter["contracts"])
