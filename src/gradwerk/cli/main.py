"""The command `gradwerk`.  Only the parser is loaded here; a command's module is loaded once it is known which one runs."""

from __future__ import annotations

import argparse
import difflib
import importlib
import math
import re
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from gradwerk.base.errors import GradwerkError
from gradwerk.base.screen import say
from gradwerk.cli.terminal import flushed, prepare, printable, silence
from gradwerk.cli.typed import resume_command

OPTIMIZERS = ("momentum", "sgd", "adam")
MODELS = ("lenet5", "mlp", "perceptron")
INSPECTED = ("lenet5",)
"""Models that need no table of the user's."""
STAGES = ("graph", "fused", "launches", "layers", "llvm", "assembly", "memory", "seconds")
BAD_INPUT, INTERNAL, INTERRUPTED = 2, 1, 130


class Parser(argparse.ArgumentParser):
    """One line of error, with the nearest known option, in place of the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Leaves with exit code 2."""
        known = [option for action in self._actions for option in action.option_strings]
        unknown = [word.split("=")[0] for word in message.partition("unrecognized arguments: ")[2].split() if word.startswith("-")]
        choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)$", message)
        if choice:
            known, unknown = re.findall(r"[^\s',]+", choice[2]), [choice[1]]
        near = difflib.get_close_matches(unknown[0], known, 1) if unknown else []
        hint = f"\n  likely: {near[0]}" if near else ""
        self.exit(BAD_INPUT, f"gradwerk: error: {printable(message)}{hint}\n  see: {self.prog} --help\n")

    def parse(self, args: Sequence[str] | None = None) -> argparse.Namespace:
        """Unknown options are reported by the command they were given to, not by the whole."""
        options, unknown = self.parse_known_args(args)
        if unknown:
            getattr(options, "parser", self).error(f"unrecognized arguments: {' '.join(unknown)}")
        return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit code: 0, 2: bad input or no place for the output, 128 + N after signal N, 1: a fault of ours."""
    prepare()
    code = _run(arguments)
    if failed := flushed():
        say(f"gradwerk: error: cannot write the output: {failed}")
        return code or BAD_INPUT
    return code


def _run(arguments: Sequence[str] | None) -> int:
    options = argparse.Namespace()
    try:
        parser = make_parser()
        if not (sys.argv[1:] if arguments is None else arguments):
            parser.print_help()
            return 0
        try:
            options = parser.parse(arguments)
        except SystemExit as leaving:
            return int(leaving.code or 0)
        command: Callable[[argparse.Namespace], int] = importlib.import_module(f"gradwerk.cli.{options.module}").run
        return command(options)
    except GradwerkError as error:
        report(error)
        return BAD_INPUT
    except KeyboardInterrupt as stopped:
        by = getattr(stopped, "by", None)
        if by is None:  # who raises the other kind has said what was saved
            resumed = f"; go on with: {resume_command(options.resume)}" if hasattr(options, "resume") else ""
            say(f"\ngradwerk: stopped{resumed}")
        return INTERRUPTED if by is None else 128 + int(by)
    except BrokenPipeError:
        silence(sys.stdout)
        return 0
    except Exception as error:
        if _debugging():
            raise
        return _failed(error)


def _failed(error: Exception) -> int:
    """Says what came unexpected; the exit code."""
    if isinstance(error, Warning):
        say(f"gradwerk: error: {error}\n  likely: without -W error or PYTHONWARNINGS=error this is a warning, and the command goes on")
        return BAD_INPUT
    if isinstance(error, OSError) and error.filename is None:  # a print: what fails with a file of ours says which
        silence(sys.stdout)
        say(f"gradwerk: error: cannot write the output: {error.strerror or error}")
        return BAD_INPUT
    say(f"gradwerk: a fault of ours: {type(error).__name__}: {error}\n  GRADWERK_DEBUG=1 shows where")
    return INTERNAL


def report(error: GradwerkError) -> None:
    """An error as it reads on the command line: no line of Python, which the user did not write."""
    place = f"{error.place}: " if error.place else ""
    lines = [f"gradwerk: error: {place}{error.message}", *(f"  {fact}" for fact in error.facts)]
    say("\n".join(map(printable, [*lines, *([f"  likely: {error.likely}"] if error.likely else [])])))


def make_parser() -> Parser:
    """Every command with its options.  An option that is not given is absent, so that a resumed run can tell."""
    parser = Parser(prog="gradwerk", description="Train and ask small deep learning models, compiled to native code.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"gradwerk {importlib.import_module('gradwerk').__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    _add_train(_command(commands, "train", "train", "train a model on its bundled data, or on a table of yours"))

    evaluate = _command(commands, "evaluate", "evaluate", "measure a finished run on the held-back data")
    evaluate.add_argument("run", metavar="RUN", help="the folder of the run")

    predict = _command(commands, "predict", "predict", "say which digits pictures show, or what the rows of tables are")
    predict.add_argument("run", metavar="RUN", help="the folder of the run")
    files = "pictures of one digit: any size, grey or colour, dark or light ink; of a run on a table: CSV files with its columns"
    predict.add_argument("inputs", metavar="FILE", nargs="+", help=files)

    script = _command(commands, "run", "run", "run a script or notebook written for Keras, PyTorch or TensorFlow, as it is")
    script.add_argument("script", metavar="SCRIPT", help="a .py file, or an .ipynb notebook, which is written beside it with its outputs")
    script.add_argument("arguments", metavar="ARGUMENT", nargs=argparse.REMAINDER, help="what the script finds in sys.argv")

    check = _command(commands, "check", "check", "say which names of Keras, PyTorch and TensorFlow a script uses that are absent here")
    check.add_argument("path", metavar="SCRIPT|FOLDER", help="a .py file, an .ipynb notebook, or a folder of them")

    summary = _command(commands, "summary", "summary", "the layers and parameters of a model or run")
    summary.add_argument("model", metavar="MODEL|RUN", help="lenet5, or the folder of a run")

    inspect = _command(commands, "inspect", "inspect", "what the compiler makes of a model's training step")
    inspect.add_argument("model", metavar="MODEL", choices=INSPECTED, help=", ".join(INSPECTED))
    stages = f"which stage: {', '.join(STAGES)} (launches)"
    inspect.add_argument("stage", metavar="STAGE", nargs="?", choices=STAGES, default="launches", help=stages)
    inspect.add_argument("--batch-size", metavar="N", type=_positive, default=128, help="images a step (128)")
    inspect.add_argument("--threads", metavar="N", type=_positive, default=argparse.SUPPRESS, help="threads to compute with (one per core)")

    ops = _command(commands, "ops", "ops", "every primitive operation")
    ops.add_argument("--from", dest="source", action="append", default=[], metavar="MODULE", help="a module, or .py file, with further ops")

    _command(commands, "settings", "settings", "every setting, its value and where it comes from")

    report = _command(commands, "report", "bug_report", "versions, machine and settings, to paste into the report of a bug")
    repro = "a file of gradwerk.inspect.save_repro, which is run compiled and by reference"
    report.add_argument("repro", metavar="REPRO", nargs="?", help=repro)

    samples = _command(commands, "samples", "samples", "write held-back digits as pictures, to try predict on")
    samples.add_argument("folder", metavar="FOLDER", help="where the pictures go; their names say which digit they show")
    samples.add_argument("--count", metavar="N", type=_positive, default=10, help="how many (10)")
    samples.add_argument("--seed", metavar="N", type=_natural, default=0, help="decides which (0)")
    return parser


def _command(commands: argparse._SubParsersAction[Parser], name: str, module: str, text: str) -> Parser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
    parser.set_defaults(module=module, parser=parser)
    return parser


def _add_train(parser: Parser) -> None:
    """The options of `train`; their defaults stand in cli/recipe.py."""
    absent = argparse.SUPPRESS
    parser.add_argument("model", metavar="MODEL", nargs="?", choices=MODELS, help=f"{', '.join(MODELS)}; a run that is resumed knows it")
    source = "of mlp and perceptron: a CSV file with a line of names, or iris, breast_cancer, diabetes"
    parser.add_argument("--data", metavar="SOURCE", default=absent, help=source)
    parser.add_argument("--target", metavar="COLUMN", default=absent, help="the column of a CSV file that is to be predicted")
    parser.add_argument("--units", metavar="N", type=_positive, default=absent, help="of mlp: units of the hidden layer (32)")
    parser.add_argument("--epochs", metavar="N", type=_positive, default=absent, help="passes over the training data (30; of tables 100)")
    parser.add_argument("--batch-size", metavar="N", type=_positive, default=absent, help="examples a step (32)")
    rates = "the highest learning rate, which then falls (0.05; sgd 0.1, adam 0.002; of tables 0.01; momentum 0.02, sgd 0.05)"
    parser.add_argument("--lr", metavar="RATE", type=_rate, default=absent, help=rates)
    rules = f"the update rule: {', '.join(OPTIMIZERS)} (momentum; of tables adam)"
    parser.add_argument("--optimizer", metavar="RULE", choices=OPTIMIZERS, default=absent, help=rules)
    distort = "of lenet5: shift, turn and stretch the images (yes)"
    parser.add_argument("--augment", action=argparse.BooleanOptionalAction, default=absent, help=distort)
    parser.add_argument("--seed", metavar="N", type=_natural, default=absent, help="decides weights, order and distortions (0)")
    parser.add_argument("--out", metavar="FOLDER", default=absent, help="the run's folder (runs/MODEL-DATE-TIME)")
    threads = "threads to compute with (one per core); the bits are the same"
    parser.add_argument("--threads", metavar="N", type=_positive, default=absent, help=threads)
    parser.add_argument("--resume", metavar="RUN", default=absent, help="go on with a run that was stopped; --epochs may ask for more")


def _positive(text: str) -> int:
    return _whole(text, 1)


def _natural(text: str) -> int:
    return _whole(text, 0)


def _whole(text: str, least: int) -> int:
    try:
        value = int(text)
    except ValueError:
        value = least - 1
    if not least <= value < 2**31:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
    return value


def _rate(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return value


def _debugging() -> bool:
    return bool(importlib.import_module("gradwerk.base.settings").settings.debug)
