# Every target works from a fresh clone: each needs `setup`, which is quick when nothing has changed.
PYTHON ?= python3.11
# More than processors: the end-to-end tests wait for servers most of their time.
JOBS ?= 4

BIN := .venv/bin
OPENCODE := .opencode
CLIENTS := .clients
# Names such as opencode-1.15.13: the releases that the end-to-end tests run.
RELEASES = $(shell sed -n 's/^ *"\(opencode-[0-9.]*\)": .*/\1/p' tests/opencode/package.json)
SECONDS ?= 60
TARGETS ?= admission frames gates ledger projection scanning
PINS := --upgrade --python-version 3.11 --generate-hashes --quiet --no-config --no-header

.DEFAULT_GOAL := help
.PHONY: help setup lint style types format test tests demo bench score fuzz clients docs pins clean
.DELETE_ON_ERROR:

help:  ## Show the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: .venv/.stamp $(OPENCODE)/.stamp $(CLIENTS)/.stamp  ## Make .venv with both commands, and fetch what the tests drive

lint: style types  ## Check style, formatting and types

style: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

format: setup  ## Format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# From nothing mypy keeps one processor for half a minute, so the others do not wait for it.
test: style  ## Lint, and run all tests, with a real opencode of both supported ends
	@$(MAKE) --no-print-directory --jobs=2 types tests

tests: setup
	$(BIN)/pytest -n $(JOBS)

demo: setup  ## Show the proxy in front of a real opencode with planted secrets
	$(BIN)/python -m tests.demo

bench: setup  ## Measure against a bare passthrough
	$(BIN)/python -m tests.bench

score: setup  ## Measure what the scanner finds, and what it wrongly redacts
	$(BIN)/python -m tests.corpus

fuzz: setup  ## Let a fuzzer look for what breaks an invariant: SECONDS a target, TARGETS some of them
	@for target in $(TARGETS); do \
	    mkdir -p .fuzz/$$target && $(BIN)/python -m tests.fuzz $$target --seconds $(SECONDS) --into .fuzz/$$target || exit 1; \
	done

clients: setup  ## Write docs/clients.md anew: what real clients do through the proxy
	EGRESS_WRITE_CLIENTS=1 $(BIN)/pytest -n $(JOBS) tests/clients
	$(BIN)/python docs/generate.py

docs: setup  ## Write the generated documentation anew
	$(BIN)/python docs/generate.py
	$(BIN)/python docs/dashboard.py

pins: setup  ## Choose newer versions of the dependencies and pin them with hashes
	$(BIN)/uv pip compile $(PINS) --output-file requirements/run.txt pyproject.toml
	$(BIN)/uv pip compile $(PINS) --output-file requirements/dev.txt --extra dev pyproject.toml
	$(BIN)/uv pip compile $(PINS) --output-file requirements/clients.txt tests/clients/requirements.in

clean:  ## Remove what was made, the environment included
	rm -rf .venv $(OPENCODE) $(CLIENTS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .databases
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.stamp: pyproject.toml hatch_build.py requirements/dev.txt egress_proxy/__init__.py $(wildcard egress_proxy/native/*.[ch])
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not installed; set PYTHON to a Python 3.11 or newer" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# The binaries are needed by the end-to-end tests, the demo and the bench only. Where they cannot be had, those say so
# and all else works; in CI that is a failure, or nobody would notice that the main tests no longer run.
$(OPENCODE)/.stamp: tests/opencode/package.json tests/opencode/package-lock.json
	@mkdir -p $(OPENCODE) && cp $^ $(OPENCODE)/
	@if (cd $(OPENCODE) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) && \
	    for name in $(RELEASES); do test -x $(OPENCODE)/node_modules/$$name/bin/opencode || exit 1; done; \
	then touch $@; \
	else \
	    echo "make: opencode could not be installed (it takes npm, and Linux on x86-64): $(RELEASES)" >&2; \
	    test -z "$$CI" || exit 1; \
	    echo "make: going on without; the end-to-end tests will be skipped" >&2; \
	fi

# The SDKs and Python clients that the tests drive, unchanged. The Python ones have an environment of their own, so that
# what they depend on is no dependency of the proxy's. Where they cannot be had it is as with the binaries.
$(CLIENTS)/.stamp: tests/clients/package.json tests/clients/package-lock.json requirements/clients.txt | .venv/.stamp
	@mkdir -p $(CLIENTS) && cp tests/clients/package.json tests/clients/package-lock.json $(CLIENTS)/
	@if (cd $(CLIENTS) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) && \
	    $(BIN)/uv venv --quiet --clear --no-config --python $(BIN)/python $(CLIENTS)/venv && \
	    $(BIN)/python -m pip --python $(CLIENTS)/venv/bin/python install --quiet --disable-pip-version-check \
	        --require-hashes -r requirements/clients.txt; \
	then touch $@; \
	else \
	    echo "make: the clients of the tests could not be installed (they take npm): see $(CLIENTS)" >&2; \
	    test -z "$$CI" || exit 1; \
	    echo "make: going on without; the tests of clients will be skipped" >&2; \
	fi
