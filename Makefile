# Everything runs in .venv, made from setup.cfg; nothing else of the machine is touched.
PYTHON ?= python3
SOURCES := $(shell find gitexp hooks templates man completion -type f -not -path '*/__pycache__/*' 2>/dev/null)
PIP := .venv/bin/python -m pip --disable-pip-version-check -q

PREFIX ?= $(HOME)/.local

.PHONY: demo test lint man plots bench faults install clean
demo: .venv/installed
	bash templates/demo/story.sh

test: .venv/testing
	.venv/bin/pytest -q -n auto

lint: .venv/testing
	.venv/bin/flake8 gitexp tests man
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache

man: .venv/testing
	.venv/bin/python man/make.py man

plots: .venv/installed
	.venv/bin/python docs/verdict/plots.py

bench: .venv/testing
	.venv/bin/python tests/bench/run.py $(BENCH)

# Commands are killed, and run into full and broken disks, at each change that they make to a file, and a guarded server gets pushes
# that nobody would think of: an hour; short by FAULTS=--short.
faults: .venv/testing
	.venv/bin/python tests/faults/run.py $(FAULTS)
	.venv/bin/python tests/faults/pushes.py $(FAULTS)

install:
	$(PYTHON) -m pip install --prefix '$(PREFIX)' '.[plot]'
	rm -rf build gitexp.egg-info

clean:
	rm -rf .venv build gitexp.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(PIP) install 'setuptools>=68' wheel

# Dependencies change with setup.cfg, the package with its sources: the second install takes two seconds.
.venv/needs: .venv/bin/python setup.cfg
	$(PIP) install --no-build-isolation '.[plot]'
	touch $@

.venv/installed: .venv/needs pyproject.toml README.md $(SOURCES)
	rm -rf build
	$(PIP) install --no-build-isolation --no-deps --force-reinstall .
	rm -rf build gitexp.egg-info
	touch $@

.venv/testing: .venv/installed
	$(PIP) install --no-build-isolation '.[plot,test]'
	rm -rf build gitexp.egg-info
	touch $@
