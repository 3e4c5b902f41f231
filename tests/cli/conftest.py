"""One finished run for the tests that ask it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gradwerk.cli.main import main


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten epochs of LeNet-5."""
    folder = tmp_path_factory.mktemp("run") / "lenet5"
    assert main(["train", "lenet5", "--epochs", "10", "--seed", "0", "--out", str(folder)]) == 0
    return folder
