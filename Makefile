# Every target brings what it needs: `make up` on a fresh clone is enough.
# The logic is in Python (deploy/); make only names it.

SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
LOCAL := $(PY) -m deploy.local
# Test processes at once; each has databases and a virtual host of its own.
WORKERS ?= 2
PYTEST := $(PY) -m pytest

# $(1) is an instance, $(2) tests that use it: whatever comes of them, interruption included, its
# servers are ended and erased; KEEP=1 leaves them for the next run.
with_servers = trap : HUP INT; $(PYTEST) $(2); status=$$?; \
	[ -n "$(KEEP)" ] || $(LOCAL) down --instance $(1) --erase >/dev/null || status=1; exit $$status

.DEFAULT_GOAL := help
.PHONY: help up down status logs demo test check lint types unit contract migration integration \
	system faults proto proto-check venv lock clean \
	compose-private bench bench-timers bench-routing bench-intake

help: ## This list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

venv: ## The environment of requirements-dev.lock, in .venv
	@$(PYTHON) deploy/tools/environment.py

proto: venv ## Stubs under gen/, from protos/
	@$(PY) -m deploy.tools.proto build

proto-check: venv ## Lint of the protos; breaking changes since the last tag
	@$(PY) -m deploy.tools.proto check

up: proto ## Start database, broker and the four services here; say how to call them
	@$(LOCAL) up $(ARGS)

down: venv ## Stop what `up` started; data stays
	@$(LOCAL) down $(ARGS)

status: venv ## What runs, and where
	@$(LOCAL) status $(ARGS) || [ $$? -eq 3 ]

logs: venv ## Follow the services' logs
	@$(LOCAL) logs $(ARGS)

demo: proto ## The article's cases, played through in an instance of its own
	@$(LOCAL) demo $(ARGS)

check: lint types proto-check contract ## Everything that needs no server

lint: proto ## Style, imports, manifests, links in the documentation
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(VENV)/bin/lint-imports --no-cache
	@$(PY) -m deploy.tools.manifests
	@$(PY) -m deploy.tools.docs check

types: proto ## mypy --strict
	@$(PY) -m mypy

test: unit contract ## All tests
	@$(call with_servers,test,tests/migration tests/integration -n $(WORKERS))
	@$(call with_servers,system,tests/system)
	@$(call with_servers,faults,tests/faults)

unit: proto ## Tests without input and output
	@$(PYTEST) tests/unit

contract: proto ## What callers may rely on: protos, reasons, access, golden bytes
	@$(PYTEST) tests/contract

migration: proto ## Schemas as the migrations make them (PostgreSQL)
	@$(call with_servers,test,tests/migration)

integration: proto ## Against a real PostgreSQL and RabbitMQ
	@$(call with_servers,test,tests/integration -n $(WORKERS))

system: proto ## The four real processes
	@$(call with_servers,system,tests/system)

faults: proto ## Duplicates, reorder, kills, restarts
	@$(call with_servers,faults,tests/faults)

bench: bench-timers bench-routing bench-intake ## All benchmarks; they write bench/results

bench-timers: proto ## Timers beside four other schedulers, ten minutes; SHORT=1 for a look at it
	@$(PY) -m bench.timers $(if $(SHORT),--short)

bench-routing: proto ## Who answers, publishing and coverage at 10,000 units; SHORT=1 for a look at it
	@$(PY) -m bench.routing $(if $(SHORT),--short)

bench-intake: proto ## Finding, counting and writing out 100,000 cases; SHORT=1 for a look at it
	@$(PY) -m bench.intake $(if $(SHORT),--short)

compose-private: proto ## Passwords and keys of deploy/compose, made once
	@$(PY) -m deploy.compose.prepare

lock: venv ## Renew requirements*.lock from requirements*.in
	@$(PY) -m deploy.tools.lock

clean: ## Remove what was built; instances under .backstop stay
	@rm -rf gen .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find chassis services ctl deploy tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
