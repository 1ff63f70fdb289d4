# make demo          recover a classifier of digits, from samples and by questions; files go to demo/
# make test          all tests and checks
# make test-extras   the tests that need optional extras (torch, onnx, dask)
# make figures       measure what the README and docs/figures state (about five minutes)
# make bench         time to the optimum, beside what others would use (hours; goes on where stopped)
# make bench-identify  boxes that are read: questions, accuracy, time (fifteen minutes; one box takes far longer)
# make bench-scale   data larger than memory: passes, memory, time (an hour; 14 GB of disk)
# make performance   how often, how accurately, at what cost: docs/performance.md (about an hour)
# make calibration   whether errors, tests and certificate are right (hours; goes on where stopped)
# make paper         the figures of the paper, made again (one to two hours; goes on where stopped)
# make docs          build the site into docs/_build/html
# make docs-check    build it with warnings as errors, and run the examples in it
# make dist          build wheel and sdist, and try them in a fresh environment
# make lint, format  the checks alone; put the code into format
#
# Each target sets up .venv by itself, and again when pyproject.toml changes.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
SITE := MPLBACKEND=agg $(BIN)/sphinx-build -q -d docs/_build/doctrees
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check

# The default keeps the data in a temporary folder: SCALE='--folder DIR' keeps them.
.PHONY: help demo test test-extras figures bench bench-identify bench-scale performance calibration paper docs docs-check dist lint format clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

demo: $(VENV)/.demo
	@$(BIN)/pureneuron demo --output-dir demo --force

test: lint
	$(BIN)/pytest -q -m "not extras"

test-extras: $(VENV)/.extras
	$(BIN)/pytest -q -m extras

figures: $(VENV)/.demo
	$(BIN)/python benchmarks/recovery.py
	$(BIN)/python benchmarks/wide.py
	$(BIN)/python benchmarks/trust.py

performance: $(VENV)/.demo
	$(BIN)/python benchmarks/success.py
	$(BIN)/python benchmarks/users.py
	$(BIN)/python benchmarks/surety.py
	$(BIN)/python benchmarks/efficiency.py
	$(BIN)/python benchmarks/passes.py
	$(BIN)/python benchmarks/cost.py --largest
	$(BIN)/python benchmarks/rates.py
	$(BIN)/python benchmarks/side_by_side.py

calibration: $(VENV)/.demo
	$(BIN)/python -m benchmarks.calibration $(CALIBRATION)

paper: $(VENV)/.paper
	$(BIN)/python -m experiments.paper.run
	$(BIN)/python -m experiments.paper.perturbation
	$(BIN)/python -m experiments.paper.degenerate
	$(BIN)/python -m experiments.paper.slope

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.peers.run $(BENCH)

bench-identify: $(VENV)/.bench
	$(BIN)/python benchmarks/identify.py

bench-scale: $(VENV)/.bench
	$(BIN)/python -m benchmarks.scale.run $(SCALE)

docs: $(VENV)/.docs
	$(SITE) -b html docs docs/_build/html
	@echo "The site is in docs/_build/html/index.html"

docs-check: $(VENV)/.docs
	$(SITE) -W --keep-going -b html docs docs/_build/html
	$(SITE) -W --keep-going -b doctest docs docs/_build/doctest
	@echo "The site is in docs/_build/html/index.html"

dist: $(VENV)/.dist
	$(BIN)/python packaging/check.py

lint: $(VENV)/.test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/codespell

format: $(VENV)/.test
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) demo dist docs/_build docs/gallery docs/api/generated

# Installed in place (-e), so that a change of the source needs no new installation.
$(VENV)/.venv:
	@echo "Setting up $(VENV) with $(PYTHON)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@touch $@

$(VENV)/.demo: pyproject.toml $(VENV)/.venv
	@echo "Installing pureneuron"
	@$(PIP) install -e '.[files,report]'
	@touch $@

$(VENV)/.test: $(VENV)/.demo
	@echo "Installing what tests and checks need"
	@$(PIP) install --group test --group check
	@touch $@

$(VENV)/.extras: $(VENV)/.test
	@echo "Installing what the extras need"
	@$(PIP) install --group extras
	@touch $@

$(VENV)/.docs: $(VENV)/.demo
	@echo "Installing what the site needs"
	@$(PIP) install --group docs
	@touch $@

$(VENV)/.dist: $(VENV)/.venv
	@echo "Installing what builds and checks packages"
	@$(PIP) install --group dist
	@touch $@

$(VENV)/.paper: pyproject.toml $(VENV)/.demo
	@echo "Installing what the paper's variant needs"
	@$(PIP) install --group paper
	@touch $@

$(VENV)/.bench: pyproject.toml $(VENV)/.demo
	@echo "Installing what the benchmark compares with"
	@$(PIP) install --group bench
	@touch $@
