"""A lipreader is tested on the clips of a split, and where its attention lies is looked into."""

import json
from pathlib import Path

import numpy as np
import pytest
from lips_data import LipsExample, write_lips

torch = pytest.importorskip("torch")

from lips_weights import write_weights  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.training.lipreading.scores.score import Transcript  # noqa: E402
from services.training.recipes.chinese_lips_lstm.entry_points import KIND  # noqa: E402
from services.training.recipes.chinese_lips_lstm.entry_points import test_main as run_test  # noqa: E402
from services.training.recipes.lips.opening import open_data  # noqa: E402
from services.training.recipes.lips.scoring import looks  # noqa: E402
from services.training.recipes.lips.trained import open_trained  # noqa: E402

TRAIN = [LipsExample("1_20_M_KJ_000", "文字"), LipsExample("2_20_M_LY_000", "说文说")]
TEST = [LipsExample("3_20_M_KJ_000", "文说"), LipsExample("4_20_M_KJ_000", "字")]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_lips(tmp_path / "data", {"train": TRAIN, "test": TEST})


@pytest.mark.parametrize(("split", "learnt_from"), [("test", 0), ("train", 2)])
def test_every_clip_is_read_whatever_the_batches(
    root: Path, capsys: pytest.CaptureFixture[str], split: str, learnt_from: int
) -> None:
    file = write_weights(root, "文字说")
    read = []
    for batch_size in (1, 8):
        words = ["--data-root", str(root), "--checkpoint", file, "--split", split, "--json"]
        assert run_test([*words, "--batch-size", str(batch_size)]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["clips"], found["learnt_from"]) == (2, learnt_from)
        read.append(found["transcripts"])
    assert read[0] == read[1]
    assert (root / f"tests/{split}/test.html").is_file()


def test_the_attention_of_each_character_is_seen_beside_an_even_look(root: Path) -> None:
    trained = open_trained(KIND, write_weights(root, "文字说"))
    import dataclasses

    config = dataclasses.replace(trained.config, data_root=str(root))
    data = open_data(config, str(root / "state"))
    chosen = [Transcript("3_20_M_KJ_000", "3", "文说", "字文", 10)]
    (look,) = looks(trained.reader, trained.network(), data.test, chosen, torch.device("cpu"))
    assert look.classes == ["字", "文"]
    assert look.frames_THWC.shape == (10, 32, 32, 1)
    assert look.probabilities_SK.shape == (10, 2)
    # Of a network that knows nothing, which looks at all frames alike.
    np.testing.assert_allclose(look.probabilities_SK, 0.1, atol=0.05)
    np.testing.assert_allclose(look.probabilities_SK.sum(0), 1.0, rtol=1e-5)


def test_a_split_without_clips_is_refused(root: Path) -> None:
    (root / "meta_test.csv").unlink()
    with pytest.raises(BadConfig, match="NO_TEST_CLIPS"):
        run_test(["--data-root", str(root), "--checkpoint", write_weights(root, "文")])


@pytest.mark.skipif(torch.cuda.is_available(), reason="asks what is said where there is no GPU")
def test_a_gpu_that_is_not_there_is_refused(root: Path) -> None:
    with pytest.raises(BadConfig, match="NO_GPU"):
        run_test(["--data-root", str(root), "--checkpoint", "missing.pt", "--device", "cuda"])
