# Two commands do everything on a machine with Python 3.11: `make demo` and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PROTO_VENV := .venv-protos
DEMO := demo
DEMO_SIGN := demo-sign
DEMO_TTS := demo-tts
DEMO_TRAIN := demo-train
DEMO_TRAIN_FLAGS := --preset cpu --batch-frames 150 --num-epochs 40 --whole-only 0.4 --flip 0 --brightness 0 --num-masks 0

DEMO_TALKER := demo-talker
DEMO_TALKER_CORPUS_FLAGS := --seconds 120 --clips 8
DEMO_TALKER_SYNCNET_FLAGS := --preset cpu --num-epochs 3 --num-threads 1
DEMO_TALKER_UNET_FLAGS := --preset cpu --width 0.25 --mouth-weight 16 --lr 0.002 --num-epochs 1 --num-threads 1
DEMO_TALKER_INFER = $(BIN)/visemill infer talker --checkpoint $(DEMO_TALKER)/bundle --consent $(DEMO_TALKER)/consent.yaml

# Kept, whatever the shell says: the tests start some thousand processes, each of which would compile the checkout anew.
export PYTHONDONTWRITEBYTECODE :=
# Threads of torch that wait sleep: several tests run at a time, and spinning costs each of them the other's core.
export OMP_WAIT_POLICY ?= passive

.PHONY: setup setup-test wheel demo demo-sign demo-tts demo-train demo-train-controls demo-talker test static test-static e2e-static e2e-cluster-static ci lint typecheck verify bench protos docs e2e e2e-cluster scale images unit clean

# OpenCV without a window system: see scripts/headless_opencv.py.
PIP_INSTALL = $(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --find-links build/opencv

setup: $(VENV)/.ready
setup-test: $(VENV)/.ready-test

$(VENV)/.ready: pyproject.toml constraints.txt scripts/system_libraries.py scripts/headless_opencv.py
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or say which: make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) scripts/system_libraries.py
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PYTHON) scripts/headless_opencv.py build/opencv
	$(PIP_INSTALL) --editable .
	$(BIN)/pip check
	$(BIN)/python -m services.landmarks.model_files fetch
	touch $@

# The 68-point file is restricted: the tests ask for it by name, a user does so or not.
# torch first and alone: pip then takes a CPU build where it is told of one, and not what another package drags in.
$(VENV)/.ready-test: $(VENV)/.ready scripts/fetch_tools.py
	$(PIP_INSTALL) torch==2.13.0
	$(PIP_INSTALL) --editable '.[credentials,dev,dlib68,features,hub,kube,speech,tensorboard,tensorflow,train,triton,zh]'
	$(BIN)/pip check
	$(BIN)/python scripts/fetch_tools.py
	touch $@

# What text and the networks of speech need beside it.
$(VENV)/.ready-speech: $(VENV)/.ready
	test -e $(VENV)/.ready-test || $(PIP_INSTALL) torch==2.13.0
	test -e $(VENV)/.ready-test || $(PIP_INSTALL) --editable '.[features,speech]'
	touch $@

# What lipreaders learn with. torch is its CPU build only where pip is told of one.
$(VENV)/.ready-train: $(VENV)/.ready
	test -e $(VENV)/.ready-test || $(PIP_INSTALL) torch==2.13.0
	test -e $(VENV)/.ready-test || $(PIP_INSTALL) --editable '.[train]'
	touch $@

# Likewise of talking heads, and what they speak with.
$(VENV)/.ready-talker: $(VENV)/.ready
	test -e $(VENV)/.ready-test || $(PIP_INSTALL) torch==2.13.0
	test -e $(VENV)/.ready-test || $(PIP_INSTALL) --editable '.[talker]'
	touch $@

$(PROTO_VENV)/.ready: Makefile
	test -x $(PROTO_VENV)/bin/python || $(PYTHON) -m venv $(PROTO_VENV)
	$(PROTO_VENV)/bin/pip install --quiet --disable-pip-version-check grpcio-tools==1.76.0
	touch $@

