"""One image of an OCI layout as an archive, under the names by which docker and containerd both know it."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Collection
from pathlib import Path

# What docker and containerd put before a name without a host.
_CANONICAL = "docker.io/library/"


def archive_of(layout: Path, image: str, archive: Path, without: Collection[str] = ()) -> list[str]:
    """Writes the archive; the digests of the image's blobs. without: digests that the far end is known to hold.

    Raises KeyError when the layout does not hold the image.
    """
    descriptors = json.loads((layout / "index.json").read_text())["manifests"]
    named = {entry.get("annotations", {}).get("org.opencontainers.image.ref.name"): entry for entry in descriptors}
    entry = named[image]
    manifest = json.loads(_blob(layout, entry["digest"]).read_text())
    digests = [entry["digest"], manifest["config"]["digest"], *(layer["digest"] for layer in manifest["layers"])]
    annotations = {
        "io.containerd.image.name": _CANONICAL + image,
        "org.opencontainers.image.ref.name": image,
    }
    index = {"schemaVersion": 2, "manifests": [{**entry, "annotations": annotations}]}
    part = archive.with_suffix(".part")
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "oci-layout", (layout / "oci-layout").read_bytes())
        _add(tar, "index.json", json.dumps(index).encode())
        for digest in dict.fromkeys(digests):
            if digest in without:
                continue
            with _blob(layout, digest).open("rb") as file:
                member = tarfile.TarInfo(f"blobs/{digest.replace(':', '/')}")
                member.size = _blob(layout, digest).stat().st_size
                tar.addfile(member, file)
    part.replace(archive)
    return digests


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / digest.replace(":", "/")


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
