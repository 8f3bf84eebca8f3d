"""A file is fetched on from where it stands, and is in the cache under its identity only if its bytes have it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("huggingface_hub")

from fake_hub import REVISION, FakeHub, Seen, served, zip_of

from services.base.errors import BadConfig, Transient
from services.base.process.retry import Backoff
from services.training.data.hub import repository as hub_repository
from services.training.data.hub.fetching import BegunFile
from services.training.data.hub.repository import HubRepository

ZIP = zip_of({"val/1.mp4": bytes(i * i % 251 for i in range(100_000))})
QUICK = Backoff(first_s=0.01, most_s=0.01)


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    with served(FakeHub({"val.zip": ZIP})) as served_hub:
        yield served_hub


@pytest.fixture
def repository(hub: FakeHub, tmp_path: Path) -> HubRepository:
    return HubRepository(hub.name, str(tmp_path), endpoint=hub.endpoint)


@pytest.fixture
def begun(repository: HubRepository) -> BegunFile:
    (file,) = repository.listing(REVISION).files
    return BegunFile(file, repository.blob(file))


def fetch(begun: BegunFile, repository: HubRepository) -> Seen:
    seen = Seen()
    begun.fetch(repository, REVISION, seen.counts.append, seen, pauses=QUICK)
    assert begun.blob.read_bytes() == ZIP and not begun.partial.exists()
    return seen


def test_other_programs_find_it_in_the_cache(begun: BegunFile, repository: HubRepository, tmp_path: Path) -> None:
    from huggingface_hub import try_to_load_from_cache

    fetch(begun, repository)
    repository.name_blob(begun.file, REVISION)
    found = try_to_load_from_cache(
        repository.name, "val.zip", cache_dir=str(tmp_path), revision=REVISION, repo_type="dataset"
    )
    assert isinstance(found, str) and Path(found).read_bytes() == ZIP


def test_a_begun_file_is_gone_on_with(begun: BegunFile, repository: HubRepository, hub: FakeHub) -> None:
    begun.blob.parent.mkdir(parents=True)
    begun.partial.write_bytes(ZIP[:30_000])
    assert begun.num_bytes == 30_000
    seen = fetch(begun, repository)
    assert hub.ranges_of_contents() == [f"bytes=30000-{len(ZIP) - 1}"]
    assert seen.counts[0] == 30_000 and seen.counts[-1] == len(ZIP)


def test_a_connection_that_breaks_off_is_taken_up_where_it_broke(
    begun: BegunFile, repository: HubRepository, hub: FakeHub
) -> None:
    hub.cuts_after = 40_000
    seen = fetch(begun, repository)
    assert len(hub.ranges_of_contents()) == 3 and all("HUB_UNREACHABLE" in text for text in seen.said)


def test_more_than_a_server_answers_with_at_once_comes_in_pieces(
    begun: BegunFile, repository: HubRepository, hub: FakeHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_repository, "_PIECE_BYTES", 60_000)
    assert fetch(begun, repository).said == []
    assert hub.ranges_of_contents() == ["bytes=0-59999", f"bytes=60000-{len(ZIP) - 1}"]


def test_one_that_brings_nothing_ends_it_and_what_is_there_stays(
    begun: BegunFile, repository: HubRepository, hub: FakeHub
) -> None:
    begun.blob.parent.mkdir(parents=True)
    begun.partial.write_bytes(ZIP[:30_000])
    hub.cuts_after = 0
    with pytest.raises(Transient, match=r"HUB_UNREACHABLE.*run the same command again"):
        fetch(begun, repository)
    assert begun.partial.read_bytes() == ZIP[:30_000] and not begun.blob.exists()


def test_a_flipped_byte_is_refused_and_what_had_it_removed(
    begun: BegunFile, repository: HubRepository, hub: FakeHub
) -> None:
    hub.sends["val.zip"] = ZIP[:50_000] + bytes([ZIP[50_000] ^ 1]) + ZIP[50_001:]
    with pytest.raises(
        Transient, match=f"HUB_FILE_DAMAGED: val.zip has the digest .* the hub says {begun.file.sha256}"
    ):
        fetch(begun, repository)
    assert begun.num_bytes == 0
    hub.sends.clear()
    fetch(begun, repository)


def test_a_file_of_the_cache_is_compared_too(begun: BegunFile, repository: HubRepository, hub: FakeHub) -> None:
    fetch(begun, repository)
    assert fetch(begun, repository).said == [] and len(hub.ranges_of_contents()) == 1
    begun.blob.write_bytes(ZIP[:-1] + b"x")
    assert "is downloaded anew" in fetch(begun, repository).said[0]


def test_two_downloads_do_not_write_one_file(begun: BegunFile, repository: HubRepository, hub: FakeHub) -> None:
    with served(FakeHub({"val.zip": ZIP})) as other_hub:
        other = BegunFile(begun.file, begun.blob)
        source = HubRepository(other_hub.name, str(repository.folder.parent), endpoint=other_hub.endpoint)

        class Tries(Seen):
            def counted(self, count: int) -> None:
                if not self.said:
                    with pytest.raises(BadConfig, match=r"OUTPUT_IN_USE.*another download"):
                        other.fetch(source, REVISION, self.counts.append, self, pauses=QUICK)
                    self.say("refused")

        tries = Tries()
        begun.fetch(repository, REVISION, tries.counted, tries, pauses=QUICK)
    assert tries.said == ["refused"]
