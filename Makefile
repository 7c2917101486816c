# Every target makes its own environment: nothing needs to be done before any of them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
TEST_PROCESSES ?= 6
CLIENTS := .cache/clients
PYTHON_CLIENTS := boto3-1.26 awscli celery
# Empty without Node.js 20 and npm: the tests that need them are then skipped, or fail when CI=true.
NODE := $(shell { node -e 'process.exit(+(parseInt(process.versions.node) < 20))' && command -v npm; } 2>/dev/null)
BROADCAST := examples/broadcast
NODE_CLIENTS := $(if $(NODE),$(CLIENTS)/node/.done $(BROADCAST)/node_modules/.done)
PEERS := .cache/peers

# A machine whose environment forbids to keep compiled modules would compile every test anew in every test process.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo broadcast test clients check lint types contracts lua audit snapshots docs bench chaos soak fuzz container-proof lock clean
.DEFAULT_GOAL := help

help: ## list these targets
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "karin needs Python 3.11 or newer: install it, or say where it is with PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.guided: tests/fuzz/guided.lock $(VENV)/.dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r $<
	@touch $@

install: $(VENV)/.runtime ## create .venv with karin and its locked dependencies

demo: $(VENV)/.runtime ## see it work: two delayed messages reach a local Lambda function (ARGS=--keep to stay)
	@$(BIN)/karin demo $(ARGS)

broadcast: $(VENV)/.runtime $(BROADCAST)/node_modules/.done ## run examples/broadcast: a page that everyone sees the same messages in (needs Node.js 20 and npm)
	@PATH="$(CURDIR)/$(BIN):$$PATH" node $(BROADCAST)/local/start.mjs

test: $(VENV)/.dev clients ## run the tests (ARGS="-k name" to choose)
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadgroup --no-loadscope-reorder $(ARGS)

clients: $(PYTHON_CLIENTS:%=$(CLIENTS)/%/.done) $(NODE_CLIENTS) ## install the clients that the tests drive (JavaScript's only with Node.js 20+ and npm)

$(PYTHON_CLIENTS:%=$(CLIENTS)/%/.done): $(CLIENTS)/%/.done: tests/clients/%.lock | $(VENV)/bin/python
	@rm -rf $(@D) && $(BIN)/python -m venv --without-pip $(@D)
	@$(BIN)/python -m pip --python $(@D)/bin/python install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(CLIENTS)/node/.done: tests/clients/node/package.json tests/clients/node/package-lock.json
$(PEERS)/.done: benchmarks/peers/package.json benchmarks/peers/package-lock.json
$(CLIENTS)/node/.done $(PEERS)/.done:
	@rm -rf $(@D) && mkdir -p $(@D) && cp $^ $(@D)
	@npm ci --prefix $(@D) --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(BROADCAST)/node_modules/.done: $(BROADCAST)/package.json $(BROADCAST)/package-lock.json
	@$(if $(NODE),,{ echo "broadcast needs Node.js 20 or newer and npm: install both" >&2; exit 2; })
	@npm ci --prefix $(BROADCAST) --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

check: lint types contracts lua audit test ## lint, types, import contracts, Lua lint, dependencies and the tests: what CI runs

lint: $(VENV)/.dev
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && echo "lint: ok"

types: $(VENV)/.dev
	@$(BIN)/mypy

contracts: $(VENV)/.dev
	@$(BIN)/lint-imports

lua:
	@command -v luacheck >/dev/null || { echo "luacheck is missing: apt-get install lua-check" >&2; exit 2; }
	@luacheck --quiet karin/store/lua

audit: $(VENV)/.dev ## look at the dependencies: locks, licences, and what the index knows against them
	@$(BIN)/python -m audit

snapshots: $(VENV)/.dev ## draw the pictures of karin-tui anew (tests/tui/snapshots; look at them before you commit)
	@$(BIN)/python -m tests.tui.drawing

docs: $(VENV)/.dev ## write the reference pages (commands, environment, metrics, compatibility) and the man page anew from the code
	@$(BIN)/python docs/make_compatibility.py
	@$(BIN)/python docs/make_metrics.py
	@$(BIN)/python docs/make_reference.py

bench: $(VENV)/.dev $(if $(NODE),$(PEERS)/.done) ## print the measured figures (benchmarks/README.md says what each means)
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: $(VENV)/.dev ## kill, stop and cut off what karin consists of, and set its clock, for 10 minutes: prove that nothing is lost (ARGS="--seed N --seconds S")
	@$(BIN)/python -m tests.chaos $(ARGS)

soak: $(VENV)/.dev ## load karin for an hour, and prove that memory, handles, connections and keys do not grow (ARGS="--seconds S")
	@$(BIN)/python -m tests.soak $(ARGS)

container-proof: $(VENV)/.dev ## carry out the Dockerfile without an engine, and run what comes of it as one would (needs root; ARGS="--python 3.14", ARGS=--systemd: docs/deploy-linux.md)
	@$(BIN)/python -u -m tests.container $(ARGS)

fuzz: $(VENV)/.dev $(if $(findstring --guided,$(ARGS)),$(VENV)/.guided) ## give a million inputs to all that strangers write (ARGS="--inputs N --seed S --guided")
	@$(BIN)/python -m tests.fuzz $(ARGS)

lock: ## renew the lock files from pyproject.toml (needs uv and npm)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url pyproject.toml requirements-build.in -o requirements.lock $(ARGS)
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url -c requirements.lock --group dev -o requirements-dev.lock $(ARGS)
	@set -e; for client in $(PYTHON_CLIENTS); do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	    --no-emit-index-url tests/clients/$$client.in -o tests/clients/$$client.lock $(ARGS); \
	done
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	  --no-emit-index-url tests/fuzz/guided.in -o tests/fuzz/guided.lock $(ARGS)
	@set -e; for folder in tests/clients/node benchmarks/peers $(BROADCAST); do \
	  (cd $$folder && npm install --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error); \
	done

clean: ## remove the environment and caches
	@rm -rf $(VENV) .cache $(BROADCAST)/node_modules .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
