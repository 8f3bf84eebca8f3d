"""Clips of speech that a manifest names to what IndexTTS-2 trains on, and how such a run is finished."""

from __future__ import annotations

from collections.abc import Mapping

from orchestrator.pipelines.base import OnLeak, Pipeline, Settings
from orchestrator.pipelines.data_sets import NumberFlags, OutputFlag
from orchestrator.pipelines.prediction import Prediction
from orchestrator.pipelines.tts.checks import plan_checks
from orchestrator.pipelines.tts.needs import image_lacks, needs
from orchestrator.pipelines.tts.options import TtsOptions, stages
from orchestrator.pipelines.tts.reading import count, default_root, read
from orchestrator.pipelines.tts.roots.adoption import ADOPTION
from orchestrator.pipelines.tts.roots.data_sets import DATASET_FLAG
from orchestrator.pipelines.tts.shards import BYTES_A_SECOND
from orchestrator.pipelines.tts.splits import TRAIN, VAL
from orchestrator.pipelines.tts.summary import derived_tables, summary_files, tables
from orchestrator.pipelines.tts.written.report_tables import report_tables
from orchestrator.pipelines.tts.written.rules import check_outputs, compare, file_of, file_of_product, payloads
from services.base.run.manifest import ClipRow
from services.base.run.spec import RunSpec
from services.records.tts.names import FOLDERS

# Of IndexTTS-2; smaller networks make less.
_NUM_LATENTS, _MODEL_DIM = 32, 1280
_CODES_A_SECOND, _USUAL_TEXT_IDS, _HEADER_BYTES = 49.9, 40, 128


def check(row: ClipRow, extras: Mapping[str, bytes]) -> list[tuple[str, str]]:  # noqa: ARG001
    """Nothing: what a clip says is in its manifest."""
    return []


def at_leak(spec: RunSpec) -> OnLeak:
    """As its user has asked."""
    return "stop" if spec.details.get("on_leak") == "stop" else "report"


def predict(settings: Settings, media_bytes: float) -> Prediction:
    """A guess: how long a clip is follows from its bytes, as if they were samples of 16 bits; its condition is most of
    what it takes. Nothing is kept for other runs.
    """
    num_codes = media_bytes / BYTES_A_SECOND * _CODES_A_SECOND
    arrays_bytes = 4.0 * (_NUM_LATENTS * _MODEL_DIM + _MODEL_DIM + num_codes + _USUAL_TEXT_IDS)
    forms = {"npy": (1, len(FOLDERS)), "arrow": (1, 0), "both": (2, len(FOLDERS))}
    copies, num_files = forms[settings["ttsfiles"]["storage"]]
    return Prediction(copies * arrays_bytes + num_files * _HEADER_BYTES)


PIPELINE = Pipeline(
    "tts",
    "speech that a manifest names to text ids, semantic codes, conditions and emotion vectors",
    TtsOptions,
    stages,
    read,
    count,
    check,
    summary_files,
    file_of,
    payloads,
    check_outputs=check_outputs,
    compare=compare,
    tables=tables,
    derived_tables=derived_tables,
    at_leak=at_leak,
    output_name=file_of_product,
    needs=needs,
    extra="speech",
    plan_checks=plan_checks,
    predict=predict,
    checked_options=("tokenizer",),
    input_flags=("--audio-root",),
    image_lacks=image_lacks,
    output_flag=OutputFlag("--output-dir", "processed_data"),
    dataset_flag=DATASET_FLAG,
    adoption=ADOPTION,
    # As the original spells them: --workers are its decoders.
    numbers=NumberFlags("--num-processes", 1, "--workers"),
    default_root=default_root,
    product="clips",
    splits=(TRAIN, VAL),
    figures=(
        ("duration_s", "seconds"),
        ("num_text_ids", "text ids"),
        ("num_codes", "codes"),
        ("num_unknown", "unknown tokens"),
        ("peak", "peak"),
        ("clipped_share", "clipped"),
        ("silent_share", "silent"),
    ),
    report_tables=report_tables,
    plays=True,
    clip_time_s=600.0,
    clip_memory_mib=8192,
)
