"""Where model files are looked for, in which order, and what is said when one is missing or another."""

import hashlib
import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.landmarks import model_files
from services.landmarks import models as models_module
from services.landmarks.models import (
    DLIB_PREDICTOR,
    FACE_LANDMARKER,
    HAND_LANDMARKER,
    PINNED,
    POSE_LANDMARKER,
    known_files,
)
from services.landmarks.spec import LandmarksConfig

GOOD = b"the pinned bytes"


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """The usual places, made up and empty; every pinned file has the digest of GOOD."""
    package = tmp_path / "site" / "carrier"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('a carrier must not be imported')")
    monkeypatch.syspath_prepend(str(package.parent))
    monkeypatch.setenv("VISEMILL_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    digest = hashlib.sha256(GOOD).hexdigest()
    table = {name: replace(model, sha256=digest, package="carrier") for name, model in PINNED.items()}
    monkeypatch.setattr("services.landmarks.models.PINNED", table)
    folders = {"env": tmp_path / "models", "cache": tmp_path / "cache" / "visemill" / "models"}
    return folders | {"package": package / "models"}


def put(folder: Path, name: str = FACE_LANDMARKER, data: bytes = GOOD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)
    return folder / name


def bundle(name: str, more: str = "") -> bytes:
    """A file of the format of a pinned name. more: what tells two of them apart."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in PINNED[name].parts:
            archive.writestr(zipfile.ZipInfo(part), more)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        (FACE_LANDMARKER, b"anything", "--face-landmarker .*mine is no face_landmarker.task .File is not a zip file"),
        (FACE_LANDMARKER, bundle(HAND_LANDMARKER), "it lacks face_detector.tflite, face_landmarks_detector.tflite"),
        (HAND_LANDMARKER, bundle(FACE_LANDMARKER), "--hand-landmarker .*: give the official hand_landmarker.task, or"),
        (POSE_LANDMARKER, b"", "--pose-landmarker .*mine is no pose_landmarker_full.task"),
        (DLIB_PREDICTOR, bundle(FACE_LANDMARKER), "--dlib-predictor .*dlib has not written it"),
    ],
)
def test_a_file_of_another_format_is_refused_when_the_run_is_planned(
    name: str, data: bytes, said: str, tmp_path: Path
) -> None:
    own = put(tmp_path, "mine", data)
    with pytest.raises(BadConfig, match=f"MODEL_UNREADABLE: .*{said}"):
        models_module.find(name, str(own))


def test_the_pinned_table_is_the_published_files() -> None:
    assert {name: model.sha256[:8] for name, model in PINNED.items()} == {
        "face_landmarker.task": "64184e22",
        "hand_landmarker.task": "fbc2a300",
        "pose_landmarker_full.task": "4eaa5eb7",
        "shape_predictor_68_face_landmarks.dat": "fbdc2cb8",
    }
    assert all(len(model.sha256) == 64 for model in PINNED.values())
    assert [name for name, model in PINNED.items() if not model.url] == [DLIB_PREDICTOR]
    assert "exclude" in PINNED[DLIB_PREDICTOR].licence


def test_places_are_tried_in_order(places: dict[str, Path], tmp_path: Path) -> None:
    assert models_module.find(FACE_LANDMARKER) is None
    for place in ("package", "cache", "env"):
        expected = put(places[place])
        assert models_module.find(FACE_LANDMARKER) == expected
    own = put(tmp_path / "own", "mine.task", bundle(FACE_LANDMARKER))
    assert models_module.find(FACE_LANDMARKER, str(own)) == own


def test_several_folders_are_tried_as_in_a_path(
    places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISEMILL_MODELS", f"{tmp_path / 'volume'}:{places['env']}")
    for place in (places["cache"], places["env"], tmp_path / "volume"):
        expected = put(place)
        assert models_module.find(FACE_LANDMARKER) == expected
    assert models_module.model_directory() == tmp_path / "volume"


def test_a_pinned_file_of_other_bytes_is_an_error_and_not_passed_over(places: dict[str, Path]) -> None:
    put(places["env"], data=b"a torn download")
    put(places["cache"])
    with pytest.raises(BadConfig, match=r"MODEL_CHANGED.*delete it and get it again"):
        models_module.find(FACE_LANDMARKER)


def test_the_users_own_file_may_be_another_and_its_digest_is_the_keys(places: dict[str, Path], tmp_path: Path) -> None:
    put(places["env"])
    trained = bundle(FACE_LANDMARKER, "at home")
    own = put(tmp_path / "own", "mine.task", trained)
    assert models_module.models_of(LandmarksConfig(face_landmarker=str(own))) == {
        FACE_LANDMARKER: hashlib.sha256(trained).hexdigest()
    }
    assert models_module.models_of(LandmarksConfig()) == {FACE_LANDMARKER: hashlib.sha256(GOOD).hexdigest()}


def test_a_file_that_changes_is_hashed_again(places: dict[str, Path], tmp_path: Path) -> None:
    own = put(tmp_path / "own", "mine.task", bundle(FACE_LANDMARKER))
    config = LandmarksConfig(face_landmarker=str(own))
    before = models_module.models_of(config)
    own.write_bytes(bundle(FACE_LANDMARKER, "another"))
    assert models_module.models_of(config) != before


def test_the_config_names_one_model_file(places: dict[str, Path]) -> None:
    put(places["env"], DLIB_PREDICTOR)
    assert list(models_module.models_of(LandmarksConfig("dlib"))) == [DLIB_PREDICTOR]
    assert models_module.find(DLIB_PREDICTOR) == places["env"] / DLIB_PREDICTOR


def test_a_missing_predictor_names_both_remedies(places: dict[str, Path]) -> None:
    assert models_module.find(DLIB_PREDICTOR) is None
    for config in (LandmarksConfig("dlib"), LandmarksConfig("dlib", dlib_predictor="no/such.dat")):
        with pytest.raises(BadConfig) as raised:
            models_module.models_of(config)
        assert raised.value.reason == "DLIB_PREDICTOR_MISSING"
        assert "--dlib-predictor FILE" in raised.value.message
        assert "pip install 'visemill[dlib68]'" in raised.value.message


def test_a_missing_face_landmarker_names_the_command_that_fetches_it(places: dict[str, Path]) -> None:
    with pytest.raises(BadConfig, match=r"FACE_LANDMARKER_MISSING.*services.landmarks.model_files fetch"):
        models_module.models_of(LandmarksConfig())
    with pytest.raises(BadConfig, match=r"MODEL_MISSING.*no/such.task"):
        models_module.models_of(LandmarksConfig(face_landmarker="no/such.task"))


def test_no_home_is_no_error(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CACHE_HOME", "VISEMILL_MODELS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(
        models_module.os.path, "expanduser", lambda path: path
    )  # what it does for a user without an entry
    expected = put(places["package"])
    assert models_module.find(FACE_LANDMARKER) == expected


def test_list_says_what_is_there_and_under_which_licence(
    places: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(places["env"])
    assert model_files.main(["list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(known_files())
    assert lines[0].startswith(FACE_LANDMARKER)
    assert lines[0].endswith(str(path))
    assert "iBUG 300-W" in lines[len(PINNED) - 1]
    assert lines[len(PINNED) - 1].endswith("missing")
    assert "non-commercial" in next(line for line in lines if line.startswith("scrfd"))


def test_fetching_the_restricted_model_exits_as_a_config_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert model_files.main(["fetch", DLIB_PREDICTOR]) == 78
    assert "visemill[dlib68]" in capsys.readouterr().err
