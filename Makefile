# One front door for the gateway (C), the Django app (Python) and the client (TypeScript).
# Every target does its own set-up and is quick when there is nothing to do.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

STEP := tools/step.sh
PYTHON := .venv/bin/python
STAMPS := build/stamps
BUNDLE := js/dist/telegraphy.js
STATIC := python/src/telegraphy/django/static/telegraphy/telegraphy.js
# Where `manage.py telegraphy` looks first; a wheel carries the program itself there.
BINARY := python/src/telegraphy/bin/telegraphy
# CEL's own conformance suite, which the C tests of gateway/engine/cel run.
CEL_CASES := build/cel/cases.json
# `make test-py ARGS="-k commit -x"` hands arguments on to the part's test runner.
ARGS ?=
RUN_TESTS := $(PYTHON) tools/run_tests.py

.PHONY: help
help: ## say what there is
	@printf 'make TARGET; every target installs what it needs and says so.\n\n'
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- what must be there

.PHONY: setup system-build system-test system-js system-python system-bench
setup: system-all $(STAMPS)/venv-test $(STAMPS)/npm-js $(STAMPS)/npm-e2e ## install all that building and testing need

.PHONY: system-all system-build-all
# All at once, so that a fresh machine waits for Debian a single time.
system-build-all:
	@tools/setup.sh build js python
system-all:
	@tools/setup.sh build test js python
system-build:
	@tools/setup.sh build
system-test:
	@tools/setup.sh build test
system-js:
	@tools/setup.sh js
system-python:
	@tools/setup.sh python
system-bench:
	@tools/setup.sh build test bench

# What running needs; the tests need more.
$(STAMPS)/venv: python/pyproject.toml | system-python
	@mkdir -p $(@D)
	@test -x $(PYTHON) || $(STEP) "making .venv" python3 -m venv .venv
	@$(STEP) "installing the Python package and Django into .venv" \
	    $(PYTHON) -m pip install --disable-pip-version-check -q -e 'python[django]'
	@touch $@

$(STAMPS)/venv-test: $(STAMPS)/venv tools/requirements.txt $(wildcard e2e/requirements.txt)
	@$(STEP) "installing what the Python tests need into .venv" \
	    $(PYTHON) -m pip install --disable-pip-version-check -q -e 'python[django,test]' \
	    $(foreach file,$(filter %.txt,$^),-r $(file))
	@touch $@

$(STAMPS)/npm-%: %/package-lock.json %/package.json | system-js
	@mkdir -p $(@D)
	@$(STEP) "installing the npm packages of $*/" \
	    npm --prefix $* ci --no-audit --no-fund --loglevel=error
	@touch $@

# ---- building

.PHONY: build gateway bundle
build: system-build-all gateway bundle $(STAMPS)/venv ## build the gateway and the client, install the Python package

build/gateway/build.ninja: | system-build
	@$(STEP) "configuring the gateway" meson setup build/gateway gateway \
	    --buildtype=release -Ddebug=true -Db_lto=true -Dwerror=false

gateway: build/gateway/build.ninja
	@$(STEP) "compiling the gateway" ninja -C build/gateway telegraphy
	@mkdir -p $(dir $(BINARY)) && ln -sfn $(CURDIR)/build/gateway/telegraphy $(BINARY)

bundle: $(STATIC)

$(BUNDLE): $(STAMPS)/npm-js $(shell find js/src -name '*.ts' 2>/dev/null)
	@$(STEP) "bundling the JavaScript client" npm --prefix js run --silent build
	@touch $@

$(STATIC): $(BUNDLE)
	@mkdir -p $(@D)
	@cp $(BUNDLE) $@

# ---- testing; tools/run_tests.py counts, and ends with "N passed, N failed"

.PHONY: cel-cases
cel-cases: $(CEL_CASES) ## lay down CEL's conformance suite for the C tests

$(CEL_CASES): $(STAMPS)/npm-js js/scripts/cel-cases.mjs
	@$(STEP) "writing CEL's conformance suite" node js/scripts/cel-cases.mjs $@
	@touch $@

.PHONY: test test-c test-py test-js e2e lint tidy tsan sanitize fuzz-smoke
test: setup build $(CEL_CASES) ## lint and test everything, the browser included
	@$(RUN_TESTS) lint tools c threads py js e2e

test-c: system-test $(STAMPS)/venv-test $(CEL_CASES) ## the gateway: every C test under ASan and UBSan, threads under TSan
	@$(RUN_TESTS) c threads -- $(ARGS)

test-py: $(STAMPS)/venv-test build ## the Python package
	@$(RUN_TESTS) py -- $(ARGS)

test-js: $(STAMPS)/npm-js system-python ## the JavaScript client
	@python3 tools/run_tests.py js -- $(ARGS)

e2e: setup build ## the real gateway, Django and Chromium together
	@$(RUN_TESTS) e2e -- $(ARGS)

lint: setup bundle ## every check that runs nothing: generated files, layers, style, types
	@$(RUN_TESTS) lint tools

tidy: $(STAMPS)/venv-test ## only this repository's own checks
	@$(PYTHON) tools/tidy.py && $(PYTHON) tools/layers.py && $(PYTHON) tools/codegen.py --check

sanitize: system-test $(STAMPS)/venv-test $(CEL_CASES) ## C tests under address and undefined-behaviour sanitizers
	@$(RUN_TESTS) c -- $(ARGS)

tsan: system-test $(STAMPS)/venv-test ## C tests of several threads under the thread sanitizer
	@$(RUN_TESTS) threads -- $(ARGS)

fuzz-smoke: system-test ## each fuzz target for 20 seconds (SECONDS_EACH=600 for longer)
	@SECONDS_EACH=$${SECONDS_EACH:-20} tools/fuzz.sh $(ARGS)

# ---- the rest

.PHONY: format bench demo clean
format: setup ## put all sources into their form
	@tools/format.sh
	@.venv/bin/ruff format -q . && .venv/bin/ruff check -q --fix .
	@npm --prefix js run --silent format

bench: system-bench setup build ## measure the gateway beside its peers (takes a while)
	@bench/run $(ARGS)

demo: build ## a live page to look at; Ctrl-C ends it
	@exec $(PYTHON) examples/board/run $(ARGS)

clean: ## remove all that these targets made
	rm -rf build .venv js/dist js/node_modules e2e/node_modules $(STATIC) $(BINARY)
