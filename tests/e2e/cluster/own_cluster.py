"""A place for a cluster of the tests' own, on a machine where others may have theirs: commands, folder, networks."""

import contextlib
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

SLOTS = 4
# Two nodes, and the images of the chart on each.
NODES_BYTES = 11_000_000_000
# What the script needs -> the Debian package that brings it.
COMMANDS = {
    "containerd": "containerd", "runc": "runc", "iptables": "iptables", "ip": "iproute2", "conntrack": "conntrack",
    "socat": "socat", "ethtool": "ethtool", "openssl": "openssl", "nsenter": "util-linux", "xz": "xz-utils",
    "curl": "curl", "/usr/lib/cni/bridge": "containernetworking-plugins",
}  # fmt: skip


def cannot(why: str) -> NoReturn:
    """Ends a test that this machine cannot run: skipped for a user, failed in CI, where nothing may be left out."""
    if os.environ.get("CI"):
        pytest.fail(f"in CI this must run: {why}", pytrace=False)
    pytest.skip(why)


def install_commands() -> None:
    """What the script needs; `cannot` where it is not to be had. One session at a time: apt-get refuses a second."""
    with Path("/var/tmp/visemill-e2e-install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install_commands()


def _install_commands() -> None:
    missing = [package for command, package in COMMANDS.items() if not shutil.which(command)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        cannot(f"no cluster can be started here: {', '.join(missing)} are missing")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *missing]):
        done = subprocess.run(["apt-get", *words], env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            cannot(f"no cluster can be started here: {missing} cannot be installed: {done.stderr[-500:]}")


@contextlib.contextmanager
def place() -> Iterator[tuple[Path, str]]:
    """A folder and a network's name that no other session has: those of the environment, or a free slot's.

    Of tests that pytest-xdist spreads, each of its workers has a cluster of its own, so that none kills another's.
    """
    named = os.environ.get("VISEMILL_CLUSTER_DIR")
    chosen = Path(named) if named else None
    slots = [chosen] if chosen else [Path(f"/var/tmp/visemill-e2e-{slot}") for slot in range(SLOTS)]
    for slot, folder in enumerate(slots):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "lock").open("w") as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            netns = os.environ.get("VISEMILL_CLUSTER_NETNS") or (folder.name if named else f"vm-e2e-{slot}")
            yield folder, netns
            return
    cannot(f"other sessions of these tests hold {', '.join(map(str, slots))}: set VISEMILL_CLUSTER_DIR")


def require_space(folder: Path) -> None:
    """`cannot` where the disk has no place for the images of the nodes, those that lie there already not counted: a
    kubelet that runs short evicts pods, and nothing says so.
    """
    free_bytes = shutil.disk_usage(folder).free
    if free_bytes < NODES_BYTES:
        discard_images(folder)
        free_bytes = shutil.disk_usage(folder).free
    if free_bytes < NODES_BYTES:
        cannot(f"{free_bytes / 1e9:.1f} GB are free at {folder}, a cluster takes {NODES_BYTES / 1e9:.0f}: free some")


def discard_images(folder: Path) -> None:
    """What nodes of a cluster that is down hold, their images."""
    for node in folder.glob("node-*"):
        shutil.rmtree(node)


def spare_other_networks(script: Callable[..., str], folder: Path) -> None:
    """`down` ends every pod network that was not there at `up`: those of clusters that came later are told to it."""
    own: set[str] = set()
    for node in range(len(list(folder.glob("node-*")))):
        with contextlib.suppress(AssertionError):
            for name in script("ctr", node, "containers", "ls", "-q").split():
                spec = json.loads(script("ctr", node, "containers", "info", name))["Spec"]
                own |= {Path(space.get("path", "")).name for space in spec["linux"]["namespaces"]}
    others = [path.name for path in Path("/run/netns").iterdir() if path.name not in own]
    (folder / "netns.before").write_text("".join(f"{name}\n" for name in others))


def is_up(folder: Path) -> bool:
    """Whether somebody else's cluster runs in a folder that the environment names; what a dead session left is not."""
    pid = folder / "pids" / "kube-apiserver"
    named = bool(os.environ.get("VISEMILL_CLUSTER_DIR"))
    return named and pid.exists() and Path(f"/proc/{pid.read_text().strip()}").exists()
