"""Speech features of a real Triton are those of this process, whatever the server computes beside a clip, or does."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the features extra is not installed")
pytest.importorskip("torch", reason="the speech extra is not installed")

from tiny_speech import write_config
from tts_corpus import tokenizer, write_manifest
from tts_media import SAID, encoded
from tts_media import speech as samples_of

from services.base.errors import BadConfig, BadInput
from services.base.media.clip import Clip, Media
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.stage.spec import ClipJob
from services.base.stage.window import Together
from services.features.tts.export import export_speech
from services.features.tts.models import models_of, served_weights
from services.features.tts.served import MODEL
from services.features.tts.spec import SpeechConfig
from services.features.tts.stage import SpeechStage, open_stage
from services.triton.config import Serving
from services.triton.layout import DATA_FILE
from services.triton.verify import verify_repository

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 240
TOLERANCE = 1e-4
# The shortest that there is, others that share no bucket or share one, and 36 s.
LENGTHS = (3, 4, 77, 80, 90, 301, 1799)
JOB = ClipJob(Clip("c", "c", "", "c"), Media.of_bytes("c", b""))


@dataclass(frozen=True)
class Speech:
    """The tiny networks, here and on a server whose model was written as one over 2 GB is."""

    server: Any
    repository: Path
    here: SpeechStage
    there: SpeechStage
    config: SpeechConfig


@pytest.fixture(scope="module")
def speech(triton: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Speech:
    folder = tmp_path_factory.mktemp("speech")
    config = SpeechConfig(config=str(write_config(folder)), device="cpu")
    repository = folder / "models"
    repository.mkdir()
    serving = Serving(max_batch_size=8, queue_delay_us=100_000, preferred_batch_sizes="", max_padding_percent=25)
    export_speech(repository, config, serving, most_inside_bytes=1)
    server = triton(repository)
    at_server = SpeechConfig(config=config.config, backend="triton", triton=server.target, triton_in_flight=8)
    return Speech(server, repository, open_stage(config), open_stage(at_server), at_server)


def _frames(length: int) -> FilterbankFrames:
    return FilterbankFrames(np.random.default_rng(length).standard_normal((length, 160)).astype(np.float32))


def _of(stage: SpeechStage, *lengths: int) -> list[SpeechFeatures]:
    made = stage(JOB, None).finish({"filterbank": Together(tuple(map(_frames, lengths)))})
    return list(made.values)


def _differ_by(found: list[SpeechFeatures], expected: list[SpeechFeatures]) -> tuple[float, int]:
    """The largest difference of a float, of its output's spread; and how many codes are others."""
    vectors = [
        (getattr(one, name), getattr(other, name))
        for one, other in zip(found, expected, strict=True)
        for name in ("condition_KD", "emo_vec_D")
    ]
    codes = [(one.codes_L, other.codes_L) for one, other in zip(found, expected, strict=True)]
    assert all(one.shape == other.shape for one, other in [*vectors, *codes])
    num_others = sum(int((one != other).sum()) for one, other in codes)
    return max(float(np.abs(one - other).max() / other.std()) for one, other in vectors), num_others


def _batched(speech: Speech) -> list[SpeechFeatures]:
    """Features of all lengths from one batch of the server. On a busy machine the clips may come too far apart."""
    for _ in range(10):
        num_before, executed_before = speech.server.counts(MODEL)
        there = _of(speech.there, *LENGTHS)
        num_items, num_executed = speech.server.counts(MODEL)
        assert num_items - num_before == len(LENGTHS)
        if num_executed - executed_before == 1:
            return there
    pytest.fail("the clips were not batched by the server")


def test_served_together_features_are_those_of_each_clip_alone_in_this_process(speech: Speech) -> None:
    there = _batched(speech)
    here = [features for length in LENGTHS for features in _of(speech.here, length)]
    difference, num_others = _differ_by(there, here)
    assert difference < TOLERANCE
    assert num_others <= sum(LENGTHS) / 1000
    alone = [features for length in LENGTHS for features in _of(speech.there, length)]
    difference, num_others = _differ_by(alone, there)
    assert difference < TOLERANCE
    assert num_others <= sum(LENGTHS) / 1000
    assert there[0].sources == models_of(speech.config)


