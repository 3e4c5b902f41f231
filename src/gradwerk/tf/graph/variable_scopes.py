"""variable_scope and get_variable: variables found by name, made where they are not there yet.

Source: https://www.tensorflow.org/api_docs/python/tf/compat/v1/variable_scope
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.tf.graph import kinds
from gradwerk.tf.graph.initializers import glorot_uniform_initializer, zeros_initializer
from gradwerk.tf.graph.nodes import building
from gradwerk.tf.graph.variables import GraphKeys, Variable

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class _Reuse(Enum):
    """What a scope says of a name that is asked for."""

    AUTO_REUSE = 1


AUTO_REUSE = _Reuse.AUTO_REUSE


class VariableScope:
    """Names and defaults for the variables that `get_variable` makes in it.

    `name` with those of the scopes around it, `original_name_scope` that of nodes, `reuse`: True, False or AUTO_REUSE; `initializer`,
    `regularizer`, `constraint`, `dtype` and so on where `get_variable` is not told them.
    """

    def __init__(
        self, reuse: Any, name: str = "", initializer: Any = None, regularizer: Any = None, caching_device: Any = None,
        partitioner: Any = None, custom_getter: Any = None, name_scope: str = "", dtype: Any = np.float32, use_resource: Any = None,
        constraint: Any = None,
    ) -> None:  # fmt: skip
        self.reuse, self.name, self.initializer, self.regularizer = reuse, name, initializer, regularizer
        self.original_name_scope, self.dtype = name_scope, dtype
        self.constraint, self.custom_getter = constraint, custom_getter
        self.caching_device, self.partitioner, self.use_resource = caching_device, partitioner, use_resource
        self.counts: dict[str, int] = {}

    def reuse_variables(self) -> None:
        """From now on variables are found, and none are made."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """What fills variables that say none."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """What is added to the losses for variables that say none."""
        self.regularizer = regularizer

    def global_variables(self) -> list[Any]:
        """The global variables whose names begin with that of the scope."""
        return building().get_collection(GraphKeys.GLOBAL_VARIABLES, self.name)

    def trainable_variables(self) -> list[Any]:
        """The trainable ones of them."""
        return building().get_collection(GraphKeys.TRAINABLE_VARIABLES, self.name)

    def local_variables(self) -> list[Any]:
        """The local ones of them."""
        return building().get_collection(GraphKeys.LOCAL_VARIABLES, self.name)

    def get_collection(self, name: Any) -> list[Any]:
        """What is kept under a name by things whose names begin with that of the scope."""
        return building().get_collection(name, self.name)


def get_variable_scope() -> VariableScope:
    """The present scope."""
    graph = building()
    if graph._variable_scope is None:
        graph._variable_scope = VariableScope(reuse=False)
    found: VariableScope = graph._variable_scope
    return found


@contextmanager
def variable_scope(
    name_or_scope: Any, default_name: str | None = None, values: Any = None, initializer: Any = None, regularizer: Any = None,
    caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None, reuse: Any = None, dtype: Any = None,
    use_resource: bool | None = None, constraint: Any = None, auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:  # fmt: skip
    """Inside the block `get_variable` makes or finds variables of this scope, and nodes stand in a name scope of the same name.

    Args:
        name_or_scope: its name, or a scope that is entered again.
        default_name: made unique where name_or_scope is None.
        values: taken, without effect.
        initializer, regularizer, constraint, dtype, custom_getter: for variables that say none of their own.
        caching_device, partitioner, use_resource: taken, without effect.
        reuse: True to find variables, AUTO_REUSE to make those that are not there; None as the scope around it.
        auxiliary_name_scope: whether there is a name scope too.

    Raises: ArgumentError where neither name is given.
    """
    if name_or_scope is None and default_name is None:
        raise ArgumentError("If default_name is None then name_or_scope is required")
    graph = building()
    outer = get_variable_scope()
    entered = isinstance(name_or_scope, VariableScope)
    base = name_or_scope if entered else outer
    if entered:
        full, node = name_or_scope.name, name_or_scope.name.rpartition("/")[2]
    else:
        own = name_or_scope if name_or_scope is not None else _unique(outer, default_name or "")
        full = f"{outer.name}/{own}" if outer.name else own
        node = own
    scope = VariableScope(
        reuse or base.reuse, full, initializer or base.initializer, regularizer or base.regularizer, dtype=dtype or base.dtype,
        constraint=constraint or base.constraint, custom_getter=custom_getter or base.custom_getter,
    )  # fmt: skip
    if not entered:
        outer.counts[node] = outer.counts.get(node, 0) + 1
    naming = graph.name_scope(default_name if name_or_scope is None else node) if auxiliary_name_scope and node else None
    graph._variable_scope = scope
    try:
        if naming is None:
            scope.original_name_scope = f"{graph.get_name_scope()}/"
            yield scope
        else:
            with naming as own_nodes:
                scope.original_name_scope = name_or_scope.original_name_scope if entered else own_nodes
                yield scope
    finally:
        graph._variable_scope = outer


def _unique(outer: VariableScope, name: str) -> str:
    count = outer.counts.get(name, 0)
    if not count:
        return name
    number = 1
    while f"{name}_{number}" in outer.counts:
        number += 1
    return f"{name}_{number}"


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None, trainable: bool | None = None,
    collections: Any = None, caching_device: Any = None, partitioner: Any = None, validate_shape: bool = True, use_resource: Any = None,
    custom_getter: Any = None, constraint: Any = None, synchronization: Any = None, aggregation: Any = None,
) -> Any:  # fmt: skip
    """The variable of this name in the present scope: made, or found where the scope says reuse.

    Args:
        name: behind that of the scope.
        shape: of a new variable; not needed where the initializer is an array.
        dtype: of a new variable.
        initializer: an initializer, its class, or an array; the scope's, else glorot_uniform (zeros for whole numbers and truths).
        regularizer: what of it is added to REGULARIZATION_LOSSES; the scope's.
        trainable, collections, constraint, validate_shape: as of Variable.
        custom_getter: called in the place of this function, with it as first argument.
        caching_device, partitioner, use_resource, synchronization, aggregation: taken, without effect.

    Raises: ArgumentError where it is there and the scope does not say reuse, or is not there and the scope does, and for a shape that is
    not known; ShapeError for another shape than the one that is there.
    """
    scope = get_variable_scope()
    getter = custom_getter or scope.custom_getter
    options = {
        "shape": shape, "dtype": dtype or scope.dtype, "initializer": initializer if initializer is not None else scope.initializer,
        "regularizer": regularizer or scope.regularizer, "trainable": trainable, "collections": collections,
        "validate_shape": validate_shape, "constraint": constraint or scope.constraint,
    }  # fmt: skip
    full = f"{scope.name}/{name}" if scope.name else name
    if getter is not None:
        options["reuse"] = scope.reuse
        def plainly(name: str, *args: Any, **kwargs: Any) -> Any:
            return _got(scope, name, **dict(zip(("shape", "dtype"), args, strict=False)), **kwargs)

        return getter(plainly, full, **options)
    return _got(scope, full, **options)


def _got(scope: VariableScope, full: str, **options: Any) -> Any:
    graph = building()
    reuse = options.get("reuse", scope.reuse)
    store = graph.root()._variables
    found = store.get(full)
    wanted = kinds.dims_of(options.get("shape"))
    if found is not None:
        if not reuse:
            facts = tuple(f"made at {line}" for line in found.op.traceback)
            likely = "reuse=True or reuse=tf.AUTO_REUSE in variable_scope"
            raise ArgumentError(f"Variable {full} already exists, disallowed.", facts=facts, likely=likely)
        if wanted is not None and found._dims is not None and not _same(wanted, found._dims):
            raise ShapeError(f"Trying to share variable {full}, but specified shape {wanted} and found shape {found._dims}.")
        if options.get("dtype") is not None and kinds.kind_of(options["dtype"]) != found._kind:
            specified = kinds.kind_of(options["dtype"])
            raise ArgumentError(f"Trying to share variable {full}, but specified dtype {specified} and found dtype {found._kind}.")
        return found
    if reuse is True:
        likely = "reuse=tf.AUTO_REUSE in variable_scope"
        raise ArgumentError(f"Variable {full} does not exist, or was not created with tf.get_variable().", likely=likely)
    made = store[full] = _made(graph, full, wanted, options)
    regularizer = options.get("regularizer")
    if regularizer is not None:
        with graph.name_scope(f"{full}/Regularizer/"):
            loss = regularizer(made)
        if loss is not None:
            graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _same(wanted: Any, found: Any) -> bool:
    return len(wanted) == len(found) and all(a is None or a == b for a, b in zip(wanted, found, strict=True))


def _made(graph: Any, full: str, wanted: Any, options: dict[str, Any]) -> Variable:
    initializer, kind = options.get("initializer"), kinds.kind_of(options.get("dtype"))
    if initializer is None:
        initializer = glorot_uniform_initializer() if kinds.has_gradient(kind) else zeros_initializer()
    if isinstance(initializer, type):
        initializer = initializer()
    if callable(initializer):
        if wanted is None or None in wanted:
            raise ArgumentError(f"Shape of a new variable ({full}) must be fully defined, but instead was {kinds.written(wanted)}.")

        def first() -> Any:
            return initializer(list(wanted), dtype=kinds.dtype_of(kind))
    else:
        if wanted is not None:
            raise ArgumentError(f"If initializer is a constant, do not specify shape ({full}).")
        first = initializer
    names = {name: options.get(name) for name in ("trainable", "collections", "constraint")}
    with graph.root().as_default() as root, root.name_scope(None):
        return Variable(first, validate_shape=options.get("validate_shape", True), name=full, dtype=kinds.dtype_of(kind), **names)
