"""PURE: the commands that every training has, by names and words of their own."""

from __future__ import annotations

from orchestrator.pipelines.commands import Verb

TRAIN = Verb("train", "train a recipe on what a run has made", same_as="run")

_SUMMARIES = {
    "test": "let a trained model read clips, and print its scores",
    "stats": "show what a data set to learn from holds",
    "export": "write a trained model as a bundle that needs no torch",
    "infer": "print what a trained model reads in a clip",
    "inference": "the same as infer",
}


def verb_of(name: str, entry_points: str, options: str) -> Verb:
    """entry_points: the module of the pipeline's own, of which `inference` calls that of `infer`. options: as of Verb.
    Raises KeyError for a name that not every training has.
    """
    function = "infer" if name == "inference" else name
    return Verb(name, _SUMMARIES[name], options=options, calls=f"{entry_points}:{function}")
