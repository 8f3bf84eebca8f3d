"""A batch becomes a loss of two readers, and a text that both agree on."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from conformer_weights import CONFIG  # noqa: E402
from lips_data import LipsExample  # noqa: E402

from services.base.errors import BadConfig  # noqa: E402
from services.lips.decoding.prefix_beam import Hypothesis  # noqa: E402
from services.lips.decoding.rescoring import decoder_ids  # noqa: E402
from services.training.interfaces import Batch  # noqa: E402
from services.training.lipreading.tokenizer import tokenizer_of  # noqa: E402
from services.training.recipes.chinese_lips_conformer.reader import (  # noqa: E402
    ConformerReader,
    config_of_facts,
    crop_of,
    pinyin_scores,
)
from services.training.recipes.chinese_lips_conformer.spec import ConformerConfig, with_syllables  # noqa: E402

TOKENIZER = tokenizer_of(["文字说"])
READER = ConformerReader(CONFIG, TOKENIZER)
GENERATOR = torch.Generator()


def batch_of(lengths: tuple[int, ...] = (12, 7), texts: tuple[str, ...] = ("文字", "说")) -> Batch:
    frames = np.random.default_rng(1).integers(0, 256, (len(lengths), max(lengths), 32, 32, 1), np.uint8)
    return {"frames_BTHWC": torch.from_numpy(frames), "lengths_B": torch.tensor(lengths), "texts": list(texts)}


def test_clips_are_learnt_by_heart_and_read_without_help() -> None:
    torch.set_num_threads(1)
    said = ("我们旨在", "搭建一个", "交流思想", "碰撞火花", "的平台", "我们的", "思想花", "个平台搭建")
    config = dataclasses.replace(CONFIG, dropout=0.0, label_smoothing=0.0)
    reader = ConformerReader(config, tokenizer_of(said))
    clips = [torch.from_numpy(LipsExample(text, text).frames_THW()[..., None]) for text in said]
    batch = {
        "frames_BTHWC": torch.nn.utils.rnn.pad_sequence(clips, batch_first=True),
        "lengths_B": torch.tensor([len(one) for one in clips]),
        "texts": list(said),
    }
    model = reader.network(1).train()
    optimizer = torch.optim.AdamW(model.parameters(), 2e-3, (0.9, 0.98), 1e-9)
    for _ in range(50):
        loss = reader.loss(model, batch, GENERATOR)
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    with torch.inference_mode():
        assert reader.read(model.eval(), batch) == list(said)
        assert reader.texts(model, batch)[1] == list(said)


def test_the_loss_is_a_sum_over_clips_that_no_padding_is_in() -> None:
    model = READER.network(1).eval()
    whole = READER.loss(model, batch_of(), GENERATOR)
    batch = batch_of()
    parts = [
        READER.loss(
            model,
            {
                "frames_BTHWC": batch["frames_BTHWC"][b : b + 1, :length],
                "lengths_B": torch.tensor([length]),
                "texts": [text],
            },
            GENERATOR,
        )
        for b, (length, text) in enumerate(((12, "文字"), (7, "说")))
    ]
    assert whole.count == sum(part.count for part in parts) == 5, "characters and ends"
    torch.testing.assert_close(whole.total, sum(part.total for part in parts), rtol=1e-4, atol=1e-4)


def test_without_a_decoder_there_is_ctc_alone() -> None:
    config = dataclasses.replace(CONFIG, ctc_weight=1.0)
    reader = ConformerReader(config, TOKENIZER)
    model = reader.network(1).eval()
    assert model.decoder is None
    assert reader.loss(model, batch_of(), GENERATOR).count == 3
    assert len(reader.read(model, batch_of())) == 2
    with pytest.raises(ValueError, match="no decoder"):
        model.decoded(torch.zeros(1, 1, 128), torch.tensor([1]), torch.tensor([[1]]))


def test_a_clip_that_ctc_cannot_align_is_left_to_the_decoder() -> None:
    model = READER.network(1).eval()
    found = READER.loss(model, batch_of((1,), ("文字说",)), GENERATOR)
    assert found.count == 4
    assert torch.isfinite(found.total)


def test_it_reads_alone_what_it_reads_in_a_batch() -> None:
    model = READER.network(3).eval()
    together = READER.read(model, batch_of())
    batch = batch_of()
    short = {"frames_BTHWC": batch["frames_BTHWC"][1:, :7], "lengths_B": torch.tensor([7])}
    assert READER.read(model, short) == together[1:]
    _, texts = READER.texts(model, batch_of())
    assert len(texts) == 2 and set("".join(texts)) <= set(TOKENIZER.characters)


def test_the_decoder_chooses_among_the_prefixes_where_it_counts_alone() -> None:
    config = dataclasses.replace(CONFIG, rescoring=1.0, beam_width=8)
    reader = ConformerReader(config, TOKENIZER)
    model = reader.network(1).eval()
    ids_NL = decoder_ids([Hypothesis(ids, 0.0, 0.0) for ids in ((), (0,), (0, 1))])
    scores = reader.decoder_scores(model, batch_of((12,), ("文",)), ids_NL[None])[0]
    for ids_L, score in zip(ids_NL, scores, strict=True):
        own_L = ids_L[ids_L > 0]
        alone = reader.decoder_scores(model, batch_of((12,), ("文",)), own_L[None, None])[0]
        assert score == pytest.approx(alone[0], abs=1e-4), "what is beside it does not count"


def test_a_look_shows_the_characters_that_were_read_and_the_blank() -> None:
    model = READER.network(1).eval()
    with torch.inference_mode():
        steps_SK, classes = READER.look(model, batch_of((9,), ("文",)), "说文说")
    assert classes == ["文", "说", "_"]
    assert steps_SK.shape == (9, 3)
    assert (steps_SK >= 0).all() and (steps_SK.sum(1) <= 1 + 1e-5).all()


@pytest.mark.parametrize(
    ("side", "size", "crop"), [(96, "base", (88, 88)), (96, "small", (88, 44)), (32, "small", (28, 14))]
)
def test_crops_leave_a_margin(side: int, size: str, crop: tuple[int, int]) -> None:
    found = crop_of(ConformerConfig(frame_height=side, frame_width=side, size=size))  # type: ignore[arg-type]
    assert (found.height_px, found.out_height_px) == crop
    assert found.margin_yx_px == (side // 24, side // 24)


def test_facts_say_what_network_a_file_is_of() -> None:
    facts = READER.facts()
    assert config_of_facts(facts, ConformerConfig()).size == "small"
    assert config_of_facts({**facts, "has_decoder": "False"}, ConformerConfig()).ctc_weight == 1.0
    assert config_of_facts(facts, ConformerConfig(ctc_weight=1.0)).ctc_weight < 1
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        config_of_facts({"size": "huge", **{k: v for k, v in facts.items() if k != "size"}}, ConformerConfig())


def test_a_reader_of_pinyin_adds_the_loss_of_syllables_to_the_others_by_its_weight() -> None:
    pytest.importorskip("pypinyin")
    weighted = [
        ConformerReader(with_syllables(CONFIG, ("shuo", "wen", "zi"), pinyin_weight=weight), TOKENIZER)
        for weight in (0.5, 2.0)
    ]
    model = weighted[0].network(1).eval()
    without = READER.loss(READER.network(1).eval(), batch_of(), GENERATOR)
    assert without.parts == {}
    losses = [reader.loss(model, batch_of(), GENERATOR) for reader in weighted]
    assert losses[0].parts == losses[1].parts and losses[0].parts["pinyin_count"] == 3, "wen zi, shuo"
    for weight, loss in zip((0.5, 2.0), losses, strict=True):
        assert loss.count == without.count
        assert (loss.total - without.total).item() == pytest.approx(weight * loss.parts["pinyin_total"], rel=1e-4)


def test_errors_of_syllables_are_counted_in_what_the_reader_of_pinyin_is_surest_of() -> None:
    pytest.importorskip("pypinyin")
    reader = ConformerReader(with_syllables(CONFIG, ("shuo", "wen", "zi"), pinyin_weight=0.3), TOKENIZER)
    model = reader.network(1).eval()
    with torch.no_grad():
        model.pinyin.weight.zero_()
        model.pinyin.bias.copy_(torch.tensor([0.0, 0.0, 9.0, 0.0]))
    (counts,) = reader.syllable_counts(model, batch_of()).values()
    assert [(one.errors, one.reference_units) for one in counts] == [(1, 2), (1, 1)], "zi for wen zi, zi for shuo"
    sums = reader.texts(model, batch_of())[0].parts
    assert set(sums) == set(reader.part_names)
    assert pinyin_scores(sums)["per"] == pytest.approx(2 / 3)
    assert pinyin_scores({}) == {}
    assert READER.syllable_counts(READER.network(1).eval(), batch_of()) == {}


def test_facts_say_what_syllables_are_read() -> None:
    config = with_syllables(CONFIG, ("wen2", "zi4"), pinyin_weight=0.7, pinyin_tones=True, pinyin_block=2)
    reader = ConformerReader(config, TOKENIZER)
    again = ConformerReader(config_of_facts(reader.facts(), ConformerConfig()), TOKENIZER)
    assert again.facts() == reader.facts() and again.files == reader.files
    assert again.network(1).pinyin_block == 2
    assert config_of_facts(READER.facts(), ConformerConfig(pinyin_weight=0.5)).pinyin_weight == 0
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        config_of_facts({**reader.facts(), "pinyin": "zi4 wen2"}, ConformerConfig())
