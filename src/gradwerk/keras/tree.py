"""keras.tree: nested lists, tuples and dicts.  None is a leaf; dicts are walked in the order of their sorted keys."""

from __future__ import annotations

import copy
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.absent import ORIGINAL

__all__ = [
    "MAP_TO_NONE", "assert_same_paths", "assert_same_structure", "flatten", "flatten_with_path", "is_nested", "lists_to_tuples",
    "map_shape_structure", "map_structure", "map_structure_up_to", "pack_sequence_as", "traverse",
]  # fmt: skip
# ruff: noqa: ANN401, FBT001, FBT002  trees of anything; Keras' signatures
Tree = Any


class MAP_TO_NONE:  # noqa: N801  Keras' name
    """What `traverse` takes for None: a function of its says with None that it leaves a part as it is."""


def is_nested(structure: Tree) -> bool:
    """Whether it is a list, a tuple or a dict."""
    return isinstance(structure, (list, tuple, dict))


def _keys(structure: Tree) -> list[Any]:
    """Where the parts of a list, tuple or dict stand, in the order in which they are walked.  Raises: ArgumentTypeError for unlike keys."""
    if not isinstance(structure, dict):
        return list(range(len(structure)))
    if isinstance(structure, OrderedDict):
        return list(structure)
    try:
        return sorted(structure)
    except TypeError:
        facts = (f"keys {list(structure)!r:.100}",)
        raise ArgumentTypeError("keras.tree: the keys of a dict have an order, these cannot be compared", facts=facts) from None


