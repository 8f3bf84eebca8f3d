"""I/O: what a bundle or a server reads in a clip, and how far that is from what is said in it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from typing import Any

from orchestrator.pipelines.commands import Outcome
from orchestrator.pipelines.service_commands import answer_of_module
from services.base.errors import BadConfig, from_kind
from services.training.recipes.exported import ExportSettings, InferSettings


def infer_by(options: InferSettings, export: Callable[[ExportSettings], object]) -> Outcome:
    """What the bundle reads, or the server, or a training of whose results a bundle is exported for it. Raises what
    export, the stages and the server fail with.
    """
    if options.server:
        return read_at_server(options)
    if options.bundle:
        return read_clip(options, options.bundle)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = f"{scratch}/bundle"
        export(ExportSettings(bundle=bundle, checkpoint_dir=options.checkpoint_dir))
        return read_clip(options, bundle)


def read_clip(options: InferSettings, bundle: str) -> Outcome:
    """By the stages of this machine. Raises what these fail with."""
    stages = "decode,lipreading" if options.cropped else "decode,landmarks,lipreading"
    config: dict[str, Any] = {"bundle": bundle, "beam_width": options.beam_width, "cropped": options.cropped}
    # Of the settings of a recipe whose bundles have a decoder.
    if hasattr(options, "rescoring"):
        config["rescoring"] = options.rescoring
    if options.lm:
        config |= {"lm": options.lm, "lm_weight": options.lm_weight, "lm_bonus": options.lm_bonus}
    argv = [stages, "once", options.video_path, "--config", json.dumps({"lipreading": config})]
    answer, exit_code = answer_of_module("services", argv, "reading the clip")
    if answer["outcome"] != "ok":
        raise from_kind(answer["outcome"], *(answer[name] for name in ("reason", "message", "detail")))
    return _outcome(options, answer["lip_text"], exit_code)


def read_at_server(options: InferSettings) -> Outcome:
    """By a server of LipreadingService. Raises what it refuses the clip with, and Transient."""
    argv = [options.video_path, "--server", options.server, *(["--cropped"] if options.cropped else [])]
    answer, exit_code = answer_of_module("services.lipreading.ask", argv, "reading the clip")
    return _outcome(options, answer, exit_code)


def _outcome(options: InferSettings, found: dict[str, Any], exit_code: int) -> Outcome:
    text = f"Predicted: {found['text']}"
    if options.ground_truth:
        cer = _cer(options.ground_truth, found["text"])
        found |= {"ground_truth": options.ground_truth, "cer": cer}
        text = f"Ground truth: {options.ground_truth}\n{text}\nCER: {cer:.4f} ({1 - cer:.2%} accuracy)"
    return Outcome(found, text, exit_code)


def _cer(reference: str, read: str) -> float:
    """Errors a character. Raises BadConfig NO_JIWER."""
    try:
        from services.training.lipreading.scores.counts import character_counts
    except ImportError as error:
        raise BadConfig("NO_JIWER", "errors are counted by jiwer: pip install 'visemill[train]'") from error
    counts = character_counts(reference, read)
    return float(counts.rate)
