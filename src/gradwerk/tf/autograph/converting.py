"""Functions of the user's, rewritten by `rewriting` once each."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import types
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.tf.autograph.leaving import HANDLE, one_way_out
from gradwerk.tf.autograph.rewriting import Rewriting, defined, helper

# ruff: noqa: ANN401  functions of the user's
HERE = str(Path(__file__).parents[2])
"""The folder of this package, whose functions stay as they are."""
KEPT = "__autograph_kept__"
"""The attribute of functions that are not rewritten (`do_not_convert`)."""
_CODES: weakref.WeakKeyDictionary[types.CodeType, types.CodeType | None] = weakref.WeakKeyDictionary()
"""By the code of a function that of the rewritten one; None where it stays."""
RUNTIME: list[types.ModuleType] = []
"""The module that rewritten code calls; it puts itself here (`blocks`, which calls this one)."""
_ANNOTATIONS = 0x1000000
"""The flag of code that is written under `from __future__ import annotations`."""
_INSTALLED = ("site-packages", "dist-packages")


def converted(function: Any) -> Any:
    """What is called in its place: a function or method of the user's rewritten, everything else as it is."""
    if isinstance(function, types.FunctionType):
        return _function(function)
    if isinstance(function, types.MethodType) and isinstance(function.__func__, types.FunctionType):
        made = _function(function.__func__)
        return function if made is function.__func__ else types.MethodType(made, function.__self__)
    if type(function) is functools.partial:
        return functools.partial(converted(function.func), *function.args, **function.keywords)
    if not isinstance(function, type):
        call = inspect.getattr_static(type(function), "__call__", None)
        if isinstance(call, types.FunctionType) and _code(call) is not None:
            return types.MethodType(_function(call), function)
    return function


def to_graph(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> Any:  # noqa: FBT001, FBT002
    """The function, rewritten.

    Args:
        entity: the function.
        recursive: taken: what it calls is rewritten when it is called.
        experimental_optional_features: taken.
    """
    return converted(getattr(entity, "python_function", entity))


def to_code(entity: Any, recursive: bool = True, experimental_optional_features: Any = None) -> str:  # noqa: FBT001, FBT002
    """The text of the function, rewritten.  Raises: ArgumentTypeError where its own text cannot be had.

    Args:
        entity: the function.
        recursive: taken.
        experimental_optional_features: taken.
    """
    function = inspect.unwrap(getattr(entity, "python_function", entity))
    function = getattr(function, "__func__", function)
    written = _text(function) if isinstance(function, types.FunctionType) else None
    if written is None:
        raise ArgumentTypeError(f"tf.autograph.to_code takes a function whose text can be read, this is {entity!r:.80}")
    outer = written[0].body[0]
    return ast.unparse(outer.body[0]) + "\n"  # type: ignore[attr-defined]  # the function around it


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """A decorator: the function's control flow stays Python's."""
    if func is None:
        return do_not_convert
    setattr(func, KEPT, True)
    return func


def set_verbosity(level: int, alsologtostdout: bool = False) -> None:  # noqa: FBT001, FBT002
    """Taken: nothing is logged."""


def set_loop_options(**options: Any) -> None:
    """Taken: what loops carry is found by tracing them."""


def _function(function: types.FunctionType) -> Callable[..., Any]:
    code = _code(function)
    if code is None:
        return function
    cells_of_ours = {HANDLE: types.CellType(RUNTIME[0])}
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)) | cells_of_ours
    closure = tuple(cells[name] for name in code.co_freevars)
    made = types.FunctionType(code, function.__globals__, function.__name__, function.__defaults__, closure)
    made.__kwdefaults__, made.__qualname__, made.__module__ = function.__kwdefaults__, function.__qualname__, function.__module__
    return made


def _code(function: types.FunctionType) -> types.CodeType | None:
    code = function.__code__
    if code not in _CODES:
        _CODES[code] = _rewritten(function) if _is_own(function) else None
    return _CODES[code]


def _is_own(function: types.FunctionType) -> bool:
    """Whether somebody wrote it whose code this process runs: no package's, no generator."""
    code, file = function.__code__, function.__code__.co_filename
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR) or code.co_name == "<lambda>":
        return False
    if hasattr(function, KEPT) or hasattr(function, "__wrapped__"):
        return False
    library = str(Path(inspect.__file__).parent)
    return not file.startswith((HERE, library)) and not any(part in _INSTALLED for part in Path(file).parts)


def _rewritten(function: types.FunctionType) -> types.CodeType | None:
    """The code of the rewritten function; None where its text cannot be had."""
    written = _text(function)
    if written is None:
        return None
    module, name = written
    flags = function.__code__.co_flags & _ANNOTATIONS
    compiled = compile(module, function.__code__.co_filename, "exec", flags=flags, dont_inherit=True)
    return _inside(_inside(compiled, "outer__"), name)


def _text(function: types.FunctionType) -> tuple[ast.Module, str] | None:
    """The rewritten function inside one that has its outer names, and its name."""
    try:
        lines, first = inspect.getsourcelines(function)
        module = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    node = module.body[0]
    if not isinstance(node, ast.FunctionDef) or node.name != function.__code__.co_name:
        return None
    node.decorator_list, node.returns = [], None
    for each in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]:
        if each is not None:
            each.annotation = None
    node.args.defaults = [ast.Constant(None) for _ in node.args.defaults]
    node.args.kw_defaults = [None if each is None else ast.Constant(None) for each in node.args.kw_defaults]
    one_way_out(node)
    rewriting = Rewriting(node)
    body: list[Any] = []
    for statement in node.body:
        made = rewriting.visit(statement)
        body.extend(made if isinstance(made, list) else [made])
    begun = [ast.Assign([ast.Name(name, ast.Store())], helper("Undefined", ast.Constant(name))) for name in rewriting.begun]
    node.body = [*begun, *body]
    free = [name for name in function.__code__.co_freevars if name != HANDLE]
    outer = defined(f"def outer__({', '.join([*free, HANDLE])}): pass")
    outer.body = [node, ast.Return(ast.Name(node.name, ast.Load()))]
    module.body = [outer]
    ast.fix_missing_locations(ast.increment_lineno(module, first - 1))
    return module, node.name


def _inside(code: types.CodeType, name: str) -> types.CodeType:
    return next(each for each in code.co_consts if isinstance(each, types.CodeType) and each.co_name == name)
