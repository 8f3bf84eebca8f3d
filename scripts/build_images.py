"""`make images`: gathers each image's context, builds it with buildah or docker, and keeps it as an OCI archive.

Nothing is built again whose inputs are unchanged. Archives, bills of materials and the context lie in build/images/.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import signal
import subprocess
import sys
import time
import tomllib
from pathlib import Path

from image_builders import Builder, chosen_builder, remove_left_secrets
from image_context import CONTEXT, ROOT, gather, inputs_digest
from image_debian import debian_base

IMAGES = ROOT / "build" / "images"
UPSTREAM = "python:3.11-slim-bookworm"
# What the chart needs. VARIANTS are built by their names alone.
SERVICES = ("worker", "orchestrator", "triton")
VARIANTS = ("worker-torch", "training")
# Of a build that failed.
PRINTED_LINES = 60


def version() -> str:
    """Of the project, which is the images' tag."""
    text: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return text


def revision() -> str:
    """The last commit that touched what images are made of, marked when the working tree differs from it."""
    paths = ["services", "orchestrator", "protos", "deploy/images", "pyproject.toml", "constraints.txt", "scripts"]
    try:
        last = subprocess.run(
            ["git", "log", "-1", "--format=%H", "--", *paths], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()
        clean = subprocess.run(["git", "diff", "--quiet", "HEAD", "--", *paths], cwd=ROOT, check=False).returncode == 0
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return last if clean else f"{last}-modified"


def base_image(asked: str, builder: Builder) -> str:
    """What stands for BASE_IMAGE: `debian` is made here, `auto` is upstream's where a registry answers."""
    if asked == "auto":
        asked = UPSTREAM if builder.has(UPSTREAM) or builder.pull(UPSTREAM) else "debian"
    if asked == "debian":
        return debian_base(IMAGES, builder)
    if not builder.has(asked) and not builder.pull(asked):
        raise SystemExit(f"the base image {asked} is not here and cannot be pulled: check its name, or BASE=debian")
    return asked


def build(service: str, base: str, builder: Builder, force: bool) -> dict[str, object]:
    """One image, its archive and its bill of materials. What was done, for the table."""
    begin_s = time.monotonic()
    name = f"visemill-{service}:{version()}"
    archive = IMAGES / f"visemill-{service}.tar"
    record = IMAGES / f"visemill-{service}.json"
    digest = inputs_digest(service, f"{name} {builder.identity(base)} {builder.name}")
    known = json.loads(record.read_text()) if record.exists() else {}
    if not force and known.get("inputs") == digest and archive.exists():
        return {**known, "seconds": 0.0}
    labels = {"title": f"visemill-{service}", "version": version(), "revision": revision(), "licenses": "Apache-2.0"}
    words = [f"--label=org.opencontainers.image.{key}={value}" for key, value in labels.items()]
    words += [f"--build-arg=BASE_IMAGE={base}", f"--build-arg=SERVICE={service}"]
    try:
        builder.build(name, ROOT / "services" / "Dockerfile", CONTEXT, words)
    except subprocess.CalledProcessError as error:
        printed = "\n".join((error.output or "").splitlines()[-PRINTED_LINES:])
        why = f"{builder.name} ended with exit code {error.returncode}"
        raise SystemExit(f"{printed}\nvisemill-{service} was not built: {why}, see above") from None
    built_s = time.monotonic() - begin_s
    builder.copy_out(name, "/opt/visemill/sbom.cdx.json", IMAGES / f"visemill-{service}.sbom.cdx.json")
    builder.save(name, archive)
    fields = {
        "image": name,
        "inputs": digest,
        "size_bytes": builder.size_bytes(name),
        "archive_bytes": archive.stat().st_size,
        "archive_sha256": _sha256(archive),
        "build_s": round(built_s, 1),
        "seconds": round(time.monotonic() - begin_s, 1),
    }
    record.write_text(json.dumps(fields, indent=1) + "\n")
    return fields


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def table(rows: list[dict[str, object]]) -> str:
    """Sizes are those unpacked and those of the archive; seconds: 0 where nothing had changed."""
    lines = [f"{'image':<32}{'unpacked':>12}{'archive':>12}{'seconds':>10}"]
    for row in rows:
        unpacked, archived = (int(str(row[key])) / 1e6 for key in ("size_bytes", "archive_bytes"))
        lines.append(f"{row['image']:<32}{unpacked:>9.0f} MB{archived:>9.0f} MB{row['seconds']:>10}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "services",
        nargs="*",
        metavar="SERVICE",
        help=f"of {', '.join((*SERVICES, *VARIANTS))} (default: {' '.join(SERVICES)})",
    )
    parser.add_argument(
        "--base", default="auto", help=f"an image, `debian` (mmdebstrap), or `auto`: {UPSTREAM} where it can be had"
    )
    parser.add_argument("--builder", default="auto", help="buildah, docker or auto")
    parser.add_argument("--force", action="store_true", help="build what is unchanged too")
    flags = parser.parse_args()
    if unknown := set(flags.services) - {*SERVICES, *VARIANTS}:
        parser.error(
            f"no image is made for {', '.join(sorted(unknown))}; there are {', '.join((*SERVICES, *VARIANTS))}"
        )
    IMAGES.mkdir(parents=True, exist_ok=True)
    with (IMAGES / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove_left_secrets(IMAGES)
        builder = chosen_builder(flags.builder, IMAGES)
        services = flags.services or SERVICES
        # All of them first: a set that cannot be made whole is not begun.
        for service in services:
            gather(service, version())
        base = base_image(flags.base, builder)
        rows = [build(service, base, builder, flags.force) for service in services]
    sys.stdout.write(table(rows) + "\n")
    return 0


if __name__ == "__main__":
    os.umask(0o022)
    # So that a build that is ended cleans up, as one that is interrupted does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
