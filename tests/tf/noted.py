"""A few operations and the names of graphs in one place, for tests of graphs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradwerk import keras
from gradwerk.tf.graph import control, graph, initializers, loops, nodes, session, variable_scopes, variables
from gradwerk.tf.operations import operation
from gradwerk.tf.train import optimizers

ops = keras.ops


@operation("AddV2", label="Add")
def add(x: Any, y: Any, name: str | None = None) -> Any:
    return ops.add(x, y)


@operation("Sub")
def subtract(x: Any, y: Any, name: str | None = None) -> Any:
    return ops.subtract(x, y)


@operation("Mul")
def multiply(x: Any, y: Any, name: str | None = None) -> Any:
    return ops.multiply(x, y)


@operation("Neg")
def negative(x: Any, name: str | None = None) -> Any:
    return ops.negative(x)


@operation("MatMul")
def matmul(a: Any, b: Any, name: str | None = None) -> Any:
    return ops.matmul(a, b)


@operation("Mean")
def reduce_mean(x: Any, axis: Any = None, name: str | None = None) -> Any:
    return ops.mean(x, axis=axis)


@operation("Square")
def square(x: Any, name: str | None = None) -> Any:
    return ops.square(x)


@operation("Less")
def less(x: Any, y: Any, name: str | None = None) -> Any:
    return ops.less(x, y)


@operation("StridedSlice", label="strided_slice")
def part(x: Any, key: Any, name: str | None = None) -> Any:
    return ops.convert_to_tensor(x)[key]


def constant(value: Any, name: str | None = None) -> Any:
    return nodes.as_tensor(value, name=name)


def global_variables() -> list[Any]:
    return graph.get_default_graph().get_collection("variables")


tf = SimpleNamespace(
    Graph=graph.Graph, placeholder=nodes.placeholder, Variable=variables.Variable, Session=session.Session, float32=np.float32,
    train=optimizers, identity=nodes.identity, group=nodes.group, no_op=nodes.no_op, constant=constant, multiply=multiply, matmul=matmul,
    reduce_mean=reduce_mean, square=square, name_scope=lambda name: nodes.building().name_scope(name),
    variable_scope=variable_scopes.variable_scope, get_variable=variable_scopes.get_variable, AUTO_REUSE=variable_scopes.AUTO_REUSE,
    get_variable_scope=variable_scopes.get_variable_scope, global_variables=global_variables, gradients=nodes.gradients,
    trainable_variables=lambda: graph.get_default_graph().get_collection("trainable_variables"),
    global_variables_initializer=lambda: nodes.group(*[v.initializer for v in global_variables()], name="init"),
    zeros_initializer=initializers.zeros_initializer, assign=lambda v, x: v.assign(x), assign_add=lambda v, x: v.assign_add(x),
    assign_sub=lambda v, x: v.assign_sub(x), less=less, cond=control.cond, while_loop=control.while_loop, scan=loops.scan,
    map_fn=loops.map_fn, foldl=loops.foldl, foldr=loops.foldr,
    control_dependencies=lambda given: nodes.building().control_dependencies(given),
)  # fmt: skip
