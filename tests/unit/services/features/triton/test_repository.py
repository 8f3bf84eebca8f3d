"""The command line of model repositories, where nothing is computed."""

import json

from wenet_file import write_encoder

from services.features.triton.repository import main


def test_a_path_that_is_no_folder_is_refused_before_a_network_is_computed(tmp_path, capsys):
    (tmp_path / "file").touch()
    weights = str(tmp_path / "none.pth")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(["export", f"--weights={weights}", "--", str(path)]) == 78
        said = json.loads(capsys.readouterr().err)
        assert said["reason"] == "NO_REPOSITORY" and repr(str(path)) in said["message"]


def test_a_users_own_graph_is_exported_as_networks_are_and_none_stands_for_it(tmp_path, capsys):
    models = str(tmp_path / "models")
    assert main(["export", "--network=wenet", "--", models]) == 78
    assert json.loads(capsys.readouterr().err)["reason"] == "MODEL_MISSING"
    assert (
        main(["export", "--output=json", "--network=wenet", f"--weights={write_encoder(tmp_path)}", "--", models]) == 0
    )
    (found,) = json.loads(capsys.readouterr().out)["models"]
    assert (found["model"], found["version"], found["problems"]) == ("wenet", 1, [])
    assert main(["verify", "--output=json", models]) == 0
