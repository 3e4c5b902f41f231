"""Programs that were wrong once, as small as they became."""

from __future__ import annotations

from tests.programs.text import Given, Line, Program, Step, gradient_line


def line(target: str, says: str, *uses: str) -> Line:
    """One target."""
    return Line((target,), uses, says)


def gradient_of(*givens: Given, lines: tuple[Line, ...], end: str, leaf: str, weight: str = "None") -> Program:
    """The gradient of one value for one argument."""
    return Program(0, givens, (*lines, gradient_line(("g99",), (end,), (leaf,), (weight,))), (end, "g99"), (leaf,))


COUNTS = (Given("x2", (), "u32", 0, 1000), Given("x3", (), "u32", 0, 1000))
FOUND: dict[str, Program] = {
    "random bits beside a fold along rows": Program(
        0,
        (Given("x1", (12, 5), "f32"), *COUNTS),
        (
            line("v4", "reduce_max(x1, (1,))", "x1"),
            line("v5", "dropout(v4, random_bits((12,), x2, x3), 0.5)", "v4", "x2", "x3"),
        ),
        ("v5",),
    ),
    "two rows of different length in one region": Program(
        0,
        (Given("x1", (5, 7, 7, 15), "f32"),),
        (
            line("v4", "reduce_sum(x1, 3)", "x1"),
            line("v6", "softmax(v4, -1)", "v4"),
            line("v10", "where(greater(v6, v4), v6, neg(v4))", "v6", "v4"),
        ),
        ("v10",),
    ),
    "a single number of another rank beside a fold along rows": gradient_of(
        Given("x1", (1,), "f32"),
        Given("x2", (1, 1, 4, 12), "f32"),
        lines=(line("v3", "sub(reduce_sum(x2, 3), x1)", "x2", "x1"), line("v4", "softplus(v3)", "v3")),
        end="v4",
        leaf="x1",
    ),
    "a vector in what is made once per row": Program(
        0,
        (Given("x1", (5, 7, 7, 15), "f32"), Given("x2", (5, 7, 7), "f32"), Given("x3", (7,), "f32")),
        (line("v4", "tanh(add(x2, x3))", "x2", "x3"), line("v5", "mul(v4, reduce_sum(x1, 3))", "v4", "x1")),
        ("v5",),
    ),
    "one matrix of as many rows as columns, and a vector with its shape": Program(
        0,
        (Given("x1", (1, 7, 7), "f32"), Given("x2", (1, 7), "f32")),
        (line("v3", "mul(exp(sub(x1, reduce_max(x1, 2, keepdims=True))), x2)", "x1", "x2"),),
        ("v3",),
    ),
    "rows of nothing but random bits": Program(
        0,
        (*COUNTS,),
        (
            line("v4", "dropout(broadcast_to(number(-1.25, f32), (12, 16)), random_bits((12, 16), x2, x3), 0.25)", "x2", "x3"),
            line("v5", "softmax(v4, -1)", "v4"),
        ),
        ("v5",),
    ),
    "the gradient of one gathered matrix times another, summed to a number": gradient_of(
        Given("x1", (1, 9, 9), "f32"),
        Given("x2", (), "i32", 0, 1),
        Given("x3", (9, 9), "f32"),
        lines=(line("v4", "gather(x1, x2)", "x1", "x2"), line("v5", 'contract(v4, x3, "ab,ab->")', "v4", "x3")),
        end="v5",
        leaf="x1",
    ),
    "a loop run by Python behind a write in place": Program(
        0,
        (Given("x1", (24,), "f32"), Given("x2", (24,), "f32")),
        (
            line("v3", "mul(x1, 0.75)", "x1"),
            line("x1", "write(x1, v3)", "x1", "v3"),
            Line(("v4", "v5", "v6"), ("v3", "x2"), "loop(step7, 2, (v3, x2, ), (), ())", Step(
                "step7", ("c1", "c2"), (
                    Line(("v8", "v9"), ("c2", "c1"), "loop(step10, 2, (c2, ), (), (c1, ))",
                         Step("step10", ("c3", "k4"), (), ("c3",), ("c3",))),
                ), ("c1", "c2"), ("v8",)
            )),
        ),
        ("v4",),
    ),
    "sums by row of all elements of a product": gradient_of(
        Given("x1", (5,), "f32"),
        Given("x2", (5, 5), "i32", 0, 5),
        Given("x3", (5, 5), "f32"),
        lines=(
            line("v4", "gather(x1, x2)", "x1", "x2"), line("v5", "gather(v4, x2)", "v4", "x2"), line("v6", "matmul(v5, x3)", "v5", "x3")),
        end="v6",
        leaf="x1",
    ),
    "a padded convolution behind a producer, in chunks of rows": Program(
        0,
        (Given("x1", (2, 32, 32, 48), "f32"), Given("x2", (3, 3, 48, 12), "f32")),
        (
            line("v3", "mul(x1, 0.5)", "x1"),
            line("v4", "mul(conv(v3, x2, padding=((1, 1), (1, 1))), 0.0625)", "v3", "x2"),
            line("v5", "relu(v4)", "v4"),
        ),
        ("v5",),
    ),
    "a convolution before and after its weight is written": Program(
        0,
        (Given("x1", (1, 6, 2, 2), "f32"), Given("x2", (2, 1, 1, 4), "f32")),
        (
            line("v3", "conv(x1, x2, padding=((1, 1), (1, 3)), dilation=(2, 3), groups=2)", "x1", "x2"),
            line("v4", "mul(x1, 0.5)", "x1"),
            line("x1", "write(x1, v4)", "x1", "v4"),
            line("v5", "conv(x1, x2, padding=((1, 1), (1, 3)), dilation=(2, 3), groups=2)", "x1", "x2"),
        ),
        ("v3", "v5"),
    ),
    "a product before and after a step of training": Program(
        0,
        (Given("x1", (16, 17), "f32"), Given("x2", (17, 2), "f32")),
        (
            line("v3", "tanh(mul(matmul(x1, x2), 0.25))", "x1", "x2"),
            gradient_line(("g4",), ("v3",), ("x1",), ("None",)),
            line("v5", "sub(x1, mul(g4, 0.125))", "x1", "g4"),
            line("x1", "write(x1, v5)", "x1", "v5"),
            line("v6", "tanh(mul(matmul(x1, x2), 0.25))", "x1", "x2"),
        ),
        ("v3", "v6"),
        ("x1",),
    ),
    "an argument written over by a map that reads it backwards": Program(
        0,
        (Given("x1", (40,), "f32"),),
        (
            line("v2", "add(mul(x1, 0.5), mul(flip(x1, 0), 0.25))", "x1"),
            line("x1", "write(x1, v2)", "x1", "v2"),
            line("v3", "mul(x1, 2)", "x1"),
        ),
        ("v3",),
    ),
    "old contents that are given back": Program(
        0,
        (Given("x1", (5, 7), "f32"), Given("x2", (5, 7), "f32")),
        (
            line("v3", "mul(x1, 1)", "x1"),
            line("v4", "sub(x1, mul(x2, 0.25))", "x1", "x2"),
            line("x1", "write(x1, v4)", "x1", "v4"),
        ),
        ("v3", "v4"),
    ),
    "two loops over the same that carry different things": Program(
        0,
        (Given("x1", (4, 5), "f32"), Given("x2", (5,), "f32")),
        (
            Line(("v3",), ("x2", "x1"), "loop(step4, 4, (x2, ), (x1, ), ())", Step(
                "step4", ("c1", "s2"), (line("v5", "tanh(add(c1, s2))", "c1", "s2"),), ("v5",), ()
            )),
            Line(("v6",), ("x2", "x1"), "loop(step7, 4, (x2, ), (x1, ), ())", Step(
                "step7", ("c1", "s2"), (line("v8", "tanh(sub(c1, s2))", "c1", "s2"),), ("v8",), ()
            )),
        ),
        ("v3", "v6"),
    ),
    "a loop through which no gradient flows": Program(
        0,
        (Given("x1", (5, 5), "f32"), Given("x2", (5,), "f32"), Given("x3", (3,), "i64", 0, 5)),
        (
            line("v4", "softmax(x1, -1)", "x1"),
            Line(("v5",), ("x2", "x1", "x3"), "loop(step6, 5, (), (x2, ), (x1, x3, ))", Step(
                "step6", ("s1", "k2", "k3"), (line("v7", "sub(s1, k2)", "s1", "k2"), line("v8", "one_hot(k3, 4, f32)", "k3")), (), ("v8",)
            )),
            gradient_line(("g9",), ("v4", "v5"), ("x1",), ("None", "None")),
        ),
        ("g9",),
        ("x1",),
    ),
    "a fold that keeps its axis in a loop over transposed slices": Program(
        0,
        (Given("x1", (2, 4, 3), "f32"),),
        (
            line("v2", "transpose(x1, (0, 2, 1))", "x1"),
            Line(("v3",), ("v2",), "loop(step4, 2, (), (v2, ), ())", Step(
                "step4", ("s1",), (line("v5", "reduce_sum(exp(s1), (0,), keepdims=True)", "s1"),), (), ("v5",)
            )),
        ),
        ("v3",),
    ),
    "a vector times a vector": gradient_of(
        Given("x1", (5,), "f32"), Given("x2", (5,), "f32"), lines=(line("v3", "matmul(x1, x2)", "x1", "x2"),), end="v3", leaf="x1"
    ),
    "the gradient of one gathered row, the same number everywhere": gradient_of(
        Given("x1", (6, 7), "f32"), Given("x2", (), "i32", 0, 6), lines=(line("v3", "gather(x1, x2)", "x1", "x2"),), end="v3", leaf="x1"
    ),
    "the gradient of a pooling with rest, the same number everywhere": gradient_of(
        Given("x1", (3, 3, 7, 7), "f32"), lines=(line("v2", "avg_pool(softmax(x1, -1), (1, 3, 1, 1), (1, 4, 2, 1), ((0, 0),) * 4)", "x1"),),
        end="v2", leaf="x1",
    ),
    "the gradient of overlapping windows of one axis": gradient_of(
        Given("x1", (8,), "f32"), lines=(line("v2", "avg_pool(x1, (2,), (1,), ((0, 0),))", "x1"), line("v3", "mul(v2, v2)", "v2")),
        end="v3", leaf="x1", weight="sample(3, (7,), f32)",
    ),
    "two pairs of maps in a loop, of which either could share what it reads": Program(
        0,
        (Given("x1", (3, 3), "f32"), Given("x2", (3,), "f32"), Given("x6", (3,), "f32"), Given("x13", (3,), "i32", 1, 9)),
        (
            Line(("v17", "v18", "v19", "v20"), ("x2", "x13", "x1", "x6"), "loop(step16, 3, (x2, x13, ), (x1, ), (x6, ))", Step(
                "step16", ("c3", "c14", "s4", "k5"), (
                    line("v7", "add(k5, c3)", "k5", "c3"), line("v9", "mul(cast(k5, f64), 0.75)", "k5"),
                    line("v10", "mul(cast(v9, f32), 0.125)", "v9"), line("v11", "add(c3, mul(reduce_max(v10), 0.125))", "c3", "v10"),
                    line("v12", "cast(greater(v10, 0), i32)", "v10"), line("v15", "add(c14, v12)", "c14", "v12"),
                ), ("v11", "v15"), ("v7", "v11"),
            )),
        ),
        ("v17", "v18", "v19", "v20"),
    ),
}  # fmt: skip
