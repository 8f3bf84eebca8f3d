"""The files of a training of talking heads: those of the persons that are asked for."""

import dataclasses

import pytest

from orchestrator.pipelines.base import Inputs
from orchestrator.pipelines.talker_syncnet.options import SyncNetOptions
from orchestrator.pipelines.talker_unet.options import UNetOptions
from orchestrator.pipelines.training.person_files import count, read, read_for_head
from services.base.errors import BadConfig
from services.base.store.interface import Entry

FILES = (
    "a/full_body_img/000000.png", "a/landmarks/000000.pkl", "a/aud_mel.npy", "a/aud.wav", "a/quality.jsonl",
    "a/.visemill/crops-328-0.npy", "b/full_body_img/0.jpg", "b/landmarks/0.lms", "b/aud_hu.npy", "notes.txt",
)  # fmt: skip


def inputs() -> Inputs:
    return Inputs([Entry(name, 1, "1") for name in FILES], "/dataset")


def test_files_are_those_that_are_learnt_from():
    found = [row.key for row in read(inputs(), SyncNetOptions()).rows]
    assert found == sorted(
        ["a/full_body_img/000000.png", "a/landmarks/000000.pkl", "a/aud_mel.npy", "b/full_body_img/0.jpg",
         "b/landmarks/0.lms", "b/aud_hu.npy"]
    )  # fmt: skip
    assert count(inputs(), SyncNetOptions(names="b")) == 3


@pytest.mark.parametrize("names", ["c", "a\nc"])
def test_a_person_that_is_not_there_is_named(names):
    with pytest.raises(BadConfig, match="no folder of c"):
        read(inputs(), SyncNetOptions(names=names))


def test_a_folder_without_persons_is_refused():
    with pytest.raises(BadConfig, match="NO_PERSONS"):
        read(Inputs((), "/dataset"), SyncNetOptions())


def consent(folder, *names):
    for name in names:
        (folder / f"{name}.yaml").write_text(f"who: {name}\nwhat_for: a lecture\nwhen: 2026-01-02\n")
    return str(folder)


def head_inputs(output_root) -> Inputs:
    return dataclasses.replace(inputs(), output_root=str(output_root))


def test_a_head_is_planned_only_with_the_consent_of_all_who_are_shown(tmp_path):
    (tmp_path / "told").mkdir()
    told = consent(tmp_path / "told", "a")
    with pytest.raises(BadConfig, match="CONSENT_MISSING") as refused:
        read_for_head(head_inputs(tmp_path / "out"), UNetOptions())
    assert refused.value.exit_code == 78 and "who: [a, b]" in refused.value.message
    assert len(read_for_head(head_inputs(tmp_path / "out"), UNetOptions(names="a", consent=told)).rows) == 3
    with pytest.raises(BadConfig, match="CONSENT_OF_OTHERS"):
        read_for_head(head_inputs(tmp_path / "out"), UNetOptions(consent=told))
    assert read_for_head(head_inputs(tmp_path / "out"), UNetOptions(consent=consent(tmp_path / "told", "b"))).rows


def test_a_training_that_goes_on_needs_none_again_unless_it_has_ended(tmp_path):
    state = tmp_path / ".visemill"
    state.mkdir()
    (state / "consent.json").write_text('{"who": ["a", "b"], "what_for": "a lecture", "when": "2026-01-02"}')
    assert read_for_head(head_inputs(tmp_path), UNetOptions()).rows
    (state / "consent.json").write_text(
        '{"who": ["a", "b"], "what_for": "a lecture", "when": "2025-01-02", "until": "2025-02-02"}'
    )
    with pytest.raises(BadConfig, match="CONSENT_EXPIRED"):
        read_for_head(head_inputs(tmp_path), UNetOptions())
