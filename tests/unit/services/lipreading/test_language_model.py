from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.lipreading.bundle_files import models_of
from services.lipreading.language_model import open_lm
from services.lipreading.spec import LipreadingConfig
from services.lips.language_model.arpa import arpa_file
from services.lips.language_model.witten_bell import witten_bell


def test_a_run_knows_the_language_model_by_its_digest(bundle: Path, tmp_path: Path) -> None:
    lm = tmp_path / "lm.arpa"
    config, digests = LipreadingConfig(bundle=str(bundle), lm=str(lm)), set()
    for texts in (["ab"], ["ba"]):
        lm.write_bytes(arpa_file(witten_bell(texts, 3, "ab")))
        digests.add(models_of(config)["lm"])
    assert len(digests) == 2 and all(one.startswith("sha256:") for one in digests)
    assert "lm" not in models_of(LipreadingConfig(bundle=str(bundle)))


def test_one_that_cannot_be_read_is_named(bundle: Path, tmp_path: Path) -> None:
    config = LipreadingConfig(bundle=str(bundle), lm=str(tmp_path / "none.arpa"))
    for use in (models_of, lambda config: open_lm(config, "ab")):
        with pytest.raises(BadConfig, match=r"none\.arpa cannot be read") as refused:
            use(config)
        assert refused.value.reason == "MODEL_UNREADABLE"
    (tmp_path / "none.arpa").write_text("nothing")
    with pytest.raises(BadConfig, match=r"none\.arpa, line 1: there is no .data"):
        open_lm(config, "ab")
