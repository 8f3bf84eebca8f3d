"""How the files of a clip and of a shard are called, by whoever writes them and whoever looks for them. Pure."""

from __future__ import annotations

from services.base.run.sharding import shard_name

NPY = ".npy"
FOLDERS = ("text_ids", "codes", "condition", "emo_vec")
"""The four features, which are the folders of their files too, in the order of a manifest's fields."""

FILES = tuple(folder + NPY for folder in FOLDERS)
"""The files of a clip's product."""

MANIFESTS = ("train_manifest.jsonl", "val_manifest.jsonl")
STATS_FILE = "stats.json"
META_FILE = "meta.json"
PROGRESS_FILE = ".preprocessing_progress.txt"
ARROW_FOLDER = "features"
ARROW = ".arrow"


def feature_file(feature: str, stem: str) -> str:
    """`codes/<stem>.npy`: below the output root. stem: planning put it into the clip's utterance id."""
    return f"{feature}/{stem}{NPY}"


def stem_of(feature: str, name: str) -> str | None:
    """The stem of a file that `feature_file` named; None for any other."""
    prefix = f"{feature}/"
    return name[len(prefix) : -len(NPY)] if name.startswith(prefix) and name.endswith(NPY) else None


def output_name(stem: str, file: str) -> str:
    """The output file that a file of a clip's product becomes. Raises KeyError for one that no product has."""
    if file not in FILES:
        raise KeyError(file)
    return feature_file(file.removesuffix(NPY), stem)


def arrow_file(shard: int, num_shards: int) -> str:
    """`features/00007-of-00064.arrow`. Raises ValueError for a shard out of range."""
    return f"{ARROW_FOLDER}/{shard_name(shard, num_shards)}{ARROW}"
