import hashlib
import json
from pathlib import Path

import pytest
from grid_records import MadeClip, write_shards

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.file import contents, encoded, weights_file  # noqa: E402
from services.training.checkpoint.progress import Progress  # noqa: E402
from services.training.data.grid import GridData  # noqa: E402
from services.training.recipes.grid_ctc.lm_command import lm_main  # noqa: E402
from services.training.recipes.grid_ctc.pieces import grid_ctc  # noqa: E402
from services.training.recipes.grid_ctc.spec import GridCtcConfig  # noqa: E402
from services.training.recipes.grid_ctc.test_command import test_main as run_command  # noqa: E402
from services.training.recipes.grid_ctc.training import open_data  # noqa: E402

CONFIG = GridCtcConfig(size="tiny", val_share=0.0)


@pytest.fixture
def data(tmp_path: Path) -> GridData:
    write_shards(
        tmp_path / "out",
        {"train": [[MadeClip("s1", "a", "bin"), MadeClip("s1", "b", "at")]], "test": [[MadeClip("s2", "t", "no")]]},
    )
    return open_data(CONFIG, str(tmp_path / "out"), str(tmp_path / "state"))


def saved(tmp_path: Path, data: GridData, kind: str, **facts: str) -> list[str]:
    """Flags of a test of random weights."""
    pieces = grid_ctc(CONFIG, data)
    model, path = pieces.model(1), tmp_path / f"best_model{kind}"
    told = {**pieces.facts, **facts}
    if kind == ".pt":
        path.write_bytes(encoded(contents(model, pieces.optimizer(model), {}, Progress(), told)))
    else:
        path.write_bytes(weights_file(model.state_dict(), told))
    return ["--data-root", str(tmp_path / "out"), "--checkpoint", str(path), "--beam-width", "2"]


@pytest.mark.parametrize("kind", [".pt", ".safetensors"])
def test_it_prints_examples_the_score_and_what_is_beside_it(
    tmp_path: Path, data: GridData, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(saved(tmp_path, data, kind)) == 0
    said = capsys.readouterr().out
    assert said.startswith("Example 1:\nGround truth: no\nPredicted: ")
    assert "test: 1 clips, normalisation none" in said
    assert "an untrained model: CER" in said
    assert "always 'at': CER 100.00%" in said
    assert f"data: {data.digest}" in said
    assert "WARNING" not in said
    assert said.endswith(f"results: {tmp_path / 'tests' / 'test'}\n")
    assert sorted(path.name for path in (tmp_path / "tests" / "test").iterdir() if path.is_file()) == [
        "results.parquet",
        "scores.json",
        "test.html",
    ]
    # Of the one clip, its frames and its posteriors.
    assert (tmp_path / "tests" / "test" / "test.html").read_text().count("data:image/png;base64,") == 2


def test_with_a_language_model_its_digest_and_its_share_stand_beside_the_score(
    tmp_path: Path, data: GridData, capsys: pytest.CaptureFixture[str]
) -> None:
    lm = tmp_path / "lm.arpa"
    assert lm_main(["--data-root", str(tmp_path / "out"), "--val-share", "0", "--output", str(lm), "--order", "3"]) == 0
    capsys.readouterr()
    flags = saved(tmp_path, data, ".pt")
    said = []
    for more in ([], ["--lm", str(lm), "--lm-weight", "0"], ["--lm", str(lm), "--lm-weight", "9", "--lm-bonus", "3"]):
        assert run_command([*flags, *more, "--json"]) == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0]["transcripts"] == said[1]["transcripts"] != said[2]["transcripts"]
    assert "lm" not in said[0]["digests"]
    assert said[2]["digests"]["lm"] == hashlib.sha256(lm.read_bytes()).hexdigest()
    assert said[0]["search"] == "beam of 2, no language model"
    assert said[2]["search"] == "beam of 2, language model of order 3, weight 9, bonus 3"
    assert f"\nlm: {said[2]['digests']['lm']}\n" in said[2]["text"]


def test_on_training_clips_it_says_so(tmp_path: Path, data: GridData, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*saved(tmp_path, data, ".pt"), "--split", "train", "--num-examples", "0"]) == 0
    assert "WARNING: the model was trained on 2 of these 2 clips" in capsys.readouterr().out


def test_as_json_it_has_the_scores_and_the_same_lines(
    tmp_path: Path, data: GridData, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = saved(tmp_path, data, ".pt")
    assert run_command(flags) == 0
    lines = capsys.readouterr().out
    assert run_command([*flags, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["text"] + "\n" == lines
    assert (found["clips"], found["constant"]["cer"], found["digests"]["data"]) == (1, 1.0, data.digest)


def test_a_test_may_allow_what_its_training_allowed(
    tmp_path: Path, data: GridData, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = saved(tmp_path, data, ".pt")
    same = [MadeClip("s1", "a", "bin")]
    write_shards(tmp_path / "out", {"train": [same], "test": [same]})
    with pytest.raises(BadConfig, match="the same frames stand in two splits"):
        run_command(flags)
    assert run_command([*flags, "--allow-leak"]) == 0
    assert "WARNING: the model was trained on 1 of these 1 clips" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"recipe": "toy"}, "OTHER_RECIPE"),
        ({"vocabulary": "abc"}, "OTHER_VOCABULARY"),
        ({"seed": "x"}, "CHECKPOINT_DAMAGED"),
    ],
)
def test_a_checkpoint_of_something_else_is_refused(
    tmp_path: Path, data: GridData, facts: dict[str, str], reason: str
) -> None:
    with pytest.raises(BadConfig) as refused:
        run_command(saved(tmp_path, data, ".pt", **facts))
    assert refused.value.reason == reason


def test_a_file_that_is_not_there_or_holds_no_weights_is_refused(tmp_path: Path, data: GridData) -> None:
    flags = saved(tmp_path, data, ".safetensors")
    Path(flags[3]).write_bytes(b"no weights")
    with pytest.raises(BadConfig, match="holds no weights"):
        run_command(flags)
    Path(flags[3]).unlink()
    with pytest.raises(BadConfig, match=r"there is no file .*best_model"):
        run_command(flags)


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks what is said where there is no GPU")
def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match="NO_GPU"):
        run_command(["--data-root", str(tmp_path), "--checkpoint", "missing.pt", "--device", "cuda"])
