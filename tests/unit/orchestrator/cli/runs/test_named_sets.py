"""Which of the named data sets of an output root a command is about."""

import json

import pytest

from orchestrator.cli.main import main
from services.base.run import paths
from services.base.store.open import open_store


@pytest.fixture
def root(tmp_path):
    """Of two data sets that were named and have no run."""
    for name in ("am", "zh"):
        open_store(str(tmp_path)).create(f"{paths.DATASETS}{name}", b"{}")
    return tmp_path


def error_of(capsys):
    return json.loads(capsys.readouterr().out)["error"]


@pytest.mark.parametrize("command", ["status", "resume", "retry", "verify", "report"])
def test_a_command_on_the_root_is_about_each_of_its_data_sets(root, capsys, command):
    assert main([command, "--output-root", str(root), "-o", "json"]) == 78
    answers = json.loads(capsys.readouterr().out)["datasets"]
    assert [(one["dataset"], one["error"]["reason"]) for one in answers] == [("am", "NO_RUN"), ("zh", "NO_RUN")]


@pytest.mark.parametrize("command", ["status", "resume", "retry", "verify", "report", "logs", "suspend", "cancel"])
def test_a_command_on_one_data_set_names_its_folder(root, capsys, command):
    place = ["--cluster", "kube"] if command == "cancel" else []
    assert main([command, "--output-root", str(root), "--dataset", "zh", *place, "-o", "json"]) == 78
    assert f"{root}/zh holds no run" in error_of(capsys)["message"]


@pytest.mark.parametrize("command", ["logs", "suspend", "cancel"])
def test_a_command_about_one_run_asks_which_data_set(root, capsys, command):
    place = ["--cluster", "kube"] if command == "cancel" else []
    assert main([command, "--output-root", str(root), *place, "-o", "json"]) == 78
    assert "holds the data sets am, zh: say which with --dataset NAME" in error_of(capsys)["message"]


@pytest.mark.parametrize("flags", [["--dataset", "../x"], ["--dataset=.visemill"]])
def test_a_name_that_is_none_leads_nowhere(root, capsys, flags):
    assert main(["status", "--output-root", str(root), *flags, "-o", "json"]) == 78
    assert error_of(capsys)["reason"] == "BAD_DATASET_NAME"


def test_one_page_is_not_written_for_several_data_sets(root, capsys):
    assert main(["report", "--output-root", str(root), "--html", str(root / "x.html"), "-o", "json"]) == 78
    assert "is one file for 2 data sets: give --dataset too" in error_of(capsys)["message"]


def test_a_name_without_an_output_root_is_refused(capsys):
    assert main(["gc", "--state-root", "/nowhere", "--dataset", "a", "-o", "json"]) == 78
    assert "give that too" in error_of(capsys)["message"]


@pytest.mark.parametrize("flags", [["--dataset", "a=/x"], ["--dataset=a=/x", "--dataset", "b=/y"]])
@pytest.mark.parametrize("command", ["plan", "run", "pin"])
def test_an_input_root_is_needed_by_no_data_set_that_has_its_own(tmp_path, capsys, command, flags):
    assert main([command, "grid", *flags, "--output-root", str(tmp_path / "out"), "-o", "json"]) == 78
    assert "/x" in capsys.readouterr().out


def test_an_input_root_is_needed_by_a_name_alone(tmp_path):
    with pytest.raises(SystemExit, match="64"):
        main(["run", "grid", "--dataset", "a", "--output-root", str(tmp_path / "out")])


def test_positions_are_the_output_alone_where_data_sets_have_their_inputs(tmp_path, capsys):
    words = ["run", "sign", "--dataset", f"a={tmp_path}/none", str(tmp_path / "out"), "-o", "json"]
    assert main(words) == 78
    assert f"{tmp_path}/none" in error_of(capsys)["message"]


def test_one_run_name_in_one_state_root_is_refused_for_two_data_sets(tmp_path, capsys):
    flags = ["--dataset", "a=/x", "--dataset", "b=/y", "--run", "r", "--state-root", str(tmp_path)]
    assert main(["run", "grid", *flags, "--output-root", str(tmp_path / "out"), "-o", "json"]) == 78
    assert "would name 2 runs in one --state-root" in error_of(capsys)["message"]
