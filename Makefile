# `make demo` and `make test` set everything up on a fresh machine with Python 3.11, pip and make.

PYTHON ?= python3.11
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
DOCS_READY := $(VENV)/.ready-docs

.PHONY: help demo demo-tf demo-all demo-detection demo-detection-tf demo-segmentation \
        demo-segmentation-tf demo-latency demo-retrain demo-retrain-tf test check lint types docs reference translations wheel \
        clean

help:
	@echo "make demo             search a classifier of handwritten digits (under 3 minutes on 2 cores)"
	@echo "make demo-tf          the same with TensorFlow (under 4 minutes)"
	@echo "make demo-detection   search a detector of digits in scenes (demo-detection-tf: TensorFlow)"
	@echo "make demo-segmentation  search a network for their pixels (demo-segmentation-tf)"
	@echo "make demo-all         all six: three tasks, two frameworks, one after the other"
	@echo "make demo-latency     a budget in milliseconds on this machine, measured end to end (4 minutes)"
	@echo "make demo-retrain     retrain a result of the demo, export it (demo-retrain-tf: TensorFlow)"
	@echo "make test             run the tests"
	@echo "make check            lint, types, the documentation and tests"
	@echo "make docs             build the documentation site into build/site"
	@echo "make wheel            build a wheel and an sdist into dist/"
	@echo "make translations     collect new messages into the Chinese catalogue"
	@echo "make reference        write the generated pages and the JSON Schema of the scenario"

# torch goes first and by itself: what is installed next then takes the build that is there.
$(READY): requirements/torch.txt requirements/tensorflow.txt requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements/torch.txt
	$(BIN)/python -m pip install --quiet --requirement requirements/dev.txt --requirement requirements/tensorflow.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(DOCS_READY): $(READY) requirements/docs.txt
	$(BIN)/python -m pip install --quiet --requirement requirements/docs.txt
	touch $@

demo: $(READY)
	$(BIN)/python demos/digits.py pytorch

demo-latency: $(READY)
	$(BIN)/python demos/latency.py

demo-tf: $(READY)
	$(BIN)/python demos/digits.py tensorflow

demo-detection: $(READY)
	$(BIN)/python demos/scenes.py pytorch detection

demo-detection-tf: $(READY)
	$(BIN)/python demos/scenes.py tensorflow detection

demo-segmentation: $(READY)
	$(BIN)/python demos/scenes.py pytorch segmentation

demo-segmentation-tf: $(READY)
	$(BIN)/python demos/scenes.py tensorflow segmentation

demo-all: $(READY)
	$(BIN)/python demos/all.py

demo-retrain: $(READY)
	$(BIN)/python demos/retrain.py pytorch

demo-retrain-tf: $(READY)
	$(BIN)/python demos/retrain.py tensorflow

# Files go out in the order of tests/conftest.py, a file to whichever of the two is free.
# Hundreds of processes import nasea: it is compiled once. User modules that a test changes within a
# second must not be compiled to files, which Python would take for current.
test: $(READY)
	$(BIN)/python -m compileall -q src
	PYTHONDONTWRITEBYTECODE=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell .

types: $(READY)
	$(BIN)/mypy

check: lint types docs test

# --strict: a link or an anchor that leads nowhere fails.
docs: $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# Messages that are new in the code, for translators; tests/translation fails until they are translated.
translations: $(READY)
	$(BIN)/python tools/translation/update.py

reference: $(READY)
	$(BIN)/python -m nasea.config.reference > docs/reference/configuration.md
	$(BIN)/python -m nasea.config.json_schema > docs/reference/scen.schema.json

# Both kinds of packages; tools/packaging/try_wheel.py tries one in a fresh environment.
wheel:
	rm -rf build/lib build/bdist.*
	$(PYTHON) -m pip wheel --quiet --no-deps --wheel-dir dist .
	$(PYTHON) -m pip --quiet install --target build/packaging "setuptools>=77"
	PYTHONPATH=build/packaging $(PYTHON) -c "from setuptools import build_meta; build_meta.build_sdist('dist')"

clean:
	rm -rf build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
