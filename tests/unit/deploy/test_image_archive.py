"""Archives of images: blobs are what their digests say, layers are compressed once, pinned lists are the project's."""

import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from image_archive import Layers, write_archive
from image_context import inputs_digest
from make_image_requirements import HEADLESS

ROOT = Path(__file__).resolve().parents[3]


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def plain(folder: Path, *contents: bytes) -> str:
    """Puts the layers' plain tars into a folder; the config of an image that has all of them."""
    folder.mkdir(exist_ok=True)
    for content in contents:
        (folder / sha256(content)).write_bytes(content)
    diff_ids = [f"sha256:{sha256(content)}" for content in contents]
    return json.dumps({"rootfs": {"type": "layers", "diff_ids": diff_ids}})


def uncompressed(blob: bytes, media_type: str) -> bytes:
    program = media_type.rpartition("+")[2]
    return subprocess.run([program, "-d", "-c"], input=blob, capture_output=True, check=True).stdout


def test_an_archive_holds_what_its_digests_say(tmp_path: Path) -> None:
    contents = (b"base" * 5000, b"program", b"base" * 5000)
    config = plain(tmp_path / "plain", *contents)
    layers = Layers(tmp_path / "layers")
    layers.add(config, tmp_path / "plain")
    write_archive(layers, "visemill-worker:1.2.3", config, tmp_path / "image.tar")
    with tarfile.open(tmp_path / "image.tar") as archive:
        read = {name: archive.extractfile(name).read() for name in archive.getnames()}
    for name, content in read.items():
        assert not name.startswith("blobs/") or name.rpartition("/")[2] == sha256(content)
    (entry,) = json.loads(read["index.json"])["manifests"]
    assert entry["annotations"]["io.containerd.image.name"] == "docker.io/library/visemill-worker:1.2.3"
    manifest = json.loads(read[f"blobs/{entry['digest'].replace(':', '/')}"])
    assert read[f"blobs/{manifest['config']['digest'].replace(':', '/')}"].decode() == config
    blobs = [(read[f"blobs/{layer['digest'].replace(':', '/')}"], layer) for layer in manifest["layers"]]
    assert tuple(uncompressed(blob, layer["mediaType"]) for blob, layer in blobs) == contents
    assert all(len(blob) == layer["size"] for blob, layer in blobs)


def test_only_a_layer_that_changed_is_compressed_again(tmp_path: Path) -> None:
    first = plain(tmp_path / "plain", b"base", b"program")
    Layers(tmp_path / "layers").add(first, tmp_path / "plain")
    second = plain(tmp_path / "changed", b"base", b"program, changed")
    (tmp_path / "changed" / sha256(b"base")).unlink()
    layers = Layers(tmp_path / "layers")
    assert layers.missing(first) == []
    assert layers.missing(second) == [f"sha256:{sha256(b'program, changed')}"]
    layers.add(second, tmp_path / "changed")
    assert layers.descriptors(second)[0] == layers.descriptors(first)[0]


def test_a_layer_whose_file_is_gone_is_made_anew(tmp_path: Path) -> None:
    config = plain(tmp_path / "plain", b"base")
    layers = Layers(tmp_path / "layers")
    layers.add(config, tmp_path / "plain")
    (only,) = layers.descriptors(config)
    layers.path(only["digest"]).unlink()
    assert layers.missing(config) == [f"sha256:{sha256(b'base')}"]


def test_a_layer_that_nobody_added_is_no_archive(tmp_path: Path) -> None:
    config = plain(tmp_path / "plain", b"base")
    with pytest.raises(KeyError):
        write_archive(Layers(tmp_path / "layers"), "visemill-worker:1", config, tmp_path / "image.tar")
    assert not (tmp_path / "image.tar").exists()


@pytest.mark.parametrize(
    ("changed", "services"),
    [
        ("app/services/__main__.py", {"worker", "worker-torch", "training", "orchestrator"}),
        ("requirements/worker-torch.txt", {"worker-torch"}),
        ("requirements/training.txt", {"training"}),
        ("requirements/orchestrator.txt", {"orchestrator"}),
        ("requirements/triton.txt", {"triton"}),
        ("repository/net/1/model.onnx", {"triton"}),
        ("models/face_landmarker.task", {"worker", "worker-torch", "training", "orchestrator"}),
        ("bin/finish-image", {"worker", "worker-torch", "training", "orchestrator", "triton"}),
    ],
)
def test_an_image_is_built_again_when_its_parts_change(tmp_path: Path, monkeypatch, changed: str, services) -> None:
    monkeypatch.setattr("image_context.CONTEXT", tmp_path)
    parts = ("app/a.py", "bin/a", "models/a", "repository/a")
    for name in (
        *parts,
        *(f"requirements/{name}.txt" for name in ("worker", "worker-torch", "training", "orchestrator", "triton")),
        changed,
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("then")
    names = ("worker", "worker-torch", "training", "orchestrator", "triton")
    before = {name: inputs_digest(name, "base") for name in names}
    (tmp_path / changed).write_text("now!")
    assert {name for name in names if inputs_digest(name, "base") != before[name]} == services
    assert all(inputs_digest(name, "another base") != before[name] for name in names)


def test_libraries_of_images_are_of_the_laptops_versions() -> None:
    """Numpy 1 is for tritonserver's python backend, whose answers are compared within a tolerance."""
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines())
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    pins |= {other: pins[name] for name, other in HEADLESS.items()}
    differing = {}
    for path in (ROOT / "deploy" / "images").glob("*.txt"):
        for name, _, version in (line.partition("==") for line in path.read_text().splitlines() if "==" in line):
            if pins.get(name) != version:
                differing[name] = path.name
    assert differing == {"numpy": "triton.txt", "nvidia-pytriton": "triton.txt"}
