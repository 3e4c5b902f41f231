"""Python's control flow written as calls: `if`, `while`, `for`, `and`, `or`, `not` and conditional expressions over Tensors.

    if x > 0:                def body(): nonlocal y; y = x
        y = x         ->     def orelse(): nonlocal y; y = -x
    else:                    ag__.if_(x > 0, body, orelse, get, set, ("y",))
        y = -x

`blocks` decides at run time: where a condition is a Tensor whose contents nobody knows yet, both branches become one operation; else
Python goes its way.  Returns, breaks and continues become flags before that (`leaving`).
Source: Moldovan and others, 2019, "AutoGraph: imperative-style coding with graph-based performance", arXiv:1810.08061, section 7.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from gradwerk.tf.autograph.leaving import HANDLE


def assigned(statements: Sequence[ast.AST]) -> set[str]:
    """The names that statements bind in their own scope."""
    found: set[str] = set()
    for statement in statements:
        _collect(statement, found)
    return found


def _collect(node: ast.AST, found: set[str]) -> None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        found.add(node.name)
        return
    if isinstance(node, (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr) and isinstance(inner.target, ast.Name) and not isinstance(node, ast.Lambda):
                found.add(inner.target.id)
        return
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        found.add(node.id)
    elif isinstance(node, (ast.Import, ast.ImportFrom)):
        found.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ExceptHandler) and node.name:
        found.add(node.name)
    for child in ast.iter_child_nodes(node):
        _collect(child, found)


def outside(function: ast.FunctionDef) -> dict[str, str]:
    """The names that a function declares to be of another scope: "global" or "nonlocal"."""
    found = {}
    for node in own_nodes(function):
        if isinstance(node, (ast.Global, ast.Nonlocal)):
            found.update(dict.fromkeys(node.names, "global" if isinstance(node, ast.Global) else "nonlocal"))
    return found


def own_nodes(function: ast.AST) -> list[ast.AST]:
    """The nodes of a function but for those of functions and classes inside it."""
    found, waiting = [], list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))
    return found


def parsed(text: str) -> ast.stmt:
    """One statement."""
    return ast.parse(text).body[0]


def defined(text: str) -> ast.FunctionDef:
    """One function."""
    made: ast.FunctionDef = ast.parse(text).body[0]  # type: ignore[assignment]  # a text that begins with def
    return made


def helper(name: str, *args: ast.expr) -> ast.Call:
    """A call of `blocks`."""
    return ast.Call(ast.Attribute(ast.Name(HANDLE, ast.Load()), name, ast.Load()), list(args), [])


def thunk(value: ast.expr) -> ast.Lambda:
    """A function without arguments that gives a value."""
    nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
    return ast.Lambda(nothing, value)


class Rewriting(ast.NodeTransformer):
    """The rewriting of one function, whose returns, breaks and continues are flags already.

    function: the function; its own declarations of other scopes hold in what is made of its blocks too.
    """

    def __init__(self, function: ast.FunctionDef) -> None:
        self.outside = outside(function)
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs, function.args.vararg, function.args.kwarg]
        parameters = {each.arg for each in given if each is not None}
        self.begun = sorted(assigned(function.body) - parameters - self.outside.keys())
        """The names that the function binds itself; they are undefined at its start."""
        self.count = 0

    def visit_Name(self, node: ast.Name) -> ast.AST:
        """A name that may be undefined yet."""
        return helper("read", node) if isinstance(node.ctx, ast.Load) and node.id in self.begun else node

    def visit(self, node: ast.AST) -> ast.AST | list[ast.stmt]:
        """The node rewritten; what is made has its place in the text."""
        made: ast.AST | list[ast.stmt] = super().visit(node)
        if isinstance(node, (ast.stmt, ast.expr)):
            for each in made if isinstance(made, list) else [made]:
                if each is not node:
                    ast.fix_missing_locations(ast.copy_location(each, node))
        return made

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        """Functions inside are rewritten when they are called."""
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        """As functions."""
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        """As functions."""
        return node

    def visit_Lambda(self, node: ast.Lambda) -> ast.AST:
        """As functions."""
        return node

    def visit_If(self, node: ast.If) -> list[ast.stmt]:
        """Both blocks as functions."""
        names = self._names([*node.body, *node.orelse])
        self.generic_visit(node)
        number = self._number()
        body, orelse = f"if_body_{number}", f"else_body_{number}"
        return [
            self._block(body, node.body, names), self._block(orelse, node.orelse or [ast.Pass()], names), *self._state(number, names),
            ast.Expr(helper("if_", node.test, *_loaded(body, orelse, f"get_state_{number}", f"set_state_{number}"), _texts(names))),
        ]  # fmt: skip

    def visit_While(self, node: ast.While) -> list[ast.stmt]:
        """Test and body as functions."""
        names = self._names([*node.body, node])
        self.generic_visit(node)
        number = self._number()
        test, body = f"loop_test_{number}", f"loop_body_{number}"
        return [
            self._block(test, [ast.Return(node.test)], []), self._block(body, node.body, names), *self._state(number, names),
            ast.Expr(helper("while_", *_loaded(test, body, f"get_state_{number}", f"set_state_{number}"), _texts(names))), *node.orelse,
        ]  # fmt: skip

    def visit_For(self, node: ast.For) -> list[ast.stmt]:
        """The body as a function of the element; `leaving` has put the flag of a break in `node.type_comment`."""
        names = self._names([*node.body, ast.Assign([node.target], ast.Constant(None))])
        flag = node.type_comment
        called = _is_plain_call(node.iter)
        self.generic_visit(node)
        number = self._number()
        body, element = f"loop_body_{number}", f"element_{number}"
        first = ast.Assign([node.target], ast.Name(element, ast.Load()))
        block = self._block(body, [first, *node.body], names)
        block.args.args.append(ast.arg(element))
        lazily = helper("ranged", node.iter.func, *node.iter.args) if called and isinstance(node.iter, ast.Call) else node.iter
        return [
            block, *self._state(number, names),
            ast.Expr(helper(
                "for_", lazily, thunk(helper("not_", helper("read", *_loaded(flag))) if flag else ast.Constant(value=True)),
                *_loaded(body, f"get_state_{number}", f"set_state_{number}"), _texts(names), ast.Constant(bool(flag)),
            )), *node.orelse,
        ]  # fmt: skip

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        """`a if test else b`."""
        self.generic_visit(node)
        return helper("if_expression", node.test, thunk(node.body), thunk(node.orelse))

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        """`a and b or c`."""
        self.generic_visit(node)
        return helper("and_" if isinstance(node.op, ast.And) else "or_", *(thunk(value) for value in node.values))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        """`not a`."""
        self.generic_visit(node)
        return helper("not_", node.operand) if isinstance(node.op, ast.Not) else node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        """`a < b < c`, whose parts are joined by an `and` that nobody wrote; names and constants alone, which are read twice."""
        middle = node.comparators[:-1]
        plain = bool(middle) and all(isinstance(each, (ast.Name, ast.Constant)) for each in middle)
        self.generic_visit(node)
        if not plain:
            return node
        sides = [node.left, *node.comparators]
        pairs = [ast.Compare(left, [op], [right]) for left, op, right in zip(sides, node.ops, sides[1:], strict=False)]
        return helper("and_", *(thunk(pair) for pair in pairs))

    def visit_Call(self, node: ast.Call) -> ast.AST:
        """What is called is rewritten too, where it is a function of the user's."""
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) and node.func.value.id == HANDLE:
            return node  # `leaving` wrote it
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in ("super", HANDLE, "locals", "globals", "vars", "eval", "exec"):
            return node
        node.func = helper("called", node.func)
        return node

    def _number(self) -> int:
        self.count += 1
        return self.count

    def _names(self, statements: Sequence[ast.AST]) -> list[str]:
        return sorted(name for name in assigned(statements) if name not in self.outside and not name.startswith(HANDLE))

    def _declared(self, names: Sequence[str], statements: Sequence[ast.AST]) -> list[ast.stmt]:
        mine = [ast.Nonlocal(list(names))] if names else []
        used = assigned(statements) & self.outside.keys()
        kinds = [(kind, sorted(name for name in used if self.outside[name] == kind)) for kind in ("global", "nonlocal")]
        theirs = [ast.Global(found) if kind == "global" else ast.Nonlocal(found) for kind, found in kinds if found]
        return [*mine, *theirs]

    def _block(self, name: str, statements: list[ast.stmt], names: Sequence[str]) -> ast.FunctionDef:
        made = defined(f"def {name}(): pass")
        kept = [each for each in statements if not isinstance(each, (ast.Global, ast.Nonlocal))] or [ast.Pass()]
        made.body = [*self._declared(names, statements), *kept]
        return made

    def _state(self, number: int, names: Sequence[str]) -> list[ast.stmt]:
        """The functions that read and write the names of a block."""
        joined = "".join(f"{name}, " for name in names)
        declared = f"nonlocal {joined[:-2]}\n    " if names else ""
        return [
            parsed(f"def get_state_{number}(): return ({joined})"),
            parsed(f"def set_state_{number}(held__):\n    {declared}{f'({joined}) = held__' if names else 'pass'}"),
        ]


def _loaded(*names: str) -> list[ast.expr]:
    return [ast.Name(name, ast.Load()) for name in names]


def _texts(names: Sequence[str]) -> ast.Tuple:
    return ast.Tuple([ast.Constant(name) for name in names], ast.Load())


def _is_plain_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and not node.keywords and not any(isinstance(each, ast.Starred) for each in node.args)
