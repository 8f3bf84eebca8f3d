"""Stages that look at no picture: a pass whose products are made of nothing but the bytes of a clip."""

import hashlib
import io
from dataclasses import replace

import numpy as np

from services.base.errors import BadInput
from services.base.media.audio import AudioFacts, SoundFacts
from services.base.media.features import FilterbankFrames, SpeechFeatures
from services.base.media.points import Keypoints, Landmarks, PointSource
from services.base.media.tokens import TextIds
from services.base.media.video import DecodeFacts
from services.base.stage.clip_pass import ArtifactPart, DonePart, FactsPart
from services.base.stage.config import config_from_mapping
from services.base.stage.product import Product, ProductFile, ProductPart, file_parts
from services.base.stage.window import like, values_of
from services.records.sign.files.parquet import encode_table
from services.records.sign.spec import NPZ_FILE, PARQUET_FILE
from services.records.tts.spec import TtsFilesConfig
from services.records.tts.stage import TtsFilesOfClip

BROKEN = b"broken"
PERSON_FOLDERS = (("full_body_img", "jpg"), ("landmarks", "pkl"))


class QuickPass:
    """In the place of the supervisor's `PassChild`, in the worker's own process. A clip of BROKEN is refused."""

    begins_next = False

    def __init__(self, stages, *_, **__):
        self._is_sign = stages[-1][0] == "signfiles"

    def start(self):
        pass

    def close(self):
        pass

    def run(self, job, *, given=None, then=None):
        if job.media.data.startswith(BROKEN):
            raise BadInput("OPEN_FAILED", f"{job.clip.key} is no video")
        if not given:
            yield ArtifactPart("keypoints", keypoints()) if self._is_sign else ArtifactPart("landmarks", points())
        yield FactsPart(DecodeFacts(1))
        product = self._product(job)
        yield ProductPart("product")
        yield from file_parts(product.files)
        yield ArtifactPart("product", replace(product, files=()))
        yield DonePart({})

    def _product(self, job):
        digest = hashlib.sha256(job.media.data + b"".join(job.extras.values())).digest()
        if not self._is_sign:
            return Product((ProductFile.of("example.pb", digest * 100),), {"num_frames": 1})
        name = f"{job.clip.utterance_id}.npz"
        return Product(files_of(digest), {"file": name, "num_frames": 1, "occluded": digest[0] % 2})


class QuickSpeechPass:
    """Likewise for speech, of which it is one of three: the stages before the networks, the networks, the files."""

    begins_next = False

    def __init__(self, stages, *_, **__):
        self._first, self._config = stages[0]

    def rebind(self, stages):
        self._first, self._config = stages[0]

    def start(self):
        pass

    def close(self):
        pass

    def run(self, job, *, given, media_s=0.0):
        del media_s
        parts = {"audio": self._heard, "speech": self._computed, "ttsfiles": self._written}[self._first]
        yield from parts(job, given)
        yield DonePart({})

    def _heard(self, job, given):
        del given
        if job.media.data.startswith(BROKEN):
            raise BadInput("AUDIO_UNREADABLE", f"{job.clip.key} is no sound")
        (seed,) = hashlib.sha256(job.media.data).digest()[:1]
        yield FactsPart(AudioFacts(16_000, 1.0))
        yield ArtifactPart("text_ids", TextIds(np.arange(3, dtype=np.int32), job.clip.attributes.text, "en"))
        yield ArtifactPart("filterbank", FilterbankFrames(np.full((49, 160), seed, np.float32)))
        yield ArtifactPart("sound", SoundFacts(1.0, 16_000, 1, "pcm_s16le", 0.5, 0.0, 0.0))

    def _computed(self, job, given):
        del job
        yield ArtifactPart("speech_features", like(given["filterbank"], [*map(spoken, values_of(given["filterbank"]))]))

    def _written(self, job, given):
        config = config_from_mapping(TtsFilesConfig, self._config)
        product = TtsFilesOfClip(config, job).finish(given)
        yield ProductPart("ttsfile")
        yield from file_parts(product.files)
        yield ArtifactPart("ttsfile", replace(product, files=()))


class QuickPersonPass:
    """Likewise for a person's folder, of three frames."""

    begins_next = False

    def __init__(self, stages, *_, **__):
        pass

    def start(self):
        pass

    def close(self):
        pass

    def run(self, job, *, given=None, then=None, **_):
        digest = hashlib.sha256(job.media.data).digest()
        names = [f"{folder}/{i:06d}.{end}" for i in range(3) for folder, end in PERSON_FOLDERS]
        files = [ProductFile.of(name, digest + name.encode()) for name in (*names, "landmarks.npz", "aud.wav")]
        files.append(ProductFile.of("aud_mel.npy", digest))
        yield FactsPart(DecodeFacts(3))
        yield ProductPart("talkerfile")
        yield from file_parts(files)
        yield ArtifactPart("talkerfile", Product((), {"num_frames": 3}))
        yield DonePart({})


def spoken(filterbank):
    made = filterbank.frames_TC.mean(dtype=np.float32)
    codes_L = np.full(len(filterbank), int(made), np.int32)
    return SpeechFeatures(codes_L, np.full((32, 4), made, np.float32), np.full(4, made, np.float32))


def points():
    absent = np.full(1, PointSource.MISSING, np.uint8)
    return Landmarks("ibug-68", np.full((1, 68, 2), np.nan, np.float32), np.zeros(1, np.float32), absent, 4, 2)


def keypoints():
    none = np.zeros((1, 78), np.float32)
    return Keypoints("none", np.zeros((1, 78, 2), np.float32), none, none > 0, np.zeros(1), 4, 2, np.zeros(1, bool))


def files_of(digest):
    x_TC = np.zeros((1, 156), np.float32)
    x_TC[0, :32] = np.frombuffer(digest, np.uint8) / 255
    file = io.BytesIO()
    mask_TN, times_ms_T = np.ones((1, 78), bool), np.zeros(1, np.int64)
    np.savez(file, X=x_TC, mask=mask_TN, timestamps_ms=times_ms_T)
    yield ProductFile.of(NPZ_FILE, file.getvalue())
    yield ProductFile.of(PARQUET_FILE, encode_table(x_TC, mask_TN, times_ms_T))
