"""Command lines of the scripts that pipelines replace, and of verbs without the pipeline's name, as ours."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from orchestrator.pipelines.commands import Original, only_pipeline_of, original_of


def translate_original(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """A command line of a script that a pipeline replaces, as ours, and a note for each of its flags that does nothing
    here; any other line as it is.
    """
    found = original_of(argv[0], argv[1:]) if argv else None
    if found is None:
        return list(argv), []
    pipeline, original = found
    # A first word that is a value may be any, also the pipeline's name.
    has_name = argv[1:2] == [pipeline] and not original.words
    given = list(_without_rest(_with_flags(argv[2 if has_name else 1 :], original.words), original.rest))
    given, notes = _without_unused(given, {_dashed(flag): why for flag, why in original.unused.items()})
    ours = {_dashed(flag): own for flag, own in original.flags.items()}
    return [original.verb, pipeline, *_defaults(original), *(_as_ours(word, ours) for word in given)], notes


def with_only_pipeline(argv: Sequence[str]) -> list[str]:
    """The line of a verb that a single pipeline has, with that pipeline's name where it has none."""
    name = only_pipeline_of(argv[0]) if argv else None
    if name is None or (len(argv) > 1 and not argv[1].startswith("-")):
        return list(argv)
    return [argv[0], name, *argv[1:]]


def _with_flags(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The words, the first of which are values of these flags where they are no flags themselves."""
    num = next((i for i, word in enumerate(words) if word.startswith("-")), len(words))
    named = [f"{flag}={word}" for flag, word in zip(flags, words[:num], strict=False)]
    return [*named, *words[len(named) :]]


def _without_rest(words: Sequence[str], flag: str) -> Iterator[str]:
    """The words, with those behind the flag as any others: the script hands them on to the one that it starts."""
    for i, word in enumerate(words):
        name, equals, value = word.partition("=")
        if flag and _dashed(name) == _dashed(flag):
            after = [*([value] if equals else []), *words[i + 1 :]]
            # One word with spaces is several in quotes.
            parts = shlex.split(after[0]) if len(after) == 1 else after
            yield from parts[1:] if parts[:1] == ["--"] else parts
            return
        yield word


def _without_unused(words: Sequence[str], unused: Mapping[str, str]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    notes: list[str] = []
    them = iter(words)
    for word in them:
        name, equals, value = word.partition("=")
        if (why := unused.get(_dashed(name))) is None:
            kept.append(word)
        else:
            notes.append(f"{name} {value if equals else next(them, '')} has no effect: {why}")
    return kept, notes


def _defaults(original: Original) -> Iterator[str]:
    """In front, so that what the line gives wins."""
    files = {flag: file for flag, file in original.default_files.items() if Path(file).exists()}
    for flag, value in {**original.defaults, **files}.items():
        yield f"{flag}={value}"


def _as_ours(word: str, ours: Mapping[str, str]) -> str:
    name, equals, value = word.partition("=")
    return f"{ours.get(_dashed(name), name)}{equals}{value}" if name.startswith("-") else word


def _dashed(flag: str) -> str:
    return flag.replace("_", "-")
