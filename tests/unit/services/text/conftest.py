"""A small SentencePiece model, trained on the spot."""

import io
from pathlib import Path

import pytest
import sentencepiece

_LINES = [
    "HELLO WORLD",
    "ONE TWO THREE FOUR FIVE",
    "你 好 世 界",
    "THE TIME IS TEN",
    "HELLO , THE WORLD IS 'OLD' .",
] * 4


@pytest.fixture(scope="session")
def small_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """BPE over Latin capitals and a few Chinese characters; the unknown token is 2, as in IndexTTS-2."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(_LINES),
        model_writer=model,
        model_type="bpe",
        vocab_size=60,
        character_coverage=1.0,
        bos_id=0,
        eos_id=1,
        unk_id=2,
        pad_id=-1,
        minloglevel=2,
    )
    path = tmp_path_factory.mktemp("tokenizer") / "small.model"
    path.write_bytes(model.getvalue())
    return path
