"""GFLOP/s of single contractions on one core, beside the peak measured in the same minute.

    python bench/kernels.py [--threads N] [NAME ...]
"""

from __future__ import annotations

import sys
import time

import numpy as np

from gradwerk.autodiff.reverse import gradients
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.executor import NAMES, executor_object
from gradwerk.compiler.llvm.link import host_target, link, link_many
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops import functions
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.program import Program

F = np.dtype("float32")
MATMULS = {
    "mlp 128x784x512": ((128, 784), (784, 512)),
    "mlp 128x512x256": ((128, 512), (512, 256)),
    "mlp 128x256x10": ((128, 256), (256, 10)),
    "lenet 128x400x120": ((128, 400), (400, 120)),
    "lenet 128x120x84": ((128, 120), (120, 84)),
    "lstm 64x256x1024": ((64, 256), (256, 1024)),
    "dense 6400x256x96": ((6400, 256), (256, 96)),
    "square 1024": ((1024, 1024), (1024, 1024)),
}
CONVS = {
    "lenet conv1": ((128, 28, 28, 1), (5, 5, 1, 6), ((2, 2), (2, 2))),
    "lenet conv2": ((128, 14, 14, 6), (5, 5, 6, 16), ((0, 0), (0, 0))),
    "resnet 32x32x16": ((64, 32, 32, 16), (3, 3, 16, 16), ((1, 1), (1, 1))),
    "resnet 8x8x64": ((64, 8, 8, 64), (3, 3, 64, 64), ((1, 1), (1, 1))),
}


def graphs(name: str) -> list[tuple[str, Graph, int]]:
    """Forward, and the two gradients, each as a graph of one contraction."""
    result = []
    for part in ("forward", "d left", "d right"):
        graph = Graph(part)
        if name in MATMULS:
            a, b = (graph.input(Type(s, F)) for s in MATMULS[name])
            y = functions.matmul(a, b)
        else:
            x, k, padding = CONVS[name]
            a, b = graph.input(Type(x, F)), graph.input(Type(k, F))
            y = functions.conv(a, b, padding=padding)
        flops = y.node.op.flops(a.type, b.type)
        if part == "forward":
            graph.finish([y])
        else:
            ct = graph.input(y.type)
            (grad,) = gradients([y], [ct], [a if part == "d left" else b])
            assert isinstance(grad, Value)
            graph.finish([grad])
        result.append((part, graph, flops))
    return result


def main() -> None:
    args = sys.argv[1:]
    threads = int(args[args.index("--threads") + 1]) if "--threads" in args else 1
    wanted = [a for a in args if not a.startswith("--") and not a.isdigit()]
    target = host_target()
    executor = Executor.at(link_many(executor_object(target), NAMES))
    with settings.scope(threads=threads):
        for name in (*MATMULS, *CONVS):
            if wanted and not any(w in name for w in wanted):
                continue
            for part, graph, flops in graphs(name):
                begin = time.perf_counter()
                plan = compile_graph(graph, target, {})
                compiled = time.perf_counter() - begin
                program = Program(plan, link(plan.objects), executor)
                rng = np.random.default_rng(0)
                arrays = []
                for value in graph.inputs:
                    array = empty(value.shape, F)
                    array[...] = rng.normal(size=value.shape)
                    arrays.append(array)
                outs = [empty(v.shape, F) for v in graph.outputs]
                where, to = [address(a) for a in arrays], [address(a) for a in outs]
                best = 1e9
                for _ in range(60):
                    begin = time.perf_counter()
                    program.run(where, to)
                    best = min(best, time.perf_counter() - begin)
                ticks = program.profile(where, to)
                program.profile(where, to)
                ticks = program.profile(where, to)
                shares = [100 * t / max(sum(ticks), 1) for t in ticks]
                split = " ".join(f"{n.kernel.rsplit('_', 1)[0]}[{n.chunks}] {s:.0f}%" for n, s in zip(plan.launches, shares, strict=True))
                speed = f"{flops / best / 1e9:7.1f} GFLOP/s {best * 1e6:8.0f} us  compile {compiled * 1e3:4.0f} ms"
                print(f"{name:20s} {part:8s} {speed}  {split}", flush=True)


if __name__ == "__main__":
    main()
