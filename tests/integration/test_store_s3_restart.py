"""An S3 server that is killed and comes back in the middle of work costs nothing but time."""

import hashlib
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from services.base.store.interface import Store
from services.base.store.open import open_store
from services.base.store.s3 import upload as store_s3_upload

MIB = 1 << 20


@pytest.mark.slow
def test_work_goes_on_over_a_killed_server(s3_server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(store_s3_upload, "PART_BYTES", 5 * MIB)
    store = open_store(f"s3://{s3_server.new_bucket()}/out")
    store.put("first", b"1")
    down, wrong, written = threading.Event(), [], {}

    def work(number: int) -> None:
        try:
            for turn in range(200):
                written[f"t{number}/{turn}"] = one_turn(store, f"t{number}/{turn}", tmp_path)
                if down.is_set() and turn >= 5:
                    return
        except BaseException as error:  # noqa: BLE001 -- the test's own thread reports what it met
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(3):
        enough, patience_s = len(written) + 5, time.monotonic() + 90
        while len(written) < enough and not wrong and time.monotonic() < patience_s:
            time.sleep(0.01)
        s3_server.restart()
    down.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert {entry.name for entry in store.list()} == {"first", *(f"{name}{part}" for name in written for part in "ab")}
    for name, digest in written.items():
        assert hashlib.sha256(store.read(f"{name}a")).hexdigest() == digest
    assert store.clean_abandoned(0) == 0


def one_turn(store: Store, name: str, folder: Path) -> str:
    """Every kind of request once; the digest of what was uploaded."""
    content = os.urandom(6 * MIB)
    with store.upload(f"{name}a") as upload:
        upload.write(content)
        assert upload.commit(create_only=True)
    assert store.create(f"{name}c", b"mine")
    assert not store.create(f"{name}c", b"other")
    store.move(f"{name}c", f"{name}b")
    copy = folder / name.replace("/", "-")
    store.fetch(f"{name}a", copy)
    assert copy.read_bytes() == content
    copy.unlink()
    assert store.stat(f"{name}b")
    assert [entry.name for entry in store.list(name)] == [f"{name}a", f"{name}b"]
    return upload.sha256
