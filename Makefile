# Every target sets up what it needs by itself: a machine with Python 3.11 or newer and make is enough.
# PYTHON names the interpreter that .venv is made with; ARGS goes to pytest, `mbox demo`, `mbox serve` and the benchmarks.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo serve test proofs lint format bench components constraints clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(READY) ## make .venv with everything in it (the other targets do this by themselves)

# Made again when the declared or the locked dependencies change.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mbox-ops needs Python 3.11 or newer; name one with make PYTHON=...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraints constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY) ## start a server, run real pipelines against it and show what was tracked
	$(BIN)/mbox demo $(ARGS)

serve: $(READY) ## start the tracking server on 127.0.0.1:8085
	$(BIN)/mbox serve $(ARGS)

test: $(READY) ## run the tests (ARGS='-k name' picks some)
	$(BIN)/python -m pytest tests -m 'not proof' --numprocesses $(WORKERS) --dist loadfile $(ARGS)

# Proofs measure or start whole systems, so they run one at a time. Before the first one exists there is nothing to run.
proofs: $(READY) ## run the proofs: the promises of the README, measured on real systems
	@if [ -n "$$(find tests/proofs -name 'test_*.py' 2>/dev/null)" ]; then \
		$(BIN)/python -m pytest tests/proofs -m proof $(ARGS); \
	else echo 'There are no proofs yet.'; fi

lint: $(READY) ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY) ## format the code and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure speed and size (benchmarks/)
	$(BIN)/python -m benchmarks $(ARGS)

components: $(READY) ## make the compiled KFP components again
	$(BIN)/python -m mbox_kfp.compile

# The locked versions are the newest that hold together with these; `lightning` brings torch and stays out.
constraints: $(READY) ## look for newer versions and lock them in constraints.txt
	printf 'apache-airflow==3.3.2\nkfp==2.17.0\nkfp-kubernetes==2.17.0\nprotobuf<6.34\n' | \
	$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --extra dev --python-version 3.11 --constraints - \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file constraints.txt

clean: ## remove .venv, caches and build outputs
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
