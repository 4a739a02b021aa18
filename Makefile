# SPDX-License-Identifier: Apache-2.0
# `make` makes the environment and calls snakemake, `make test` runs the tests. Both are spelled out
# in README.md for those without make.

PYTHON ?= python3
BIN := .venv/bin
# another checkout's code, or another Python's library, must not come before ours
unexport PYTHONPATH PYTHONHOME
# libraries read their own docstrings, and warn of each other
unexport PYTHONOPTIMIZE PYTHONWARNINGS
# a profile for everything that this user builds may name an executor that is not installed here
unexport SNAKEMAKE_PROFILE

.PHONY: all live test test-cluster lint explore environment development

# of Snakemake's own words the progress is left; all of them: `.venv/bin/snakemake`
QUIET := --quiet rules host reason

all: environment
	$(BIN)/snakemake $(QUIET)

live: environment
	$(BIN)/snakemake --profile profiles/live $(QUIET)

test: development
	$(BIN)/python -m pytest -n logical

# tests that make clusters of kind; how many minutes they take: CONTRIBUTING.md
test-cluster: development
	$(BIN)/python -m pytest -m cluster

lint: development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file tools/mypy-node.ini
	$(BIN)/lint-imports
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/snakemake --lint
	$(BIN)/nsm-resilience schema --check

explore:
	$(PYTHON) tools/environment.py --explore
	$(BIN)/nsm-resilience copy-notebooks
	$(BIN)/jupyter lab results/explore

environment:
	$(PYTHON) tools/environment.py

development:
	$(PYTHON) tools/environment.py --dev
