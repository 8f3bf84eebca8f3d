"""Model files by path or in a cache of the hub, offline; what is missing says where it is published."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.features.tts.model_places import (
    SEMANTIC_CODEC,
    W2V_BERT,
    HubFile,
    cached_file,
    hub_caches,
    named_file,
    usual_files,
)
from services.features.tts.spec import SpeechConfig


def _put(cache: Path, file: HubFile, revision: str, main: bool = False) -> Path:
    repo = cache / f"models--{file.repo.replace('/', '--')}"
    path = repo / "snapshots" / revision / file.name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"tensors")
    if main:
        (repo / "refs").mkdir()
        (repo / "refs" / "main").write_text(f"{revision}\n")
    return path


def test_a_path_is_a_file_or_a_folder_that_holds_it(tmp_path: Path) -> None:
    path = _put(tmp_path, SEMANTIC_CODEC, "abc")
    assert named_file(SEMANTIC_CODEC, str(path)) == path
    assert named_file(SEMANTIC_CODEC, str(path.parent)) == path
    assert named_file(SEMANTIC_CODEC, str(path.parent.parent)) == path


def test_a_missing_file_says_where_it_is_published(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"--w2v-bert .*huggingface\.co/facebook/w2v-bert-2\.0") as refused:
        named_file(W2V_BERT, str(tmp_path / "nothing"))
    assert refused.value.reason == "MODEL_MISSING"


def test_the_revision_that_main_names(tmp_path: Path) -> None:
    _put(tmp_path, W2V_BERT, "aaa")
    main = _put(tmp_path, W2V_BERT, "bbb", main=True)
    assert cached_file(W2V_BERT, [tmp_path / "other", tmp_path]) == main


def test_the_only_revision_there_is(tmp_path: Path) -> None:
    only = _put(tmp_path, W2V_BERT, "aaa")
    assert cached_file(W2V_BERT, [tmp_path]) == only
    assert cached_file(SEMANTIC_CODEC, [tmp_path]) is None


def test_several_revisions_and_no_main_are_not_guessed_between(tmp_path: Path) -> None:
    _put(tmp_path, W2V_BERT, "aaa")
    _put(tmp_path, W2V_BERT, "bbb")
    with pytest.raises(BadConfig, match="2 revisions") as refused:
        cached_file(W2V_BERT, [tmp_path])
    assert refused.value.reason == "MODEL_AMBIGUOUS"


@pytest.mark.parametrize(
    ("named", "environment", "places"),
    [
        ("/cache", {}, ["/cache", "/cache/hub"]),
        ("", {"HF_HUB_CACHE": "/hub", "HF_HOME": "/hf"}, ["/hub", "/hf/hub"]),
        ("", {"HOME": "/home/a"}, ["/home/a/.cache/huggingface/hub"]),
        ("", {"HOME": "/home/a", "XDG_CACHE_HOME": "/var/cache"}, ["/var/cache/huggingface/hub"]),
    ],
)
def test_which_caches_are_looked_in(named: str, environment: dict[str, str], places: list[str]) -> None:
    assert hub_caches(named, environment) == [Path(place) for place in places]


def test_files_in_their_usual_places_are_taken_where_no_setting_names_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert usual_files(SpeechConfig()) == {}
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "config.yaml").touch()
    (tmp_path / "checkpoints" / "gpt.pth").touch()
    assert usual_files(SpeechConfig(config="other.yaml")) == {"gpt_checkpoint": f"{tmp_path}/checkpoints/gpt.pth"}
    assert set(usual_files(SpeechConfig())) == {"config", "gpt_checkpoint"}
