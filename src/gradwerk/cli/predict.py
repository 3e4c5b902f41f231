"""`gradwerk predict RUN IMAGE ...`: each picture is read, or said to be unreadable; the others are still answered."""

from __future__ import annotations

from argparse import Namespace

import numpy as np

from gradwerk.base.errors import DataError, FileError
from gradwerk.cli.main import BAD_INPUT, report
from gradwerk.cli.recipe import trained
from gradwerk.data.image import as_inputs, read_digit
from gradwerk.io.run_folder import RunFolder
from gradwerk.ops.functions import softmax
from gradwerk.train.arrays import ArrayBatches
from gradwerk.train.loop import predict


def run(options: Namespace) -> int:
    """The command."""
    _, steps = trained(RunFolder.open(options.run))
    names, images, failed = [], [], False
    for path in options.images:
        try:
            images.append(read_digit(path))
            names.append(path)
        except (FileError, DataError) as error:
            report(error)
            failed = True
    if images:
        logits = predict(steps, ArrayBatches((as_inputs(np.stack(images)),), 128))
        width = max(map(len, names))
        for name, probabilities in zip(names, np.asarray(softmax(logits)), strict=True):
            first, second = np.argsort(-probabilities, kind="stable")[:2]
            print(f"{name:<{width}}  {first}  {probabilities[first]:6.1%}   (or {second}, {probabilities[second]:.1%})")
    return BAD_INPUT if failed else 0
