"""`gradwerk summary MODEL|RUN`: what is trained, layer by layer."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from gradwerk.base.errors import ArgumentError
from gradwerk.cli.main import INSPECTED, MODELS
from gradwerk.cli.recipe import Recipe, parameter_count, trained
from gradwerk.cli.terminal import printable
from gradwerk.io.run_folder import RunFolder
from gradwerk.nn.module import Module


def run(options: Namespace) -> int:
    """The command."""
    if options.model in INSPECTED:
        print(layer_table(Recipe().make_steps().task.model))
        return 0
    if options.model in MODELS and not Path(options.model).exists():
        raise ArgumentError(f"{options.model} is made for a table: its layers are shown of a run", likely="gradwerk summary RUN")
    folder = RunFolder.open(options.model)
    recipe, steps = trained(folder)
    print(layer_table(steps.task.model))
    print("\n".join(f"{name:<18}{_shown(value)}" for name, value in recipe.config().items()))
    for number, row in enumerate(folder.read_history(), 1):
        print(f"epoch {number:<4}" + "  ".join(f"{printable(name)} {value:.4g}" for name, value in row.items()))
    return 0


def _shown(value: object) -> str:
    """A line of a recipe; of a long list the beginning."""
    if isinstance(value, list):
        shown = ", ".join(f"{each:.4g}" if isinstance(each, float) else str(each) for each in value[:8])
        return printable(shown + (f", ... ({len(value)} in all)" if len(value) > 8 else ""))
    return printable(str(value))


def layer_table(model: Module) -> str:
    """One line for each layer with parameters: path, kind, shapes, count."""
    lines = [f"{'layer':<12}{'kind':<14}{'parameters':<44}{'count':>9}"]
    for path, module in model.named_modules():
        own = {name: value for name, value in module.named_parameters() if "." not in name}
        if own and path:
            shapes = "  ".join(f"{name} {' x '.join(map(str, value.shape))}" for name, value in own.items())
            lines.append(f"{path:<12}{type(module).__name__:<14}{shapes:<44}{parameter_count(own):>9,}")
    total = parameter_count(dict(model.named_parameters()))
    return "\n".join([*lines, f"{'':<70}{total:>9,}"])
