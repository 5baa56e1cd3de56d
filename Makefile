# Everything that a person or CI runs. Each target does its own set-up, and only when an input of it has changed.

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python
LOCKED := $(VENV)/.locked
INSTALLED := $(VENV)/.installed
PARTS := .cache/parts.stamp
SEEDS ?= 20
HOURS ?= 24
ACCOUNTS ?= 2000
KILLS ?= 300
SEED ?= 1
KERNEL := $(wildcard por/liabilities/kernels/*.c por/liabilities/kernels/*.h)
DEVNODE := $(wildcard por/reserves/evm/devnode/anvil.py por/reserves/evm/devnode/*.json)

.DEFAULT_GOAL := help
.PHONY: help demo test check bench bench-ledger bench-packs bench-large crash conformance conformance-long simulate kill-campaign golden lock clean venv

help: ## list these targets
	@echo "Tallystick. Needs Python 3.11 to 3.14 (make PYTHON=...); each target sets itself up."
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' Makefile | expand -t 26

demo: $(PARTS) ## a proof of reserves from end to end on this machine, into out/demo
	rm -rf out/demo
	$(BIN)/tallystick demo --out out/demo $(addprefix --sample ,$(wildcard ../shared/data/binance))

test: $(PARTS) ## every test
	$(RUN) -m pytest -n $(WORKERS) --dist loadfile

check: $(INSTALLED) ## format, lint, types, import contract, determinism, house rules, lock
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(RUN) tests/lint/determinism.py
	$(RUN) tests/lint/house.py
	$(RUN) tests/lint/environment.py

bench: $(INSTALLED) ## benchmarks at everyday sizes
	$(RUN) -m tests.benchmarks.run

bench-ledger: $(INSTALLED) ## benchmarks of the exchange: matching, ledger, log, and the whole
	$(RUN) -m tests.benchmarks.matching --orders 200000 --repeats 3
	$(RUN) -m tests.benchmarks.ledger_apply
	$(RUN) -m tests.benchmarks.log
	$(RUN) -m tests.benchmarks.store
	$(RUN) -m tests.benchmarks.exchange --commands 16000 --repeat 2
	$(RUN) -m tests.benchmarks.exchange_hour --accounts 10000
	$(RUN) -m tests.benchmarks.statements
	$(RUN) -m tests.benchmarks.surveillance --events 1000000
	$(RUN) -m tests.benchmarks.margin

bench-packs: $(INSTALLED) ## benchmarks of report packs and of an hour's evaluation
	$(RUN) -m tests.benchmarks.packs

bench-large: $(INSTALLED) ## benchmarks with 10 million accounts (needs 20 GB of memory)
	$(RUN) -m tests.benchmarks.run --accounts 10000000

conformance: $(PARTS) ## the conformance vectors, against every verifier here
	$(RUN) -m pytest tests/conformance

conformance-long: $(PARTS) ## the conformance fuzzing, for about half an hour
	$(RUN) -m pytest tests/conformance/test_fuzz.py --hypothesis-profile=long

simulate: $(INSTALLED) ## the whole exchange simulated: make simulate SEEDS=20 HOURS=24 ACCOUNTS=2000
	$(RUN) -m tests.simulation.run --seeds $(SEEDS) --hours $(HOURS) --accounts $(ACCOUNTS)

crash: $(INSTALLED) ## markets that crash, simulated: make crash ACCOUNTS=2000 SEED=1
	$(RUN) -m tests.simulation.crash --accounts $(ACCOUNTS) --seed $(SEED)

kill-campaign: $(INSTALLED) ## kill -9 a real exchange: make kill-campaign KILLS=300 SEED=1
	$(RUN) -m tests.kill.campaign --kills $(KILLS) --seed $(SEED)

golden: $(INSTALLED) ## make the golden log of the newest rule set again
	$(RUN) -m tests.golden.make

lock: ## resolve pyproject.toml again into requirements.lock
	$(PYTHON) -m venv .cache/lock-venv
	.cache/lock-venv/bin/python -m pip install --quiet --disable-pip-version-check uv
	.cache/lock-venv/bin/uv pip compile pyproject.toml --all-extras --group dev --override overrides.txt \
		--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		--upgrade --quiet --output-file requirements.lock

clean: ## remove everything that these targets made
	rm -rf $(VENV) .cache out build dist *.egg-info .hypothesis .pytest_cache .mypy_cache .ruff_cache
	rm -rf .import_linter_cache por/liabilities/kernels/*.so
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

venv: $(INSTALLED) ## the virtual environment alone

$(LOCKED): requirements.lock tests/setup_parts.py
	$(PYTHON) tests/setup_parts.py venv
	@touch $@

$(INSTALLED): $(LOCKED) pyproject.toml setup.py $(KERNEL)
	$(PYTHON) tests/setup_parts.py project
	@touch $@

# The script writes the stamp itself, and only when every part is there; else the next run tries again.
$(PARTS): $(INSTALLED) $(DEVNODE) $(wildcard tests/parts/*.json) tests/browser.py
	$(PYTHON) tests/setup_parts.py parts
