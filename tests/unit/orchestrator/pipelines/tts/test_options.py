"""The flags of the original script, and what the stages are told of them."""

from pathlib import Path

import pytest

from orchestrator.cli.main import build_parser
from orchestrator.cli.runs.request import request_of
from orchestrator.pipelines.tts.options import TtsOptions, stages
from services.base.errors import BadConfig


def parsed(*words: str) -> TtsOptions:
    options = request_of(build_parser().parse_args(["run", "tts", *words])).options
    assert isinstance(options, TtsOptions)
    return options


def test_the_command_line_of_the_original_is_taken_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first example, and every other flag of a single data set, with `_` and with `-`."""
    monkeypatch.chdir(tmp_path)
    plain = ["--manifest", "dataset/manifest.jsonl", "--output-dir", "preprocessed", "--tokenizer", "t/bpe.model"]
    options = parsed(*plain, "--language", "am", "--val-ratio", "0.01", "--batch-size", "0", "--workers", "0")
    assert (options.manifest, options.tokenizer, options.language) == ("dataset/manifest.jsonl", "t/bpe.model", "am")
    assert (options.val_ratio, options.val_count, options.seed, options.max_samples) == (0.01, 0, 17, 0)
    more = ["--config", "c.yaml", "--gpt_checkpoint", "g.pth", "--device", "cpu", "--seed", "3", "--max_samples", "9"]
    options = parsed(*plain, *more, "--audio_sr", "22050", "--hf_cache_dir", "hf", "--val_count", "5")
    assert (options.config, options.gpt_checkpoint, options.device) == ("c.yaml", "g.pth", "cpu")
    assert (options.seed, options.max_samples, options.audio_sr) == (3, 9, 22050)


def test_roots_have_the_names_of_the_original_and_the_input_root_need_not_be_given(tmp_path: Path) -> None:
    flags = ["run", "tts", "--manifest", str(tmp_path / "m.jsonl"), "--output-dir", str(tmp_path / "out")]
    roots = request_of(build_parser().parse_args(flags)).roots
    assert (roots.input_roots, roots.output_root) == ((str(tmp_path),), str(tmp_path / "out"))
    flags += ["--audio-root", "/a", "--audio-root", "/b"]
    assert request_of(build_parser().parse_args(flags)).roots.input_roots == ("/a", "/b")


def test_without_a_manifest_nothing_is_known() -> None:
    with pytest.raises(BadConfig, match="--manifest is needed"):
        parsed("--output-dir", "out")


def test_the_stages_and_what_they_are_told() -> None:
    options = TtsOptions(tokenizer="bpe.model", language=" AM ", w2v_bert="/w", hf_cache_dir="hf", device="cpu")
    settings = dict(stages(options))
    assert list(settings) == ["audio", "text", "fbank", "speech", "ttsfiles"]
    assert settings["audio"]["sample_rate_hz"] == 24_000 and settings["audio"]["resampler"] == "sinc"
    # A run may be taken up again from another folder.
    assert settings["text"] == {"tokenizer": str(Path("bpe.model").absolute()), "language": "am"}
    assert settings["speech"]["w2v_bert"] == "/w" and settings["speech"]["device"] == "cpu"
    assert settings["speech"]["hf_cache_dir"] == str(Path("hf").absolute()) and settings["speech"]["config"] == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("num_shards", -1), ("num_shards", 100_001), ("max_samples", -1), ("val_count", -1), ("audio_sr", 0),
        ("val_ratio", float("nan")),
    ],
)  # fmt: skip
def test_a_value_out_of_range_is_refused_by_its_flag(field: str, value: float) -> None:
    with pytest.raises(BadConfig, match=f"--{field.replace('_', '-')} must be") as refused:
        TtsOptions(**{field: value})
    assert refused.value.reason in ("BAD_FLAGS", "BAD_SPLIT")


def test_with_a_triton_server_the_networks_are_asked_for_there() -> None:
    speech = dict(stages(TtsOptions(triton="triton:8001", triton_weights="sha256:1")))["speech"]
    assert (speech["backend"], speech["triton"], speech["triton_weights"]) == ("triton", "triton:8001", "sha256:1")
    assert "backend" not in dict(stages(TtsOptions()))["speech"]
