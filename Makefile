# Everything a fresh machine needs: Python 3.10 or newer with venv, and make.
#   make demo   the main job on two moving faces: no camera, no GPU, no display, no download of weights
#   make test   all checks
#   make test-train   the training code's tests, with torch
#   make test-vlm   the vision-language models' tests, with torch and transformers
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
# --no-deps on a stamp would save nothing: pip itself skips what is there.
STAMP_CORE := $(VENV)/.installed-core
STAMP_DEV := $(VENV)/.installed-dev
DEMO_OUT := demo-out

.PHONY: help setup demo test lint types pytest test-train test-vlm bench clean

help:
	@sed -n 's/^#   //p' Makefile

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The service alone; what `make demo` needs.
$(STAMP_CORE): pyproject.toml | $(BIN)/python
	$(PIP) install --editable ".[cpu,demo]"
	@touch $@

# The service and everything its checks need.
$(STAMP_DEV): pyproject.toml | $(BIN)/python
	$(PIP) install --editable ".[cpu,demo,dev]"
	@touch $@ $(STAMP_CORE)

setup: $(STAMP_DEV)

demo: $(STAMP_CORE)
	@mkdir -p $(DEMO_OUT)
	$(BIN)/python -m realtime_fer.webcam --source demo --headless --bind "tcp://127.0.0.1:*" \
	  --record $(DEMO_OUT)/demo.mp4 --results $(DEMO_OUT)/results.jsonl --summary $(DEMO_OUT)/summary.json
	@$(BIN)/python -c "import json; m = json.loads(open('$(DEMO_OUT)/results.jsonl').readlines()[-1]); print('last frame:', \
	  [(f['track_id'], f['expression']['label'], round(f['expression']['confidence'], 2)) for f in m['faces']])"
	@echo "annotated video, every message, and the counts: $(DEMO_OUT)/"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

pytest: setup
	$(BIN)/python -m pytest

test: lint types pytest

# The training code, in an environment of its own: torch is large, and the service never needs it. A build of torch for
# CPUs only is enough; name another with TORCH="...".
TORCH ?= torch==2.13.0
TRAIN_VENV := .venv-train
STAMP_TRAIN := $(TRAIN_VENV)/.installed

$(STAMP_TRAIN): pyproject.toml
	$(PYTHON) -m venv $(TRAIN_VENV)
	$(TRAIN_VENV)/bin/pip --disable-pip-version-check --quiet install "$(TORCH)" --editable ".[cpu,train,dev]"
	@touch $@

test-train: $(STAMP_TRAIN)
	$(TRAIN_VENV)/bin/python -m pytest tests/networks tests/training tests/detection/test_yolov8_face_pt.py

VLM_VENV := .venv-vlm
STAMP_VLM := $(VLM_VENV)/.installed

$(STAMP_VLM): pyproject.toml
	$(PYTHON) -m venv $(VLM_VENV)
	$(VLM_VENV)/bin/pip --disable-pip-version-check --quiet install "$(TORCH)" --editable ".[cpu,vlm,dev]"
	@touch $@

test-vlm: $(STAMP_VLM)
	$(VLM_VENV)/bin/python -m pytest tests/parity tests/networks/phi3_vision tests/reasoning tests/benchmarks/test_chain_prefix.py

bench: setup
	$(BIN)/python benchmarks/latency.py

clean:
	rm -rf $(VENV) $(TRAIN_VENV) $(VLM_VENV) $(DEMO_OUT) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
