"""What the stage of existing files is: a clip's text ids and its four files in, the same as artifacts out. Inert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.base.media.clip import Clip
from services.base.stage.existing import EXISTING, Existing
from services.base.stage.fields import FileRef
from services.base.stage.spec import ByName, Fingerprint, StageSpec
from services.records.tts.names import FOLDERS, META_FILE, feature_file

META = "meta"


@dataclass(frozen=True)
class TtsExistingConfig:
    """Settings of the stage."""

    config: FileRef = field(
        default="", metadata={"help": "config.yaml of IndexTTS-2, for the width of vectors; empty: its published sizes"}
    )


def fingerprint(config: TtsExistingConfig) -> Fingerprint:
    """That there is such a stage decides bytes, and of the config nothing: its file is in the digest of others."""
    del config
    return Fingerprint({}, libraries=())


def files_of(config: TtsExistingConfig, clip: Clip) -> Mapping[str, str]:
    """Names below the output root, by feature, and what the output says of how it was made."""
    del config
    return {**{feature: feature_file(feature, clip.utterance_id) for feature in FOLDERS}, META: META_FILE}


SPEC = StageSpec(
    "ttsexisting",
    2,
    TtsExistingConfig,
    reads=("text_ids",),
    writes=(EXISTING,),
    libraries=("numpy",),
    fingerprint=fingerprint,
    opens=ByName("services.records.tts.existing.stage:open_stage"),
    artifacts={EXISTING: Existing},
    looks_at=files_of,
)
