# Two commands: `make demo` trains LeNet-5 on real digits, `make test` runs the tests.  Each sets up all it needs from Python 3.11+ alone.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
OUT    ?= runs/demo
PEERS  := .venv-peers
MUTANTS := .venv-mutants
RELEASE := .venv-release
DOCS   := .venv-docs
STATE  ?= /tmp/gradwerk-mutants.json
PIP    := -m pip install --quiet --disable-pip-version-check
ORIGINALS := tests/peers tests/base/test_dtypes.py

.PHONY: help demo test test-long test-versions test-peers faults mutants lint check docs bench bench-peers bench-loops release clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*##/\1:/p' Makefile

demo: $(VENV)/.demo  ## train LeNet-5 on the bundled digits, evaluate it, read some digits from pictures
	rm -rf $(OUT)
	$(BIN)/gradwerk train lenet5 --seed 0 --out $(OUT)
	$(BIN)/gradwerk evaluate $(OUT)
	$(BIN)/gradwerk samples $(OUT)/samples --count 8 > $(OUT)/samples.txt
	$(BIN)/gradwerk predict $(OUT) $(OUT)/samples/*.png

test: $(VENV)/.dev  ## the tests, in minutes
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --part

faults: $(VENV)/.dev  ## plant faults in a copy of the sources, and name those that no test notices (an hour)
	$(BIN)/python -m tests.faults.plant

test-long: $(VENV)/.dev  ## every test at its full size, those that take long too
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "long or not long"

test-versions: $(VENV)/.dev  ## the tests on every Python found here, and on the oldest packages allowed
	$(BIN)/python tests/versions.py

test-peers: $(PEERS)/.test  ## the tests beside PyTorch, Keras and other packages, which `make test` leaves out (15 minutes)
	$(PEERS)/bin/python -m pytest -n 2 --dist loadfile $(ORIGINALS)

check: lint test  ## what CI checks: also the oldest packages, and the command from end to end
	$(BIN)/python tests/versions.py --oldest --short
	rm -rf runs/check
	$(BIN)/gradwerk train lenet5 --epochs 2 --seed 0 --out runs/check
	$(BIN)/gradwerk evaluate runs/check
	$(BIN)/gradwerk samples runs/check/samples --count 4 > runs/check/samples.txt
	$(BIN)/gradwerk predict runs/check runs/check/samples/*.png
	$(BIN)/gradwerk inspect lenet5 > runs/check/launches.txt

mutants: $(MUTANTS)/.ready  ## 200 mutants drawn by a seed: at least 90 % of those that are not equivalent must be noticed (90 minutes)
	$(MUTANTS)/bin/python -m tests.faults.mutants --count 200 --state $(STATE)

lint: $(VENV)/.dev  ## lint, types, layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DOCS)/.ready  ## the documentation site, into build/site (a minute or two; warnings are errors, the network is not needed)
	$(DOCS)/bin/python -m docs.site

bench: $(VENV)/.demo  ## whole training steps, timed
	$(BIN)/python bench/run.py

bench-peers: $(VENV)/.demo $(PEERS)/.ready  ## the same beside PyTorch, JAX and Keras on TensorFlow, interleaved
	$(BIN)/python bench/run.py --peers $(PEERS)/bin/python

bench-loops: $(VENV)/.demo $(PEERS)/.ready  ## loops as people write them, the same file run by PyTorch and by gradwerk.torch
	$(BIN)/python bench/run.py --loops --peers $(PEERS)/bin/python

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

$(PEERS)/.test: $(PEERS)/.ready
	$(PEERS)/bin/python $(PIP) --editable '.[test-peers]'
	@touch $@

$(MUTANTS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(MUTANTS)
	$(MUTANTS)/bin/python $(PIP) --editable '.[mutants]'
	@touch $@

release: $(RELEASE)/.ready  ## build wheel and sdist into dist/, look into them, and try the wheel in an environment of its own
	rm -rf dist
	$(RELEASE)/bin/python -m build --outdir dist
	$(RELEASE)/bin/python -m tests.release dist

$(RELEASE)/.ready: pyproject.toml
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python $(PIP) build
	@touch $@

$(DOCS)/.ready: pyproject.toml
	$(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python $(PIP) --editable '.[docs]'
	@touch $@

clean:  ## remove what the commands above made
	rm -rf $(VENV) $(VENV)-3.* $(VENV)-oldest $(PEERS) $(MUTANTS) $(RELEASE) $(DOCS) runs build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
