# Counting House: `make help` lists what there is. Values are checked by the programs, not here.

PYTHON ?= python3
SCALE ?= 0.02
START ?= 2025-01-01
DAYS ?= 365
SEED ?= 42
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
DEFECTS ?= 0.01
FORMAT ?= mixed
MODEL ?= shop
SOURCE ?= $(basename $(notdir $(MODEL)))
FROM ?=
SQL ?=
YES ?=
AGAINST ?= main

BIN := .venv/bin
READY := .venv/.installed
READY_DEV := .venv/.installed-dev
READY_BENCH := .venv/.installed-bench

# MODEL is a built-in data model or a JSON file; its source bears the same name.
GENERATE := $(BIN)/python -m generator --model "$$MODEL" --workers "$$WORKERS"

# Values reach the programs by the environment, where the shell takes no quote in them for its own.
export AGAINST SCALE START DAYS SEED WORKERS DEFECTS FORMAT MODEL SOURCE FROM SQL YES
flag = --$(1) "$$$(2)"
HISTORY := $(call flag,scale,SCALE) $(call flag,start,START) $(call flag,days,DAYS) \
	$(call flag,seed,SEED) $(call flag,defects,DEFECTS) $(call flag,format,FORMAT)

# dbt's unit tests look at code, not at data: `make test` and plain `dbt build` run them.
DATA_ONLY := --exclude-resource-type unit_test

# Only what the user set: a demo without variables goes on with the history that is there.
asked = $(if $(filter file,$(origin $(2))),,$(flag))
ASKED := $(call asked,scale,SCALE) $(call asked,start,START) $(call asked,days,DAYS) \
	$(call asked,seed,SEED) $(call asked,defects,DEFECTS) $(call asked,format,FORMAT)

# uv installs in 4 seconds what pip installs in 40; pip, which reads more kinds of settings for mirrors
# and proxies, is the second way.
define install
	@echo "installing $(1)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) \
		|| { echo "uv could not install $(1) (see above): trying pip"; \
		     $(BIN)/python -m pip install --quiet --require-hashes -r $(1); }
	@touch $@
endef

# Pinned versions with hashes, without the address of any index.
PIN := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --no-strip-extras --upgrade

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: bench bench-generators bench-loaders build ci-base ci-slim clean day demo docs down dump \
	generate help lint load lock profile psql report setup test up

demo: setup ## The main job, from nothing: server, history, load, build, one more day, summary
	@$(BIN)/python -m warehouse demo --workers "$$WORKERS" -- $(ASKED)

test: lint ## Every check: lint, then pytest, which also builds a small warehouse with dbt
	$(BIN)/python -m pytest --cov --cov-report=term

ci-slim: up ## Build and test what has changed since main: AGAINST
	@$(BIN)/python -m warehouse ci-slim --against "$$AGAINST"

ci-base: up ## Build what ci-slim of later changes compares with, and say where it is kept
	@$(BIN)/python -m warehouse ci-base

setup: $(READY) .env ## Make .venv and install the locked packages

up: setup ## Start PostgreSQL (or check DATABASE_URL) and write profiles.yml
	@$(BIN)/python -m warehouse up

down: setup ## Stop the embedded PostgreSQL
	@$(BIN)/python -m warehouse down

generate: setup ## Write a source's history: MODEL SCALE START DAYS SEED WORKERS DEFECTS FORMAT
	$(GENERATE) $(HISTORY)

load: up ## Load the files that are new: SOURCE FROM
	$(BIN)/python -m loader --workers "$$WORKERS" $(if $(FROM),--from "$$FROM") -- "$$SOURCE"

build: up ## Build every model and test its data (dbt build, one at a time)
	@$(BIN)/python -m warehouse build $(DATA_ONLY)

day: up ## Advance one business day: generate it, load it, build
	$(GENERATE) --days 1
	$(BIN)/python -m loader --workers "$$WORKERS" -- "$$(basename "$$MODEL" .json)"
	@$(BIN)/python -m warehouse build $(DATA_ONLY)

docs: up ## Write the documentation and serve it
	$(BIN)/dbt docs generate
	$(BIN)/dbt docs serve

# sqlfluff compiles the models with dbt, which looks into the database.
lint: $(READY_DEV) .env ## ruff, mypy, sqlfluff, dbt parse without warnings, dbt-bouncer
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	@$(BIN)/python -m warehouse up
	$(BIN)/sqlfluff lint --processes 0 $(wildcard models snapshots tests analyses)
	$(BIN)/dbt --warn-error --no-partial-parse parse
	$(BIN)/dbt-bouncer

bench: setup ## Measure generate, load and build
	$(BIN)/python -m bench $(call asked,scale,SCALE)

bench-generators: $(READY_BENCH) ## Measure the generator beside tpchgen-cli and jafgen
	$(BIN)/python -m bench generators $(call asked,scale,SCALE)

bench-loaders: $(READY_BENCH) ## Measure the loader beside COPY, dlt and INSERT; dirt, skips, memory
	$(BIN)/python -m bench loaders $(call asked,scale,SCALE)

profile: up ## Profile production and marts: what columns hold, and how it drifts
	@$(BIN)/python -m monitor profile

report: up ## Write the page that says whether to trust the warehouse: exports/report/report.html
	@$(BIN)/python -m monitor report

psql: setup ## Open psql, or run SQL="select ..."
	@$(BIN)/python -m warehouse up >&2  # standard output is the query's alone
	@$(BIN)/python -m warehouse psql $(if $(SQL),-c "$$SQL")

dump: up ## Write schema and data as plain SQL under exports/
	@$(BIN)/python -m warehouse dump

clean: setup ## Delete landing data, server, exports and build results; asks first, YES=1 answers
	@$(BIN)/python -m warehouse clean

lock: $(READY_DEV) ## Pin the packages of pyproject.toml anew
	echo uv | $(PIN) - --output-file requirements-setup.txt
	$(PIN) pyproject.toml --group dev --output-file requirements-dev.txt
	$(PIN) pyproject.toml --constraint requirements-dev.txt --output-file requirements.txt
	$(PIN) --group bench --constraint requirements-dev.txt --output-file requirements-bench.txt

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  Variables: SCALE=$$SCALE START=$$START DAYS=$$DAYS SEED=$$SEED WORKERS=$$WORKERS"
	@echo "             DEFECTS=$$DEFECTS FORMAT=$$FORMAT MODEL=$$MODEL SOURCE=$$SOURCE FROM= SQL= YES="
	@echo "             AGAINST=$$AGAINST"

# Stamps are touched last, so that what was interrupted is not taken for finished.
.venv/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and $(PYTHON) is not: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@echo "making .venv"
	@$(PYTHON) -m venv .venv
	@touch $@

.venv/.uv: requirements-setup.txt .venv/.made
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(READY): requirements.txt .venv/.uv
	$(call install,$<)

$(READY_DEV): requirements-dev.txt $(READY)
	$(call install,$<)

$(READY_BENCH): requirements-bench.txt $(READY)
	$(call install,$<)

.env:
	@umask 077 && cp .env.example .env
	@echo "wrote .env"
