# Two commands: `make repro` shows the whole thing on the demo data set, `make test` checks the code.
VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"

.PHONY: repro test lint types tests params clean

repro: $(VENV)/.installed
	$(RUN) dvc repro
	@echo
	@cat metrics/report/table.txt
	@echo "Report: metrics/report/evolution.png, metrics/summary.json; plots: dvc plots show"

test: lint types tests

lint: $(VENV)/.installed
	$(RUN) ruff check .
	$(RUN) ruff format --check .

types: $(VENV)/.installed
	$(RUN) mypy pipeline stages conf benchmarks wsvaas

tests: $(VENV)/.installed
	$(RUN) python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

params: $(VENV)/.installed # compose conf/ into params.yaml
	$(RUN) python -m conf.compose

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) .work
