"""How the files of a clip and of a shard are called, by whoever writes them and whoever looks for them. Pure."""

from __future__ import annotations

NPY = ".npy"
FOLDERS = ("text_ids", "codes", "condition", "emo_vec")
"""The four features, which are the folders of their files too, in the order of a manifest's fields."""

FILES = tuple(folder + NPY for folder in FOLDERS)
"""The files of a clip's product."""


def feature_file(feature: str, stem: str) -> str:
    """`codes/<stem>.npy`: below the output root. stem: planning put it into the clip's utterance id."""
    return f"{feature}/{stem}{NPY}"


def output_name(stem: str, file: str) -> str:
    """The output file that a file of a clip's product becomes. Raises KeyError for one that no product has."""
    if file not in FILES:
        raise KeyError(file)
    return feature_file(file.removesuffix(NPY), stem)