# What installs anywhere, with the versions that the tests ran with: see docs/install.md. setuptools keeps what went away.
wheel: setup
	rm -rf dist build/lib build/bdist.*
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .
	$(PYTHON) scripts/headless_opencv.py dist
	cp constraints.txt dist/

demo: setup
	@rm -rf $(DEMO)
	$(BIN)/visemill demo-corpus $(DEMO)/corpus --speakers 4 --clips 8 --broken
	@$(BIN)/visemill run grid --input-root $(DEMO)/corpus --output-root $(DEMO)/out --num-shards 4; \
	  code=$$?; test $$code -eq 3 -o $$code -eq 0 || exit $$code
	$(BIN)/visemill report --output-root $(DEMO)/out

demo-sign: setup
	@rm -rf $(DEMO_SIGN)
	$(BIN)/visemill demo-corpus $(DEMO_SIGN)/corpus --kind sign --broken
	@$(BIN)/visemill run sign $(DEMO_SIGN)/corpus $(DEMO_SIGN)/out --write-keypoints --label-from folder; \
	  code=$$?; test $$code -eq 3 -o $$code -eq 0 || exit $$code
	$(BIN)/visemill report --output-root $(DEMO_SIGN)/out

demo-tts: $(VENV)/.ready-speech
	@rm -rf $(DEMO_TTS)
	$(BIN)/visemill demo-corpus $(DEMO_TTS)/corpus --kind tts --broken
	$(BIN)/python scripts/make_demo_models.py $(DEMO_TTS)/corpus/manifest.jsonl $(DEMO_TTS)/models
	@$(BIN)/visemill run tts --manifest $(DEMO_TTS)/corpus/manifest.jsonl --output-dir $(DEMO_TTS)/out --val-count 4 \
	  --tokenizer $(DEMO_TTS)/models/bpe.model --config $(DEMO_TTS)/models/config.yaml --num-shards 4; \
	  code=$$?; test $$code -eq 3 -o $$code -eq 0 || exit $$code
	$(BIN)/visemill report --output-root $(DEMO_TTS)/out

# A lipreader from nothing, by the commands that real data take: docs/lipreading.md. Nothing is learnt from speaker s5, nor
# from 8 clips of each other; scripts/demo_train.py fails unless those are read.
demo-train: $(VENV)/.ready-train
	@rm -rf $(DEMO_TRAIN)
	$(BIN)/visemill demo-corpus $(DEMO_TRAIN)/corpus --speakers 5 --clips 80
	@printf 'mode: overlapped_utterances\nval_utterances_per_speaker: 8\ntest_speakers: [s5]\n' >$(DEMO_TRAIN)/split.yaml
	$(BIN)/visemill run grid --input-root $(DEMO_TRAIN)/corpus --output-root $(DEMO_TRAIN)/out --num-shards 4 \
	  --split-config $(DEMO_TRAIN)/split.yaml
	$(BIN)/visemill train grid-ctc $(DEMO_TRAIN_FLAGS) \
	  --data-root $(DEMO_TRAIN)/out --checkpoint-dir $(DEMO_TRAIN)/checkpoints
	$(BIN)/visemill test grid-ctc --data-root $(DEMO_TRAIN)/out --checkpoint-dir $(DEMO_TRAIN)/checkpoints --split val \
	  -o json >$(DEMO_TRAIN)/known.json
	$(BIN)/visemill test grid-ctc --data-root $(DEMO_TRAIN)/out --checkpoint-dir $(DEMO_TRAIN)/checkpoints --split test \
	  -o json >$(DEMO_TRAIN)/unseen.json
	$(BIN)/visemill report --output-root $(DEMO_TRAIN)/checkpoints
	$(BIN)/python scripts/demo_train.py $(DEMO_TRAIN)/known.json $(DEMO_TRAIN)/unseen.json

