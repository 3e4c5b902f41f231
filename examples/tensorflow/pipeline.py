"""A dataflow graph in five steps: inputs, graph, loss, optimizer, execution.  Course: 8.2 Graphs, 8.3 Sessions, 8.5 Variables, 8.9.

    python examples/tensorflow/pipeline.py

Digits are read by a network of two layers, written as TensorFlow 1 writes it: the graph first, then a session that runs it.  What a session
runs is cut out of the graph and compiled; the variables are saved while it trains, and brought back in a session of their own.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np

from gradwerk.data import datasets
from gradwerk.tf.compat import v1 as tf

WIDTH = 64


def digits(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Pictures as rows and labels, to learn from and held back."""
    held = datasets.digits()
    x, test_x = (part.x.reshape(len(part.x), -1).astype(np.float32) / 255 for part in (held.train, held.test))
    return x[:count], held.train.y[:count], test_x, held.test.y


def main() -> None:
    """Builds, trains, saves, restores."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8, help="passes over the pictures")
    parser.add_argument("--images", type=int, default=6000)
    asked = parser.parse_args()
    x, y, test_x, test_y = digits(asked.images)
    with tf.Graph().as_default() as graph:
        tf.set_random_seed(0)
        # 1. inputs
        pictures = tf.placeholder(tf.float32, [None, x.shape[1]], name="pictures")
        labels = tf.placeholder(tf.int64, [None], name="labels")
        # 2. the graph
        with tf.variable_scope("hidden", initializer=tf.glorot_uniform_initializer()):
            weights = tf.get_variable("weights", [x.shape[1], WIDTH])
            hidden = tf.nn.relu(tf.matmul(pictures, weights) + tf.get_variable("bias", [WIDTH], initializer=tf.zeros_initializer()))
        logits = tf.layers.dense(hidden, 10, name="logits")
        right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1), labels), tf.float32), name="right")
        # 3. the loss
        loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits))
        # 4. the optimizer
        step = tf.train.AdamOptimizer(0.002).minimize(loss)
        saver, begin = tf.train.Saver(), tf.global_variables_initializer()
    print(f"{len(graph.get_operations())} operations, {len(graph.get_collection(tf.GraphKeys.TRAINABLE_VARIABLES))} trained variables")
    # 5. execution
    order = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder, tf.Session(graph=graph) as session:
        session.run(begin)
        for epoch in range(asked.epochs):
            batches = np.array_split(order.permutation(len(x)), len(x) // 50)
            losses = [session.run([loss, step], {pictures: x[rows], labels: y[rows]})[0] for rows in batches]
            found = session.run(right, {pictures: test_x, labels: test_y})
            saver.save(session, str(Path(folder) / "digits"), global_step=epoch)
            print(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}, held back: {100 * found:.2f} % right")
        with tf.Session(graph=graph) as another:
            saver.restore(another, tf.train.latest_checkpoint(folder))
            again = another.run("right:0", {"pictures:0": test_x, "labels:0": test_y})
        print(f"brought back in another session: {100 * again:.2f} % right")


if __name__ == "__main__":
    main()
