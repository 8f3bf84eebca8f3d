"""Where data and trainings of a head are: a whole folder or the one above, and what is finished by its files alone."""

from pathlib import Path

import pytest

from orchestrator.pipelines.talker.head.folders import HeadData, Trainings, asr_models, data_of, note_state
from services.base.errors import BadConfig, BadInput


def person(root: Path, name: str) -> Path:
    for folder, file in (("full_body_img", "0.jpg"), ("landmarks", "0.lms")):
        (root / name / folder).mkdir(parents=True)
        (root / name / folder / file).touch()
    (root / name / "aud_hu.npy").touch()
    return root / name


def test_a_whole_folder_and_a_base_are_told_apart(tmp_path):
    whole, root = person(tmp_path, "obama"), str(tmp_path)
    expected = HeadData(root, ("obama",), "obama")
    assert data_of(str(whole), "obama") == data_of(str(whole), "") == data_of(root, "obama") == expected
    assert data_of(str(whole), "other") == HeadData(root, ("obama",), "other")
    assert data_of(root, "a\nb") == HeadData(root, ("a", "b"), "a_b")
    assert data_of("s3://bucket/dataset/obama", "obama").root == "s3://bucket/dataset"


def test_a_head_of_nobody_or_of_several_in_one_folder_is_refused(tmp_path):
    whole = person(tmp_path, "obama")
    with pytest.raises(BadConfig, match="say whose head"):
        data_of(str(tmp_path), "")
    with pytest.raises(BadConfig, match="folder of one person"):
        data_of(str(whole), "a\nb")


def test_features_are_told_by_their_files(tmp_path):
    person(tmp_path, "a")
    assert asr_models(data_of(str(tmp_path), "a")) == {"a": frozenset({"hubert"})}
    with pytest.raises(BadConfig, match="NO_PERSONS"):
        asr_models(data_of(str(tmp_path), "b"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="MISSING_OR_EMPTY"):
        asr_models(data_of(str(tmp_path), "empty"))


def test_a_training_is_finished_where_its_result_is(tmp_path):
    trainings = Trainings(str(tmp_path / "head"))
    assert trainings.begun() == trainings.finished() == [] and trainings.best_loss(3) is None
    for name in ("training-3/best_model.pt", "training-20/logs/training.log", "training-x/best_model.pt"):
        (tmp_path / "head" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "head" / name).touch()
    assert (trainings.begun(), trainings.finished()) == ([3, 20], [3])


def test_files_of_scripts_stand_beside_the_training(tmp_path):
    trainings, made = Trainings(str(tmp_path)), tmp_path / "training-3"
    names = ("best_model.pt", "2.pth", "10.pth", "syncnet_ckpt/2.pth", "checkpoint_latest.pth", "training_log.json")
    for name in (*names, "checkpoint_latest.pt", "checkpoint_epoch_1.pt", "metrics.jsonl", ".visemill/x"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_text(name)
    assert sorted(trainings.show(3)) == sorted(trainings.show(3)) == sorted(names)
    beside = (path for path in tmp_path.rglob("*") if path.is_file() and made not in path.parents)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in beside) == sorted(names)
    assert [Path(one).name for one in trainings.weights()] == ["2.pth", "10.pth"]


def test_the_state_is_noted_with_each_person(tmp_path):
    data = HeadData(str(tmp_path), ("a", "b"), "a_b")
    note_state(data, "main_training", {"epochs": 3})
    note_state(data, "syncnet_training", {"epochs": 4})
    for name in data.names:
        assert (
            '"epochs": 3' in (state := (tmp_path / name / ".training_state.json").read_text())
            and '"epochs": 4' in state
        )
