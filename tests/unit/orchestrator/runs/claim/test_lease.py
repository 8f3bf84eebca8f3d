"""Who may write an output root: one run, and after its death the next."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from orchestrator.runs.claim.lease import Lease, ObjectLease, Pace
from orchestrator.runs.claim.lease_owner import Owner
from services.base.errors import BadConfig
from services.base.store.local.folder import LocalFolder
from services.base.store.open import open_store

QUICK = Pace(renew_s=0.01, stale_s=0.05, watch_s=0.02)
ELSEWHERE = dataclasses.replace(Owner.this_process("theirs"), boot="another boot", host="far")


@pytest.fixture
def store(tmp_path: Path) -> LocalFolder:
    return LocalFolder(tmp_path)


def lease_files(root: Path) -> list[str]:
    return sorted(path.name for path in (root / ".visemill").iterdir())


def leave_note(store: LocalFolder, owner: Owner, number: int = 1, **fields: object) -> None:
    note = dataclasses.asdict(owner) | {"renewed_at": 0.0, "renewals": 0, "released": False} | fields
    store.put(f".visemill/lease-{number:08d}", json.dumps(note).encode())


def test_a_second_run_on_one_folder_is_refused_and_told_by_whom(tmp_path: Path) -> None:
    with Lease(str(tmp_path), "first"), pytest.raises(BadConfig) as caught, Lease(str(tmp_path), "second"):
        pass
    assert caught.value.reason == "OUTPUT_IN_USE"
    for part in ("run 'first'", f"process {os.getpid()}", str(tmp_path), "another place"):
        assert part in caught.value.message
    with Lease(str(tmp_path), "second") as lease:
        lease.check()


def test_a_folder_whose_lease_was_removed_is_lost(tmp_path: Path) -> None:
    with Lease(str(tmp_path), "first") as lease:
        (tmp_path / ".visemill/lease").unlink()
        with pytest.raises(BadConfig, match="LEASE_LOST"):
            lease.check()
        with Lease(str(tmp_path), "second") as other:
            other.check()
            with pytest.raises(BadConfig, match="LEASE_LOST"):
                lease.check()


def test_a_folder_that_cannot_be_written_is_said_so(tmp_path: Path) -> None:
    (tmp_path / ".visemill").write_bytes(b"")
    with pytest.raises(BadConfig, match="NOT_A_FOLDER"), Lease(str(tmp_path), "first"):
        pass


def test_a_file_system_without_locks_gets_a_renewed_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(descriptor: int, how: int) -> None:
        raise OSError(95, "no locks here")

    monkeypatch.setattr("orchestrator.runs.claim.lease.fcntl.flock", no_locks)
    with Lease(str(tmp_path), "first"), pytest.raises(BadConfig, match="OUTPUT_IN_USE"), Lease(str(tmp_path), "second"):
        pass


def test_a_living_process_on_this_machine_is_refused_at_once(store: LocalFolder, tmp_path: Path) -> None:
    first = ObjectLease(store, Owner.this_process("first"), Pace())
    first.take()
    with pytest.raises(BadConfig, match=r"OUTPUT_IN_USE.*run 'first'"):
        ObjectLease(store, Owner.this_process("second"), Pace()).take()
    first.check()
    first.release()
    second = ObjectLease(store, Owner.this_process("second"), Pace())
    second.take()
    assert lease_files(tmp_path) == ["lease-00000002"]
    with pytest.raises(BadConfig, match="LEASE_LOST"):
        first.check()
    second.release()


@pytest.mark.parametrize("change", [{"pid": 1 << 30}, {"started": "1"}])
def test_a_dead_process_on_this_machine_makes_way_at_once(store: LocalFolder, change: dict[str, int | str]) -> None:
    dead = dataclasses.replace(Owner.this_process("theirs"), **change)
    leave_note(store, dead, renewed_at=9e9)
    lease = ObjectLease(store, Owner.this_process("ours"), Pace())
    lease.take()
    lease.check()
    lease.release()


def test_a_silent_holder_elsewhere_makes_way_after_it_was_watched(store: LocalFolder, tmp_path: Path) -> None:
    leave_note(store, ELSEWHERE, number=7)
    lease = ObjectLease(store, Owner.this_process("ours"), QUICK)
    lease.take()
    assert lease_files(tmp_path) == ["lease-00000008"]
    lease.release()


def test_a_holder_elsewhere_that_renews_is_alive_whatever_its_clock_says(store: LocalFolder) -> None:
    renewing = ObjectLease(store, ELSEWHERE, QUICK)
    renewing.take()
    patient = Pace(renew_s=0.01, stale_s=30.0, watch_s=30.0)
    with pytest.raises(BadConfig, match=r"OUTPUT_IN_USE.*on far"):
        ObjectLease(store, Owner.this_process("ours"), patient).take()
    renewing.check()
    renewing.release()


def test_a_holder_that_was_taken_for_dead_sees_that_it_lost(store: LocalFolder, tmp_path: Path) -> None:
    stopped = ObjectLease(store, ELSEWHERE, Pace())
    stopped.take()
    ours = ObjectLease(store, Owner.this_process("ours"), QUICK)
    ours.take()
    with pytest.raises(BadConfig, match="LEASE_LOST"):
        stopped.check()
    stopped.release()
    ours.check()
    with pytest.raises(BadConfig, match=r"OUTPUT_IN_USE.*run 'ours'"):
        ObjectLease(store, Owner.this_process("third"), QUICK).take()
    ours.release()


def test_a_note_that_cannot_be_read_does_not_block_for_ever(store: LocalFolder) -> None:
    store.put(".visemill/lease-00000003", b"garbage")
    lease = ObjectLease(store, Owner.this_process("ours"), QUICK)
    lease.take()
    lease.check()
    lease.release()


def test_a_lease_is_given_back_when_the_run_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Lease(str(tmp_path), "first"):
        _ = 1 / 0
    with Lease(str(tmp_path), "second"):
        assert [entry.name for entry in open_store(tmp_path).list()] == [".visemill/lease"]


def test_a_watch_must_be_long_enough_to_see_a_renewal() -> None:
    with pytest.raises(ValueError, match="must see a renewal"):
        Pace(renew_s=10, watch_s=5)
