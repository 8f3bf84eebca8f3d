"""What the settings make of persons: a network that learns whose sound is whose, and scores of what is held out."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.training.data.talker.person import Person  # noqa: E402
from services.training.recipes.talker_syncnet.pieces import scores, talker_syncnet  # noqa: E402
from services.training.recipes.talker_syncnet.spec import SyncNetConfig  # noqa: E402

CONFIG = SyncNetConfig(resolution="160", width=0.125, batch_size=16, flip=0, brightness=0, learning_rate=2e-3)


def person(name: str, num: int = 100) -> Person:
    """Brightness of the mouth follows the loudness of the sound."""
    random = np.random.default_rng(len(name))
    loud = random.random(num).astype(np.float32)
    crops = np.zeros((num, 168, 168, 3), np.uint8)
    crops[:, 100:140, 60:110] = (255 * loud).astype(np.uint8)[:, None, None, None]
    rows = np.repeat(4 * (loud[:, None] - 0.5), 512, axis=1).astype(np.float32)
    return Person(name, "mel", crops, rows, np.ones(num, np.bool_), np.ones(num, np.bool_), name)


def test_a_few_steps_teach_whose_sound_is_whose() -> None:
    """Of the contrast alone: frames it learns from, at chance before. 3 s of a core."""
    pieces = talker_syncnet(CONFIG, [person("a"), person("bb")], 25.0)
    model = pieces.model(1)
    optimizer = pieces.optimizer(model)
    losses = []
    for step in range(40):
        batch = pieces.train.read([step % 9, 9 + step % 9], f"1/{step}")
        optimizer.zero_grad()
        loss = pieces.loss(model, batch, torch.Generator())
        (loss.total / loss.count).backward()
        optimizer.step()
        losses.append(float(loss.total.detach()) / loss.count)
    assert losses[0] > 2.5 and np.mean(losses[-5:]) < 0.88 * losses[0]


def test_validation_is_of_held_out_frames_and_its_parts_add_up() -> None:
    pieces = talker_syncnet(CONFIG, [person("a"), person("bb")], 25.0)
    model = pieces.model(1).eval()
    assert pieces.validate is not None
    with torch.inference_mode():
        whole = pieces.validate(model, 0, 1)
        parts = [pieces.validate(model, part, 2) for part in (0, 1)]
    assert whole["frames"] > 0 and whole["offsets"] == 2
    assert all(whole[name] == pytest.approx(parts[0][name] + parts[1][name]) for name in whole)
    assert 0 <= pieces.scores(whole)["frame_error"] <= 1
    assert pieces.num_val == 20 and pieces.best_by in pieces.scores(whole)


def test_scores_of_nothing_are_those_of_chance() -> None:
    zero = dict.fromkeys(
        ("frames_right", "frames", "windows_right", "windows", "own", "shifted", "pairs", "offsets_right", "offsets"),
        0.0,
    )
    assert scores(zero)["frame_error"] == 0.5


def test_little_speech_is_said() -> None:
    pieces = talker_syncnet(CONFIG, [person("a")], 25.0)
    assert any("LITTLE_SPEECH: 4 s" in note for note in pieces.warnings)
    assert pieces.facts["asr"] == "mel"
    short = talker_syncnet(CONFIG, [person("a", 50)], 25.0)
    assert any("long enough" in note for note in short.warnings)


def test_the_originals_loss_is_there_to_compare() -> None:
    from dataclasses import replace

    pieces = talker_syncnet(replace(CONFIG, loss="legacy"), [person("a")], 25.0)
    loss = pieces.loss(pieces.model(1), pieces.train.read([0], "1/0"), torch.Generator())
    assert loss.count == 8 and torch.isfinite(loss.total)
