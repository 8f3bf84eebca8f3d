"""Looks at a clip's existing files; what is taken stands for what filterbank and networks would make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from services.base.errors import BadConfig, BadInput
from services.base.media.audio import AudioFacts, AudioInfo, SoundFacts
from services.base.media.features import FilterbankFrames, SpeechFeatures, num_stacked_frames
from services.base.media.tokens import TextIds
from services.base.stage.existing import EXISTING, Existing
from services.base.stage.spec import ClipJob
from services.containers.audio.length import measured
from services.records.tts.existing.check import NotTaken, checked, random_sources
from services.records.tts.existing.spec import META, TtsExistingConfig
from services.records.tts.names import FOLDERS

USUAL_WIDTH = 1280
# The sound passes 24 kHz on its way to 16, and each rate rounds the number of samples up.
_RATES_HZ = (24_000, 16_000)
_NUM_BINS = 160
_NO_STREAMS: frozenset[str] = frozenset()


def open_stage(config: TtsExistingConfig) -> Callable[[ClipJob, None], ExistingOfClip]:
    """The stage for one process. Raises BadConfig BAD_MODEL_CONFIG."""
    width = _width(config.config)

    def begin(job: ClipJob, info: None) -> ExistingOfClip:
        del info
        return ExistingOfClip(job, width)

    return begin


class ExistingOfClip:
    """One clip. Its sound's header is read where there are four files whose text is that of now."""

    wants = _NO_STREAMS

    def __init__(self, job: ClipJob, width: int) -> None:
        self._job, self._width = job, width

    def push(self, chunk: Any) -> None:
        """Nothing comes to a stage that wants nothing."""
        raise AssertionError(f"the ttsexisting stage reads no stream, and was given {type(chunk).__name__}")

    def finish(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """`existing`, and where it is taken what stands for the artifacts of the stages that need not run."""
        text: TextIds = given["text_ids"]
        files = {feature: self._job.extras[feature] for feature in FOLDERS if feature in self._job.extras}
        if not files:
            return {EXISTING: Existing()}
        try:
            num_samples, info = measured(self._job.media)
            found = checked(files, text.ids_N, num_codes_of(num_samples, info.source_rate_hz), self._width)
        except NotTaken as why:
            return {EXISTING: Existing(why=str(why))}
        except BadInput as error:
            # Whoever decodes the whole of it finds the same and says so.
            return {EXISTING: Existing(why=f"{error.reason}: its sound cannot be read")}
        return {
            EXISTING: Existing(is_taken=True),
            "filterbank": FilterbankFrames(np.zeros((1, _NUM_BINS), np.float32)),
            "sound": _sound(num_samples, info),
            "speech_features": SpeechFeatures(
                found.codes_L, found.condition_KD, found.emo_vec_D, random_sources(self._job.extras.get(META, b""))
            ),
            "audio_facts": AudioFacts(0, num_samples / info.source_rate_hz),
        }


def num_codes_of(num_samples: int, rate_hz: int) -> int:
    """Of a sound of that many samples at its own rate."""
    for target_hz in _RATES_HZ:
        num_samples, rate_hz = -(-num_samples * target_hz // rate_hz), target_hz
    return num_stacked_frames(num_samples)


def _sound(num_samples: int, info: AudioInfo) -> SoundFacts:
    """What a header says; nobody has listened."""
    return SoundFacts(num_samples / info.source_rate_hz, info.source_rate_hz, info.source_channels, info.codec)


def _width(path: str) -> int:
    """Of conditions and emotion vectors, as a model's config says."""
    if not path:
        return USUAL_WIDTH
    import yaml

    try:
        found = yaml.safe_load(Path(path).read_text("utf-8"))
        return int(((found or {}).get("gpt") or {}).get("model_dim", USUAL_WIDTH))
    except (OSError, ValueError, TypeError, AttributeError, yaml.YAMLError) as error:
        raise BadConfig(
            "BAD_MODEL_CONFIG", f"{path} cannot be read ({error}): give the config.yaml of the model"
        ) from error
