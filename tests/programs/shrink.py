"""Cuts a program that fails down to one that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.ir.graph import Value
from tests.programs.drawing import Draft
from tests.programs.text import Given, Line, Program, gradient_line, gradient_parts
from tests.programs.words import NARROW

NAMES = {dtype: name for name, dtype in NARROW.items()}


def shrink(program: Program, fails: Callable[[Program], bool], tries: int = 400) -> Program:
    """The smallest program found that still fails."""
    again = True
    while again and tries > 0:
        again = False
        for smaller in candidates(program):
            tries -= 1
            if tries <= 0:
                break
            if makes_sense(smaller) and fails(smaller):
                program, again = smaller, True
                break
    return program


def makes_sense(program: Program) -> bool:
    """Whether it still is a program."""
    try:
        program.graph()
        program.graph(wide=True)
    except (GradwerkError, ValueError, NameError, IndexError, TypeError, AttributeError):
        return False
    return True


def candidates(program: Program) -> Iterator[Program]:
    """Smaller programs, the smallest first."""
    for output in program.outputs:
        if len(program.outputs) > 1:
            yield tidy(replace(program, outputs=(output,)))
    for k in range(len(program.outputs)):
        if len(program.outputs) > 1 or program.written:
            yield tidy(replace(program, outputs=program.outputs[:k] + program.outputs[k + 1 :]))
    types = types_of(program)
    for number in reversed(range(len(program.lines))):
        yield from without_line(program, number, types)
    for number, line in enumerate(program.lines):
        yield from (tidy(program.with_lines([*program.lines[:number], other, *program.lines[number + 1 :]])) for other in simpler(line))
    for k, given in enumerate(program.givens):
        if given.layout != "dense":
            yield replace(program, givens=(*program.givens[:k], replace(given, layout="dense"), *program.givens[k + 1 :]))


def types_of(program: Program) -> dict[str, Value]:
    """The values that its lines make, by name."""
    draft = Draft(wide=False)
    for given in program.givens:
        draft.give(given.name, given.shape, given.dtype)
    found: dict[str, Value] = {}
    for line in program.lines:
        found.update(zip(line.targets, draft.say(line), strict=True))
    return found


def without_line(program: Program, number: int, types: dict[str, Value]) -> Iterator[Program]:
    """Without one line: its results are given, or are what it used."""
    line, names = program.lines[number], {given.name for given in program.givens}
    rest = [*program.lines[:number], *program.lines[number + 1 :]]
    if any(target in names for target in line.targets):  # a write
        yield tidy(program.with_lines(rest))
        return
    made = [x for x in line.targets if x in types]
    if all(dtypes.is_float(types[x].dtype) for x in made):
        givens = tuple(Given("x" + str(1000 + int(x[1:])), types[x].shape, NAMES[types[x].dtype]) for x in made)
        new = {x: given.name for x, given in zip(made, givens, strict=True)}
        smaller = replace(program, givens=program.givens + givens, lines=tuple(renamed(x, new) for x in rest))
        smaller = replace(smaller, outputs=tuple(new.get(x, x) for x in smaller.outputs))
        if program.leaves:
            yield tidy(replace(smaller, leaves=program.leaves))
        else:
            yield tidy(smaller)
    for used in line.uses:
        if len(made) == 1 and used in types and types[used].type == types[made[0]].type:
            new = {made[0]: used}
            yield tidy(replace(program, lines=tuple(renamed(x, new) for x in rest), outputs=tuple(new.get(x, x) for x in program.outputs)))


def renamed(line: Line, new: dict[str, str]) -> Line:
    """The line with other names for what it uses."""
    import re

    says = re.sub(r"\b[vgxk]\d+\b", lambda found: new.get(found[0], found[0]), line.says)
    return replace(line, uses=tuple(new.get(x, x) for x in line.uses), says=says)


def simpler(line: Line) -> Iterator[Line]:
    """The line with less in its loop, or fewer gradients."""
    if line.says.startswith("gradient("):
        yield from fewer_gradients(line)
    if line.step is None:
        return
    step = line.step
    for k in reversed(range(len(step.lines))):
        inner = step.lines[k]
        for used in inner.uses:
            if len(inner.targets) == 1:
                new = {inner.targets[0]: used}
                lines = tuple(renamed(x, new) for x in (*step.lines[:k], *step.lines[k + 1 :]))
                carries, results = (tuple(new.get(x, x) for x in names) for names in (step.carries, step.results))
                yield replace(line, step=replace(step, lines=lines, carries=carries, results=results))
        yield from (replace(line, step=replace(step, lines=(*step.lines[:k], other, *step.lines[k + 1 :]))) for other in simpler(inner))


def fewer_gradients(line: Line) -> Iterator[Line]:
    """A line of gradients with one end or one leaf less, or with equal weights."""
    ends, leaves, weights, rest = gradient_parts(line)
    for k in range(len(ends)):
        if len(ends) > 1:
            yield gradient_line(line.targets, ends[:k] + ends[k + 1 :], leaves, weights[:k] + weights[k + 1 :], rest)
        if weights[k] != "None":
            yield gradient_line(line.targets, ends, leaves, [*weights[:k], "None", *weights[k + 1 :]], rest)
    for k in range(len(leaves)):
        if len(leaves) > 1:
            targets = line.targets[:k] + line.targets[k + 1 :]
            yield gradient_line(targets, ends, leaves[:k] + leaves[k + 1 :], weights, rest)


def tidy(program: Program) -> Program:
    """Without lines, arguments and leaves that nothing needs."""
    wanted, lines = set(program.outputs), list[Line]()
    written = set(program.written)
    for line in reversed(program.lines):
        if wanted.intersection(line.targets) or written.intersection(line.targets):
            lines.append(line)
            wanted.update(line.uses)
    lines.reverse()
    wanted |= written
    givens = tuple(given for given in program.givens if given.name in wanted)
    asked = {x for line in lines if line.says.startswith("gradient(") for x in gradient_parts(line)[1]}
    names = {given.name for given in givens}
    return replace(program, lines=tuple(lines), givens=givens, leaves=tuple(x for x in program.leaves if x in names and x in asked))
