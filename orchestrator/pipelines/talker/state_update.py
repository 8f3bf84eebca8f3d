"""I/O: the state file of a person is changed by one writer at a time; one that is torn is set aside."""

from __future__ import annotations

import logging
from collections.abc import Callable

from orchestrator.pipelines.talker.state_files import STATE_FILE, is_whole
from services.base.run.paths import STATE_DIR
from services.base.store.interface import Store
from services.base.store.turns import rewrite

_log = logging.getLogger("visemill.talker")
_LOCK = f"{STATE_DIR}/{STATE_FILE}.turn"
_ASIDE = f"{STATE_FILE}.torn"


def change_state(store: Store, change: Callable[[bytes | None], bytes]) -> None:
    """store: of the person's folder. change: of the file as it is there, None where it is not, or is torn: then it is
    kept under another name, and that is said. Raises as `rewrite`.
    """

    def changed(before: bytes | None) -> bytes:
        if before is None or is_whole(before):
            return change(before)
        number, name = 0, _ASIDE
        while not store.create(name, before):
            number += 1
            name = f"{_ASIDE}-{number}"
        _log.warning("%s/%s is no JSON object: it is set aside as %s, and begun anew", store.uri, STATE_FILE, name)
        return change(None)

    rewrite(store, STATE_FILE, _LOCK, changed)
