"""PURE: the options of the tts pipeline, and the settings of its stages that follow from them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.pipelines.base import OnLeak
from orchestrator.pipelines.tts.splits import check_split
from services.base.errors import BadConfig
from services.base.run.sharding import MAX_SHARDS
from services.base.stage.fields import Address, FileRef, fields_of, option, settings_for, stage_option
from services.base.store.roots import absolute
from services.containers.audio.config import AudioConfig
from services.features.tts.spec import USUAL_PLACES, BatchingName, DeviceName, DtypeName, SpeechConfig
from services.records.tts.spec import QualityPolicy, Storage, TtsFilesConfig
from services.text.spec import TextConfig

RATE_HZ = 24_000
"""What the original resamples to before the 16 kHz of its networks."""


@dataclass(frozen=True)
class TtsOptions:
    """What a user may choose: the flags of the original script by their names and defaults, and ours.

    Raises BadConfig BAD_FLAGS for a value out of range.
    """

    manifest: FileRef = option(
        "", "JSON lines with id, text, audio and, if known, speaker, language, duration", group="data set"
    )
    tokenizer: FileRef = stage_option(
        TextConfig, "tokenizer", "SentencePiece model that text is encoded with", group="features"
    )
    config: FileRef = stage_option(
        SpeechConfig,
        "config",
        f"config.yaml of IndexTTS-2 (default: {USUAL_PLACES['config']} where there is one, else the published sizes)",
        group="features",
    )
    gpt_checkpoint: FileRef = stage_option(
        SpeechConfig,
        "gpt_checkpoint",
        f"gpt.pth of IndexTTS-2 (default: {USUAL_PLACES['gpt_checkpoint']} where there is one)",
        group="features",
    )
    w2v_stat: FileRef = stage_option(
        SpeechConfig,
        "w2v_stat",
        "mean and variance of semantic features (default: what --config names)",
        group="features",
    )
    w2v_bert: FileRef = stage_option(
        SpeechConfig,
        "w2v_bert",
        "model.safetensors of facebook/w2v-bert-2.0, or its folder (default: the hub's cache)",
        group="features",
    )
    semantic_codec: FileRef = stage_option(
        SpeechConfig,
        "semantic_codec",
        "semantic_codec/model.safetensors of amphion/MaskGCT, or its folder (default: the hub's cache)",
        group="features",
    )
    hf_cache_dir: FileRef = stage_option(
        SpeechConfig,
        "hf_cache_dir",
        "cache of the Hugging Face hub to look in; nothing is downloaded (default: HF_HUB_CACHE, or HF_HOME's)",
        group="features",
        metavar="FOLDER",
    )
    language: str = option(
        "",
        "whose rules normalise texts: en (fr, de), zh (cn), ja (jp), am (amh), or another code (default: by the script "
        "of each text)",
        group="features",
        metavar="CODE",
    )
    max_unk_share: float = option(
        0.05,
        "largest share of unknown tokens in the texts of a language; with more no run begins",
        group="features",
        unit="0..1",
    )
    device: DeviceName = stage_option(
        SpeechConfig, "device", "where the networks run; auto: a GPU where there is one", group="features"
    )
    batching: BatchingName = stage_option(
        SpeechConfig,
        "batching",
        "clip: one by one, so that features are a function of the clip; padded: several at once; auto: padded on a GPU",
        group="features",
    )
    batch_size: int = stage_option(
        SpeechConfig,
        "batch_size",
        "clips of 15 s in a padded batch, which holds more of shorter ones; 0: by the memory of the GPU; without "
        "effect where clips are computed one by one, as on a CPU",
        group="features",
    )
    dtype: DtypeName = stage_option(
        SpeechConfig, "dtype", "number format of the encoder; all but float32 change some codes", group="features"
    )
    triton: Address = stage_option(
        SpeechConfig,
        "triton",
        "Triton server that holds the networks; without it they run here, or where --remote speech says",
        group="features",
    )
    triton_in_flight: int = stage_option(
        SpeechConfig, "triton_in_flight", "clips that a process asks --triton for at a time", group="features"
    )
    triton_weights: str = stage_option(
        SpeechConfig,
        "triton_weights",
        "weights that --triton must serve, as the export has named them (default: those of the files here)",
        group="features",
        metavar="WEIGHTS",
    )
    val_ratio: float = option(0.01, "share of clips that go to val, by the hash of their ids", group="data set")
    val_count: int = option(0, "how many clips go to val, instead of a share; 0: --val-ratio", group="data set")
    on_leak: OnLeak = option(
        "report",
        "what to do where train and val hold the same content: report it, or stop and publish nothing",
        group="data set",
    )
    seed: int = option(
        17, "taken for the original's sake: the split goes by ids, and no seed moves it", group="data set"
    )
    max_samples: int = option(0, "process only the first clips of the manifest; 0: all", group="data set")
    audio_sr: int = option(
        RATE_HZ, f"taken for the original's sake and without effect: sound passes {RATE_HZ} Hz", group="features"
    )
    max_duration_s: float = stage_option(AudioConfig, "max_duration_s", "reject longer clips", group="limits", unit="s")
    storage: Storage = stage_option(
        TtsFilesConfig,
        "storage",
        "npy: four files a clip; arrow: one Arrow file a shard, which `visemill unpack tts` turns into npy; both",
        group="output",
    )
    quality_policy: QualityPolicy = stage_option(
        TtsFilesConfig,
        "quality_policy",
        "flag: report what is odd; quarantine: also leave out clips that are too long for the trainer",
        group="output",
    )
    skip_existing: bool = option(
        False,
        "take over clips whose four files are in the output and right for the text and sound of now; the others are "
        "made again. Also what is there already of this very run is never made twice",
        group="output",
    )
    num_shards: int = option(0, "shards: units of work and retry; 0: about 30 minutes of sound each", group="output")

    def __post_init__(self) -> None:
        for flag, value, least, meaning in (
            ("--num-shards", self.num_shards, 0, "0 (about 30 minutes of sound each) or more"),
            ("--max-samples", self.max_samples, 0, "0 (all clips) or more"),
            ("--audio-sr", self.audio_sr, 1, "1 or more"),
        ):
            if value < least:
                raise BadConfig("BAD_FLAGS", f"{flag} must be {meaning}, not {value}")
        if self.num_shards > MAX_SHARDS:
            raise BadConfig("BAD_FLAGS", f"--num-shards must be at most {MAX_SHARDS}, not {self.num_shards}")
        if not 0 <= self.max_unk_share <= 1:
            raise BadConfig("BAD_FLAGS", f"--max-unk-share must be from 0 to 1, not {self.max_unk_share}")
        check_split(self.val_ratio, self.val_count)


PLACES = frozenset(name for given in fields_of(TtsOptions) if given.names for _, name in given.sets)
"""Settings of stages that say where a file or a server is, and so another thing on another machine."""


def stages(options: TtsOptions) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """audio, text, fbank, speech, ttsfiles, with their settings."""
    audio = settings_for(AudioConfig, options) | {"sample_rate_hz": RATE_HZ, "resampler": "sinc"}
    text = settings_for(TextConfig, options) | {"language": options.language.strip().lower()}
    return (
        ("audio", audio),
        ("text", _with_whole_paths(text, "tokenizer")),
        ("fbank", {}),
        ("speech", _speech(options)),
        ("ttsfiles", settings_for(TtsFilesConfig, options)),
    )


def _speech(options: TtsOptions) -> dict[str, Any]:
    files = "config", "gpt_checkpoint", "w2v_stat", "w2v_bert", "semantic_codec", "hf_cache_dir"
    served = {"backend": "triton"} if options.triton else {}
    return _with_whole_paths(settings_for(SpeechConfig, options) | served, *files)


def _with_whole_paths(settings: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """A run may be taken up again from another folder."""
    return {name: absolute(value) if name in names and value else value for name, value in settings.items()}
