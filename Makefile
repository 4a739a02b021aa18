# SPDX-License-Identifier: Apache-2.0
# `make` makes the environment and calls snakemake, `make test` runs the tests. Both are spelled out
# in README.md for those without make.

PYTHON ?= python3
BIN := .venv/bin
# another checkout's code, or another Python's library, must not come before ours
unexport PYTHONPATH PYTHONHOME

.PHONY: all live test lint explore environment development

all: environment
	$(BIN)/snakemake

live: environment
	$(BIN)/snakemake --profile profiles/live

test: development
	$(BIN)/python -m pytest -n logical

lint: development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tools/mypy-node.ini
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/nsm-resilience schema --check

explore:
	$(PYTHON) tools/environment.py --explore
	$(BIN)/jupytext --quiet --to ipynb notebooks/*.py
	$(BIN)/jupyter lab notebooks

environment:
	$(PYTHON) tools/environment.py

development:
	$(PYTHON) tools/environment.py --dev