def _leaves(structure: Tree, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if not is_nested(structure):
        yield path, structure
    else:
        for key in _keys(structure):
            yield from _leaves(structure[key], (*path, key))


def _made(like: Tree, parts: dict[Any, Any]) -> Tree:
    """A list, tuple or dict of the type of another, of these parts."""
    if isinstance(like, dict):
        made = {} if type(like) is dict else copy.copy(like)  # a subclass may hold more than its items
        for key in like:
            made[key] = parts[key]
        return made
    items = [parts[place] for place in range(len(like))]
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


def _callable(name: str, func: object) -> None:
    """Raises: ArgumentTypeError for what is no function."""
    if not callable(func):
        raise ArgumentTypeError(f"keras.tree.{name} takes a function, this is {func!r:.80}")


def flatten(structure: Tree) -> list[Any]:
    """The leaves, in order."""
    return [leaf for _, leaf in _leaves(structure)]


def flatten_with_path(structure: Tree) -> list[tuple[tuple[Any, ...], Any]]:
    """(path, leaf) of every leaf, in order; a path is a tuple of keys and places."""
    return list(_leaves(structure))


def _check(a: Tree, b: Tree, *, to: bool = False) -> None:
    """Raises: ArgumentError where b is not of the structure of a, or with `to` not as far as that goes."""
    if not is_nested(a) or not is_nested(b):
        if is_nested(a) or (is_nested(b) and not to):
            raise ArgumentError("the structures differ: one is nested, the other a leaf", facts=(f"{a!r:.100}", f"{b!r:.100}"))
        return
    unlike = not (isinstance(a, dict) and isinstance(b, dict)) and type(a) is not type(b)
    if unlike or len(a) != len(b) or (isinstance(a, dict) and a.keys() != b.keys()):
        raise ArgumentError("the structures differ", facts=(f"{type(a).__name__} {a!r:.100}", f"{type(b).__name__} {b!r:.100}"))
    for key in _keys(a):
        _check(a[key], b[key], to=to)


def map_structure(func: Callable[..., Any], *structures: Tree, none_is_leaf: bool = True) -> Tree:
    """func of every leaf, and of the leaves at its place in the other structures; without `none_is_leaf` None stays.

    Raises: ArgumentTypeError for no function, ArgumentError for no structure, and for structures that differ.
    """
    _callable("map_structure", func)
    if not structures:
        raise ArgumentError("keras.tree.map_structure takes a structure")
    for other in structures[1:]:
        _check(structures[0], other)

    def mapped(first: Tree, *others: Tree) -> Tree:
        if is_nested(first):
            return _made(first, {key: mapped(first[key], *(other[key] for other in others)) for key in _keys(first)})
        return None if first is None and not none_is_leaf else func(first, *others)

    return mapped(*structures)


def map_structure_up_to(shallow_structure: Tree, func: Callable[..., Any], *structures: Tree) -> Tree:
    """As `map_structure`, as far as the first structure goes: what is deeper is handed to func whole.

    Raises: ArgumentTypeError for no function, ArgumentError for structures that differ so far.
    """
    _callable("map_structure_up_to", func)
    for other in structures:
        _check(shallow_structure, other, to=True)

    def mapped(shallow: Tree, *others: Tree) -> Tree:
        if is_nested(shallow):
            return _made(shallow, {key: mapped(shallow[key], *(other[key] for other in others)) for key in _keys(shallow)})
        return func(*others)

    return mapped(shallow_structure, *structures)


def assert_same_structure(a: Tree, b: Tree, check_types: Any = None) -> None:
    """Nothing where two structures are one; `check_types` is of former versions and says nothing.  Raises: ArgumentError elsewhere."""
    _check(a, b)


def assert_same_paths(a: Tree, b: Tree) -> None:
    """Nothing where the leaves of two structures stand at the same paths.  Raises: ArgumentError elsewhere."""
    one, other = ({path for path, _ in _leaves(tree)} for tree in (a, b))
    if one != other:
        facts = (f"only in the first: {sorted(map(str, one - other))}", f"only in the second: {sorted(map(str, other - one))}")
        raise ArgumentError("the structures have different paths", facts=facts)


def pack_sequence_as(structure: Tree, flat_sequence: Any) -> Tree:
    """A flat sequence in the shape of a structure.  Raises: ArgumentError for another number of leaves, ArgumentTypeError for none."""
    try:
        leaves = list(flat_sequence) if is_nested(structure) or hasattr(flat_sequence, "__iter__") else [flat_sequence]
    except TypeError:
        raise ArgumentTypeError(f"keras.tree.pack_sequence_as takes a sequence, this is {flat_sequence!r:.80}") from None
    count = len(flatten(structure))
    if len(leaves) != count:
        raise ArgumentError(f"the structure has {count} leaves, the sequence {len(leaves)}", facts=(f"structure {structure!r:.100}",))
    rest = iter(leaves)
    return map_structure(lambda _: next(rest), structure)


def lists_to_tuples(structure: Tree) -> Tree:
    """The structure with tuples for its lists."""
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Tree) -> Tree:
    """func of every shape, a tuple or list of integers and None.  Raises: ArgumentTypeError for no function."""
    _callable("map_shape_structure", func)
    if isinstance(structure, (list, tuple)) and all(isinstance(n, (int, type(None))) for n in structure):
        return func(tuple(structure))
    if is_nested(structure):
        return _made(structure, {key: map_shape_structure(func, structure[key]) for key in _keys(structure)})
    raise ArgumentTypeError(f"{structure!r:.80} is no shape")


def traverse(func: Callable[[Any], Any], structure: Tree, top_down: bool = True) -> Tree:
    """func of each part and leaf: what it gives takes its place; None leaves it, and goes on inside.

    Raises: ArgumentTypeError for no function.

    Args:
        func: of a part; MAP_TO_NONE of it stands for None.
        structure: anything.
        top_down: whether a part comes before what is inside of it, or after.
    """
    _callable("traverse", func)

    def inside(part: Tree) -> Tree:
        if not is_nested(part):
            return part
        return _made(part, {key: traverse(func, part[key], top_down) for key in _keys(part)})

    def answered(found: Any, part: Tree) -> Tree:
        return part if found is None else None if found is MAP_TO_NONE or isinstance(found, MAP_TO_NONE) else found

    if not top_down:
        made = inside(structure)
        return answered(func(made), made)
    found = func(structure)
    return answered(found, structure) if found is not None else inside(structure)


__getattr__ = ORIGINAL.module("keras.tree", __name__)
