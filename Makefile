# Everything happens in .venv; a fresh machine needs only Python >= 3.11 (with venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= auto

.PHONY: setup demo test bench compare lint types pictures answers lock clean

setup: $(VENV)/.complete

$(VENV)/.complete: deploy/requirements-dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "tlscheck needs Python 3.11 or later; set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r deploy/requirements-dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: setup
	@$(BIN)/tlscheck demo $(DEMO)

test: setup
	$(BIN)/python -m pytest -n $(WORKERS) $(TESTS)

# Wants a quiet machine. Each prints goals, measured values and their ratios (at most 1.00 is good).
bench: setup
	$(BIN)/python -m tests.benchmarks.one_check
	$(BIN)/python -m tests.benchmarks.many_checks
	$(BIN)/python -m tests.benchmarks.cached_answer
	$(BIN)/python -m tests.benchmarks.sweep
	$(BIN)/python -m tests.benchmarks.watches
	$(BIN)/python -m tests.benchmarks.presses
	$(BIN)/python -m tests.benchmarks.scale

# Does each tool name the cause, and in what time? Half an hour where testssl.sh is installed; sslyze
# is found on the PATH or by SSLYZE=…; COMPARE="--only expired healthy --rtt 0" makes it short.
compare: setup
	$(BIN)/python -m tests.benchmarks.compare $(COMPARE)

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: setup
	$(BIN)/mypy

# The README's pictures, from real checks in the lab (the second needs Debian's chromium).
pictures: setup
	$(BIN)/python -m bot.demo.picture deploy/pictures/terminal.svg
	$(BIN)/python -m tests.demo.picture deploy/pictures/slack.png

# The README's ten answers, from real checks in the lab.
answers: setup
	$(BIN)/python -m bot.demo.answers README.md

# Needs uv; the result installs with plain pip.
lock:
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --python-version 3.11 --custom-compile-command 'make lock' -o deploy/requirements.txt pyproject.toml
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --python-version 3.11 --custom-compile-command 'make lock' --extra dev -c deploy/requirements.txt -o deploy/requirements-dev.txt pyproject.toml deploy/requirements-build.in

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
