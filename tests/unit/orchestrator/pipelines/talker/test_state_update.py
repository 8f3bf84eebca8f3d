"""A person's state file is changed by one after another, and what is torn is kept aside and not believed."""

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from orchestrator.pipelines.talker.state_files import STATE_FILE, trained_bytes
from orchestrator.pipelines.talker.state_update import change_state
from services.base.store.local.folder import LocalFolder


def test_two_trainings_of_a_person_keep_each_others_part_and_what_is_not_known(tmp_path):
    store = LocalFolder(tmp_path)
    store.put(STATE_FILE, b'{"notes": "ours"}')

    def note(part: str) -> None:
        for epoch in range(10):
            change_state(LocalFolder(tmp_path), partial(trained_bytes, part, {"epochs": epoch}))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(note, ("syncnet_training", "main_training")))
    expected = {"notes": "ours", "syncnet_training": {"epochs": 9}, "main_training": {"epochs": 9}}
    assert json.loads(store.read(STATE_FILE)) == expected


@pytest.mark.parametrize("torn", [b"", b'{"main_training": {"epochs": 3', b"[1]", b"\xff\xfe"])
def test_a_torn_file_is_set_aside_each_time_and_said(tmp_path, caplog, torn):
    store = LocalFolder(tmp_path)
    for name in (f"{STATE_FILE}.torn", f"{STATE_FILE}.torn-1"):
        store.put(STATE_FILE, torn)
        with caplog.at_level(logging.WARNING, "visemill.talker"):
            change_state(store, partial(trained_bytes, "main_training", {"epochs": 1}))
        assert store.read(name) == torn and name in caplog.text
        assert json.loads(store.read(STATE_FILE)) == {"main_training": {"epochs": 1}}
