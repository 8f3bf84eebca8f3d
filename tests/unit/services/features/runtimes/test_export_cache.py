"""Exported networks are kept: one export for the same facts, another for any other, and none left half-written."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.features.networks import NETWORKS
from services.features.runtimes.export_cache import MOST_KEPT, cache_folder, exported, exporter_digest

FACTS = {"weights": "seeded:0", "torch": "2.13"}


class Exporter:
    def __init__(self) -> None:
        self.num_exports = 0

    def __call__(self, path: Path) -> None:
        self.num_exports += 1
        path.write_bytes(b"network %d" % self.num_exports)


def test_the_same_facts_are_exported_once(tmp_path: Path) -> None:
    export = Exporter()
    for _ in range(3):
        with exported(tmp_path / "new" / "folder", "net", FACTS, export) as path:
            assert path.read_bytes() == b"network 1"
    assert export.num_exports == 1


@pytest.mark.parametrize("changed", [{"weights": "sha256:00"}, {"torch": "2.14"}, {"exporter": "other"}])
def test_other_weights_versions_or_code_are_exported_anew(tmp_path: Path, changed: dict[str, str]) -> None:
    export = Exporter()
    for facts in (FACTS, {**FACTS, **changed}, FACTS):
        with exported(tmp_path, "net", facts, export):
            pass
    assert export.num_exports == 2


def test_processes_that_start_together_export_once(tmp_path: Path) -> None:
    code = (
        "import sys, pathlib; from services.features.runtimes.export_cache import exported\n"
        "folder = pathlib.Path(sys.argv[1])\n"
        "def export(path):\n"
        "    (folder / 'exports.txt').open('a').write('one\\n'); path.write_bytes(b'network')\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "with exported(folder / 'kept', 'net', {'a': 'b'}, export) as path:\n"
        "    assert path.read_bytes() == b'network'\n"
    )
    argv = [sys.executable, "-c", code, str(tmp_path)]
    processes = [subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [process.communicate(timeout=60) and process.returncode for process in processes] == [0] * 4
    assert (tmp_path / "exports.txt").read_text() == "one\n"


def test_an_export_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), exported(tmp_path, "net", FACTS, fail):
        pass
    export = Exporter()
    with exported(tmp_path, "net", FACTS, export) as path:
        assert path.exists()
    assert export.num_exports == 1


def test_where_nothing_can_be_kept_each_start_exports(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    export = Exporter()
    for _ in range(2):
        with exported(tmp_path / "file" / "folder", "net", FACTS, export) as path:
            assert path.exists()
        assert not path.exists()
    assert export.num_exports == 2


def test_the_last_few_are_kept(tmp_path: Path) -> None:
    for i in range(MOST_KEPT + 2):
        with exported(tmp_path, "net", {"n": str(i)}, Exporter()):
            pass
    assert len(list(tmp_path.glob("*.onnx"))) == MOST_KEPT


def test_the_folder_follows_the_usual_variable(tmp_path: Path) -> None:
    assert cache_folder({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "visemill" / "exports"
    assert len(exporter_digest(NETWORKS["inception_v3"])) == 64
    assert exporter_digest(NETWORKS["inception_v3"]) != exporter_digest(NETWORKS["semantic"])
