"""An image as an OCI archive, under the names by which docker, kind and containerd know it; layers compressed once."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

# What docker and containerd put before a name without a host.
_CANONICAL = "docker.io/library/"
_OCI = "application/vnd.oci.image"


class Layers:
    """Compressed layers in a folder, found by the sha256 of what is in them. A layer that changed is made anew."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "index.json"
        folder.mkdir(parents=True, exist_ok=True)
        self._known: dict[str, Any] = json.loads(self._index.read_text()) if self._index.exists() else {}

    def missing(self, config: str) -> list[str]:
        """Those layers of an image's config that are not here: "sha256:<hex>" of their tar."""
        return [diff_id for diff_id in json.loads(config)["rootfs"]["diff_ids"] if not self._has(diff_id)]

    def _has(self, diff_id: str) -> bool:
        """Known, and not deleted since."""
        return diff_id in self._known and self.path(self._known[diff_id]["digest"]).exists()

    def add(self, config: str, plain: Path) -> None:
        """Compresses what is missing out of a folder of plain tars named by their sha256."""
        program, kind = ("zstd", "zstd") if shutil.which("zstd") else ("gzip", "gzip")
        for diff_id in self.missing(config):
            part = self._folder / "part"
            with part.open("wb") as file:
                flags = ["-q", "-T0", "-c"] if program == "zstd" else ["-1", "-n", "-c"]
                subprocess.run([program, *flags, str(plain / diff_id.partition(":")[2])], stdout=file, check=True)
            with part.open("rb") as file:
                digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
            media = f"{_OCI}.layer.v1.tar+{kind}"
            self._known[diff_id] = {"mediaType": media, "digest": digest, "size": part.stat().st_size}
            part.replace(self.path(digest))
        self._index.write_text(json.dumps(self._known, indent=1))

    def descriptors(self, config: str) -> list[dict[str, Any]]:
        """Of the image's layers, in order. Raises KeyError when one is missing."""
        return [self._known[diff_id] for diff_id in json.loads(config)["rootfs"]["diff_ids"]]

    def path(self, digest: str) -> Path:
        """Where a compressed layer lies."""
        return self._folder / digest.replace(":", "-")


def write_archive(layers: Layers, image: str, config: str, archive: Path) -> None:
    """One image with all its layers. config: the JSON text of its OCI config, byte for byte."""
    configured = _descriptor(f"{_OCI}.config.v1+json", config.encode())
    described = layers.descriptors(config)
    manifest = {"schemaVersion": 2, "mediaType": f"{_OCI}.manifest.v1+json", "config": configured, "layers": described}
    text = json.dumps(manifest, separators=(",", ":")).encode()
    names = {"io.containerd.image.name": _CANONICAL + image, "org.opencontainers.image.ref.name": image}
    entry = {**_descriptor(f"{_OCI}.manifest.v1+json", text), "annotations": names}
    part = archive.with_suffix(".part")
    with tarfile.open(part, "w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        _add(tar, "index.json", json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode())
        _add(tar, _blob(entry["digest"]), text)
        _add(tar, _blob(configured["digest"]), config.encode())
        # The same layer may come twice, as an empty one does.
        for digest, size_bytes in dict.fromkeys((layer["digest"], layer["size"]) for layer in described):
            member = tarfile.TarInfo(_blob(digest))
            member.size = size_bytes
            with layers.path(digest).open("rb") as file:
                tar.addfile(member, file)
    part.replace(archive)


def _descriptor(media_type: str, content: bytes) -> dict[str, Any]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _blob(digest: str) -> str:
    return f"blobs/{digest.replace(':', '/')}"


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))
