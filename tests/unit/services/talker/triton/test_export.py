"""A head becomes a model of a Triton server's repository, under its folder's name; what is none is refused."""

import json
from pathlib import Path

import pytest

pytest.importorskip("onnx")

from talker_head import write_head

from services.base.errors import BadConfig
from services.formats.talker.head import CARD_FILE
from services.talker.triton.export import COMMAND, export_head
from services.triton.client import parse_config
from services.triton.config import Serving
from services.triton.verify import verify_repository


def test_a_head_is_served_in_batches_of_several_callers_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = write_head(tmp_path / "loud")
    assert COMMAND.run([str(tmp_path / "models"), "--bundle", str(bundle), "-o", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["model"] == "loud"
    config = parse_config((tmp_path / "models/loud/config.pbtxt").read_text())
    assert [(one.name, list(one.dims)) for one in config.input] == [
        ("references", [160, 160, 3]),
        ("faces", [160, 160, 3]),
        ("sounds", [32, 16, 16]),
    ]
    assert config.max_batch_size == 8 and config.HasField("dynamic_batching")
    assert [one.problems for one in verify_repository(tmp_path / "models")] == [()]


def test_another_name_and_what_is_no_head(tmp_path: Path) -> None:
    bundle = write_head(tmp_path / "loud")
    assert export_head(tmp_path / "models", bundle, "obama", Serving()).model == "obama"
    with pytest.raises(BadConfig, match="BAD_NAME"):
        export_head(tmp_path / "models", bundle, "../obama", Serving())
    card = json.loads((bundle / CARD_FILE).read_bytes())
    (bundle / CARD_FILE).write_text(json.dumps({**card, "asr": "hubert"}))
    with pytest.raises(BadConfig, match="NOT_SERVED"):
        export_head(tmp_path / "models", bundle, "", Serving())
    assert COMMAND.run([str(tmp_path / "models"), "--bundle", str(tmp_path / "none")]) == 78