# Beside demo-train, which it follows: what must not be learnt from transcripts of other clips, nor read in clips whose frames
# stand in another order.
demo-train-controls: $(VENV)/.ready-train
	@rm -rf $(DEMO_TRAIN)/shuffled $(DEMO_TRAIN)/permuted $(DEMO_TRAIN)/checkpoints-permuted
	$(BIN)/python scripts/control_records.py shuffled $(DEMO_TRAIN)/out $(DEMO_TRAIN)/shuffled
	$(BIN)/visemill test grid-ctc --data-root $(DEMO_TRAIN)/shuffled --checkpoint-dir $(DEMO_TRAIN)/checkpoints --split test \
	  --results-root $(DEMO_TRAIN)/checkpoints/tests/shuffled -o json >$(DEMO_TRAIN)/shuffled.json
	$(BIN)/python scripts/control_records.py permuted $(DEMO_TRAIN)/out $(DEMO_TRAIN)/permuted
	$(BIN)/visemill train grid-ctc $(DEMO_TRAIN_FLAGS) \
	  --data-root $(DEMO_TRAIN)/permuted --checkpoint-dir $(DEMO_TRAIN)/checkpoints-permuted
	$(BIN)/visemill test grid-ctc --data-root $(DEMO_TRAIN)/permuted --checkpoint-dir $(DEMO_TRAIN)/checkpoints-permuted \
	  --split val -o json >$(DEMO_TRAIN)/permuted.json
	$(BIN)/python scripts/demo_train.py $(DEMO_TRAIN)/known.json $(DEMO_TRAIN)/unseen.json \
	  --permuted $(DEMO_TRAIN)/permuted.json --shuffled $(DEMO_TRAIN)/shuffled.json

# A talking head from nothing, by the commands that real videos take: docs/talker.md. Nothing is learnt from the clips in
# held-out; scripts/demo_talker.py writes the page, and fails unless the mouth follows the sound on these.
demo-talker: $(VENV)/.ready-talker
	@rm -rf $(DEMO_TALKER)
	$(BIN)/visemill demo-corpus $(DEMO_TALKER)/corpus --talker $(DEMO_TALKER_CORPUS_FLAGS)
	$(BIN)/visemill run talker --video-path $(DEMO_TALKER)/corpus/talker.mp4 --name talker --asr-model mel \
	  --dataset-dir $(DEMO_TALKER)/dataset
	$(BIN)/visemill run talker --video-dir $(DEMO_TALKER)/corpus/held-out --asr-model mel \
	  --dataset-dir $(DEMO_TALKER)/held-out
	$(BIN)/visemill train talker-syncnet $(DEMO_TALKER_SYNCNET_FLAGS) \
	  --data-root $(DEMO_TALKER)/dataset --checkpoint-dir $(DEMO_TALKER)/syncnet
	$(BIN)/visemill test talker-syncnet --data-root $(DEMO_TALKER)/held-out --whole \
	  --checkpoint-dir $(DEMO_TALKER)/syncnet -o json >$(DEMO_TALKER)/sync.json
	@printf 'who: [talker, clip_01]\nwhat_for: a demonstration; he is drawn\nwhen: 2026-01-01\n' >$(DEMO_TALKER)/consent.yaml
	$(BIN)/visemill train talker-unet $(DEMO_TALKER_UNET_FLAGS) --consent $(DEMO_TALKER)/consent.yaml \
	  --data-root $(DEMO_TALKER)/dataset --checkpoint-dir $(DEMO_TALKER)/head
	$(BIN)/visemill test talker-unet --data-root $(DEMO_TALKER)/held-out --whole \
	  --syncnet-checkpoint $(DEMO_TALKER)/syncnet/best_model.pt --checkpoint-dir $(DEMO_TALKER)/head -o json >$(DEMO_TALKER)/paint.json
	$(BIN)/visemill export talker-unet --checkpoint-dir $(DEMO_TALKER)/head --bundle $(DEMO_TALKER)/bundle
	mkdir $(DEMO_TALKER)/films
	$(DEMO_TALKER_INFER) --name clip_01 --dataset-dir $(DEMO_TALKER)/held-out \
	  --audio-path $(DEMO_TALKER)/held-out/clip_01/aud.wav --out $(DEMO_TALKER)/films/own.mp4
	$(DEMO_TALKER_INFER) --name clip_01 --dataset-dir $(DEMO_TALKER)/held-out \
	  --audio-path $(DEMO_TALKER)/corpus/other-sentences.wav --out $(DEMO_TALKER)/films/other.mp4
	$(DEMO_TALKER_INFER) --name talker --dataset-dir $(DEMO_TALKER)/dataset \
	  --audio-path $(DEMO_TALKER)/corpus/other-sentences.wav --out $(DEMO_TALKER)/films/speech.mp4
	$(DEMO_TALKER_INFER) --name talker --dataset-dir $(DEMO_TALKER)/dataset \
	  --audio-path $(DEMO_TALKER)/corpus/other-voice.wav --out $(DEMO_TALKER)/films/voice.mp4
	$(BIN)/visemill inspect $(DEMO_TALKER)/films/speech.mp4
	$(BIN)/python scripts/demo_talker.py $(DEMO_TALKER)

