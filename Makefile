# `make help` lists the tasks. None needs anything done before: each sets up what it lacks.
SHELL := /bin/bash
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE
L ?= $(CURDIR)/.local
export L
ARGS ?=
export DB
RUN = . $(L)/env &&

help:  ## list the tasks
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup:  ## Odoo 19, PostgreSQL, Python packages, schema: all into .local/
	@scripts/setup.sh >/dev/null

demo: setup  ## a running Odoo with a connected example store; ARGS=--check verifies and stops
	@$(RUN) $(L)/venv/bin/python -m scripts.demo $(ARGS)

test: setup  ## every test but the long ones; ARGS go to pytest
	@scripts/test.sh all $(ARGS)

unit: setup  ## the pure tests, seconds; ARGS go to pytest
	@scripts/test.sh unit $(ARGS)

test-long: setup  ## the tests that take minutes; ARGS go to pytest
	@LONG=1 scripts/test.sh all $(ARGS)

lint: setup  ## style, Odoo rules, who may import what
	@scripts/lint.sh

format: setup  ## put the layout of all Python right
	@$(L)/venv/bin/ruff format . && $(L)/venv/bin/ruff check --fix .

check: lint test  ## lint and test: what CI runs

serve: setup  ## Odoo with its job runner on a database of your own (DB=work)
	@scripts/serve.sh $(ARGS)

emulator: setup  ## an empty emulated Shopify on port 8089
	@$(RUN) $(L)/venv/bin/python -m tests.emulator --port 8089 $(ARGS)

bench: setup  ## what the connector costs, as ratios to Odoo's own cost; ARGS=--help
	@$(RUN) $(L)/venv/bin/python -m bench $(ARGS)

shell: setup  ## Odoo's shell on a database (DB=demo)
	@$(RUN) $(L)/venv/bin/python -m odoo shell -c $(L)/odoo.conf -d $(or $(DB),demo) --no-http $(ARGS)

screenshots: setup  ## a picture of every screen of the running demo, into .local/screenshots
	@scripts/screenshots.sh $(ARGS)

docs: setup  ## what is generated: README.rst, the app page, docs/reasons.md
	@$(L)/venv/bin/python scripts/readme.py && $(L)/venv/bin/python scripts/reasons.py

i18n: setup  ## the template for translators, i18n/shopify_connector.pot
	@scripts/i18n.sh

clean:  ## stop the private PostgreSQL and delete .local/ (all databases too)
	@scripts/clean.sh

.PHONY: help setup demo test unit test-long lint format check serve emulator bench shell screenshots docs i18n clean
