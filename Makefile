# Every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Everything runs on a release of Node.js that is supported: the machine's own, or a pinned one.
ON_NODE = node=$$(lab/tools/use-node.sh) && PATH="$$node:$$PATH" &&
TSX = $(ON_NODE) node --import tsx

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: needs setup ## one cluster on the lab from nothing to nothing, on one screen, with times
	@$(TSX) lab/demo.ts

# Before the set-up, which may take its time.
needs:
	@lab/tools/print-needs.sh

lab: setup ## the lab with the cluster up, until `make lab-down`
	@$(TSX) lab/cli.ts up

lab-down: node_modules/.installed ## end what `make lab` left running
	@$(TSX) lab/cli.ts down

test: setup ## the suites of the common way; ends with the minutes of each
	@$(TSX) test/run.ts

test-all: setup ## the full matrix: all suites, and the cluster on a headscale of its own and with flannel-iface
	@$(TSX) test/run.ts all

test-real: setup ## the suites that say what the real parts do, with the real k3s, installer and plugins given by LAB_*
	@$(TSX) test/run.ts real

test-burst: setup ## the cloud pools on the lab alone: up, down, faults, gone
	@$(TSX) test/run.ts burst burst-faults

test-tailnet: setup ## the shared tailnet on the lab alone: its policy, devices of others, keys that come and go
	@$(TSX) test/run.ts tailnet tailnet-nodes

test-servers: setup ## several servers on the lab alone: each lost in turn, more of them and fewer, on a Postgres, upgraded, made anew, a Service in front of them
	@$(TSX) test/run.ts servers servers-grow api-service datastore upgrades upgrade-servers servers-replaced

test-fast: setup ## the suites that need no lab
	@$(TSX) test/run.ts lint unit scripts

verify: node_modules/.installed ## look from every node of the selected stack at every other one: make verify WORDS="--quick"
	@$(ON_NODE) node src/cli/main.mjs verify $(WORDS)

test-seen: setup ## what looks at clusters, on the lab alone: verify, and what it says of planted faults
	@$(TSX) test/run.ts verify

lint: setup ## types, eslint, prettier, shellcheck, shfmt, gofmt
	@$(TSX) test/run.ts lint

bench: setup ## figures, as ratios to a floor measured in the same run
	@$(TSX) bench/run.ts

golden: node_modules/.installed ## write the golden files of test/golden again; review them as a diff
	@export UPDATE_GOLDEN=1; $(TSX) --test test/program/*.test.ts

docs: node_modules/.installed ## write the pages and schemas that are made from code and data again
	@$(TSX) docs/generate/main.ts

permissions: setup ## run the suites that say what the credentials need, write docs/permissions again, and the page
	@export RECORD_PERMISSIONS=yes; $(TSX) test/run.ts network removal burst burst-faults tailnet tailnet-nodes api-service
	@$(TSX) docs/generate/main.ts

clean: node_modules/.installed lab-down ## end a lab and remove what this checkout made (not the user's cache)
	@rm -rf .lab .lab-* node_modules

setup: node_modules/.installed
	@lab/tools/install-packages.sh

node_modules/.installed: package-lock.json package.json
	@$(ON_NODE) npm ci --no-audit --no-fund
	@touch $@

.PHONY: help demo needs lab lab-down test test-all test-real test-burst test-tailnet test-servers test-fast test-seen verify lint bench golden docs permissions clean setup
