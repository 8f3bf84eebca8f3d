"""I/O: the submitted runs of a server, one small file each, so that a server that is started anew finds them."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

from orchestrator.service.record import RunRecord, record_from_json
from services.base.errors import BadConfig
from services.base.store.interface import NotThere
from services.base.store.open import open_store

_LOG = logging.getLogger(__name__)
_PREFIX = "submitted/"
_NUM_READERS = 16


class Registry:
    """A folder or s3://bucket/prefix of records. Threads may share it."""

    def __init__(self, root: str) -> None:
        self._store = open_store(root)

    def check(self) -> None:
        """Returns when the store can be reached now; asks once. Raises BadConfig BUCKET_MISSING, or Transient."""
        try:
            self._store.check_root()
        except BadConfig as error:
            # A folder is made by the first record.
            if error.reason != "ROOT_MISSING":
                raise

    def save(self, record: RunRecord) -> None:
        """Raises Transient and BadConfig as the store does."""
        self._store.put(f"{_PREFIX}{record.id}.json", record.to_json())

    def forget(self, run_id: str) -> bool:
        """Deletes the record of an ended run; False for one that another server has taken up since.

        Raises Transient and BadConfig as the store does.
        """
        name = f"{_PREFIX}{run_id}.json"
        record = self._read(name)
        if record is not None:
            if not record.phase.ended:
                return False
            self._store.delete(name)
        return True

    def records(self) -> list[RunRecord]:
        """All of them, the oldest first. One that cannot be read is logged and left out."""
        names = [entry.name for entry in self._store.list(_PREFIX) if entry.name.endswith(".json")]
        with ThreadPoolExecutor(_NUM_READERS) as pool:
            found = [record for record in pool.map(self._read, names) if record is not None]
        return sorted(found, key=lambda record: (record.submitted_at_s, record.id))

    def _read(self, name: str) -> RunRecord | None:
        try:
            return record_from_json(self._store.read(name))
        except NotThere:
            return None
        except (ValueError, KeyError, TypeError) as error:
            _LOG.error("%s in %s cannot be read and is left out: %r", name, self._store.uri, error)
            return None
