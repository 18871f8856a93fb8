.DEFAULT_GOAL := help
.PHONY: help start stop logs token test bench check conformance fmt schema proof

help: ## Shows this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F '|' '{ printf "%-20s%s\n", $$1, $$2 }'

start: ## Installs what is missing, builds, starts everything with demo data (HTTP_ADDR=127.0.0.1:8088)
	@scripts/start

stop: ## Stops what `make start` started; the data stays
	@scripts/stop

logs: ## Follows the log of the running program
	@scripts/logs

token: ## Prints a token of a seeded user (ROLE=STAFF, ADMIN or PATIENT; NUMBER=1 to 24 for a patient)
	@scripts/token

test: ## Runs the tests (ONLY=part_of_a_name)
	@scripts/test $(ONLY)

bench: ## Measures reading, security and what answering times tell (ONLY=reads, security_cost or timing)
	@scripts/bench $(ONLY)

check: ## Everything CI runs: scripts, format, lints, documentation, tests, schema, clients, chart
	@scripts/check

conformance: ## Checks the program with real clients and their tools, and GraphiQL in Chromium
	@cargo build --locked --quiet --bin openslot
	@tests/clients/run

fmt: ## Formats the code
	@cargo fmt

schema: ## Writes schema.graphql and schema.federation.graphql anew from the code
	@scripts/schema

proof: ## Runs `make start` and `make test` on a fresh Debian, as root and as a user with sudo (needs root)
	@scripts/prove-fresh-machine
