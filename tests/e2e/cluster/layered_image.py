"""An image that is another one with a layer on top: `FROM visemill-worker` and a COPY, without a builder."""

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
APP = "opt/visemill/app"
_OCI = "application/vnd.oci.image"
_CANONICAL = "docker.io/library/"


def layered(below: Path, image: str, files: Mapping[str, bytes], archive: Path) -> Path:
    """Writes an OCI archive of what is not in the one below: nodes must hold that already.

    files: path in the image -> content; a name that begins with ".wh." takes away what is below it.
    """
    with tarfile.open(below) as tar:

        def read(digest: str) -> bytes:
            return tar.extractfile(f"blobs/{digest.replace(':', '/')}").read()

        (entry,) = json.loads(tar.extractfile("index.json").read())["manifests"]
        manifest = json.loads(read(entry["digest"]))
        config = json.loads(read(manifest["config"]["digest"]))
    layer = _tar(files)
    config["rootfs"]["diff_ids"].append(_digest(layer))
    config["history"].append({"created_by": "COPY", "created": "1970-01-01T00:00:00Z"})
    configured = json.dumps(config).encode()
    manifest["config"] |= _described(configured)
    manifest["layers"].append({"mediaType": f"{_OCI}.layer.v1.tar", **_described(layer)})
    text = json.dumps(manifest).encode()
    names = {"io.containerd.image.name": _CANONICAL + image, "org.opencontainers.image.ref.name": image}
    index = {"mediaType": f"{_OCI}.manifest.v1+json", **_described(text), "annotations": names}
    blobs = {f"blobs/{_digest(blob).replace(':', '/')}": blob for blob in (layer, configured, text)}
    whole = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": _index(index), **blobs}
    archive.write_bytes(_tar(whole))
    return archive


def files_of(fork: Path) -> dict[str, bytes]:
    """What an image of the project lacks to be that of a fork: a checkout by links but for what it adds or changes."""
    files: dict[str, bytes] = {}
    for path in fork.rglob("*.py"):
        name = path.relative_to(fork)
        if path.is_symlink() or any(parent.is_symlink() for parent in path.parents):
            continue
        files[f"{APP}/{name}"] = path.read_bytes()
        if (ROOT / name).exists():
            # The image's bytecode would be taken instead, whatever stands in the file.
            files[f"{APP}/{name.parent}/__pycache__/.wh.{name.stem}.cpython-311.pyc"] = b""
    return files


def _index(entry: Mapping[str, object]) -> bytes:
    return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()


def _described(blob: bytes) -> dict[str, object]:
    return {"digest": _digest(blob), "size": len(blob)}


def _digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _tar(files: Mapping[str, bytes]) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return held.getvalue()
