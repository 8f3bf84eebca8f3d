"""Where the files of the speech networks lie: where a flag says, or in a cache of the Hugging Face hub, offline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services.base.errors import BadConfig
from services.features.tts.spec import USUAL_PLACES, SpeechConfig


@dataclass(frozen=True)
class HubFile:
    """flag: that names it. repo: of the hub. name: below the repository's root."""

    flag: str
    repo: str
    name: str

    @property
    def published_at(self) -> str:
        return f"https://huggingface.co/{self.repo}/blob/main/{self.name}"


W2V_BERT: Final = HubFile("--w2v-bert", "facebook/w2v-bert-2.0", "model.safetensors")
SEMANTIC_CODEC: Final = HubFile("--semantic-codec", "amphion/MaskGCT", "semantic_codec/model.safetensors")
GPT_CHECKPOINT: Final = HubFile("--gpt-checkpoint", "IndexTeam/IndexTTS-2", "gpt.pth")
W2V_STAT: Final = HubFile("--w2v-stat", "IndexTeam/IndexTTS-2", "wav2vec2bert_stats.pt")
MODEL_CONFIG: Final = HubFile("--config", "IndexTeam/IndexTTS-2", "config.yaml")


def usual_files(config: SpeechConfig) -> dict[str, str]:
    """By the setting's name, absolute paths of files in their usual places that no setting names."""
    places = {name: Path(place) for name, place in USUAL_PLACES.items() if not getattr(config, name)}
    return {name: str(place.absolute()) for name, place in places.items() if place.is_file()}


def named_file(file: HubFile, named: str) -> Path:
    """The file that a flag names, itself or in a folder. Raises BadConfig MODEL_MISSING with the place that has it."""
    path = Path(named).expanduser()
    if path.is_dir():
        for inside in (path / file.name, path / Path(file.name).name):
            if inside.is_file():
                return inside
    if not path.is_file():
        raise BadConfig("MODEL_MISSING", f"{file.flag} {named} is not there: it is published at {file.published_at}")
    return path


def check_cache(named: str) -> None:
    """Raises BadConfig MODEL_MISSING where --hf-cache-dir names no folder."""
    if named and not Path(named).expanduser().is_dir():
        raise BadConfig(
            "MODEL_MISSING",
            f"--hf-cache-dir {named} is no folder: it is the cache of the Hugging Face hub, which holds "
            f"models--{W2V_BERT.repo.replace('/', '--')}, itself or in its folder hub. Correct it, or leave it out",
        )


def hub_caches(named: str, environment: Mapping[str, str]) -> list[Path]:
    """Folders that may hold `models--ORG--NAME`: the named one, its `hub`, those of HF_HUB_CACHE and HF_HOME; else the
    hub's default.
    """
    places = [Path(named).expanduser(), Path(named).expanduser() / "hub"] if named else []
    if cache := environment.get("HF_HUB_CACHE"):
        places.append(Path(cache))
    if home := environment.get("HF_HOME"):
        places.append(Path(home) / "hub")
    if not places:
        default = environment.get("XDG_CACHE_HOME") or str(Path(environment.get("HOME") or "/") / ".cache")
        places.append(Path(default) / "huggingface" / "hub")
    return places


def cached_file(file: HubFile, caches: list[Path]) -> Path | None:
    """The file of the revision that `refs/main` names, or of the only one there is; None where no cache has it.

    Raises BadConfig MODEL_AMBIGUOUS for several revisions of which none is main.
    """
    for cache in caches:
        repo = cache / f"models--{file.repo.replace('/', '--')}"
        snapshots = repo / "snapshots"
        try:
            main = (repo / "refs" / "main").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            main = ""
        if main and (snapshots / main / file.name).is_file():
            return snapshots / main / file.name
        found = sorted(path / file.name for path in snapshots.glob("*") if (path / file.name).is_file())
        if len(found) > 1:
            raise BadConfig(
                "MODEL_AMBIGUOUS",
                f"{snapshots} holds {len(found)} revisions with {file.name} and refs/main names none of them: name the "
                f"file with {file.flag}",
            )
        if found:
            return found[0]
    return None
