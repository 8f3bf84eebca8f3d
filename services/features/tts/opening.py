"""The networks of a config, opened: sizes from its files, weights strictly from its files, or seeded random ones."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from services.base.errors import BadConfig
from services.features.runtimes.torch import on_device
from services.features.runtimes.weights import seeded_weights, without_weights
from services.features.speech.conformer import sinusoids
from services.features.speech.extraction import SpeechExtractor, SpeechNetworks
from services.features.speech.repcodec import CodecShape, SemanticCodec, codec_shapes, codec_state
from services.features.speech.voice import VoiceConditioner, VoiceShape
from services.features.speech.w2v_bert import W2vBertShape, w2v_bert
from services.features.tts.checkpoints import feature_statistics, num_texts_of, safe_tensors, voice_tensors
from services.features.tts.models import ModelFiles, model_files, sources_of
from services.features.tts.spec import SpeechConfig

LOG = logging.getLogger(__name__)

_W2V_PREFIXES = ("", "wav2vec2_bert.")
# A section that config.yaml of IndexTTS-2 does not have: sizes of another w2v-BERT, under config.json's names.
_W2V_SECTION = "w2v_bert"
# Settings of Amphion's RepCodec of which IndexTTS-2 has one; that of 2.5 halves time.
_ONE_OF_EACH = ("num_quantizers", "downsample_scale")


def open_extractor(config: SpeechConfig) -> SpeechExtractor:
    """Loads every network once. Raises BadConfig as `open_networks` does, and NO_GPU."""
    # Kept blocks of a minute of sound would be 0.8 GB of no use.
    device = on_device(config, keeps_blocks=False)
    networks, sources = open_networks(config)
    return SpeechExtractor(networks, sources, device)


def open_networks(config: SpeechConfig) -> tuple[SpeechNetworks, dict[str, str]]:
    """The networks, and how each got its weights. Raises BadConfig: as `model_files` and `checkpoints` do, and
    BAD_MODEL_CONFIG.
    """
    files = model_files(config)
    sources = sources_of(files, config.seed)
    random = sorted(name for name, source in sources.items() if source.startswith("seeded:"))
    if random:
        LOG.warning(
            "%s of random weights (seed %d): features mean nothing; name their files", ", ".join(random), config.seed
        )
    encoder_shape, codec_shape, voice_shape = shapes_of(files)
    mean_C, var_C = torch.zeros(codec_shape.hidden_size), torch.ones(codec_shape.hidden_size)
    if files.w2v_stat is not None:
        mean_C, var_C = feature_statistics(files.w2v_stat, codec_shape.hidden_size)
    networks = SpeechNetworks(
        _encoder(encoder_shape, files, config.seed).to(getattr(torch, config.dtype)),
        _codec(codec_shape, files, config.seed),
        _voice(voice_shape, files, config.seed),
        mean_C,
        var_C,
    )
    return networks.eval().requires_grad_(False), sources


def check_files(files: ModelFiles) -> int | None:
    """Reads every file that there is as the networks would, and keeps nothing: how many texts the checkpoint's table
    has, or the config's says; None where neither is there. Raises BadConfig as `open_extractor`.
    """
    encoder_shape, codec_shape, voice_shape = shapes_of(files)
    if files.w2v_stat is not None:
        feature_statistics(files.w2v_stat, codec_shape.hidden_size)
    if files.semantic_codec is not None:
        _codec(codec_shape, files, 0)
    if files.w2v_bert is not None:
        _encoder(encoder_shape, files, 0)
    if files.gpt_checkpoint is not None:
        _voice(voice_shape, files, 0)
        return num_texts_of(files.gpt_checkpoint)
    gpt = files.config.get("gpt")
    said = gpt.get("number_text_tokens") if isinstance(gpt, Mapping) else None
    return said if isinstance(said, int) else None


def shapes_of(files: ModelFiles) -> tuple[W2vBertShape, CodecShape, VoiceShape]:
    """Sizes of the three networks, of the config or as published. Raises BadConfig BAD_MODEL_CONFIG."""
    content = files.config
    try:
        if files.config_path is not None and not {_W2V_SECTION, "semantic_codec", "gpt"} & content.keys():
            raise ValueError("it has neither a section gpt nor a section semantic_codec")
        encoder = W2vBertShape(**_numbers(content.get(_W2V_SECTION, {})))
        codec = CodecShape(**_numbers(content.get("semantic_codec", {})))
        gpt = content.get("gpt")
        voice = VoiceShape.from_config(gpt, codec.hidden_size) if gpt is not None else VoiceShape()
        if not encoder.hidden_size == codec.hidden_size == voice.speaker.input_size:
            raise ValueError(
                f"semantic features have {encoder.hidden_size} channels, the codec takes {codec.hidden_size} and the "
                f"conditioner {voice.speaker.input_size}"
            )
    except (KeyError, TypeError, ValueError) as error:
        where = files.config_path or "the published sizes"
        raise BadConfig("BAD_MODEL_CONFIG", f"--config {where}: {error}; give config.yaml of IndexTTS-2") from error
    return encoder, codec, voice


def _numbers(section: Any) -> dict[str, int]:
    if not isinstance(section, Mapping):
        raise TypeError(f"a section of sizes must be a mapping, not {section!r}")
    for name in _ONE_OF_EACH:
        if section.get(name) not in (None, 1):
            raise ValueError(f"{name} {section[name]} is of another codec than IndexTTS-2's, which has 1")
    return {str(name): int(value) for name, value in section.items() if name not in _ONE_OF_EACH}


def _encoder(shape: W2vBertShape, files: ModelFiles, seed: int) -> nn.Module:
    with without_weights():
        network = w2v_bert(shape)
    needed = {name: tuple(t.shape) for name, t in network.state_dict().items()}
    if files.w2v_bert is None:
        tensors = seeded_weights(seed, needed)
    else:
        tensors = safe_tensors(files.w2v_bert, "--w2v-bert", needed, _W2V_PREFIXES)
    return _filled(network, tensors)


def _codec(shape: CodecShape, files: ModelFiles, seed: int) -> SemanticCodec:
    needed = codec_shapes(shape)
    with without_weights():
        codec = SemanticCodec(shape)
    if files.semantic_codec is None:
        tensors = seeded_weights(seed, needed)
    else:
        tensors = safe_tensors(files.semantic_codec, "--semantic-codec", needed)
    _filled(codec, codec_state(tensors))
    return codec


def _voice(shape: VoiceShape, files: ModelFiles, seed: int) -> VoiceConditioner:
    with without_weights():
        voice = VoiceConditioner(shape)
    shapes = {name: tuple(t.shape) for name, t in voice.state_dict().items()}
    if files.gpt_checkpoint is not None:
        _filled(voice, voice_tensors(files.gpt_checkpoint, shapes))
        return voice
    tensors = seeded_weights(seed, shapes)
    for name, size in shapes.items():
        if name.endswith("pos_enc.pe"):
            tensors[name] = sinusoids(size[2], size[1])[None]
    _filled(voice, tensors)
    return voice


def _filled(network: nn.Module, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The tensors become the network's own: what is mapped stays mapped."""
    network.load_state_dict(dict(tensors), strict=True, assign=True)
    return network.eval().requires_grad_(False)
