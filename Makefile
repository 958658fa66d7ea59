# The one menu. CI calls the same targets. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
REGION ?= 330000
export PYTHONDONTWRITEBYTECODE := 1

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/demo: requirements-build.lock pyproject.toml
	@scripts/bootstrap requirements-build.lock
	@touch .venv/demo

.venv/dev: requirements-dev.lock pyproject.toml
	@scripts/bootstrap requirements-dev.lock
	@touch .venv/dev .venv/demo

dashboards/node_modules/.stamp: dashboards/package-lock.json dashboards/package.json | .venv/demo
	@scripts/npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

dashboards/public/regions/.stamp: scripts/region_packs.py | .venv/demo
	@.venv/bin/python scripts/region_packs.py --out dashboards/public/regions
	@touch $@

SPA := $(shell find dashboards/src dashboards/index.html dashboards/vite.config.ts dashboards/public -type f -not -path '*/regions/*' 2>/dev/null)
dashboards/dist/index.html: dashboards/node_modules/.stamp dashboards/public/regions/.stamp $(SPA)
	@scripts/npm run build
	@touch $@

setup: .venv/demo dashboards/dist/index.html ## Install and build what the demo needs

demo: setup ## Whole platform with a living sample province (REGION=120000 for Tianjin)
	@.venv/bin/taishi demo --region $(REGION)

clean-demo: ## Forget the sample provinces
	rm -rf var/demo-*

serve: setup ## Run the platform for real on the settings in taishi.toml
	@.venv/bin/taishi serve

test: .venv/dev dashboards/dist/index.html ## All tests
	@scripts/test

integration: .venv/dev ## Contracts, scale-out and faults on real Kafka, Elasticsearch and PostgreSQL
	@scripts/integration

servers: .venv/dev ## Start those servers for a developer; prints the settings that use them (stop: make servers-stop)
	@.venv/bin/python -m tests.servers start

servers-stop: .venv/dev ## Stop them; their data stays in var/servers
	@.venv/bin/python -m tests.servers stop

fuzz: .venv/dev ## Look for what breaks a parser, a framing or a property: other examples in each run, and many more
	@.venv/bin/python -m pytest -q --hypothesis-profile=search $$(grep -rl "^@given" tests)

check: .venv/dev dashboards/node_modules/.stamp ## Linters, types, import rules
	@scripts/check

conformance: .venv/dev ## Product by product: what the collectors make of real logs and of our samples
	@.venv/bin/python -m tests.collectors.parsers.conformance

bench: .venv/dev ## Benchmarks, each printed as a ratio measured in one run
	@.venv/bin/python -m bench

api-schema: .venv/dev dashboards/node_modules/.stamp ## OpenAPI document and the typed client made from it
	@.venv/bin/python -m api.openapi > dashboards/src/api/openapi.json
	@scripts/npm run api

lock: ## Pin dependencies again (needs uv)
	@scripts/lock

.PHONY: help setup demo clean-demo serve test fuzz integration servers servers-stop check conformance bench api-schema lock
