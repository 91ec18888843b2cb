# make demo: train on the bundled data and open report.html. make test, make lint: what CI runs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
BUDGET ?= 2m
SEED ?= 0
export VENV

.PHONY: demo test lint check bench clean

demo: $(VENV)/demo.stamp
	$(BIN)/plait demo --budget $(BUDGET) --seed $(SEED) --force --open

test: $(VENV)/dev.stamp
	scripts/test

lint: $(VENV)/dev.stamp
	scripts/lint

check: $(VENV)/dev.stamp
	scripts/check

bench: $(VENV)/dev.stamp
	$(BIN)/python -m benchmarks $(NAME)

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: plait needs Python 3.11 or newer, found $$($(PYTHON) --version)" >&2; \
	  echo "hint: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

# A stamp newer than pyproject.toml says that the extras are installed.
$(VENV)/demo.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[train,table,video,molecule]'
	@touch $@

$(VENV)/dev.stamp: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --disable-pip-version-check -e '.[dev]'
	@touch $@ $(VENV)/demo.stamp
