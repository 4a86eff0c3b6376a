# The front door. `make` alone lists what there is.
.DEFAULT_GOAL := help
.PHONY: help setup run run-full build test check gen bench fuzz mutants test-long clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## install or name every tool that the other targets need
	@deploy/dev/ensure.sh build web services browser python nextest deny

run: ## the demo: embedded SQLite, a sandbox for the outside world. PORT_BASE=8800
	@deploy/dev/run.sh

run-full: ## the same on a private PostgreSQL and Redis
	@deploy/dev/run.sh full

build: ## the H5 pages and the binaries that the demo starts
	@deploy/dev/build.sh

test: ## everything; SUITES="rust browser" for some of it
	@deploy/dev/test.sh $(SUITES)

check: ## format, lints, licences, bans, sources, advisories, generated files, types
	@deploy/dev/check.sh

gen: ## write openapi/, the mini-program's types, docs/REQUIREMENTS.md and tests/browser/pages.json again
	@deploy/dev/gen.sh

bench: ## side-by-side benchmark into target/bench/report.{json,md}
	@tests/bench/run.sh

fuzz: ## property tests with many more cases, then mutated inputs. FUZZ_CASES=20000 FUZZ_SECONDS=30
	@deploy/dev/long.sh fuzz

mutants: ## break each money rule once: its test must go red, and no unrelated one
	@deploy/dev/mutants.sh

test-long: ## ten times that, isolation walks, every crash and drill whole, twenty journeys with every fault. WALKS=45 JOURNEYS=20
	@deploy/dev/long.sh long

clean: ## forget builds and stamps
	cargo clean
	rm -rf miniapp/dist
