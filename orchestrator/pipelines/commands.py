"""PURE: what a pipeline says of the command line: the commands that it has, and nothing that is slow to import.

A pipeline in the module `package.pipeline` says it in `package.commands`, as COMMANDS; one without such a module has
the shared commands alone. `visemill --help` reads these modules and no other.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orchestrator.pipelines import PIPELINES

SHARED = ("plan", "count", "run", "pin")
"""Commands whose work is the same for every pipeline that has them."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Outcome:
    """What a command of a pipeline's own found: for people, and as JSON. No text: a line for each of the data."""

    data: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Verb:
    """A command of the pipeline's own: `visemill NAME PIPELINE`.

    summary: a line for the help. same_as: the shared command that it is under its own name, such as a training that is
    a run; empty where the two others say what it does. options: "module:Class", the frozen dataclass from which its
    flags are made, like a pipeline's options. calls: "module:function" from these options to an Outcome. leases: the
    option that names an output, of which no run and no other such command may be at work meanwhile; empty: none.
    """

    name: str
    summary: str
    same_as: str = ""
    options: str = ""
    calls: str = ""
    leases: str = ""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"a verb is lower-case letters, digits and single dashes, not {self.name!r}")
        if bool(self.same_as) == bool(self.options and self.calls):
            raise ValueError(f"verb {self.name} needs either same_as, or both options and calls")
        if self.same_as not in ("", *SHARED):
            raise ValueError(f"verb {self.name} can be the same as {', '.join(SHARED)}, not as {self.same_as!r}")


@dataclass(frozen=True)
class Original:
    """A script that a command replaces, by the script's own name: `visemill SCRIPT …` is `visemill VERB PIPELINE …`.

    flags: spellings of the script's -> our flags, where a spelling means something else elsewhere or names a root;
    the others are aliases of the pipeline's options. defaults: our flags -> what they are where the script's line does
    not give them, if that differs from the command's own default. default_files: likewise, of files and folders, where
    they are there. unused: flags with a value that the script has and that do nothing here -> why. rest: the flag of
    the script after which everything is further flags; empty: none. told_by: flags one of which tells its line from
    that of another script of the same name; empty: it is the one that is meant without.
    words: our flags that the first words of its line are, in their order, where these are no flags.
    """

    verb: str
    flags: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    default_files: Mapping[str, str] = field(default_factory=dict)
    unused: Mapping[str, str] = field(default_factory=dict)
    rest: str = ""
    told_by: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class PipelineCommands:
    """aliases: other names of the pipeline on the command line. shared: of SHARED, those that the pipeline has. own:
    further ones. originals: by the script's name, with or
    without .py, `_` and `-` alike.

    inspects: ending of a file -> the module that `inspect` runs for it; the empty ending stands for any that no
    pipeline names. corpus: what `demo-corpus` generates for the pipeline; empty: nothing. corpus_language: by which
    `demo-corpus --language` means it; empty: by its kind alone. corpus_has_flag: `demo-corpus --NAME` means it too.
    presets: "module:member",
    from the name of a preset to options by their names, for the shared commands, which then also take a file of
    options; empty: neither. baselines: likewise, from the name of a trainer to the options that give its numbers,
    weaker than a preset; empty: none. told: flags of shared commands, as parsed flags name them -> what the help says
    of them instead; empty: they are not shown, because they mean nothing to the pipeline.
    """

    aliases: tuple[str, ...] = ()
    shared: tuple[str, ...] = SHARED
    own: tuple[Verb, ...] = ()
    originals: Mapping[str, Original] = field(default_factory=dict)
    inspects: Mapping[str, str] = field(default_factory=dict)
    corpus: str = ""
    corpus_language: str = ""
    corpus_has_flag: bool = False
    presets: str = ""
    baselines: str = ""
    told: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := set(self.shared).difference(SHARED):
            raise ValueError(f"shared commands are {', '.join(SHARED)}, not {', '.join(sorted(unknown))}")
        verbs = self.verbs
        if len(set(verbs)) < len(verbs):
            raise ValueError(f"a pipeline has each verb once, not {', '.join(verbs)}")
        for name, original in self.originals.items():
            if original.verb not in verbs:
                raise ValueError(f"{name} stands for {original.verb!r}, and the verbs are {', '.join(verbs)}")

    @property
    def verbs(self) -> tuple[str, ...]:
        """Names of all its commands."""
        return (*self.shared, *(verb.name for verb in self.own))


def commands_of(pipeline: str) -> PipelineCommands:
    """What the pipeline of that name says. Raises KeyError for one that the table does not hold."""
    name = f"{PIPELINES[pipeline].rpartition('.')[0]}.commands"
    try:
        found: PipelineCommands = importlib.import_module(name).COMMANDS
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return PipelineCommands()
    return found


def script_name(text: str) -> str:
    """A script's name as it is compared: without .py, and with `-` for `_`."""
    return text.removesuffix(".py").replace("_", "-")


def original_of(word: str, argv: Sequence[str] = ()) -> tuple[str, Original] | None:
    """(pipeline, what the script of that name stands for); None where no pipeline names it. argv: the rest of its line,
    whose flags tell it from another script of that name.
    """
    wanted = script_name(word)
    given = {word.partition("=")[0].replace("_", "-") for word in argv}
    found = [
        (pipeline, original)
        for pipeline in PIPELINES
        for name, original in commands_of(pipeline).originals.items()
        if script_name(name) == wanted
    ]
    told = [one for one in found if not given.isdisjoint(one[1].told_by)]
    others = [one for one in found if not one[1].told_by]
    return next(iter([*told, *others, *found]), None)


def only_pipeline_of(verb: str) -> str | None:
    """The one pipeline that has a verb of its own of that name; None where none or several have it."""
    having = [name for name in PIPELINES if any(own.name == verb for own in commands_of(name).own)]
    return having[0] if len(having) == 1 and verb not in SHARED else None


def resolve(target: str) -> Any:
    """What "module:member" names. Raises ImportError or AttributeError."""
    module, _, member = target.partition(":")
    return getattr(importlib.import_module(module), member)
