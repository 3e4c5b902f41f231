# Two commands: `make demo` trains LeNet-5 on real digits, `make test` runs the tests.  Each sets up all it needs from Python 3.11+ alone.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= runs/demo
PEERS  := .venv-peers
PIP    := -m pip install --quiet --disable-pip-version-check

.PHONY: help demo test faults lint bench bench-peers clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' Makefile

demo: $(VENV)/.demo  ## train LeNet-5 on the bundled digits, evaluate it, read some digits from pictures
	rm -rf $(OUT)
	$(BIN)/gradwerk train lenet5 --seed 0 --out $(OUT)
	$(BIN)/gradwerk evaluate $(OUT)
	$(BIN)/gradwerk samples $(OUT)/samples --count 8 > $(OUT)/samples.txt
	$(BIN)/gradwerk predict $(OUT) $(OUT)/samples/*.png

test: $(VENV)/.dev  ## all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

faults: $(VENV)/.dev  ## plant faults in a copy of the sources, and name those that no test notices (an hour)
	$(BIN)/python -m tests.faults.plant

lint: $(VENV)/.dev  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.demo  ## whole training steps, timed
	$(BIN)/python bench/run.py

bench-peers: $(VENV)/.demo $(PEERS)/.ready  ## the same beside PyTorch, JAX and Keras on TensorFlow, interleaved
	$(BIN)/python bench/run.py --peers $(PEERS)/bin/python

# A stamp is written last, so an install that was broken off is made again.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.version_info < (3, 11) and sys.exit("Gradwerk needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.python
	$(BIN)/python $(PIP) --editable '.[plot]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.python
	$(BIN)/python $(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.demo

$(PEERS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python $(PIP) '.[peers]'
	@touch $@

clean:  ## remove what the commands above made
	rm -rf $(VENV) $(PEERS) runs build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
