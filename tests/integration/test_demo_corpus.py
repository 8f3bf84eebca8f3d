"""The demo corpus as others meet it: GRID's layout and format, faces that both detectors find, faults and answers."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
import pytest

from services.base.errors import BadInput
from services.base.media.arrays import UInt8Array
from services.base.media.clip import Media
from services.containers.config import DecodeConfig
from services.corpus.clip import Take
from services.corpus.demo import write_corpus
from services.corpus.drawing.look import look_of
from services.corpus.drawing.mouth import WIDEST_GAP
from services.corpus.folder import MARKER, Written
from services.corpus.sentences import draw_sentences
from services.decode.stage import open_stage
from services.formats.align import parse_align, stem_matches
from services.landmarks.models import FACE_LANDMARKER, find
from services.records.frame_quality import FrameMeter

ROOT = Path(__file__).resolve().parents[2]
NUM_SPEAKERS = 4
SEED = 0

Gap = Callable[[UInt8Array], float | None]


@dataclass(frozen=True)
class Corpus:
    folder: Path
    written: list[Written]

    def good_clips(self) -> list[Path]:
        return [self.folder / file.path for file in self.written if file.path.endswith(".mpg") and not file.fault]

    def bad(self, reason: str) -> Path:
        return next(self.folder / file.path for file in reversed(self.written) if file.reason == reason)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("demo") / "corpus"
    calls: list[tuple[int, int]] = []
    written = write_corpus(folder, NUM_SPEAKERS, 1, SEED, broken=True, progress=lambda *call: calls.append(call))
    assert calls == [(done, len(written)) for done in range(1, len(written) + 1)]
    return Corpus(folder, written)


def frames_of(path: Path) -> UInt8Array:
    with open_stage(DecodeConfig())(Media.of_file(path)) as stream:
        return np.concatenate([chunk.frames_THWC for chunk in stream])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_layout_is_grids_and_everything_is_listed(corpus: Corpus) -> None:
    assert sorted(contents(corpus.folder)) == sorted([MARKER, *(file.path for file in corpus.written)])
    folders = {path.split("/")[0] for path in contents(corpus.folder)} - {MARKER}
    assert folders == {f"s{n}_processed" for n in range(1, NUM_SPEAKERS + 1)}
    assert len(corpus.good_clips()) == NUM_SPEAKERS


def test_alignments_are_read_and_say_what_the_stems_spell(corpus: Corpus) -> None:
    for clip in corpus.good_clips():
        align = parse_align((clip.parent / "align" / f"{clip.stem}.align").read_bytes())
        assert stem_matches(clip.stem, align.words)
        assert (align.tokens[0].start, align.last_tick) == (0, 74_500)


def test_clips_measure_like_a_real_one(corpus: Corpus, testdata: Path) -> None:
    real = measured(testdata / "data" / "grid" / "s1_processed" / "bbaf2n.mpg")
    for clip in corpus.good_clips():
        assert measured(clip) == real
        assert 380_000 <= clip.stat().st_size <= 500_000


def measured(path: Path) -> tuple[object, ...]:
    with av.open(str(path)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        times = (video.start_time, audio.start_time)
        names = (container.format.name, video.codec_context.name, audio.codec_context.name, audio.layout.name)
        sizes = (video.width, video.height, video.average_rate, audio.rate, audio.bit_rate)
        pts = [frame.pts for frame in container.decode(video=0)]
    with av.open(str(path)) as container:
        num_samples = sum(frame.samples for frame in container.decode(audio=0))
    return names, sizes, times, pts, num_samples


def test_another_process_elsewhere_writes_the_same_bytes(corpus: Corpus, tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    argv = [sys.executable, "-m", "services.corpus.demo", "far", "--speakers", "2", "--clips", "1"]
    argv += ["--workers", "2", "-o", "json"]
    done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    here, there = contents(corpus.folder), contents(tmp_path / "far")
    listed = json.loads(done.stdout)["written"]
    assert len(listed) == 4
    assert all(there[file["path"]] == here[file["path"]] for file in listed)
    assert "4 of 4 files" in done.stderr


def test_a_second_call_draws_only_what_is_missing_or_spoiled(corpus: Corpus) -> None:
    before = contents(corpus.folder)
    untouched, spoiled, lost = corpus.good_clips()[:3]
    stamp = untouched.stat().st_mtime_ns
    spoiled.write_bytes(spoiled.read_bytes()[:-1] + b"!")
    lost.unlink()
    again = write_corpus(corpus.folder, NUM_SPEAKERS, 1, SEED, broken=True)
    assert again == corpus.written
    assert contents(corpus.folder) == before
    assert untouched.stat().st_mtime_ns == stamp


@pytest.fixture(scope="module")
def dlib_gap() -> Gap:
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or spec.origin is None:
        pytest.skip("no 68-point file: install the extra dlib68")
    import dlib

    detect = dlib.get_frontal_face_detector()
    predict = dlib.shape_predictor(str(Path(spec.origin).parent / "models" / "shape_predictor_68_face_landmarks.dat"))

    def gap(frame_HWC: UInt8Array) -> float | None:
        faces = detect(frame_HWC, 0)
        if len(faces) != 1:
            return None
        points = [(point.x, point.y) for point in predict(frame_HWC, faces[0]).parts()]
        return float(np.hypot(*np.subtract(points[66], points[62])))

    return gap


@pytest.fixture(scope="module")
def mesh_gap() -> Iterator[Gap]:
    found = find(FACE_LANDMARKER)
    if found is None:
        pytest.skip("no face_landmarker.task: python -m services.landmarks.model_files fetch")
    import mediapipe

    vision = mediapipe.tasks.vision
    model = str(found)
    options = vision.FaceLandmarkerOptions(
        base_options=mediapipe.tasks.BaseOptions(model_asset_path=model), num_faces=2
    )
    with vision.FaceLandmarker.create_from_options(options) as landmarker:

        def gap(frame_HWC: UInt8Array) -> float | None:
            image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=frame_HWC)
            faces = landmarker.detect(image).face_landmarks
            if len(faces) != 1:
                return None
            upper, lower = faces[0][13], faces[0][14]
            return float(np.hypot((lower.x - upper.x) * frame_HWC.shape[1], (lower.y - upper.y) * frame_HWC.shape[0]))

        yield gap


@pytest.mark.slow
@pytest.mark.parametrize("detector", ["dlib_gap", "mesh_gap"])
def test_one_face_in_every_frame_whose_lips_part_as_drawn(
    corpus: Corpus, detector: str, request: pytest.FixtureRequest
) -> None:
    gap: Gap = request.getfixturevalue(detector)
    for speaker, clip in enumerate(corpus.good_clips(), 1):
        seen = [gap(np.ascontiguousarray(frame_HWC)) for frame_HWC in frames_of(clip)]
        assert None not in seen, f"{clip.name}: frames {[i for i, value in enumerate(seen) if value is None]}"
        poses = Take.of(SEED, speaker, draw_sentences(SEED, speaker, 1)[0]).poses()
        drawn = np.array([pose.opening for pose in poses]) * WIDEST_GAP * look_of(SEED, speaker).size_px
        assert len(seen) == len(drawn) == 75
        measured_px = np.array(seen, float)
        assert np.corrcoef(drawn, measured_px)[0, 1] > 0.95, clip.name
        assert 0.8 < np.polyfit(drawn, measured_px, 1)[0] < 1.2, clip.name
        assert measured_px[drawn < 0.3].max() < 3, clip.name


@pytest.mark.parametrize("reason", ["EMPTY_FILE", "OPEN_FAILED", "TOO_MANY_PIXELS"])
def test_a_clip_that_does_not_decode_is_refused_for_its_reason(corpus: Corpus, reason: str) -> None:
    with pytest.raises(BadInput) as caught:
        frames_of(corpus.bad(reason))
    assert caught.value.reason == reason


def test_a_cut_clip_is_short(corpus: Corpus) -> None:
    assert 20 <= len(frames_of(corpus.bad("SHORT_CLIP"))) <= 40


def test_just_the_first_twelve_frames_are_grey(corpus: Corpus) -> None:
    meter = FrameMeter()
    meter.push(frames_of(corpus.bad("GREY_FRAMES")))
    assert np.flatnonzero(meter.facts().grey_T).tolist() == list(range(12))


def test_no_frame_of_a_good_clip_is_grey_dark_or_frozen(corpus: Corpus) -> None:
    for clip in corpus.good_clips():
        meter = FrameMeter()
        meter.push(frames_of(clip))
        facts = meter.facts()
        assert not (facts.grey_T | facts.dark_T | facts.frozen_T).any()


def test_a_bad_alignment_is_refused_for_its_row(corpus: Corpus) -> None:
    clip = corpus.bad("BAD_ALIGN")
    with pytest.raises(BadInput, match="line 4") as caught:
        parse_align((clip.parent / "align" / f"{clip.stem}.align").read_bytes())
    assert caught.value.reason == "BAD_ALIGN"


def test_halves_of_pairs_are_alone(corpus: Corpus) -> None:
    clip, align = corpus.bad("MISSING_ALIGN"), corpus.bad("MISSING_MEDIA")
    assert not (clip.parent / "align" / f"{clip.stem}.align").exists()
    assert align.parent.name == "align"
    assert not (align.parent.parent / f"{align.stem}.mpg").exists()
