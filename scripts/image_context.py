"""What an image is made of, gathered into one folder with one mode and one time for every file."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pip
from image_network import fill_repository
from image_pip import fetch_wheel

ROOT = Path(__file__).resolve().parents[1]
CONTEXT = ROOT / "build" / "images" / "context"
_SUFFIXES = {".py", ".pyi", ".typed", ".proto", ".yaml", ".json", ".j2"}
# Folder of the program in the image -> in the repository.
_PACKAGES = {"services": "services", "orchestrator": "orchestrator", "visemill": "protos/visemill"}
# Images with the wheel of torch that pip has chosen outside of the build.
_WITH_TORCH = ("worker-torch", "training")
# What decides an image, beside its base: parts of the context.
_PARTS = {
    "worker": ("bin", "requirements/worker.txt", "models", "app"),
    **{
        name: (
            "bin",
            "requirements/worker.txt",
            f"requirements/{name}.txt",
            f"requirements/{name}.sha256",
            "models",
            "app",
        )
        for name in _WITH_TORCH
    },
    "orchestrator": ("bin", "requirements/worker.txt", "requirements/orchestrator.txt", "models", "app"),
    "triton": ("bin", "requirements/triton.txt", "repository"),
}


def gather(service: str, version: str) -> None:
    """Fills CONTEXT with what a service's image takes. Raises SystemExit when a model, network or torch is missing."""
    for name in ("app", "bin", "requirements", "models", "repository", "pip", "wheels"):
        (CONTEXT / name).mkdir(parents=True, exist_ok=True)
    _mirror(ROOT / "deploy" / "images" / "bin", CONTEXT / "bin")
    for path in (ROOT / "deploy" / "images").glob("*.txt"):
        _copy(path, CONTEXT / "requirements" / path.name)
    _mirror(Path(pip.__path__[0]), CONTEXT / "pip", skipped=("__pycache__",))
    if service == "triton":
        fill_repository(CONTEXT / "repository", CONTEXT.parent)
    else:
        _app(version)
        environment = {**os.environ, "VISEMILL_MODELS": str(CONTEXT / "models")}
        argv = [sys.executable, "-m", "services.landmarks.model_files", "fetch"]
        done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(
                f"nothing was built: visemill-{service} must hold MediaPipe's models. {done.stderr.strip()}"
            )
    if service in _WITH_TORCH:
        # Its digest is copied into the image: a layer is made anew when another wheel is chosen.
        listed = CONTEXT / "requirements" / f"{service}.txt"
        (pinned,) = (line for line in listed.read_text().splitlines() if line.startswith("torch=="))
        listed.with_suffix(".sha256").write_text(fetch_wheel(pinned, CONTEXT / "wheels", f"visemill-{service}"))
    _settle(CONTEXT)


def inputs_digest(service: str, others: str) -> str:
    """sha256 (hex) of all that decides an image's content."""
    digest = hashlib.sha256(f"{others}\n".encode() + (ROOT / "services" / "Dockerfile").read_bytes())
    for part in _PARTS[service]:
        top = CONTEXT / part
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            if path.is_file():
                digest.update(f"{path.relative_to(CONTEXT)} {path.stat().st_size}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def _app(version: str) -> None:
    app = CONTEXT / "app"
    shutil.rmtree(app)
    for name, source in _PACKAGES.items():
        for path in sorted((ROOT / source).rglob("*")):
            if path.suffix in _SUFFIXES and "__pycache__" not in path.parts:
                _copy(path, app / name / path.relative_to(ROOT / source))
    metadata = app / f"visemill-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: visemill\nVersion: {version}\n")


def _mirror(source: Path, target: Path, skipped: tuple[str, ...] = ()) -> None:
    shutil.rmtree(target)
    for path in sorted(source.rglob("*")):
        if path.is_file() and not set(skipped) & set(path.parts):
            _copy(path, target / path.relative_to(source))


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def _settle(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
        elif not os.access(path, os.X_OK):
            path.chmod(0o644)
        os.utime(path, (0, 0))
