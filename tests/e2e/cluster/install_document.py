"""docs/install.md as it is run: its fenced blocks, where each is carried out, and the few words that are put in."""

import os
import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = ROOT / "docs" / "install.md"
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.M | re.S)


@dataclass(frozen=True)
class Block:
    """One fenced block. heading: of the section that it is in. number: from 0 within the section."""

    heading: str
    number: int
    language: str
    text: str

    @property
    def place(self) -> tuple[str, int]:
        return self.heading, self.number


HERE, INSIDE = "on this machine", "in the cluster's network"
MACHINE, FIRST, NO_HELM = "On one machine: kind, minikube", "The first run", "Without helm"
# Block -> where it is run.
RUN = {
    ("Installing on Kubernetes", 0): HERE,
    (MACHINE, 0): HERE,
    (MACHINE, 1): INSIDE,
    (MACHINE, 3): INSIDE,
    (FIRST, 0): INSIDE,
    (FIRST, 1): INSIDE,
    (NO_HELM, 0): INSIDE,
}
# Block -> why it is not run.
LEFT_OUT = {
    ("A wheel, on one machine", 0): "no cluster: tests/e2e/test_wheel.py builds and runs the wheel, without an index",
    ("Shell completion", 0): "no cluster: tests/unit/orchestrator/cli/test_completion.py runs what it prints",
    (MACHINE, 2): "no command: what `helm test` prints, compared with what it did print",
    ("On a real cluster", 0): "no command: values, rendered by helm as they stand there",
    ("On a real cluster", 1): "a rule of prometheus-adapter, which the test cluster has not got",
    ("On a real cluster", 2): "no command: values, rendered by helm as they stand there",
    ("Without a network", 0): "on a machine without a network: the images are imported by ctr in every other test, and "
    "the chart installs from its folder as from its archive",
}
# What stands in the document -> what is put in its place when it is run. Nothing else is changed.
Substitutions = Sequence[tuple[str, str]]


def substitutions(load: str, bucket: str, store: Mapping[str, str]) -> Substitutions:
    """load: the command that puts an archive onto the nodes. store: the S3 variables."""
    return (
        # The cluster is there.
        ("kind create cluster", ":"),
        ("kind load image-archive", load),
        ("https://s3.example", store["AWS_ENDPOINT_URL_S3"]),
        ("ACCESS_KEY --from", f"{store['AWS_ACCESS_KEY_ID']} --from"),
        ("AWS_ACCESS_KEY_ID=ACCESS_KEY", f"AWS_ACCESS_KEY_ID={store['AWS_ACCESS_KEY_ID']}"),
        ("=SECRET_KEY", f"={store['AWS_SECRET_ACCESS_KEY']}"),
        ("s3://BUCKET", f"s3://{bucket}"),
        # Few clips: as many pods as shards would only start and end. Small, for machines that tests share.
        ("run grid", "run grid --num-shards 2 --clip-memory-mib 1000"),
        ("run sign", "run sign --num-shards 1 --clip-memory-mib 1500 --target-fps 3"),
    )


def blocks(text: str) -> list[Block]:
    """All fenced blocks, in order."""
    found: list[Block] = []
    for match in _FENCE.finditer(text):
        heading = re.findall(r"^#+ (.+)$", text[: match.start()], re.M)[-1]
        number = sum(block.heading == heading for block in found)
        found.append(Block(heading, number, match[2], re.sub(f"^{match[1]}", "", match[3], flags=re.M)))
    return found


def block(heading: str, number: int) -> Block:
    """One of the document's. Raises StopIteration where there is none."""
    return next(one for one in blocks(DOCUMENT.read_text()) if one.place == (heading, number))


class Reader:
    """Types the document's blocks into a shell; what one exports the next has."""

    def __init__(self, words: Substitutions, prefix: Sequence[str], environment: Mapping[str, str], folder: Path):
        self._words, self._prefix, self._environment = words, list(prefix), dict(environment)
        self._exported = folder / "exported"
        self._exported.write_text("")

    def run(self, heading: str, number: int, *, limit_s: float = 600) -> str:
        """What it prints. Fails unless each of its commands ends with 0."""
        text = block(heading, number).text
        for old, new in self._words:
            text = text.replace(old, new)
        exported = shlex.quote(str(self._exported))
        # What the block has left in the background ends with it.
        script = f"set -euo pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n. {exported}\n{text}\n"
        script += f"export -p > {exported}\n"
        prefix = self._prefix if RUN[heading, number] == INSIDE else []
        environment = {**os.environ, **self._environment}
        done = subprocess.run(
            [*prefix, "bash", "-c", script],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=limit_s, check=False,
        )  # fmt: skip
        assert done.returncode == 0, (
            f"{heading}, block {number}, exit {done.returncode}:\n{text}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
        )
        return done.stdout
