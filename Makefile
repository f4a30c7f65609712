# Everything a newcomer, a developer and CI do, by name. `make` alone prints this list.
#
# Every target sets up what it needs first (deploy/bootstrap: .venv from the hashed lock), which
# takes no time when it is there already.

BIN := .venv/bin
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run demo test lint types check verify contracts bench race simulate up down lock clean environment tools

help:  ## this list
	@echo "Doorstep: compliant field collections"
	@echo
	@sed -n 's/^\([a-z]*\):.*  ## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name what; do \
		printf '  make %-10s %s\n' "$$name" "$$what"; done
	@echo
	@echo 'ARGS="…" goes to the command, e.g.  make run ARGS="--no-demo --port 9000"'

run: environment  ## install, start the whole house in one process on port 8000, tell the story, serve
	@exec $(BIN)/doorstep run $(ARGS)

demo: environment  ## the same story once, in a house of its own that is taken away afterwards
	@exec $(BIN)/doorstep demo $(ARGS)

test: tools  ## all tests, on real PostgreSQL and RabbitMQ        ARGS="-k words tests/cases"
	@tests/support/setup
	@$(BIN)/pytest --numprocesses 3 --dist loadfile $(ARGS)

lint: tools  ## style, imports and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: tools  ## mypy, strict
	@$(BIN)/mypy

check: lint types verify  ## all that needs no database: lint, types, contracts

verify: tools  ## committed contracts are what the code says
	@$(BIN)/doorstep contracts --check
	@$(BIN)/doorstep packs schema --check

contracts: tools  ## write OpenAPI, AsyncAPI and event schemas to shared/contracts
	@$(BIN)/doorstep contracts

bench: tools  ## speed: bare and real side by side        ARGS="P3 P5 --out bench.jsonl"
	@tests/support/setup
	@$(BIN)/python tests/benchmarks $(ARGS)

race: tools  ## every kind of cap, 16 racers for each of 300 persons, 5 seeds; about 20 minutes
	@tests/support/setup
	@$(BIN)/python tests/races.py $(ARGS)

simulate: tools  ## 10,000 years at the door from their seeds   ARGS="--first 7 --years 1 --tell"
	@tests/support/setup
	@$(BIN)/python tests/simulate.py $(ARGS)

up: environment  ## the same house as containers behind one gateway (docker compose), on port 8000
	@deploy/compose up $(ARGS)

down:  ## stop the containers; their data stays
	@deploy/compose down $(ARGS)

lock: tools  ## write requirements.lock and requirements-dev.lock anew   ARGS="--upgrade"
	@deploy/lock $(ARGS)

clean:  ## remove the environment and what tools left behind; never .doorstep, the data
	@rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +

environment:
	@deploy/bootstrap run

tools:
	@deploy/bootstrap dev
