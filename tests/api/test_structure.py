"""The structure that the documents promise: no circle of modules, dtypes asked in words, passes that ask the kind of an op."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import gradwerk.compiler
import gradwerk.ops
from gradwerk.ir.op import REGISTRY

SOURCES = Path(gradwerk.compiler.__file__).parents[2]
EXCEPTIONS = {
    "bounds.py": "puts in the looks at indices that it then finds, and knows which movements are copies of what may fail",
    "branches.py": "is the lowering of these control ops: program.py names it",
    "cpu.py": "names the kernels of each op",
    "hoist.py": "is algebra of sums and products over the iterations of a scan",
    "llvm/bounds.py": "is the kernel of these two looks",
    "llvm/indexed.py": "is the kernels of rows at indices, and names the op of each",
    "loops.py": "is the lowering of a scan: program.py names it",
    "llvm/windows.py": "is the kernels of windows: what each computes, by its class",
    "lower.py": "is the lowering of a contraction, whose fields it reads",
    "program.py": "names the lowering of each control op",
    "select.py": "is about branches alone, which it makes a choice of elements",
    "simplify.py": "a rule speaks of the ops on its two sides",
    "transposes.py": "rules again: how a transpose passes through what is beside it",
}
"""Passes that ask for the class of an op, and why."""


def modules() -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in (SOURCES / "gradwerk").rglob("*.py"):
        name = ".".join(path.relative_to(SOURCES).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: dict[str, Path]) -> set[str]:
    """The modules of the package that one imports, wherever in its text, for type checking too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found.update(name if name in known else node.module for name in names)
        elif isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
    return found & known.keys()


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Modules that reach each other; none where there are no such."""
    left = {name: set(targets) - {name} for name, targets in edges.items()}
    while loose := [name for name, targets in left.items() if not targets & left.keys()]:
        for name in loose:
            del left[name]
    return sorted(left)


def test_no_module_imports_another_in_a_circle() -> None:
    known = modules()
    assert circle({name: imported(path, known) for name, path in known.items()}) == []


def test_circles_are_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b"}, "b": {"c"}, "c": set()}) == []


BEHIND = {
    "gradwerk.compiler.llvm": {"gradwerk.compiler.contraction", "gradwerk.compiler.cpu", "gradwerk.compiler.machines"},
    "gradwerk.compiler.contraction": {"gradwerk.compiler.cpu"},
    "gradwerk.compiler.cpu": {"gradwerk.compiler.machines"},
}
"""What is behind the interface of back ends (compiler/backend.py), and who may import it from outside of it."""


@pytest.mark.parametrize("package", BEHIND)
def test_passes_speak_to_a_back_end_through_its_interface(package: str) -> None:
    """The linter's contract too; here wherever in the text, in the tests that everybody runs."""
    known = modules()
    asking = {name for name, path in known.items() if any(one == package or one.startswith(f"{package}.") for one in imported(path, known))}
    allowed = {package, *BEHIND[package]}
    assert {name for name in asking if not any(name == one or name.startswith(f"{one}.") for one in allowed)} == set()
    assert asking


def asked(tree: ast.AST, ops: dict[str, str]) -> Iterator[str]:
    """Where a module does anything with the class of an op but make one, or asks for an op by its name.

    `ops` are the names of ops by those of their classes.  To ask for a class (isinstance, match, `type(op) is`, a dict of classes) it has
    to be named where nothing is made of it, and in no annotation.
    """
    made = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    kinds = [node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None]
    kinds += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.returns is not None]
    annotations = {id(part) for kind in kinds for part in ast.walk(kind)}
    aliases = [alias for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names]
    imported = {alias.asname or alias.name for alias in aliases if alias.name in ops}
    for node in ast.walk(tree):
        named = node.attr if isinstance(node, ast.Attribute) and node.attr in ops else getattr(node, "id", "")
        known = named in imported or (isinstance(node, ast.Attribute) and named in ops)
        if known and id(node) not in made and id(node) not in annotations:
            yield f"line {node.lineno}: {named}"
        if isinstance(node, ast.Compare | ast.Subscript):
            asks = "name" in {part.attr for part in ast.walk(node) if isinstance(part, ast.Attribute)}
            texts = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)} & set(ops.values())
            if asks and texts:
                yield f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"frozenset", "set"} and _are_names(node.args, ops):
            yield f"line {node.lineno}: {ast.unparse(node)}"


def _are_names(args: list[ast.expr], ops: dict[str, str]) -> bool:
    """Whether a collection holds names of ops alone."""
    texts = [part.value for arg in args for part in ast.walk(arg) if isinstance(part, ast.Constant)]
    return len(texts) > 1 and set(texts) <= set(ops.values())


def known_ops() -> dict[str, str]:
    """The ops of the package, but arguments and data, which every pass meets: their names, by their classes' names."""
    for module in pkgutil.walk_packages(gradwerk.ops.__path__, "gradwerk.ops."):
        importlib.import_module(module.name)
    plain = {"Input", "Constant"}
    return {cls.__name__: name for name, cls in REGISTRY.items() if cls.__module__.startswith("gradwerk.") and cls.__name__ not in plain}


def test_passes_ask_the_kind_of_an_op() -> None:
    ops, folder = known_ops(), Path(gradwerk.compiler.__file__).parent
    found = {str(path.relative_to(folder)): [*asked(ast.parse(path.read_text(encoding="utf-8")), ops)] for path in folder.rglob("*.py")}
    assert {name: places for name, places in found.items() if places and name not in EXCEPTIONS} == {}
    assert {name for name, places in found.items() if places} == EXCEPTIONS.keys()


