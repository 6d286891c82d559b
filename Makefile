# Every target sets up what it needs by itself: a machine with Python 3.11 or newer and make is enough.
# PYTHON names the interpreter that .venv is made with; ARGS goes to pytest, `mbox demo`, `mbox serve` and the benchmarks.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
LIGHTNING := .venv-lightning
WORKERS ?= 2

# Trust the certificates that this machine trusts, as pip does: some networks have authorities of their own.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install assets browser demo serve test lightning proofs lint format bench components screenshots notebooks cli-reference proto constraints clean

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

# The third-party code of the pages and the checker of ours, from the npm registry: assets/packages.json names them.
assets: $(READY) ## fetch the code that draws the pages' charts
	@command -v npm >/dev/null || \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --requirement assets/requirements.txt
	$(BIN)/python assets/fetch.py

# Without the registry the pages show tables instead of curves: that is no reason to stop.
demo: $(READY) ## start a server, run real pipelines against it and show what was tracked
	-@$(MAKE) --no-print-directory assets
	$(BIN)/mbox demo $(ARGS)

serve: $(READY) ## start the tracking server on 127.0.0.1:8085
	-@$(MAKE) --no-print-directory assets
	$(BIN)/mbox serve $(ARGS)

# Debian's Chromium where apt can install it, else the one that Playwright fetches.
browser: $(READY) ## install Chromium, for the tests of the pages, where it is missing
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	if command -v apt-get >/dev/null && test "$$(id -u)" = 0; then \
		apt-get update -qq && \
		DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	else $(BIN)/playwright install chromium; fi

test: $(READY) assets browser ## run the tests (ARGS='-k name' picks some)
	$(BIN)/python -m pytest tests -m 'not proof' --numprocesses $(WORKERS) --dist loadfile $(ARGS)

lightning: $(LIGHTNING)/.ready ## make .venv-lightning, where the proof of the Lightning logger trains

# By pip, which finds a build of torch for processors where one is offered; uv would not look there.
$(LIGHTNING)/.ready: pyproject.toml
	@test -x $(LIGHTNING)/bin/python || $(PYTHON) -m venv $(LIGHTNING)
	$(LIGHTNING)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[lightning]' \
		'torch==2.13.*' 'lightning==2.6.*' 'pytorch-lightning==2.6.*' 'scikit-learn>=1.4'
	@touch $@

# Proofs measure or start whole systems, so they run one at a time. Before the first one exists there is nothing to run.
proofs: $(READY) $(LIGHTNING)/.ready assets ## run the proofs: the promises of the README, measured on real systems
	@if [ -n "$$(find tests/proofs -name 'test_*.py' 2>/dev/null)" ]; then \
		$(BIN)/python -m pytest tests/proofs -m proof $(ARGS); \
	else echo 'There are no proofs yet.'; fi

lint: $(READY) assets ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	"$$($(BIN)/python assets/fetch.py --node)" node_modules/typescript/bin/tsc --project jsconfig.json

format: $(READY) ## format the code and fix what ruff can fix
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY) ## measure speed and size, each beside its raw limit
	$(BIN)/python -m tests.benchmarks $(ARGS)

components: $(READY) ## make the compiled KFP components again
	$(BIN)/python -m mbox_kfp.compile

screenshots: $(READY) assets browser ## take the pictures of all pages that the documentation shows
	$(BIN)/python -m tests.docs.screenshots

notebooks: $(READY) ## execute the notebooks of the documentation and keep what they show
	$(BIN)/python -m tests.docs.notebooks

proto: $(READY) ## make the gRPC code again
	$(BIN)/python -m grpc_tools.protoc -I . --python_out=. --pyi_out=. --grpc_python_out=. mbox_ops/wire/modelbox.proto
	@for file in mbox_ops/wire/modelbox_pb2*.py*; do \
		{ echo '# Made by `make proto`: do not edit.'; cat $$file; } > $$file.new && mv $$file.new $$file; \
	done

# The locked versions are the newest that hold together with these; `lightning` brings torch and stays out.
cli-reference: $(READY) ## make docs/reference/cli.md again
	{ echo '<!-- Generated by `make cli-reference`: do not edit. -->'; \
	  $(BIN)/python -m typer mbox_ops.cli.app utils docs --name mbox; } > docs/reference/cli.md

constraints: $(READY) ## look for newer versions and lock them in constraints.txt
	printf 'apache-airflow==3.3.2\nkfp==2.17.0\nkfp-kubernetes==2.17.0\nprotobuf<6.34\n' | \
	$(BIN)/uv pip compile pyproject.toml --quiet --upgrade --extra dev --python-version 3.11 --constraints - \
		--no-emit-index-url --no-emit-find-links --no-annotate --no-header --output-file constraints.txt

clean: ## remove the environments, caches and build outputs
	rm -rf $(VENV) $(LIGHTNING) build dist node_modules mbox_ops/server/ui/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
