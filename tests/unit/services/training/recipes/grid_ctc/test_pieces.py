"""On made records, the large part of which is a picture of 4x6 px."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from grid_records import MadeClip, write_shards

torch = pytest.importorskip("torch")

from services.formats.words import WORDS_FILE, WordRow, encode_words  # noqa: E402
from services.training.data.grid import GridData, LeftOut  # noqa: E402
from services.training.recipes.grid_ctc.pieces import (  # noqa: E402
    TOKENIZER_FILE,
    Lipreader,
    few_steps,
    grid_ctc,
)
from services.training.recipes.grid_ctc.spec import GridCtcConfig  # noqa: E402
from services.training.recipes.grid_ctc.training import open_data  # noqa: E402
from services.training.recipes.validation import batches_of  # noqa: E402
from services.training.recipes.with_draws import WithDraws  # noqa: E402

CONFIG = GridCtcConfig(size="tiny", batch_frames=24, dropout=0.0)


@pytest.fixture
def data(tmp_path: Path) -> GridData:
    train = [MadeClip("s1", f"a{i}", "bin at", num_frames=12) for i in range(6)]
    write_shards(tmp_path / "out", {"train": [train], "val": [[MadeClip("s1", "v", "lay by", num_frames=9)]]})
    rows = []
    for position, clip in enumerate(train):
        rows += [WordRow(clip.key, "train", 0, position, 0, "bin", 1, 6)]
        rows += [WordRow(clip.key, "train", 0, position, 1, "at", 6, 10)]
    (tmp_path / "out" / WORDS_FILE).write_bytes(b"".join(encode_words(rows)))
    return open_data(CONFIG, str(tmp_path / "out"), str(tmp_path / "state"))


def test_windows_of_words_come_first_and_whole_clips_in_the_end(data: GridData) -> None:
    pieces = grid_ctc(CONFIG, data)
    assert pieces.train_at is not None
    first, last = pieces.train_at(1, 0, 0.0), pieces.train_at(1, 9, 0.9)
    assert {item.cost for item in first.items} <= {4, 5, 9}
    texts = [text for i in range(len(first.items)) for text in first.read([i], "1/0")["texts"]]
    assert set(texts) <= {"bin", "at", "bin at"}
    assert [item.cost for item in last.items] == [12] * 6


def test_what_is_drawn_for_a_clip_follows_from_seed_epoch_and_clip_and_not_from_its_batch(data: GridData) -> None:
    train = WithDraws(data.train, CONFIG.augmentation, 2)
    together, alone = train.read([0, 1, 2], "1/0")["draws"], train.read([1], "1/0")["draws"]
    assert together[1] == alone[0]
    assert together[0] != together[1]
    assert train.read([1], "1/1")["draws"] != alone


def test_weights_follow_from_the_seed_and_draw_nothing_from_others(data: GridData) -> None:
    pieces = grid_ctc(CONFIG, data)
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    one, same, other = pieces.model(1), pieces.model(1), pieces.model(2)
    assert torch.rand(1) == expected
    assert torch.equal(one.classes.weight, same.classes.weight)
    assert not torch.equal(one.classes.weight, other.classes.weight)


def test_a_batch_in_clips_holds_as_many_of_the_longest(data: GridData) -> None:
    assert grid_ctc(CONFIG, data).budget_cost == 24
    assert grid_ctc(dataclasses.replace(CONFIG, batch_size=3), data).budget_cost == 3 * 12


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, ""),
        ({"batch_frames": 4800}, "about 1800 optimiser steps in all, of 4800 frames"),
        ({"num_epochs": 250, "batch_size": 8}, ""),
        ({"num_epochs": 20, "batch_size": 8, "accumulation_steps": 2}, "about 1140 optimiser steps in all, of 1200"),
        ({"size": "tiny", "num_epochs": 1}, ""),
    ],
)
def test_few_steps_are_warned_of_before_they_are_taken(settings: dict[str, Any], says: str) -> None:
    said = few_steps(GridCtcConfig(**settings), [75] * 900)
    assert (says in said) if says else not said


@pytest.mark.parametrize("size", ["tiny", "full"])
def test_a_few_steps_lower_the_loss(data: GridData, size: str) -> None:
    config = GridCtcConfig(size=size, batch_frames=24, dropout=0.0, learning_rate=2e-3)
    pieces = grid_ctc(config, data)
    model = pieces.model(1)
    optimizer = pieces.optimizer(model)
    losses = []
    for _ in range(6):
        loss = pieces.loss(model.train(), pieces.train.read([0, 1], "1/0"), torch.Generator())
        assert loss.count == 12
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        optimizer.step()
        losses.append(loss.total.item() / loss.count)
    assert losses[-1] < losses[0] / 1.5


def test_parts_of_the_validation_add_up_to_the_whole(data: GridData) -> None:
    pieces = grid_ctc(CONFIG, data)
    assert pieces.validate is not None
    model = pieces.model(1).eval()
    with torch.inference_mode():
        whole = pieces.validate(model, 0, 1)
        parts = [pieces.validate(model, part, 2) for part in range(2)]
    assert {name: parts[0][name] + parts[1][name] for name in whole} == whole
    assert set(pieces.scores(whole)) == {"loss", "cer"}
    assert pieces.scores(whole)["cer"] == whole["errors"] / 6


def test_the_learning_rate_grows_then_falls(data: GridData) -> None:
    rate = grid_ctc(CONFIG, data).learning_rate
    assert rate(0.0, []) < rate(0.025, []) < rate(0.05, []) == 1.0
    assert rate(0.5, []) > rate(0.99, []) > 0


def test_a_checkpoint_of_another_size_or_alphabet_is_another(data: GridData) -> None:
    tiny, full = grid_ctc(CONFIG, data).facts, grid_ctc(GridCtcConfig(), data).facts
    assert tiny != full
    assert tiny["vocabulary"] == data.alphabet.characters


def test_the_alphabet_lies_beside_the_weights(data: GridData) -> None:
    fields = json.loads(grid_ctc(CONFIG, data).files[TOKENIZER_FILE])
    assert (fields["char2idx"]["a"], fields["idx2char"]["26"], fields["vocab_size"]) == (0, " ", 28)


def test_batches_hold_every_clip_once_within_their_frames(data: GridData) -> None:
    assert sorted(i for batch in batches_of(data.train, 30) for i in batch) == list(range(6))
    assert {len(batch) for batch in batches_of(data.train, 30)} == {2}
    parts = [i for part in range(2) for batch in batches_of(data.train, 1, part, 2) for i in batch]
    assert sorted(parts) == list(range(6))


def test_a_clip_that_is_validated_is_taken_as_it_is(data: GridData) -> None:
    reader = Lipreader(CONFIG, data.alphabet)
    model = reader.network(1).eval()
    batch = data.val.read([0], "")
    with torch.inference_mode():
        _, (once,) = reader.log_probs(model, batch)
        _, (again,) = reader.log_probs(model, batch)
    assert once.shape == (18, 28)
    assert torch.equal(once, again)


def test_samples_are_some_clips_of_the_validation_as_they_are_and_what_is_read_in_them(data: GridData) -> None:
    pieces = grid_ctc(CONFIG, dataclasses.replace(data, val=data.train))
    assert pieces.samples is not None
    model = pieces.model(1).eval()
    with torch.inference_mode():
        found = pieces.samples(model, 2)
    assert [(one.key, one.reference) for one in found] == [("s1/a0", "bin at"), ("s1/a3", "bin at")]
    assert (found[1].frames_THWC == data.train.read([3], "")["frames_BTHWC"][0].numpy()).all()
    assert set(found[0].hypothesis) <= set(data.alphabet.characters)


def test_what_is_left_out_of_the_data_is_noted_with_its_reason(data: GridData) -> None:
    lost = LeftOut("s1/z", "train", "CTC_INFEASIBLE", "too short")
    notes = grid_ctc(CONFIG, dataclasses.replace(data, left_out=[lost] * 99)).notes
    assert notes[0] == "s1/z is left out: CTC_INFEASIBLE (too short)"
    assert len(notes) == 50 + len(data.notes) and set(data.notes) <= set(notes)
