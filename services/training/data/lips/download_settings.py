"""What a download of Chinese-LiPS may be told. Inert: flags are made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from services.base.stage.fields import FileRef, option

_DATA, _HUB = "data set", "hub"
Part = Literal["processed", "raw"]
REPOSITORY = "BAAI/Chinese-LiPS"
REVISION = "db96948538811029011eee44602438a26710ecd9"


@dataclass(frozen=True)
class LipsDownload:
    """Raises ValueError for what cannot be."""

    output_dir: FileRef = option(
        "Chinese-LiPS", "folder of the tables and videos; the same command goes on there", group=_DATA, metavar="FOLDER"
    )
    part: Part = option(
        "processed", "videos of mouths, 10 GB; raw: whole faces, slides and sound, some 80 GB", group=_DATA
    )
    unpack: bool = option(True, "make folders of the zips", group=_DATA)
    accept_licence: bool = option(
        False, "you have accepted the terms of Chinese-LiPS; asked once a folder", group=_DATA
    )
    cache_dir: FileRef = option(
        "",
        "cache of the hub that files are downloaded into (default: $HF_HUB_CACHE, or that of $HF_HOME)",
        group=_HUB,
        metavar="FOLDER",
    )
    revision: str = option(
        "", f"commit, branch or tag of {REPOSITORY} (default: that of the folder, else {REVISION})", group=_HUB
    )

    def __post_init__(self) -> None:
        for name in ("output_dir", "cache_dir"):
            if "://" in getattr(self, name):
                raise ValueError(f"{name} is {getattr(self, name)}: give a folder of this machine")
        if not self.output_dir:
            raise ValueError("say where the data set goes: --output-dir FOLDER")