# Static checks beside the tests: they fill what two test processes leave of two cores.
test: setup-test $(PROTO_VENV)/.ready
	$(MAKE) --no-print-directory --jobs=2 static unit

static: lint typecheck verify
# What of a suite is no test; scripts/run_ci.py asks for it after tests that were tried again.
test-static: static
e2e-static e2e-cluster-static:

TEST_PROCESSES ?= 2
unit: setup-test
	$(BIN)/pytest tests -m "not slow" --ignore=tests/e2e/cluster --numprocesses=$(TEST_PROCESSES) --dist=loadfile --durations=15

e2e: setup-test
	$(BIN)/pytest tests -m slow --ignore=tests/e2e/cluster --numprocesses=$(TEST_PROCESSES) --dist=loadfile --durations=15

# All of CI, as .ci/run runs it.
ci: setup-test
	$(BIN)/python scripts/run_ci.py

# On a real Kubernetes: one of its own, or that of VISEMILL_E2E_KUBECONFIG; tests/e2e/cluster/conftest.py tells more.
# Three files of tests at a time, each on a cluster of its own: what one kills is not another's. One waits for pods most
# of the time, so that two leave cores idle.
CLUSTER_PROCESSES ?= 3
e2e-cluster: setup-test
	$(BIN)/pytest tests/e2e/cluster --numprocesses=$(CLUSTER_PROCESSES) --dist=loadfile --durations=15

# What takes too long for every change: 5,000 indexes on a cluster, the status of 10^5 shards.
scale: setup-test
	VISEMILL_E2E_SCALE=1 VISEMILL_E2E_INDEXES=5000 $(BIN)/pytest tests/e2e/cluster/test_scale.py --durations=0

# BASE=debian makes the base image of Debian's packages, as `auto` does where no registry answers.
BASE ?= auto
images: setup
	$(BIN)/python scripts/build_images.py --base $(BASE)
images-%: setup
	$(BIN)/python scripts/build_images.py --base $(BASE) $*

lint: setup-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python scripts/dead_code.py

typecheck: setup-test
	$(BIN)/mypy

protos: $(PROTO_VENV)/.ready
	$(PROTO_VENV)/bin/python scripts/make_protos.py

docs: setup-test
	$(BIN)/python scripts/make_cli_reference.py
	$(BIN)/python scripts/make_settings.py
	$(BIN)/python scripts/make_metrics_reference.py
	$(BIN)/python scripts/make_package_table.py
	$(BIN)/python scripts/render_k8s.py
	$(BIN)/python scripts/make_image_requirements.py

verify: setup-test $(PROTO_VENV)/.ready
	$(BIN)/python scripts/verify_derived.py $(PROTO_VENV)/bin/python

bench: setup-test
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) $(PROTO_VENV) $(DEMO)
