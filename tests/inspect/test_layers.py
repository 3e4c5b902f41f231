"""Nodes and launches by layer: everything in one group, composites whole, sums the program's."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.inspect.launches import Row
from gradwerk.inspect.layers import LayerPath, Layers, layer_of, nodes_by_layer, paths_of
from gradwerk.ir.graph import Graph
from gradwerk.ir.leaves import Input
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module
from gradwerk.ops.functions import softmax

FIRST, SECOND = ("Net", "first (Linear)"), ("Net", "second (Linear)")


def graph_of(fn, *args) -> Graph:
    return gw.inspect.explain(fn, *args).subject.graph


def test_every_node_is_in_one_group_in_the_order_of_the_graph(step) -> None:
    graph = graph_of(step.plain, step.x, step.y)
    groups = nodes_by_layer(graph)
    assert sorted(node.number for nodes in groups.values() for node in nodes) == [node.number for node in graph.live()]
    for nodes in groups.values():
        assert [node.number for node in nodes] == sorted(node.number for node in nodes)
    assert {LayerPath(FIRST), LayerPath(SECOND), LayerPath(FIRST, backward=True), LayerPath(("Net",)), LayerPath()} <= groups.keys()


def test_products_and_weights_stand_with_their_layer(step) -> None:
    groups = nodes_by_layer(graph_of(step.plain, step.x, step.y))
    for names, products_back in ((FIRST, 1), (SECOND, 2)):
        layer = groups[LayerPath(names)]
        assert [node.op.name for node in layer].count("contract") == 1
        back = groups[LayerPath(names, backward=True)]
        assert [node.op.name for node in back].count("contract") == products_back


def test_the_weights_of_a_forward_graph_stand_with_their_layer_and_the_images_outside(step) -> None:
    groups = nodes_by_layer(graph_of(lambda x: step.net(x), step.x))
    inputs = {path: [node.op.label for node in nodes if isinstance(node.op, Input)] for path, nodes in groups.items()}
    assert len(inputs[LayerPath(FIRST)]) == 3, "x is read by the first layer alone"
    assert len(inputs[LayerPath(SECOND)]) == 2


def test_a_composite_is_kept_together() -> None:
    class Attention(Module):
        def __init__(self) -> None:
            self.project = Linear(4, 4)

        def forward(self, x):
            return softmax(self.project(x) * 2.0, 1) - x

    groups = nodes_by_layer(graph_of(Attention(), gw.Tensor(np.ones((3, 4), np.float32))))
    own = [node.op.name for node in groups[LayerPath(("Attention",))]]
    assert {"exp", "sub"} <= set(own)
    assert [path.names for path in groups if path.names[1:]] == [("Attention", "project (Linear)")]


def test_what_two_layers_share_belongs_to_the_one_around_both() -> None:
    class Twice(Module):
        def __init__(self) -> None:
            self.first, self.second = Doubles(), Doubles()

        def forward(self, x):
            return self.first(x) + self.second(x)

    class Doubles(Module):
        def forward(self, x):
            return gw.exp(x)

    groups = nodes_by_layer(graph_of(Twice(), gw.Tensor(np.ones(3, np.float32))))
    assert "exp" in [node.op.name for node in groups[LayerPath(("Twice",))]]
    assert groups.keys() == {LayerPath(("Twice",))}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", LayerPath()),
        ("Net", LayerPath(("Net",))),
        ("Net/first (Linear)", LayerPath(FIRST)),
        ("Net/first (Linear) backward", LayerPath(FIRST, backward=True)),
        ("backward", LayerPath(backward=True)),
    ],
)
def test_paths_are_read_from_the_text_of_an_origin(text: str, path: LayerPath) -> None:
    assert LayerPath.of(text) == path


def test_of_nothing_there_is_no_layer() -> None:
    assert layer_of([]) is None
    assert str(LayerPath()) == "outside of all layers"


def row(seconds: float, *layers: str) -> Row:
    return Row("kernel", "title", 1, 1, seconds, 100, 10, "", layers)


def test_launches_of_several_layers_are_told_apart() -> None:
    both = row(2.0, "Net", "Net/first (Linear)", "Net/second (Linear)")
    assert paths_of(both) == [LayerPath(FIRST), LayerPath(SECOND)], "what holds another of them computes nothing of its own here"
    layers = Layers.of("step", [row(1.0, "Net/first (Linear)"), both, row(4.0, "Net/second (Linear)"), row(8.0, "")])
    assert [(str(one.path), one.launches, one.seconds, one.flops, one.shared, one.shared_seconds) for one in layers] == [
        ("Net/first (Linear)", 1, 1.0, 100, 1, 2.0),
        ("Net/second (Linear)", 1, 4.0, 100, 1, 2.0),
        ("outside of all layers", 1, 8.0, 100, 0, 0.0),
    ]
    assert "86.7% of it in launches for one layer each" in str(layers)


def test_the_layers_of_a_step_add_up_to_it(step) -> None:
    seen = gw.inspect.explain(step.plain, step.x, step.y)
    apart = [one for one in seen.launches if len(paths_of(one)) == 1]
    assert sum(one.launches for one in seen.layers) == len(apart)
    assert sum(one.flops for one in seen.layers) == sum(one.flops for one in apart)
    assert {LayerPath(FIRST), LayerPath(SECOND)} <= {one.path for one in seen.layers}
    assert "first (Linear)" in str(seen.layers)
