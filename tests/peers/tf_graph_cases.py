"""Graphs of TensorFlow 1, in either namespace: what optimizers reach, how nodes are called, which errors come.

    python -m tests.peers.tf_graph_cases        writes what TensorFlow 2.21's compat.v1 gives (recorded/tf_graphs.json)
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "tf_graphs.json"

OPTIMIZERS: dict[str, Any] = {
    "GradientDescent": lambda t: t.GradientDescentOptimizer(0.1),
    "Momentum": lambda t: t.MomentumOptimizer(0.05, 0.9),
    "Nesterov": lambda t: t.MomentumOptimizer(0.05, 0.9, use_nesterov=True),
    "Adam": lambda t: t.AdamOptimizer(0.05),
    "Adagrad": lambda t: t.AdagradOptimizer(0.3),
    "RMSProp": lambda t: t.RMSPropOptimizer(0.02),
    "centered RMSProp": lambda t: t.RMSPropOptimizer(0.02, centered=True, momentum=0.5),
    "Adadelta": lambda t: t.AdadeltaOptimizer(1.0),
    "Ftrl": lambda t: t.FtrlOptimizer(0.3, l1_regularization_strength=0.01),
}


def trained(tf: Any, name: str) -> list[Any]:
    """Loss, weights and step count after 20 steps of a linear model, and the name of the training operation."""
    numbers = np.random.RandomState(0)
    data, target = numbers.randn(50, 5).astype("f4"), numbers.randn(50, 2).astype("f4")
    graph = tf.Graph()
    with graph.as_default():
        x, y = tf.placeholder(tf.float32, [None, 5]), tf.placeholder(tf.float32, [None, 2])
        w, b = tf.Variable(numbers.randn(5, 2).astype("f4"), name="w"), tf.Variable(np.zeros(2, "f4"), name="b")
        loss = tf.reduce_mean(tf.square(tf.matmul(x, w) + b - y))
        step = tf.Variable(0, trainable=False, name="step")
        train = OPTIMIZERS[name](tf.train).minimize(loss, global_step=step)
        init = tf.global_variables_initializer()
    with tf.Session(graph=graph) as sess:
        sess.run(init)
        for _ in range(20):
            sess.run(train, {x: data, y: target})
        reached = sess.run([loss, w, b, step], {x: data, y: target})
    return [*(np.asarray(each).tolist() for each in reached), train.name]


def names(tf: Any) -> list[str]:
    """What nodes are called in scopes of all kinds."""
    made = []
    with tf.Graph().as_default() as graph:
        a = tf.placeholder(tf.float32, [2], name="a")
        made += [a, a + a, a + a, a * a, -a, tf.identity(a), tf.identity(a, name="add"), tf.identity(a, name="ADD")]
        with tf.name_scope("s") as scope:
            made += [a - a, tf.identity(a, name="x"), scope]
            with tf.name_scope("s"):
                made += [a - a]
            with tf.name_scope(None):
                made += [a - a]
        with tf.name_scope("s"):
            made += [a - a]
        with tf.name_scope(scope):
            made += [a - a]
        made += [tf.Variable(1.0), tf.Variable(1.0), tf.Variable(1.0, name="s"), tf.group(a), tf.no_op(), tf.no_op(name="done")]
        with tf.variable_scope("v"):
            made += [tf.get_variable("w", [2], initializer=tf.zeros_initializer()), a + a, tf.Variable(1.0, name="w")]
            with tf.variable_scope("inner", reuse=tf.AUTO_REUSE) as inner:
                made += [tf.get_variable("w", [2]), tf.get_variable("w", [2]), inner.name, inner.original_name_scope]
        with tf.variable_scope("v", reuse=True):
            made += [tf.get_variable("w", [2]), a + a]
        with tf.variable_scope(None, "layer"), tf.variable_scope(None, "inner"):
            made += [tf.get_variable("w", [2])]
        with tf.variable_scope(None, "layer"):
            made += [tf.get_variable("w", [2]), tf.get_variable_scope().name]
        made += [graph.unique_name("a"), graph.unique_name("fresh", mark_as_used=False), graph.unique_name("fresh")]
        made += list(tf.global_variables())
    return [getattr(each, "name", each) for each in made]


def _closed(tf: Any, graph: Any) -> None:
    session = tf.Session(graph=graph)
    session.close()
    session.run(graph.get_tensor_by_name("y:0"))


def _finalized(tf: Any, graph: Any) -> None:
    graph.finalize()
    tf.identity(graph.get_tensor_by_name("y:0"))


def _other(tf: Any, graph: Any) -> None:
    with tf.Graph().as_default():
        tf.Session().run([tf.constant(1.0), graph.get_tensor_by_name("y:0")])


ERRORS: dict[str, Any] = {
    "not fed": lambda tf, g: tf.Session(graph=g).run("y:0"),
    "uninitialized": lambda tf, g: tf.Session(graph=g).run("v:0"),
    "wrong shape fed": lambda tf, g: tf.Session(graph=g).run("y:0", {"x:0": np.ones((2, 4), "f4")}),
    "text fed": lambda tf, g: tf.Session(graph=g).run("y:0", {"x:0": "text"}),
    "tensor fed": lambda tf, g: tf.Session(graph=g).run("y:0", {"x:0": g.get_tensor_by_name("x:0")}),
    "fed nothing known": lambda tf, g: tf.Session(graph=g).run("y:0", {"nowhere:0": 1}),
    "fetch of none": lambda tf, g: tf.Session(graph=g).run(None),
    "fetch of a number": lambda tf, g: tf.Session(graph=g).run(3),
    "unknown fetch": lambda tf, g: tf.Session(graph=g).run("nowhere:0"),
    "closed session": _closed,
    "finalized": _finalized,
    "another graph": _other,
    "no session": lambda tf, g: g.get_tensor_by_name("y:0").eval(),
    "tensor by operation's name": lambda tf, g: g.get_tensor_by_name("y"),
    "unknown tensor": lambda tf, g: g.get_tensor_by_name("nowhere:0"),
    "unknown operation": lambda tf, g: g.get_operation_by_name("nowhere"),
    "if": lambda tf, g: bool(g.get_tensor_by_name("y:0")),
    "numpy": lambda tf, g: np.asarray(g.get_tensor_by_name("y:0")),
    "shapes do not fit": lambda tf, g: tf.matmul(g.get_tensor_by_name("x:0"), g.get_tensor_by_name("x:0")),
    "assigned shape": lambda tf, g: tf.trainable_variables()[0].assign(np.zeros((7, 7), "f4")),
    "variable again": lambda tf, g: [tf.get_variable("again", [1]), tf.get_variable("again", [1])],
    "no variables": lambda tf, g: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0), var_list=[]),
    "no gradient": lambda tf, g: tf.train.GradientDescentOptimizer(0.1).minimize(tf.constant(1.0)),
    "wrong name": lambda tf, g: tf.no_op(name="a b"),
}


def error(tf: Any, name: str) -> list[str]:
    """The builtin kinds of the error that comes."""
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        tf.multiply(x, 2.0, name="y")
        tf.Variable(np.zeros((2, 2), "f4"), name="v")
        try:
            ERRORS[name](tf, graph)
        except Exception as raised:  # noqa: BLE001  whatever comes
            return [kind.__name__ for kind in type(raised).__mro__]
    return []


def effects(tf: Any) -> list[Any]:
    """State in the order of control dependencies: reads before and after, chains of changes, two variables that change places."""
    found = []
    with tf.Graph().as_default():
        v, w = tf.Variable(1.0, use_resource=True), tf.Variable(10.0, use_resource=True)
        add = v.assign_add(2.0)
        with tf.control_dependencies([add]):
            after = tf.identity(w) * tf.identity(v.read_value())
        with tf.control_dependencies([after]):
            double = v.assign(v.read_value() * 2.0)
        with tf.control_dependencies([double]):
            last = tf.group(w.assign_sub(v.read_value()))
        one, other = tf.identity(v.read_value()), tf.identity(w.read_value())
        with tf.control_dependencies([one, other]):
            swap = tf.group(v.assign(other), w.assign(one))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for fetch in (after, last, double, swap, last, swap, after, after, last, last):
                value = sess.run(fetch)
                found.append([None if value is None else float(value), *map(float, sess.run([v, w]))])
    return found


def branches(tf: Any) -> list[Any]:
    """cond and while_loop with gradients, and with variables that they change."""
    found: list[Any] = []
    with tf.Graph().as_default():
        x, v, w = tf.placeholder(tf.float32, []), tf.Variable(1.0), tf.Variable(2.0)
        chosen = tf.cond(tf.less(x, 0.0), lambda: x * w, lambda: x + w)
        nested = tf.cond(tf.less(x, 5.0), lambda: tf.cond(tf.less(x, 0.0), lambda: w, lambda: w * 2.0), lambda: w * 3.0)
        changed = tf.cond(tf.less(x, 0.0), lambda: tf.assign_add(v, 1.0), lambda: tf.assign_sub(v, x * 10.0))
        _, total = tf.while_loop(lambda i, s: tf.less(i, 5), lambda i, s: (i + 1, s * x + w), [tf.constant(0), tf.constant(1.0)])
        none = tf.while_loop(lambda s: tf.less(s, 0.0), lambda s: s + w, [x])
        counted = tf.while_loop(lambda i: tf.less(i, 3.0), lambda i: tf.assign_add(v, 1.0) * 0.0 + i + 1.0, [tf.constant(0.0)])
        wanted = [chosen, nested, *tf.gradients(chosen, [x, w]), *tf.gradients(nested, w), total, *tf.gradients(total, [x, w]), none]
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for number in (-2.0, 3.0, 7.0, -2.0, 3.0):
                found.append([float(each) for each in sess.run(wanted, {x: number})])
                found.append([float(sess.run(each, {x: number})) for each in (total, none, changed, v, counted, v)])
    return found


def elements(tf: Any) -> list[Any]:
    """scan, map_fn and the folds, with gradients."""
    with tf.Graph().as_default():
        x, w = tf.placeholder(tf.float32, [None, 2]), tf.Variable(2.0)
        rows = [
            tf.scan(lambda a, e: a * w + e, x, np.zeros(2, "f4")), tf.map_fn(lambda e: e * w + 1.0, x), tf.foldl(lambda a, e: a * w + e, x),
            tf.foldr(lambda a, e: a * w + e, x),
        ]  # fmt: skip
        wanted = [*rows, *tf.gradients(rows[0] * rows[0], [w, x]), *tf.gradients(rows[2], w)]
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            return [[np.asarray(each).tolist() for each in sess.run(wanted, {x: np.arange(2.0 * n).reshape(n, 2)})] for n in (3, 3, 4, 1)]


def main() -> None:
    """Writes TensorFlow's answers."""
    import tensorflow.compat.v1 as tf

    tf.disable_v2_behavior()
    record = {
        "optimizers": {name: trained(tf, name) for name in OPTIMIZERS}, "names": names(tf), "effects": effects(tf),
        "branches": branches(tf), "elements": elements(tf),
        "errors": {name: error(tf, name) for name in ERRORS},
    }  # fmt: skip
    RECORD.write_text(json.dumps(record, indent=0), encoding="utf-8")


if __name__ == "__main__":
    main()