HEAD = "from gradwerk.ops.reduction import Sum\nimport gradwerk.ops.reduction as r\n"
ASKED = [
    "isinstance(op, Sum)", "issubclass(type(op), Sum)", "isinstance(op, (int, Sum))", "type(op) is Sum", "{Sum: 1}.get(type(op))",
    "match op:\n    case Sum():\n        pass", "kinds = (Sum, int)", "isinstance(op, r.Sum)", 'op.name == "sum"',
    'op.name in ("sum", "max")', '{"sum": 1}[op.name]', 'SLOW = frozenset({"exp", "log"})',
]  # fmt: skip


@pytest.mark.parametrize("text", ASKED)
def test_every_way_to_ask_is_seen(text: str) -> None:
    assert [*asked(ast.parse(HEAD + text), known_ops())]


LET_BE = ["y = graph.apply(Sum((0,)), [x])", "def f(op: Sum) -> Sum: ...", 'word == "sum"', "isinstance(op, Reduction)"]


@pytest.mark.parametrize("text", LET_BE)
def test_what_asks_for_no_op_is_let_be(text: str) -> None:
    assert not [*asked(ast.parse(HEAD + text), known_ops())]


@pytest.mark.parametrize("path", modules().values(), ids=modules().keys())
def test_dtypes_are_asked_in_words(path: Path) -> None:
    """`dtype.kind` is asked in base/dtypes.py alone."""
    if path.name == "dtypes.py" and path.parent.name == "base":
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == "kind"]
    assert [ast.unparse(node) for node in kinds if "dtype" in ast.unparse(node.value)] == []


@pytest.mark.parametrize("path", modules().values(), ids=modules().keys())
def test_numbers_of_any_dtype_are_made_in_base(path: Path) -> None:
    """NumPy makes 0 of a number that is to be bfloat16: `dtypes.filled` and `dtypes.of_value` do not."""
    made = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    filled = [node for node in made if ast.unparse(node.func) in ("np.full", "np.full_like", "np.ones", "np.ones_like")]
    dtypes_named = [*(node.args[2] for node in filled if len(node.args) > 2), *(k.value for node in filled for k in node.keywords)]
    dtypes_named += [node.args[1] for node in filled if ast.unparse(node.func).startswith("np.ones") and len(node.args) > 1]
    allowed = ("base/dtypes.py", "ops/lapack.py")  # itself, and what takes float32 and float64 alone
    assert path.as_posix().endswith(allowed) or [text for text in map(ast.unparse, dtypes_named) if text.endswith("dtype")] == []


MOST_LINES = 400


def defines_nothing(tree: ast.Module) -> bool:
    """Whether a module only names what others define: an index of an API, which grows with what there is to name."""
    return not any(isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) for node in tree.body)


@pytest.mark.parametrize("path", modules().values(), ids=modules().keys())
def test_a_module_is_about_one_thing(path: Path) -> None:
    """What needs more lines than this is about two: it is to be split by what they are, not by length."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES or (path.name == "__init__.py" and defines_nothing(ast.parse(text)))


def test_what_the_type_checker_is_not_to_say_has_a_reason() -> None:
    """`# type: ignore[code]  # why`, or the why behind the `noqa` of the same line."""
    bare = []
    for name, path in modules().items():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            _, found, rest = line.partition("# type: ignore[")
            why = re.sub(r"^[^]]*\]|# noqa: [A-Z0-9, ]+", "", rest)
            if found and len(why.strip(" #")) < 8:
                bare.append(f"{name}:{number}: {line.strip()}")
    assert not bare


CASTS = {
    "data/affine.py": "colours of pictures, which are bytes or floats of NumPy",
    "data/files.py": "the numbers of a file, in the order of this machine",
    "data/sources.py": "what a data set was told, of NumPy's dtypes",
    "keras/layers/inputs.py": "integers made wider",
    "keras/layers/preprocessing/hashings.py": "numbers of bins, which are integers",
    "keras/preprocessing/generator.py": "pictures, in a dtype of NumPy's that the generator was told",
    "keras/preprocessing/iterators.py": "pictures, in a dtype of NumPy's that the generator was told",
    "keras/preprocessing/transforms.py": "pictures, in the dtype that they had in an array",
    "nn/adaptive.py": "the accumulator of a dtype, which NumPy has",
    "torchvision/transforms/conversion.py": "pictures, in the default dtype, which NumPy has",
    "torchvision/utils.py": "pictures, of bytes or of NumPy's floats",
}
"""Where an array is cast by NumPy to a dtype that only the program knows, and why that is never bfloat16, whose bits NumPy would copy."""


def cast_by_numpy(tree: ast.Module) -> list[int]:
    """Lines with `array.astype(x)`, x no dtype of NumPy's by name."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args]
    named = (ast.Constant, ast.Name)
    return [
        call.lineno for call in calls
        if call.func.attr == "astype" and not (isinstance(call.args[0], ast.Attribute) and ast.unparse(call.args[0]).startswith("np."))
        and not (isinstance(call.args[0], named) and ast.unparse(call.args[0]) in ("bool", "int", "float", "object", "str"))
    ]  # fmt: skip


@pytest.mark.parametrize("package", ["keras", "torch", "nn", "train", "data", "tensor", "torchvision", "ragged", "zoo"])
def test_arrays_are_cast_by_what_knows_bfloat16(package: str) -> None:
    found = {}
    for path in sorted((SOURCES / "gradwerk" / package).rglob("*.py")):
        lines = cast_by_numpy(ast.parse(path.read_text(encoding="utf-8")))
        if lines and str(path.relative_to(SOURCES / "gradwerk")) not in CASTS:
            found[str(path)] = lines
    assert not found, "dtypes.converted(array, dtype) rounds to every dtype"
