"""What stages made, saved where the caller says."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.stage.product import Product
from services.base.worker.once import _save


def test_what_the_last_stage_made_is_saved_beside_the_others(tmp_path: Path) -> None:
    path = _save(tmp_path / "new" / "0-clip", "record", Product(b"payload"))
    assert path == tmp_path / "new" / "0-clip.record" and path.read_bytes() == b"payload"


def test_a_folder_that_takes_no_file_is_named_with_its_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(BadConfig, match=rf"NOT_SAVED: --save {folder} takes no file \(.*\): give a folder"):
            _save(folder / "0-clip", "record", Product(b"payload"))
