"""The network learns by heart what it is shown, and then reads it by itself, character by character."""

import pytest
from lips_data import LipsExample

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.interfaces import Batch  # noqa: E402
from services.training.lipreading.tokenizer import tokenizer_of  # noqa: E402
from services.training.recipes.chinese_lips_lstm.reader import Reader, config_of_facts  # noqa: E402
from services.training.recipes.chinese_lips_lstm.spec import ChineseLipsConfig  # noqa: E402

TEXTS = ("文字说", "说文", "字字文说", "文", "说", "字文", "文文", "说字说")
SMALL = ChineseLipsConfig(
    frame_height=32, frame_width=32, hidden_dim=32, num_heads=2, num_lstm_layers=1, dropout=0.0, label_smoothing=0.0
)


def batch_of(texts: tuple[str, ...] = TEXTS, forcing: float = 1.0) -> Batch:
    clips = [torch.from_numpy(LipsExample(text, text).frames_THW()) for text in texts]
    return {
        "frames_BTHWC": torch.nn.utils.rnn.pad_sequence(clips, batch_first=True)[..., None],
        "lengths_B": torch.tensor([len(one) for one in clips]),
        "texts": list(texts),
        "forcing": forcing,
    }


def test_clips_are_learnt_by_heart_and_read_without_help() -> None:
    """Takes some 20 s of one core: fewer steps learn fewer clips."""
    torch.set_num_threads(1)
    reader = Reader(SMALL, tokenizer_of(TEXTS))
    model, batch = reader.network(1), batch_of()
    optimizer = torch.optim.AdamW(model.parameters(), 3e-3, (0.9, 0.98), 1e-9)
    model.train()
    for _ in range(80):
        loss = reader.loss(model, batch, torch.Generator())
        optimizer.zero_grad()
        (loss.total / loss.count).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    assert reader.read(model.eval(), batch) == list(TEXTS)
    assert [reader.read(model, batch_of((text,))) for text in TEXTS[:3]] == [[text] for text in TEXTS[:3]]


def test_whether_the_right_characters_are_read_is_drawn_from_the_generator() -> None:
    reader = Reader(SMALL, tokenizer_of(TEXTS))
    model = reader.network(1).eval()

    def losses(forcing: float) -> set[float]:
        generator = torch.Generator().manual_seed(1)
        with torch.no_grad():
            return {
                round(reader.loss(model, batch_of(("说文",), forcing), generator).total.item(), 4) for _ in range(20)
            }

    assert len(losses(1.0)) == len(losses(0.0)) == 1
    assert losses(0.5) == losses(1.0) | losses(0.0)


def test_weights_follow_from_the_seed() -> None:
    reader = Reader(SMALL, tokenizer_of(TEXTS))
    first, again, other = (reader.network(seed).decoder.fc.weight for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_settings_of_a_network_are_told_by_the_facts_of_its_checkpoint() -> None:
    facts = Reader(SMALL, tokenizer_of(TEXTS)).facts()
    assert config_of_facts(facts, ChineseLipsConfig()).hidden_dim == 32
    assert facts["vocabulary"] == "字文说"
    with pytest.raises(BadConfig, match="CHECKPOINT_DAMAGED"):
        config_of_facts({**facts, "hidden_dim": "many"}, ChineseLipsConfig())
