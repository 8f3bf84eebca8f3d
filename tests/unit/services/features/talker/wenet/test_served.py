"""The user's encoder lies in a model repository under its own digest, and answers there as it does here."""

from pathlib import Path

import pytest
from wenet_file import write_encoder

from services.base.errors import BadConfig
from services.features.talker.spec import AudioFeaturesConfig
from services.features.talker.wenet.models import models_of
from services.features.talker.wenet.served import export_wenet
from services.triton.config import Serving
from services.triton.verify import verify_repository


def _config(folder: Path) -> AudioFeaturesConfig:
    return AudioFeaturesConfig(model="wenet", weights=str(folder))


def test_it_is_verified_under_the_digest_of_the_users_file(tmp_path: Path) -> None:
    write_encoder(tmp_path)
    repository = tmp_path / "models"
    repository.mkdir()
    export_wenet(repository, _config(tmp_path), Serving())
    (found,) = verify_repository(repository)
    assert (found.model, found.weights, found.problems) == ("wenet", models_of(_config(tmp_path))["wenet"], ())
    text = (repository / "wenet" / "config.pbtxt").read_text()
    assert 'name: "windows" data_type: TYPE_FP32 dims: [ 1, 67, 80 ]' in text
    assert 'name: "states" data_type: TYPE_FP32 dims: [ 16, 512 ]' in text


@pytest.mark.parametrize(
    ("changes", "says"), [({"chunk": "speech"}, "takes"), ({"num_states": 8}, r"makes \[8, 512\]")]
)
def test_another_graph_is_refused_and_leaves_nothing(tmp_path: Path, changes: dict[str, object], says: str) -> None:
    write_encoder(tmp_path, **changes)  # type: ignore[arg-type]
    repository = tmp_path / "models"
    repository.mkdir()
    with pytest.raises(BadConfig, match=says) as found:
        export_wenet(repository, _config(tmp_path), Serving())
    assert found.value.reason == "MODEL_OF_ANOTHER_NETWORK" and not list(repository.iterdir())
