"""The hub is asked as its library asks, and its refusals become our answers."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from fake_hub import REVISION, FakeHub, git_id, served, zip_of

from services.base.errors import BadConfig, Transient
from services.base.process.retry import Retryable
from services.training.data.hub.repository import HubRepository

ZIP = zip_of({"val/1.mp4": b"1" * 50_000})
FILES = {"meta_valid.csv": b"ID,TEXT\n", "val.zip": ZIP}


def opened(hub: FakeHub, cache: Path) -> HubRepository:
    return HubRepository(hub.name, str(cache), endpoint=hub.endpoint, patience_s=0.0)


def test_files_have_their_sizes_and_identities(tmp_path: Path) -> None:
    with served(FakeHub(FILES)) as hub:
        found = opened(hub, tmp_path).listing("main")
    assert found.revision == REVISION
    table, zipped = found.files
    assert (table.name, table.size_bytes, table.git_id, table.sha256) == ("meta_valid.csv", 8, git_id(b"ID,TEXT\n"), "")
    assert (zipped.name, zipped.size_bytes, len(zipped.sha256)) == ("val.zip", len(ZIP), 64)


def test_bytes_are_read_from_any_place_and_the_token_stays_with_the_hub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_loopback")
    with served(FakeHub(FILES, gated=True)) as hub:
        repository = opened(hub, tmp_path)
        zipped = repository.listing(REVISION).files[1]
        assert b"".join(repository.read(zipped, REVISION, 0)) == ZIP
        assert b"".join(repository.read(zipped, REVISION, 40)) == ZIP[40:]
        hub.ignores_ranges = True
        assert b"".join(repository.read(zipped, REVISION, 40)) == ZIP[40:]
    tokens = {(one.server, one.token) for one in hub.asked}
    assert tokens == {("hub", "Bearer hf_loopback"), ("contents", "")}


@pytest.mark.parametrize(
    ("change", "revision", "error", "says"),
    [
        ({}, "none", BadConfig, "HUB_NOT_FOUND.*has no revision none"),
        ({"name": "another/one"}, REVISION, BadConfig, "HUB_NOT_FOUND"),
        ({"status": 403}, REVISION, BadConfig, "HUB_ACCESS.*accept them, and give your token by HF_TOKEN"),
        ({"status": 418}, REVISION, BadConfig, "HUB_ANSWER.*answers with 418"),
        ({"status": 503}, REVISION, Transient, "HUB_UNREACHABLE.*answers with 503"),
    ],
)
def test_a_refusal_says_what_to_do(
    tmp_path: Path, change: dict[str, object], revision: str, error: type[Exception], says: str
) -> None:
    with served(FakeHub(FILES, **change)) as hub, pytest.raises(error, match=says):  # type: ignore[arg-type]
        HubRepository("BAAI/Chinese-LiPS", str(tmp_path), endpoint=hub.endpoint, patience_s=0.0).listing(revision)


def test_gated_files_and_lost_connections_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "")
    monkeypatch.setenv("HF_TOKEN_PATH", str(tmp_path / "none"))
    with served(FakeHub(FILES)) as hub:
        repository = opened(hub, tmp_path)
        table, zipped = repository.listing(REVISION).files
        hub.gated = True
        with pytest.raises(BadConfig, match="HUB_ACCESS"):
            next(repository.read(table, REVISION, 0))
        hub.gated, hub.cuts_after = False, 0
        with pytest.raises(Retryable, match="HUB_UNREACHABLE"):
            list(repository.read(zipped, REVISION, 0))
    with pytest.raises(Transient, match=r"HUB_UNREACHABLE.*cannot be reached"):
        repository.listing(REVISION)


def test_without_the_library_it_says_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['huggingface_hub'] = None\n"
        "from services.training.data.hub.repository import HubRepository\n"
        "try: HubRepository('o/n')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.startswith("BadConfig LIBRARY_MISSING: huggingface_hub") and "pip install 'visemill[hub]'" in said
