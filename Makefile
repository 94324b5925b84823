# The two commands of the README, and what developers use. Node 24 comes with the project.
SHELL := /bin/bash
MACHINE := $(if $(filter aarch64 arm64,$(shell uname -m)),arm64,x64)
NODE := $(CURDIR)/node_modules/node-linux-$(MACHINE)/bin
export PATH := $(NODE):$(CURDIR)/node_modules/.bin:$(PATH)
STAMP := node_modules/.sluice-installed
LAB := node dist/lab/src/cli.js

.PHONY: help lab test lab-down build install-cli lint format generate bench-path bench-services chaos conformance load simulate
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

lab: build ## a cluster with Sluice on this machine, and the first egress through it (root)
	@$(LAB) up
	@$(LAB) demo

test: $(STAMP) ## everything that CI checks (root)
	@node tools/test.mjs

lab-down: build ## remove all that the lab made
	@$(LAB) down

build: $(STAMP) ## compile
	@npm run --silent build

PREFIX := /usr/local
install-cli: build ## sluicectl, also as plugin of kubectl, into PREFIX=/usr/local (needs Node 24)
	@install -D -m 755 dist/sluicectl.mjs $(DESTDIR)$(PREFIX)/lib/sluice/sluicectl.mjs
	@mkdir -p $(DESTDIR)$(PREFIX)/bin
	@for name in sluicectl kubectl-sluice kubectl_complete-sluice; do \
	  ln -sf ../lib/sluice/sluicectl.mjs $(DESTDIR)$(PREFIX)/bin/$$name; done

lint: $(STAMP) ## types, rules of the layers, formatting
	@npm run --silent types && npm run --silent lint && npm run --silent format:check

format: $(STAMP) ## format all files
	@npm run --silent format

generate: build ## write what is made from code
	@npm run --silent generate

bench-path: build ## measure the path in a lab of its own
	@npm run --silent bench -- path

bench-services: build ## Services by the thousand, and kube-proxy with the same beside it, in a lab of its own
	@npm run --silent bench -- services

chaos: build ## break everything under traffic, in a lab of its own, and measure what it costs (about three hours)
	@npm run --silent bench -- failover

conformance: build ## Kubernetes' own tests of load balancers, in a lab of its own
	@$(LAB) up --name conf
	@$(LAB) conformance --name conf; status=$$?; $(LAB) down --name conf && exit $$status

NAME := lab
load: build ## smoke and churn of the load tests, in the lab NAME=lab (root, under ten minutes)
	@$(LAB) up --name $(NAME)
	@node dist/load-tests/src/lab/main.js --name $(NAME)

SEEDS := 1000000
simulate: build ## the slot protocol through SEEDS=1000000 schedules of faults
	@node dist/libs/coordination/src/simulation/main.js --seeds $(SEEDS)

# The installing npm may be that of an older Node: engines are checked by Node 24 itself.
$(STAMP): package-lock.json package.json
	@command -v npm >/dev/null || { echo "npm is missing; run: apt-get install npm" >&2; exit 1; }
	npm ci --engine-strict=false --no-audit --no-fund
	@touch $@
