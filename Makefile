# Everything a fresh machine needs: Python 3.10 or newer with venv, and make.
#   make demo   the main job on two moving faces: no camera, no GPU, no display, no download of weights
#   make test   all checks
#   make test-detector   the detector's training tests, with ultralytics (AGPL-3.0)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
# --no-deps on a stamp would save nothing: pip itself skips what is there.
STAMP_CORE := $(VENV)/.installed-core
STAMP_DEV := $(VENV)/.installed-dev
DEMO_OUT := demo-out

.PHONY: help setup demo test lint types pytest test-detector bench clean

help:
	@sed -n 's/^#   //p' Makefile

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# The service alone; what `make demo` needs.
$(STAMP_CORE): pyproject.toml | $(BIN)/python
	$(PIP) install --editable ".[cpu,demo]"
	@touch $@

# The service and everything its checks need. Any build of torch does; name another with TORCH="...".
TORCH ?= torch==2.13.0
$(STAMP_DEV): pyproject.toml | $(BIN)/python
	$(PIP) install "$(TORCH)" --editable ".[cpu,demo,dev,train,vlm,captions]"
	@touch $@ $(STAMP_CORE)

setup: $(STAMP_DEV)

demo: $(STAMP_CORE)
	@mkdir -p $(DEMO_OUT)
	$(BIN)/python -m realtime_fer.webcam --source demo --headless --bind "tcp://127.0.0.1:*" --reasoner chain-of-affect-tiny \
	  --record $(DEMO_OUT)/demo.mp4 --results $(DEMO_OUT)/results.jsonl --summary $(DEMO_OUT)/summary.json
	@$(BIN)/python -c "import json; lines = [json.loads(line) for line in open('$(DEMO_OUT)/results.jsonl')]; \
	  [print('face', m['track_id'], 'after', round(m['latency_ms']), 'ms,', m['reason'] + ':', m['answer']['text'] if m['answer'] else m['error']) \
	    for m in lines if m['kind'] == 'reasoning']; \
	  frame = [m for m in lines if m['kind'] == 'frame'][-1]; print('last frame:', \
	  [(f['track_id'], f['expression']['label'], round(f['expression']['confidence'], 2)) for f in frame['faces'] if f['expression']])"
	@echo "annotated video, every message, and the counts: $(DEMO_OUT)/"

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

pytest: setup
	$(BIN)/python -m pytest

test: lint types pytest

# The detector's training, in an environment of its own: ultralytics is AGPL-3.0, and nothing else needs it.
DETECTOR_VENV := .venv-detector
STAMP_DETECTOR := $(DETECTOR_VENV)/.installed

$(STAMP_DETECTOR): pyproject.toml
	$(PYTHON) -m venv $(DETECTOR_VENV)
	$(DETECTOR_VENV)/bin/pip --disable-pip-version-check --quiet install torch --editable ".[cpu,train,yolo,dev]"
	@touch $@

test-detector: $(STAMP_DETECTOR)
	$(DETECTOR_VENV)/bin/python -m pytest tests/training/detection tests/commands/train tests/detection/test_yolov8_face_pt.py

bench: setup
	$(BIN)/python benchmarks/latency.py

clean:
	rm -rf $(VENV) $(DETECTOR_VENV) $(DEMO_OUT) runs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
