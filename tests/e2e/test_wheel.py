"""The wheel, installed outside of the checkout, does what a person does first, and reads nothing of the checkout.

Takes about half a minute: it builds the wheel once and runs a small corpus through the real command line.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("orchestrator", "protos", "services", "LICENSE", "README.md", "pyproject.toml")

# Run by every interpreter of the environment, children included: says which files of the checkout are opened, but for
# the libraries that its environment lends.
WATCHER = """
import os, sys
def watch(event, arguments, checkout={checkout!r}, lent={lent!r}, log={log!r}):
    if event not in ("open", "os.listdir", "os.scandir", "import") or not arguments:
        return
    for path in arguments[:2]:
        path = os.fsdecode(path) if isinstance(path, (str, bytes)) else ""
        if path.startswith(checkout) and not path.startswith(lent):
            descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(descriptor, (path + "\\n").encode())
            os.close(descriptor)
sys.addaudithook(watch)
"""


class Installed:
    """An environment with the wheel and, lent by the tests' own, the libraries that it asks for. log: what was opened
    of the checkout.
    """

    def __init__(self, folder: Path, wheel: Path) -> None:
        self.folder, self.log = folder, folder / "opened"
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        self.python = folder / "venv" / "bin" / "python"
        self._pip("install", "--no-deps", str(wheel))
        site = folder / "venv" / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
        lent = sysconfig.get_path("purelib")
        # A folder that a .pth names is searched; its own .pth files, one of which leads to the checkout, are not read.
        (site / "lent.pth").write_text(f"{lent}\nimport watcher\n")
        facts = {"checkout": f"{ROOT}/", "lent": str(Path(sys.prefix) / ""), "log": str(self.log)}
        (site / "watcher.py").write_text(WATCHER.format(**facts))

    def _pip(self, *words: str) -> None:
        argv = [sys.executable, "-m", "pip", "--python", str(self.python), *words]
        subprocess.run([*argv, "--quiet", "--no-index", "--disable-pip-version-check"], check=True)

    def run(self, *argv: str, code: int = 0) -> str:
        """What a command of the environment prints, from a folder that holds nothing of ours."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment["PATH"] = f"{self.python.parent}:{environment['PATH']}"
        done = subprocess.run(
            argv, cwd=self.folder, env=environment, capture_output=True, text=True, check=False, timeout=300
        )
        assert done.returncode == code, f"{argv}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools writes beside its sources, and takes in again what it wrote there before."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / "source" / name)
    argv = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps", "--no-build-isolation"]
    argv += ["--disable-pip-version-check", "--wheel-dir", str(folder), str(folder / "source")]
    subprocess.run(argv, check=True)
    (made,) = folder.glob("visemill-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return Installed(tmp_path_factory.mktemp("elsewhere"), wheel)


def test_a_wheel_runs_a_corpus_outside_of_the_checkout(installed: Installed) -> None:
    """The first commands of README.md, a split file and the page's template among what they read."""
    installed.run("visemill", "demo-corpus", "corpus", "--speakers", "2", "--clips", "1")
    roots = ("--input-root", "corpus", "--output-root", "out")
    splits = ("--split-config", "lipnet-unseen", "--allow-missing-speakers")
    installed.run("visemill", "run", "grid", *roots, *splits, "--num-shards", "1", "--workers", "1")
    # Of the two speakers, the split file that travels in the wheel holds out s1.
    told = json.loads(installed.run("visemill", "inspect", "out/test-00000-of-00001.tfrecord", "-o", "json"))
    assert (told["index"], told["speaker_id"]) == (0, "s1")
    installed.run("visemill", "report", "--output-root", "out", "--html", "page.html")
    page = (installed.folder / "page.html").read_text()
    assert page.startswith("<!doctype html>") and "data:image/png;base64," in page
    assert not installed.log.exists(), installed.log.read_text()


def test_stubs_and_services_come_from_the_wheel_and_protos_travel_with_it(installed: Installed) -> None:
    program = "import orchestrator, services, visemill.v1.runs_pb2 as runs; print(orchestrator, services, runs)"
    found = re.findall(r"from '([^']+)'", installed.run("python", "-c", program))
    assert len(found) == 3 and all(path.startswith(str(installed.folder)) for path in found)
    program = "import importlib.resources as r; print((r.files('visemill.v1') / 'runs.proto').read_text())"
    assert "service RunService" in installed.run("python", "-c", program)
    assert "landmarks" in installed.run("python", "-m", "services", "landmarks", "serve", "--help")
    assert not installed.log.exists(), installed.log.read_text()


def test_what_is_opened_in_the_checkout_would_be_seen(installed: Installed, tmp_path: Path) -> None:
    path = ROOT / "orchestrator" / "report" / "page.html.j2"
    installed.run("python", "-c", f"open({str(path)!r})")
    assert installed.log.read_text() == f"{path}\n"
    installed.log.unlink()
