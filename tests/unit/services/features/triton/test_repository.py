"""The command line of model repositories, where nothing is computed."""

import json

from services.features.triton.repository import main


def test_a_path_that_is_no_folder_is_refused_before_a_network_is_computed(tmp_path, capsys):
    (tmp_path / "file").touch()
    weights = str(tmp_path / "none.pth")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(["export", f"--weights={weights}", "--", str(path)]) == 78
        said = json.loads(capsys.readouterr().err)
        assert said["reason"] == "NO_REPOSITORY" and repr(str(path)) in said["message"]