def test_the_repository_and_the_server_hold_what_they_say(speech: Speech) -> None:
    (found,) = verify_repository(speech.repository, speech.server.target)
    assert (found.model, found.problems) == (MODEL, ())
    assert (speech.repository / MODEL / "1" / DATA_FILE).stat().st_size > 10_000


def test_a_server_that_is_killed_in_the_middle_and_comes_back_costs_no_clip(speech: Speech) -> None:
    expected = _of(speech.here, *LENGTHS)
    asked, killed = threading.Event(), threading.Event()

    def compute() -> list[SpeechFeatures]:
        while not killed.is_set():
            _of(speech.there, 3)
            asked.set()
        return [features for length in LENGTHS for features in _of(speech.there, length)]

    with ThreadPoolExecutor(1) as threads:
        computing = threads.submit(compute)
        assert asked.wait(60)
        speech.server.kill()
        killed.set()
        speech.server.start()
        difference, _ = _differ_by(computing.result(120), expected)
    assert difference < TOLERANCE


def test_a_run_whose_server_is_killed_in_the_middle_and_comes_back_gives_the_same_bytes(
    speech: Speech, testdata: Path, tmp_path: Path
) -> None:
    """Takes twenty seconds: two runs, and a start of the server. One request at a time: of several, what is computed
    beside which decides the last digits.
    """
    num_clips, num_shards = 40, 20
    for i in range(4):
        (tmp_path / f"{i}.wav").write_bytes(encoded(samples_of(testdata, 0.5 + i / 5)))
    lines = [{"id": f"{i:02}", "text": SAID, "audio": f"{i % 4}.wav"} for i in range(num_clips)]
    words = ["run", "tts", "--manifest", write_manifest(tmp_path / "manifest.jsonl", lines), "--num-shards", num_shards]
    words += ["--tokenizer", tokenizer(testdata), "--config", speech.config.config, "--val-count", 3, "--quiet"]
    words += ["--triton", speech.server.target, "--triton-in-flight", 1]

    def start(out: Path) -> subprocess.Popen[str]:
        argv = [sys.executable, "-m", "orchestrator.cli.main", *map(str, words), "--output-dir", str(out)]
        return subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def published(out: Path) -> dict[str, bytes]:
        found = [path for path in out.rglob("*") if path.is_file() and ".visemill" not in path.parts]
        return {str(path.relative_to(out)): path.read_bytes() for path in found}

    num_before, _ = speech.server.counts(MODEL)
    with start(tmp_path / "quiet") as run:
        text = run.communicate(timeout=LIMIT_S)[0]
    assert run.returncode == 0, text
    assert speech.server.counts(MODEL)[0] == num_before + num_clips

    killed = tmp_path / "killed"
    with start(killed) as run:
        try:
            until_s = time.monotonic() + LIMIT_S
            while not any(killed.glob(".visemill/runs/*/shards/*/done.json")):
                assert run.poll() is None and time.monotonic() < until_s, run.communicate()
                time.sleep(0.01)
            speech.server.kill()
            num_done = len(list(killed.glob(".visemill/runs/*/shards/*/done.json")))
            assert num_done < num_shards
            speech.server.start()
            text = run.communicate(timeout=LIMIT_S)[0]
        finally:
            run.kill()
    assert run.returncode == 0, text
    assert len(list((killed / "codes").glob("*.npy"))) == num_clips
    assert published(killed) == published(tmp_path / "quiet")


def test_another_servers_weights_are_refused_and_their_name_may_stand_for_files(speech: Speech) -> None:
    at_server = {"backend": "triton", "triton": speech.server.target}
    with pytest.raises(BadConfig, match="MODEL_DIFFERS"):
        open_stage(SpeechConfig(config=speech.config.config, seed=4, **at_server))  # type: ignore[arg-type]
    weights = served_weights(models_of(speech.config))
    named = SpeechConfig(triton_weights=weights, **at_server)  # type: ignore[arg-type]
    (features,) = _of(open_stage(named), 9)
    assert features.sources == {"triton_weights": weights} and features.is_random
    with pytest.raises(BadInput, match="TOO_SHORT"):
        _of(speech.there, 2)
