"""Returns, breaks and continues as flags, so that each block of a function has one way out.

    while test:                    stop = False
        if odd: break       ->     while not stop and test:
        rest                           if odd: stop = True
                                       if not stop: rest
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

HANDLE = "ag__"
"""The name under which rewritten code finds `blocks`."""
RETURNED, RESULT = "returned__", "result__"


def one_way_out(function: ast.FunctionDef) -> None:
    """Rewrites a function in place."""
    numbers = iter(range(1 << 30))
    function.body = _loops(function.body, lambda: next(numbers))
    inside = [node for node in _own(function.body) if isinstance(node, ast.Return)]
    last = function.body[-1] if function.body else None
    if not inside or inside == [last]:
        return
    function.body = _merged(function.body)
    if _ends(function.body):
        function.body = [_set(RESULT, ast.Constant(None)), *_returning(function.body), ast.Return(_name(RESULT))]
        return
    body = _flagged(function.body, (ast.Return,), RETURNED, lambda node: [
        _set(RESULT, node.value or ast.Constant(None)), _set(RETURNED, ast.Constant(True)),  # noqa: FBT003
    ])  # fmt: skip
    result = ast.parse(f"{HANDLE}.returned({RESULT})", mode="eval").body
    function.body = [_set(RETURNED, ast.Constant(False)), *body, ast.Return(result)]  # noqa: FBT003


def _own(statements: Sequence[ast.AST]) -> list[ast.AST]:
    found, waiting = [], list(statements)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def _name(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def _set(name: str, value: ast.expr) -> ast.Assign:
    return ast.Assign([ast.Name(name, ast.Store())], value)


def _not(name: str) -> ast.UnaryOp:
    return ast.UnaryOp(ast.Not(), _name(name))


def _merged(statements: list[ast.stmt]) -> list[ast.stmt]:
    """`if a: return b` and what follows, as `if a: return b else: what follows`."""
    for at, statement in enumerate(statements):
        if not isinstance(statement, ast.If):
            continue
        statement.body, rest = _merged(statement.body), statements[at + 1 :]
        statement.orelse = _merged(statement.orelse)
        if not rest or not any(isinstance(node, ast.Return) for node in _own([statement])):
            continue
        if _ends(statement.body):
            statement.orelse = _merged([*statement.orelse, *rest])
            return statements[: at + 1]
        if statement.orelse and _ends(statement.orelse):
            statement.body = _merged([*statement.body, *rest])
            return statements[: at + 1]
    return statements


def _ends(statements: Sequence[ast.stmt]) -> bool:
    """Whether every way through the statements ends with a return, at their end and nowhere before."""
    if not statements:
        return False
    *before, last = statements
    if any(isinstance(node, ast.Return) for node in _own(before)):
        return False
    if isinstance(last, ast.Return):
        return True
    return isinstance(last, ast.If) and _ends(last.body) and _ends(last.orelse)


def _returning(statements: list[ast.stmt]) -> list[ast.stmt]:
    *before, last = statements
    if isinstance(last, ast.Return):
        return [*before, _set(RESULT, last.value or ast.Constant(None))]
    if isinstance(last, ast.If):
        last.body, last.orelse = _returning(last.body), _returning(last.orelse)
    return statements


def _loops(statements: list[ast.stmt], number: Callable[[], int]) -> list[ast.stmt]:
    """Loops without breaks and continues."""
    found: list[ast.stmt] = []
    for statement in statements:
        for part in ("body", "orelse", "finalbody"):
            inner = getattr(statement, part, None)
            if isinstance(inner, list) and not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                setattr(statement, part, _loops(inner, number))
        if isinstance(statement, (ast.While, ast.For)):
            found.extend(_loop(statement, number()))
        else:
            found.append(statement)
    return found


def _loop(loop: ast.While | ast.For, number: int) -> list[ast.stmt]:
    mine = _jumps(loop.body)
    begin: list[ast.stmt] = []
    if any(isinstance(node, ast.Continue) for node in mine):
        flag = f"continued__{number}"
        first = _set(flag, ast.Constant(False))  # noqa: FBT003
        body = _flagged(loop.body, (ast.Continue,), flag, lambda _: [_set(flag, ast.Constant(True))])  # noqa: FBT003
        loop.body = [first, *body]
        begin.append(_set(flag, ast.Constant(False)))  # noqa: FBT003
    leaves = any(isinstance(node, ast.Break) for node in mine)
    returns = any(isinstance(node, ast.Return) for node in _own(loop.body))
    if not leaves and not returns:
        return [*begin, loop]
    stop = f"stopped__{number}"
    begin.append(_set(stop, ast.Constant(False)))  # noqa: FBT003
    loop.body = _flagged(loop.body, (ast.Break, ast.Return), stop, lambda node: [
        _set(stop, ast.Constant(True)), *([node] if isinstance(node, ast.Return) else []),  # noqa: FBT003
    ])  # fmt: skip
    if isinstance(loop, ast.While):
        loop.test = ast.BoolOp(ast.And(), [_not(stop), loop.test])
    else:
        loop.type_comment = stop
    if not loop.orelse:
        return [*begin, loop]
    orelse, loop.orelse = loop.orelse, []
    return [*begin, loop, ast.If(_not(stop), orelse, [])]


def _jumps(statements: Sequence[ast.stmt]) -> list[ast.AST]:
    """Breaks and continues of a loop, and of none inside it."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Break, ast.Continue)):
            found.append(node)
        if isinstance(node, (ast.While, ast.For)):
            waiting.extend(node.orelse)
        elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            waiting.extend(child for child in ast.iter_child_nodes(node) if isinstance(child, (ast.stmt, ast.ExceptHandler)))
    return found


def _flagged(
    statements: list[ast.stmt], kinds: tuple[type[ast.stmt], ...], flag: str, instead: Callable[[ast.Return], list[ast.stmt]]
) -> list[ast.stmt]:
    """Jumps of these kinds replaced; what follows one that may have been taken stands under `if not flag`."""
    found: list[ast.stmt] = []
    for at, statement in enumerate(statements):
        if isinstance(statement, kinds):
            found.extend(instead(statement))  # type: ignore[arg-type]  # one of these kinds
            return found
        if not _has(statement, kinds):
            found.append(statement)
            continue
        for part in ("body", "orelse", "finalbody", "handlers"):
            inner = getattr(statement, part, None)
            if part == "handlers":
                for handler in inner or ():
                    handler.body = _flagged(handler.body, kinds, flag, instead)
            elif isinstance(inner, list) and inner:
                setattr(statement, part, _flagged(inner, kinds, flag, instead))
        found.append(statement)
        rest = _flagged(statements[at + 1 :], kinds, flag, instead)
        return [*found, ast.If(_not(flag), rest, [])] if rest else found
    return found


def _has(statement: ast.stmt, kinds: tuple[type[ast.stmt], ...]) -> bool:
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    jumps = _jumps([statement])
    if ast.Return in kinds:
        jumps = [*(node for node in jumps if isinstance(node, kinds)), *(n for n in _own([statement]) if isinstance(n, ast.Return))]
    return any(isinstance(node, kinds) for node in jumps)
