# Every target makes its own environment first: `make demo` and `make test` work on a machine with Python and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check install -q
# Torch is the one package outside the hash-locked files: its CPU build and its CUDA build share a version and not a
# hash. On a machine without a GPU, TORCH_PIP_ARGS='--index-url <an index with CPU builds>' saves gigabytes.
TORCH := torch==2.13.0
TORCH_PIP_ARGS ?=
DEMO_ARGS ?=

.PHONY: demo test test-all lint bench lock clean

demo: .venv/.train ## open the local workspace: a Slack page, a Hub, real training
	$(BIN)/tunesmith demo $(DEMO_ARGS)

test: .venv/.dev .venv/.train ## everything but the slow matrix: what CI runs
	$(BIN)/pytest -m "not slow" $(PYTEST_ARGS)

test-all: .venv/.dev .venv/.train
	$(BIN)/pytest $(PYTEST_ARGS)

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m tests.house

bench: .venv/.dev
	$(BIN)/python -m tests.bench

.venv/pyvenv.cfg:
	$(PYTHON) -m venv .venv

.venv/.run: .venv/pyvenv.cfg requirements.lock pyproject.toml
	$(PIP) --require-hashes -r requirements.lock
	@touch $@

.venv/.dev: .venv/.run requirements-dev.lock pyproject.toml
	$(PIP) --require-hashes -r requirements-dev.lock
	$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.train: .venv/.dev requirements-train.lock
	$(PIP) --require-hashes --no-deps -r requirements-train.lock
	$(PIP) $(TORCH_PIP_ARGS) $(TORCH)
	@touch $@

lock: .venv/pyvenv.cfg ## resolve again; needs the network
	$(PIP) uv==0.13.9
	sh .ci/lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
