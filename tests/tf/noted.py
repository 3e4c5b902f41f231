"""A few operations and the names of graphs in one place, for tests of graphs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from gradwerk import tf as tf2
from gradwerk.tf.graph import control, graph, initializers, loops, nodes, session, variable_scopes, variables
from gradwerk.tf.train import optimizers


def global_variables() -> list[Any]:
    return graph.get_default_graph().get_collection("variables")


tf = SimpleNamespace(
    Graph=graph.Graph, placeholder=nodes.placeholder, Variable=variables.Variable, Session=session.Session, float32=np.float32,
    train=optimizers, identity=tf2.identity, group=nodes.group, no_op=nodes.no_op,
    constant=tf2.constant, multiply=tf2.multiply, matmul=tf2.matmul,
    reduce_mean=tf2.reduce_mean, square=tf2.square, name_scope=lambda name: nodes.building().name_scope(name),
    variable_scope=variable_scopes.variable_scope, get_variable=variable_scopes.get_variable, AUTO_REUSE=variable_scopes.AUTO_REUSE,
    get_variable_scope=variable_scopes.get_variable_scope, global_variables=global_variables, gradients=nodes.gradients,
    trainable_variables=lambda: graph.get_default_graph().get_collection("trainable_variables"),
    global_variables_initializer=lambda: nodes.group(*[v.initializer for v in global_variables()], name="init"),
    zeros_initializer=initializers.zeros_initializer, assign=lambda v, x: v.assign(x), assign_add=lambda v, x: v.assign_add(x),
    assign_sub=lambda v, x: v.assign_sub(x), less=tf2.less, cond=control.cond, while_loop=control.while_loop, scan=loops.scan,
    map_fn=loops.map_fn, foldl=loops.foldl, foldr=loops.foldr,
    control_dependencies=lambda given: nodes.building().control_dependencies(given),
)  # fmt: skip
