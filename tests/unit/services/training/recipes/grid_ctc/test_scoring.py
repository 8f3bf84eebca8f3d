from pathlib import Path

import pytest
from grid_records import MadeClip, write_shards

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.data.grid import GridData  # noqa: E402
from services.training.lipreading.scores.printed import lines_of  # noqa: E402
from services.training.recipes.grid_ctc.pieces import Lipreader, grid_ctc  # noqa: E402
from services.training.recipes.grid_ctc.scoring import measured, transcripts  # noqa: E402
from services.training.recipes.grid_ctc.spec import GridCtcConfig  # noqa: E402
from services.training.recipes.grid_ctc.training import open_data  # noqa: E402

CONFIG = GridCtcConfig(size="tiny", batch_frames=40, dropout=0.0, val_share=0.0, beam_width=4, num_masks=0)
CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path: Path) -> GridData:
    train = [MadeClip("s1", "a", "bin", num_frames=8), MadeClip("s2", "b", "at", num_frames=12)]
    write_shards(tmp_path / "out", {"train": [train], "test": [[MadeClip("s3", "t", "no", num_frames=9)]]})
    return open_data(CONFIG, str(tmp_path / "out"), str(tmp_path / "state"))


def learnt(data: GridData) -> dict[str, "torch.Tensor"]:
    """Weights that know the training clips by heart."""
    pieces = grid_ctc(CONFIG, data)
    model, batch = pieces.model(1), data.train.read([0, 1], "")
    optimizer = torch.optim.AdamW(model.parameters(), 4e-3)
    for _ in range(60):
        loss = pieces.loss(model.train(), batch, torch.Generator())
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    return model.state_dict()


def test_clips_that_were_learnt_are_read_and_it_is_said_that_they_were(data: GridData) -> None:
    found = measured(CONFIG, data, learnt(data), "train", {"data": data.digest}, CPU)
    assert [(one.key, one.speaker, one.reference, one.hypothesis) for one in found.transcripts] == [
        ("s1/a", "s1", "bin", "bin"),
        ("s2/b", "s2", "at", "at"),
    ]
    assert found.learnt_from == 2
    assert found.constant in ("bin", "at")
    text = "\n".join(lines_of(found))
    assert "WARNING: the model was trained on 2 of these 2 clips" in text
    assert f"data: {data.digest}" in text


def test_other_clips_are_compared_with_an_untrained_model_on_the_same(data: GridData) -> None:
    weights = Lipreader(CONFIG, data.alphabet).network(9).state_dict()
    found = measured(CONFIG, data, weights, "test", {}, CPU)
    assert found.learnt_from == 0
    assert [one.reference for one in found.untrained] == [one.reference for one in found.transcripts] == ["no"]


def test_a_beam_and_the_best_path_read_clips_in_their_order(data: GridData) -> None:
    reader = Lipreader(CONFIG, data.alphabet)
    model = reader.network(1).eval()
    for width in (1, 3):
        assert [one.key for one in transcripts(reader, model, data.train, width)] == ["s1/a", "s2/b"]


def test_a_split_without_clips_is_refused(data: GridData) -> None:
    with pytest.raises(BadConfig, match="no clips of split val"):
        measured(CONFIG, data, {}, "val", {}, CPU)


def test_weights_of_another_model_are_refused(data: GridData) -> None:
    with pytest.raises(BadConfig, match=r"OTHER_NETWORK: .* it should have"):
        measured(CONFIG, data, {"a": torch.zeros(1)}, "test", {}, CPU)
