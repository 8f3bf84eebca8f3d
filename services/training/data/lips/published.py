"""I/O: Chinese-LiPS from the Hugging Face hub, where its authors publish it, into a folder that trainings read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from services.base.errors import BadConfig
from services.base.process.quantities import counted, num_bytes
from services.base.store.open import open_store
from services.training.data.hub.download import Downloaded, Wanted, download
from services.training.data.hub.interfaces import Watch
from services.training.data.hub.record import STATE
from services.training.data.hub.repository import HubRepository
from services.training.data.lips.download_settings import REPOSITORY, REVISION, LipsDownload, Part
from services.training.data.lips.licence import MADE_HERE, NOTE, NOTE_FILE, require_attested
from services.training.data.lips.table import TABLES

_ZIPS: Mapping[str, tuple[str, ...]] = {
    # Mouths of 96x96 px, 10.3 GB in this revision.
    "processed": ("processed_train.zip", "processed_val.zip", "processed_test.zip"),
    # Whole faces, slides and sound.
    "raw": ("train.zip", "val.zip", "test.zip"),
}


def wanted_of(part: Part, names: Sequence[str]) -> list[str]:
    """Files of a part among those of the repository. Pure. Raises BadConfig HUB_FILES where one is missing."""
    needed = [*TABLES.values(), *_ZIPS[part]]
    missing = [name for name in needed if name not in names]
    if missing:
        raise BadConfig(
            "HUB_FILES",
            f"{REPOSITORY} has no {', '.join(missing)} in this revision, but {', '.join(sorted(names)) or 'nothing'}: "
            f"give another --revision, such as {REVISION}",
        )
    return needed


def download_chinese_lips(settings: LipsDownload, watch: Watch, *, endpoint: str = "") -> tuple[dict[str, Any], str]:
    """What was done, as plain values and in words. endpoint: of a hub, for one that HF_ENDPOINT does not name.

    Raises BadConfig LICENCE_NOT_ATTESTED before anything is asked of the hub; as `download` does.
    """
    folder = Path(settings.output_dir)
    if (folder / MADE_HERE).exists():
        # It would be taken for data without a licence.
        raise BadConfig("OUTPUT_EXISTS", f"{folder} holds a demo corpus: give another --output-dir")
    require_attested(f"{REPOSITORY} of the hub", open_store(str(folder / STATE)), accepted=settings.accept_licence)
    hub = HubRepository(REPOSITORY, settings.cache_dir, endpoint=endpoint)
    wanted = Wanted(settings.part, REVISION, folder, settings.revision, settings.unpack)
    found = download(hub, wanted, lambda names: wanted_of(settings.part, names), watch)
    (folder / NOTE_FILE).write_text(NOTE, encoding="utf-8")
    return _summary(settings, found), "\n".join(_lines(settings, found))


def _summary(settings: LipsDownload, found: Downloaded) -> dict[str, Any]:
    return {
        "repository": REPOSITORY,
        "revision": found.revision,
        "part": settings.part,
        "output_dir": settings.output_dir,
        "cache": str(found.cache),
        "files": [
            {"name": file.name, "bytes": file.size_bytes, "sha256": file.sha256, "git_id": file.git_id}
            for file in found.files
        ],
        "fetched_bytes": found.fetched_bytes,
        "zips": [str(path) for path in found.zips],
        "unpacked": settings.unpack,
    }


def _lines(settings: LipsDownload, found: Downloaded) -> list[str]:
    size = num_bytes(sum(file.size_bytes for file in found.files))
    lines = [
        f"{REPOSITORY} at {found.revision}: {counted(len(found.files), 'file')} of {size}, each as the hub says, in "
        f"{settings.output_dir}; {num_bytes(found.fetched_bytes)} were downloaded now"
    ]
    if found.zips and settings.unpack:
        kept = num_bytes(sum(path.stat().st_size for path in found.zips))
        lines.append(f"the zips ({kept}) are no longer needed; they lie in {found.cache}")
    if found.zips and not settings.unpack:
        lines += ["not unpacked:", *(f"  {path}" for path in found.zips)]
    elif settings.unpack:
        lines.append(f"see it: visemill stats chinese-lips --data_root {settings.output_dir}")
    return lines
