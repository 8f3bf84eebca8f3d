"""The licence is asked once, and its acceptance kept with a date; what was drawn here needs none."""

import contextlib
import json
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.store.open import open_store
from services.training.data.lips.licence import MADE_HERE, require_licence


def test_it_is_accepted_once_and_kept_with_its_date(tmp_path: Path) -> None:
    data, state = open_store(str(tmp_path / "data")), open_store(str(tmp_path / "state"))
    with pytest.raises(BadConfig, match=r"LICENCE_NOT_ATTESTED.*CC BY-NC-SA 4\.0.*2504\.15066.*--accept-licence"):
        require_licence(data, state, accepted=False)
    require_licence(data, state, accepted=True)
    require_licence(data, state, accepted=False)
    kept = json.loads((tmp_path / "state" / "licence.json").read_bytes())
    assert kept["data_set"] == "Chinese-LiPS"
    assert kept["accepted_at"].endswith("Z")


def test_what_was_drawn_here_needs_none(tmp_path: Path) -> None:
    data = open_store(str(tmp_path))
    data.put(MADE_HERE, b"{}")
    require_licence(data, data, accepted=False)
    assert data.stat("licence.json") is None


def test_it_is_of_the_data_set_whatever_the_folder_of_results(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    data = open_store(str(tmp_path / "data"))
    require_licence(data, open_store(str(tmp_path / "first")), accepted=True)
    require_licence(data, open_store(str(tmp_path / "second")), accepted=False)
    assert not (tmp_path / "second/licence.json").exists()


@pytest.mark.parametrize(("meta", "asks"), [(b'{"is_licensed": true}', False), (b"{}", True), (b"[", True)])
def test_records_of_a_run_that_asked_are_not_asked_again(tmp_path: Path, meta: bytes, asks: bool) -> None:
    data, state = open_store(str(tmp_path / "data")), open_store(str(tmp_path / "state"))
    data.put("clips.parquet", b"")
    data.put("meta.json", meta)
    with pytest.raises(BadConfig, match="LICENCE_NOT_ATTESTED") if asks else contextlib.nullcontext():
        require_licence(data, state, accepted=False)
