"""What the settings make of persons: a network that learns to paint, and scores of what it has not seen."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from onnx_judges import points_file  # noqa: E402

from services.lips.talker_crop import CropBox  # noqa: E402
from services.training.data.talker.person import Person  # noqa: E402
from services.training.data.talker.whole_frame import WholeFrame  # noqa: E402
from services.training.recipes.talker_unet.judged import LipJudge  # noqa: E402
from services.training.recipes.talker_unet.pieces import Judges, talker_unet  # noqa: E402
from services.training.recipes.talker_unet.spec import UNetConfig  # noqa: E402
from services.training.talker.lip_points import LipPoints  # noqa: E402
from services.training.talker.networks.syncnet import SyncNet  # noqa: E402
from services.training.talker.networks.vgg19 import Vgg19Start  # noqa: E402

CONFIG = UNetConfig(resolution="160", width=0.125, batch_size=4, learning_rate=3e-3, warm_up_share=0.0)


def person(name: str, num: int = 60) -> Person:
    """Brightness of the mouth follows the loudness of the sound."""
    loud = np.random.default_rng(len(name)).random(num).astype(np.float32)
    crops = np.full((num, 168, 168, 3), 60, np.uint8)
    crops[:, 100:140, 60:110] = (255 * loud).astype(np.uint8)[:, None, None, None]
    rows = np.repeat(4 * (loud[:, None] - 0.5), 512, axis=1).astype(np.float32)
    marks = np.ones(num, np.bool_)
    return Person(name, "mel", crops, rows, marks, marks, name, np.tile(np.array([60, 100, 110, 140]), (num, 1)))


def test_four_frames_are_learnt_by_heart() -> None:
    """At the small size: 3 s of a core."""
    pieces = talker_unet(CONFIG, [person("a")], 25.0, Judges())
    model = pieces.model(1)
    optimizer = pieces.optimizer(model)
    batch = pieces.train.read([0, 5, 9, 14], "1/0")
    losses = []
    for _ in range(40):
        optimizer.zero_grad()
        loss = pieces.loss(model, batch, torch.Generator())
        (loss.total / loss.count).backward()
        optimizer.step()
        losses.append(float(loss.total.detach()) / loss.count)
    assert losses[-1] < 0.5 * losses[0]


def test_validation_paints_what_is_held_out_and_its_parts_add_up() -> None:
    pieces = talker_unet(CONFIG, [person("a"), person("bb")], 25.0, Judges())
    model = pieces.model(1).eval()
    assert pieces.validate is not None
    with torch.inference_mode():
        whole = pieces.validate(model, 0, 1)
        parts = [pieces.validate(model, part, 2) for part in (0, 1)]
    assert whole["frames"] == pieces.num_val == 12
    assert all(whole[name] == pytest.approx(parts[0][name] + parts[1][name]) for name in whole)
    scores = pieces.scores(whole)
    assert {"ssim", "mouth_psnr", "gain_db", "nearest_gain_db", "mean_gain_db", "follows_db", "same_place_db"} < set(
        scores
    )
    assert "sync_error" not in scores
    # Whoever may choose by the answer is nearer than chance.
    assert whole["nearest.mouth_psnr"] > whole["random.mouth_psnr"]
    assert pieces.facts["recipe"] == "talker-unet"


def test_what_follows_the_sound_is_told_by_frames_in_which_somebody_speaks() -> None:
    silent = replace(person("a"), voiced_N=np.arange(60) < 57)
    pieces = talker_unet(CONFIG, [silent, person("bb")], 25.0, Judges())
    assert pieces.validate is not None
    with torch.inference_mode():
        found = pieces.validate(pieces.model(1).eval(), 0, 1)
    assert (found["frames"], found["spoken.frames"]) == (12, 9)


def test_lips_are_looked_for_after_an_epoch_where_a_network_of_landmarks_is_given(tmp_path: Path) -> None:
    shown = [person("a"), person("bb")]
    crops = {one.name: one.crops_NHWC for one in shown}
    whole, points = CropBox(0, 0, 168), LipPoints(points_file(tmp_path / "p.onnx"))
    lips = LipJudge(points, lambda name: lambda frame: WholeFrame(crops[name][frame].copy(), whole, whole))
    found = {}
    for judge in (None, lips):
        pieces = talker_unet(CONFIG, shown, 25.0, Judges(lips=judge))
        assert pieces.validate is not None
        with torch.inference_mode():
            sums = pieces.validate(pieces.model(1).eval(), 0, 1)
        found[judge is None] = pieces.scores(sums)
    names = {"lip_distance", "random_lip_distance", "nearest_lip_distance"}
    assert found[False].keys() - found[True].keys() == names
    assert all(found[False][name] > 0 for name in ("lip_distance", "random_lip_distance"))
    assert {name: value for name, value in found[False].items() if name not in names} == found[True]


def test_a_frozen_syncnet_adds_to_the_loss_and_learns_nothing() -> None:
    torch.manual_seed(4)
    syncnet = SyncNet("mel", 160, 0.125).eval().requires_grad_(False)
    before = {name: value.clone() for name, value in syncnet.state_dict().items()}
    batch = None
    losses = []
    for judge in (None, syncnet):
        # Faces are all alike to one that has learnt nothing.
        pieces = talker_unet(replace(CONFIG, sync_weight=1e6), [person("a")], 25.0, Judges(judge))
        model = pieces.model(1)
        batch = pieces.train.read([0, 5], "1/0")
        loss = pieces.loss(model, batch, torch.Generator())
        loss.total.backward()
        losses.append(float(loss.total.detach()))
        assert all(parameter.grad is not None for parameter in model.parameters())
    assert losses[1] > losses[0]
    assert all(torch.equal(before[name], value) for name, value in syncnet.state_dict().items())


def test_a_clip_too_short_to_hold_any_of_it_out_says_so() -> None:
    pieces = talker_unet(CONFIG, [person("a", num=17)], 25.0, Judges())
    assert not pieces.train.items and "the 16 before it" in pieces.warnings[-1]


def test_vgg19_adds_to_the_loss_by_its_weight_and_the_log_says_where_there_is_none() -> None:
    torch.manual_seed(2)
    vgg19 = Vgg19Start().eval().requires_grad_(False)
    totals = []
    for weight in (0.0, 1e4, 2e4):
        config = UNetConfig(resolution="160", width=0.125, batch_size=4, perceptual_weight=weight)
        pieces = talker_unet(config, [person("a")], 25.0, Judges(vgg19=vgg19))
        assert not any("VGG19" in note for note in pieces.warnings)
        loss = pieces.loss(pieces.model(1), pieces.train.read([0, 5], "1/0"), torch.Generator())
        totals.append(float(loss.total.detach()))
    assert totals[2] - totals[0] == pytest.approx(2 * (totals[1] - totals[0]), rel=1e-3) and totals[1] > totals[0]
    assert any("--vgg19" in note for note in talker_unet(CONFIG, [person("a")], 25.0, Judges()).warnings)


def test_a_frozen_syncnet_is_asked_of_what_is_held_out() -> None:
    judges = Judges(SyncNet("mel", 160, 0.125).eval().requires_grad_(False))
    pieces = talker_unet(CONFIG, [person("a"), person("bb")], 25.0, judges)
    assert pieces.validate is not None
    with torch.inference_mode():
        whole = pieces.validate(pieces.model(1).eval(), 0, 1)
    assert whole["own.fit.clips"] == whole["picture.fit.clips"] == 2
    assert 0 <= pieces.scores(whole)["sync_error"] <= 1


def test_the_temporal_part_is_learnt_from_pairs_and_changes_nothing_where_it_is_0() -> None:
    losses = []
    for weight in (0.0, 1.0):
        pieces = talker_unet(replace(CONFIG, temporal_weight=weight), [person("a")], 25.0, Judges())
        assert {item.cost for item in pieces.train.items} == {2 if weight else 1}
        batch = talker_unet(replace(CONFIG, temporal_weight=1.0), [person("a")], 25.0, Judges()).train.read(
            [0, 5], "1/0"
        )
        loss = pieces.loss(pieces.model(1), batch, torch.Generator())
        loss.total.backward()
        losses.append(float(loss.total.detach()))
    assert loss.count == 4 and losses[1] > losses[0]
