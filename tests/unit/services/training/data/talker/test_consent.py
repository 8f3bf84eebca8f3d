"""Where a consent is found: in a file, in a folder of files, pinned by a plan, or kept of the call before."""

from datetime import date
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.store.open import open_store
from services.formats.talker.consent import KEPT_FILE
from services.training.data.talker.consent import consent_of_training, read_consent, settled_consent
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig

TODAY = date(2026, 11, 29)


def written(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / f"{name}.yaml").write_text(f"who: {name}\nwhat_for: a lecture\nwhen: 2026-01-02\n")
    return folder


def test_a_folder_is_all_of_its_statements(tmp_path):
    found = read_consent(str(written(tmp_path, "ben", "anna")))
    assert [statement.who for statement in found.statements] == [("anna",), ("ben",)]
    assert read_consent(str(tmp_path / "ben.yaml")).statements == found.statements[1:]


@pytest.mark.parametrize("path", ["none.yaml", "none", "."])
def test_what_is_not_there_is_named(tmp_path, path):
    with pytest.raises(BadConfig, match="NO_CONSENT_FILE"):
        read_consent(str(tmp_path / path))


def test_a_plan_pins_the_statements_which_ranks_then_have_without_the_file(tmp_path):
    file = written(tmp_path, "anna") / "anna.yaml"
    pinned = settled_consent(UNetConfig(consent=str(file)), "")
    file.unlink()
    config = UNetConfig(consent=str(file), **pinned)
    assert settled_consent(config, "") == {}
    consent = consent_of_training(config, ["anna"], open_store(str(tmp_path / "state")), TODAY)
    assert consent.statements[0].who == ("anna",)


def test_without_a_file_that_of_the_call_before_holds_and_without_both_it_is_missing(tmp_path):
    state = open_store(str(tmp_path / "state"))
    with pytest.raises(BadConfig, match=r"CONSENT_MISSING(.|\n)*who: \[anna\]"):
        consent_of_training(UNetConfig(), ["anna"], state, TODAY)
    consent = read_consent(str(written(tmp_path, "anna") / "anna.yaml"))
    state.put(KEPT_FILE, consent.text.encode())
    assert consent_of_training(UNetConfig(), ["anna"], state, TODAY) == consent
    with pytest.raises(BadConfig, match="CONSENT_OF_OTHERS"):
        consent_of_training(UNetConfig(), ["anna", "ben"], state, TODAY)


def test_it_decides_nothing_of_what_is_learnt():
    told = UNetConfig(consent="a.yaml", consent_statements="{}")
    assert RECIPE.fingerprint(told) == RECIPE.fingerprint(UNetConfig())
