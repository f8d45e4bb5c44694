# Two commands for newcomers, `make demo` and `make test`; each makes its environment first.
# Another Python: make test PYTHON=python3.12. A certain torch build: make test TORCH_ARGS="--index-url …" (README).
PYTHON ?= python3
VENV ?= .venv
TORCH_ARGS ?=
PROCESSES ?= 2
# Further words for pytest: make test ARGS="tests/corpus -k bom"
ARGS ?=
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install -q -c constraints.txt
# What tests use of packages that declare more than is used of them (tests/test_dependencies.py says what and why).
NO_DEPS = distillmos Resemblyzer visqol-python xls-r-sqa
# Two test processes with one thread each share two cores better than one process with two.
THREADS = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: demo test lint docs messages equations vendor nightly nightly-numerics nightly-fuzz nightly-planted nightly-browsers clean

demo: $(VENV)/.demo
	$(BIN)/ttskit demo --out demo

test: $(VENV)/.test
	$(THREADS) $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python tests/typing/budget.py

# The catalogues of messages in other languages (ttskit/messages/locale), brought up to date and compiled.
messages: $(VENV)/.test
	$(BIN)/python tests/messages/update.py

# The formulas of the class page as MathML (plugins/ttskit_explain/texts/equations.json); needs node and npm.
equations: $(VENV)/.test
	$(BIN)/python tests/explain/equations/update.py

# The libraries of the listener's pages (plugins/ttskit_listen/vendor), as npm has them; needs npm.
vendor:
	$(PYTHON) tests/listen/vendor/update.py $(ARGS)

# The documents and the public modules as pages, in site/.
docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict

# Also the trainings that take minutes.
nightly: $(VENV)/.test
	$(THREADS) $(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile -m "slow or not slow" $(ARGS)
	$(MAKE) nightly-numerics ARGS=
	$(MAKE) nightly-fuzz ARGS=

# What compares numbers, as other processors, libraries and numbers of threads compute them; says which setting fails.
nightly-numerics: $(VENV)/.test
	$(BIN)/python tests/numerics/run_matrix.py -n $(PROCESSES) --dist loadfile $(ARGS)

# 20,000 hostile inputs to everything that reads what strangers wrote; prints each kind of failure and the seed that shows it.
nightly-fuzz: $(VENV)/.test
	$(THREADS) $(BIN)/python tests/fuzz/run_fuzz.py $(ARGS)

# Plants faults one by one in a copy of the checkout, and says which of them no test sees (ARGS="loop.py" plants some of them).
nightly-planted: $(VENV)/.test
	$(THREADS) $(BIN)/python tests/planted/run_planted.py $(ARGS)

# The class page in the installed Chromium and Firefox.
nightly-browsers: $(VENV)/.test
	$(THREADS) $(BIN)/python -m pytest -m "slow or not slow" tests/explain/test_browser.py tests/explain/test_firefox.py $(ARGS)

clean:
	rm -rf $(VENV)

# The environment with torch; made once.
$(VENV)/.torch: constraints.txt
	$(PYTHON) -c "import sys; sys.exit(0 if sys.version_info >= (3, 11) else 'ttskit needs Python 3.11 or later: make … PYTHON=python3.12')"
	$(PYTHON) -m venv $(VENV)
	$(PIP) $(TORCH_ARGS) torch
	@touch $@

# ttskit with an extra, editable; again only when what it asks for changed.
$(VENV)/.demo $(VENV)/.test $(VENV)/.dev $(VENV)/.docs: $(VENV)/.%: $(VENV)/.torch pyproject.toml constraints.txt
	$(PIP) -e ".[$*]"
	$(if $(filter test dev,$*),$(PIP) --no-deps $(NO_DEPS))
	@touch $@
