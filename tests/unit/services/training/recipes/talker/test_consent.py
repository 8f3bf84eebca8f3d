"""A consent is kept with the training, its checkpoints and its weights, and a renewed one goes on."""

from types import SimpleNamespace

import pytest

pytest.importorskip("torch")

from services.formats.talker.consent import KEPT_FILE, consent_in
from services.training.interfaces import Pieces
from services.training.recipes.talker.consent import consent_of_rank, with_consent
from services.training.recipes.talker_unet.spec import UNetConfig

TEXT = b"who: anna\nwhat_for: a lecture\nwhen: 2026-01-02\n"


def rank(folder, number=0):
    return SimpleNamespace(spec=SimpleNamespace(output_root=str(folder)), place=SimpleNamespace(rank=number))


def test_rank_0_keeps_it_for_the_next_call(tmp_path):
    (tmp_path / "c.yaml").write_bytes(TEXT)
    config = UNetConfig(consent=str(tmp_path / "c.yaml"))
    consent_of_rank(config, ["anna"], rank(tmp_path, 1))
    assert not (tmp_path / ".visemill").exists()
    given = consent_of_rank(config, ["anna"], rank(tmp_path))
    assert consent_of_rank(UNetConfig(), ["anna"], rank(tmp_path)) == given


def test_it_lies_beside_the_weights_and_is_carried_by_checkpoints_but_need_not_be_the_same_to_go_on():
    consent = consent_in(TEXT, "")
    pieces = Pieces(*([None] * 6), facts={"asr": "mel"}, files={"a": b""})  # type: ignore[arg-type]
    made = with_consent(pieces, consent)
    assert made.facts == {"asr": "mel"}
    assert made.carried["consent"] == consent.digest
    assert consent_in(made.carried["consent_statements"].encode(), "") == consent
    assert made.files == {"a": b"", KEPT_FILE: consent.text.encode()}
