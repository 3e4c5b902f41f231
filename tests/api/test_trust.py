"""What SECURITY.md says: no connection is opened, nothing is unpickled from a file, and writes stay where they were asked for."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import gradwerk
from gradwerk.base.settings import settings

SOURCES = Path(gradwerk.__file__).parent
NETWORK = {"aiohttp", "asyncio", "ftplib", "http", "requests", "smtplib", "socketserver", "ssl", "urllib", "webbrowser", "xmlrpc"}
UNPICKLE = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
SOCKETS = {"data/workers.py"}
"""Where a socket is imported: the nameless one between a worker process and its parent."""
CONNECTS = {"data/fetching.py": {"urllib"}}
"""Where a file of another place is asked for, by who asks for it: `keras.utils.get_file`, `keras.datasets`."""
SCRIPT = """
import json, os, sys
place, seen, on = os.path.realpath(sys.argv[1]), {"asked": [], "written": []}, [False]

def watch(event, details):
    if not on[0]:
        return
    if event.split(".")[0] in ("socket", "urllib", "http", "ftplib", "smtplib") and event not in ("socket.__new__", "socket.sendmsg"):
        seen["asked"].append(f"{event} {details}")
    if event in ("pickle.find_class", "subprocess.Popen", "os.system", "os.exec"):
        seen["asked"].append(f"{event} {details}")
    flags = details[2] if event == "open" and isinstance(details[2], int) else 0
    if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and isinstance(details[0], (str, bytes)):
        seen["written"].append(os.path.realpath(os.fsdecode(details[0])))
    if event in ("os.mkdir", "os.rename", "os.remove") and isinstance(details[0], (str, bytes)) and os.path.isabs(os.fsdecode(details[0])):
        if event != "os.mkdir" or not os.path.exists(details[0]):  # which is refused
            seen["written"].append(os.path.realpath(os.fsdecode(details[0])))

sys.addaudithook(watch)
os.chdir(place)
sys.dont_write_bytecode = True
import numpy as np
on[0] = True
import gradwerk as gw
from gradwerk import keras, torch
from gradwerk.cli.main import main
from gradwerk.data import datasets
from gradwerk.data.files import read_npz
from gradwerk.inspect import replay, save_repro
from gradwerk.torch.utils.data import DataLoader, TensorDataset
iris = datasets.iris()
model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(iris.x, iris.y, epochs=1, verbose=0)
model.save_weights("iris.weights.safetensors")
model.load_weights("iris.weights.safetensors")
torch.save({"x": torch.ones(2)}, "x.safetensors")
torch.load("x.safetensors")
np.savez("x.npz", x=np.ones(2))
read_npz("x.npz")
for batch in DataLoader(TensorDataset(torch.arange(4)), 2):
    pass
replay(save_repro("x.zip", lambda x: x * 2, gw.Tensor(np.ones(2)))).differences()
assert main(["settings"]) == main(["report"]) == main(["samples", "pictures", "--count", "1"]) == 0
on[0] = False
print("\\n" + json.dumps(seen))
"""


IMPORT = re.compile(r"^\s*(?:import|from)\s+([A-Za-z_]\w*)", re.MULTILINE)


def test_no_source_imports_what_connects_or_unpickles() -> None:
    with_sockets = set()
    for path in SOURCES.rglob("*.py"):
        name, found = path.relative_to(SOURCES).as_posix(), {*IMPORT.findall(path.read_text(encoding="utf-8"))}
        assert found & (NETWORK | UNPICKLE) == CONNECTS.get(name, set()), name
        with_sockets |= {name} if "socket" in found else set()
    assert with_sockets == SOCKETS


@pytest.mark.skipif(os.name != "posix", reason="folders of POSIX")
def test_a_session_connects_to_nobody_and_writes_where_it_was_told(tmp_path: Path) -> None:
    cache = Path(settings.cache).resolve()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GRADWERK")}
    environment |= {"PYTHONPATH": str(SOURCES.parent), "GRADWERK_CACHE": str(cache)}
    words = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    assert seen["asked"] == []
    allowed = (tmp_path.resolve(), cache, Path("/dev"))
    strays = [name for name in seen["written"] if not any(place == Path(name) or place in Path(name).parents for place in allowed)]
    assert strays == []
    assert any(name.endswith("x.zip") or ".x.zip" in name for name in seen["written"]), "the watch sees writes"


def test_what_the_page_says_of_files_is_so() -> None:
    page = (SOURCES.parents[1] / "SECURITY.md").read_text(encoding="utf-8")
    for link in re.findall(r"\]\((docs/[^)]+)\)", page):
        assert (SOURCES.parents[1] / link).is_file()
    assert "tests/api/test_trust.py" in page
