"""Text ids and speech features of one clip in; its files and its quality facts out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from services.base.errors import BadInput
from services.base.media.audio import SoundFacts
from services.base.media.features import SpeechFeatures
from services.base.media.tokens import TextIds
from services.base.stage.product import Product, ProductFile
from services.base.stage.spec import ClipJob
from services.formats.npy import MEDIA_TYPE, encode_npy
from services.records.tts.flags import flags_of, judge
from services.records.tts.names import FILES
from services.records.tts.spec import NUM_CODES, NUM_LATENTS, TtsFilesConfig

_NO_STREAMS: frozenset[str] = frozenset()


def open_stage(config: TtsFilesConfig) -> Callable[[ClipJob, None], TtsFilesOfClip]:
    """The stage for one process; nothing is loaded."""

    def begin(job: ClipJob, info: None) -> TtsFilesOfClip:
        del info
        return TtsFilesOfClip(config, job)

    return begin


class TtsFilesOfClip:
    """One clip on its way to its files."""

    wants = _NO_STREAMS

    def __init__(self, config: TtsFilesConfig, job: ClipJob) -> None:
        self._config, self._clip = config, job.clip

    def push(self, chunk: Any) -> None:
        """Nothing comes to a stage that wants nothing."""
        raise AssertionError(f"the ttsfiles stage reads no stream, and was given {type(chunk).__name__}")

    def finish(self, given: Mapping[str, Any]) -> Product:
        """given: "text_ids", "speech_features", and "sound" where the pass makes it.

        Raises BadInput NO_TEXT or FEATURES_NOT_FINITE, or TEXT_TOO_LONG or CODES_TOO_LONG under the quality policy
        `quarantine`.
        """
        text: TextIds = given["text_ids"]
        features: SpeechFeatures = given["speech_features"]
        self._check(text, features)
        quality = self._quality(text, features, given.get("sound"))
        flags = flags_of(quality, self._clip.attributes.language, self._config)
        judge(flags, quality, self._config)
        return Product(_files(text, features), quality, flags)

    def _check(self, text: TextIds, features: SpeechFeatures) -> None:
        if not len(text.ids_N):
            raise BadInput(
                "NO_TEXT", f"{self._clip.key} has no text that is spoken: give it one, or leave it out of the manifest"
            )
        if not (np.isfinite(features.condition_KD).all() and np.isfinite(features.emo_vec_D).all()):
            raise BadInput(
                "FEATURES_NOT_FINITE",
                f"{self._clip.key} gives features that are NaN or infinite: look at its sound, take --dtype float32, "
                "or, where many clips do, check the weights",
            )
        if len(features.condition_KD) != NUM_LATENTS or features.condition_KD.shape[1:] != features.emo_vec_D.shape:
            shapes = f"{features.condition_KD.shape} and {features.emo_vec_D.shape}"
            raise ValueError(f"condition and emotion vector must be [{NUM_LATENTS},D] and [D], not {shapes}")
        codes_L = features.codes_L
        if not len(codes_L) or codes_L.min() < 0 or codes_L.max() >= NUM_CODES:
            raise ValueError(f"a clip must have one code or more of 0..{NUM_CODES - 1}, not {codes_L!r:.100}")

    def _quality(self, text: TextIds, features: SpeechFeatures, sound: SoundFacts | None) -> dict[str, Any]:
        quality: dict[str, Any] = {
            "id": self._clip.key,
            "text": text.text,
            "language": text.language,
            "num_text_ids": len(text.ids_N),
            "num_codes": len(features.codes_L),
            "num_condition": len(features.condition_KD),
            "num_unknown": text.num_unknown,
        }
        if sound is not None:
            heard = (
                ("peak", sound.peak, 4),
                ("clipped_share", sound.clipped_share, 5),
                ("silent_share", sound.silent_share, 4),
            )
            quality["duration_s"] = round(sound.duration_s, 3)
            # Of a sound that nobody has decoded these are not known.
            quality |= {name: round(value, digits) for name, value, digits in heard if value is not None}
        usual: dict[str, Any] = {
            "stated_s": self._clip.attributes.duration_s,
            "unknown": text.unknown,
            "not_normalised": text.not_normalised,
            "is_random": features.is_random,
            "num_splits": features.num_splits,
        }
        if sound is not None:
            usual |= {
                "num_gaps": sound.num_gaps,
                "num_corrupt": sound.num_corrupt,
                "ended_early": sound.ended_early,
                "warnings": list(sound.warnings),
            }
        # A line for each of a million clips: what says nothing is left out.
        return quality | {name: value for name, value in usual.items() if value}


def _files(text: TextIds, features: SpeechFeatures) -> Iterator[ProductFile]:
    arrays = (text.ids_N, features.codes_L, features.condition_KD, features.emo_vec_D)
    for name, array in zip(FILES, arrays, strict=True):
        yield ProductFile.of(name, encode_npy(array), MEDIA_TYPE)
