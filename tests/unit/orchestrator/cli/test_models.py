"""Which command of which service an action on model repositories is."""

import argparse

import pytest

from orchestrator.cli.models import _call, add_parsers
from services.base.errors import BadConfig


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_parsers(parser)
    return parser.parse_args(words)


def test_a_bundle_is_exported_by_the_service_that_reads_it_and_needs_no_torch() -> None:
    flags = parse("export", "models", "--bundle", "lipreader", "--name", "english", "--kind", "gpu", "--no-warm-up")
    module, needed, words = _call(flags)
    assert (module, needed) == ("services.lipreading.export", ("onnxruntime",))
    assert words == ["--bundle=lipreader", "--name=english", "--kind=gpu", "--no-warm-up", "--", "models"]


def test_what_is_exported_may_be_named_first() -> None:
    module, _, words = _call(parse("export", "ave", "models", "--weights", "audio_encoder.pth"))
    assert module == "services.features.triton.repository"
    assert "--network=ave" in words and "--weights=audio_encoder.pth" in words and words[-1] == "models"
    module, needed, words = _call(parse("export", "talker", "models", "--bundle", "heads/obama"))
    assert (module, needed) == ("services.talker.triton.export", ("onnxruntime",))
    assert words == ["--bundle=heads/obama", "--name=", "--", "models"]


@pytest.mark.parametrize(("more", "out"), [((), "pfld_110.onnx"), (("--out", "my points.onnx"), "my points.onnx")])
def test_a_checkpoint_is_converted_into_the_file_that_its_stage_finds(more: tuple[str, ...], out: str) -> None:
    module, needed, words = _call(parse("convert", "pfld-110", "a.pth.tar", *more))
    assert (module, words) == ("services.features.runtimes.convert", ["pfld-110", f"--out={out}", "--", "a.pth.tar"])
    assert "torch" in needed


def test_vgg19_is_pruned_by_the_recipe_that_compares_faces_by_it() -> None:
    module, needed, words = _call(parse("convert", "vgg19", "vgg19.pth"))
    assert module == "services.training.checkpoint.vgg19_file"
    assert words == ["vgg19", "--out=vgg19_conv3_3.safetensors", "--", "vgg19.pth"]
    assert "onnxruntime" not in needed


@pytest.mark.parametrize("words", [("list",), ("export", "models"), ("verify", "models", "--server", "a:1")])
def test_all_else_is_of_networks_of_features(words: tuple[str, ...]) -> None:
    module, _, argv = _call(parse(*words))
    assert (module, argv[0]) == ("services.features.triton.repository", words[0])


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--bundle", "b", "--network", "semantic"], "--network is of a network"),
        (["--bundle", "b", "--weights-sha256", "00"], "--weights-sha256 is of a network"),
        (["--name", "english"], "give --bundle FOLDER"),
    ],
)
def test_flags_of_a_network_and_of_a_bundle_do_not_mix(words: list[str], text: str) -> None:
    with pytest.raises(BadConfig, match=f"BAD_FLAGS: .*{text}"):
        _call(parse("export", "models", *words))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["talker", "models"], "give --bundle FOLDER"),
        (["talker", "models", "--bundle", "b", "--network", "ave"], "--network is of a network"),
        (["ave", "models", "--bundle", "b"], "--network is of a network"),
    ],
)
def test_a_head_is_of_a_bundle_and_a_network_is_not(words: list[str], text: str) -> None:
    with pytest.raises(BadConfig, match=f"BAD_FLAGS: .*{text}"):
        _call(parse("export", *words))
