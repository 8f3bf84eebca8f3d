"""The parser of every command: short usage, help in groups, and usage errors of two lines with exit code 64."""

from __future__ import annotations

import argparse
import difflib
import itertools
import sys
import textwrap
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NoReturn

from orchestrator.cli.parsing.help_groups import OUTPUT, grouped, unit_of
from orchestrator.cli.parsing.presets import Presets, add_preset_flags, settings_layers
from orchestrator.cli.parsing.request_file import add_request_flags, filled, read_request, request_path
from services.base.errors import EXIT_USAGE

if TYPE_CHECKING:
    from orchestrator.pipelines.data_sets import OutputFlag

_WIDEST = 100
_HELP_COLUMN = 30
_LONGEST_CHOICES = 60
_MOST_NAMED = 8


class _Formatter(argparse.HelpFormatter):
    """Units instead of the flag's name in capitals, and columns that fit most flags."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=_HELP_COLUMN)
        self._width = min(self._width, _WIDEST)

    def _get_default_metavar_for_optional(self, action: argparse.Action) -> str:
        return unit_of(action)

    def _metavar_formatter(self, action: argparse.Action, default_metavar: str) -> Any:
        if action.metavar is None and len(_choices(action)) > _LONGEST_CHOICES:
            return lambda num: ("NAME",) * num
        return super()._metavar_formatter(action, default_metavar)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in ("", None):
            return (action.help or "").replace(" (default: %(default)s)", "")
        choices = _choices(action)
        listed = action.metavar is None and len(choices) > _LONGEST_CHOICES
        return f"{action.help}: {choices}" if listed else action.help

    def _split_lines(self, text: str, width: int) -> list[str]:
        # A flag's name is not broken.
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def _names_inputs(argv: Sequence[str]) -> bool:
    """Whether a --dataset NAME=INPUT_ROOT is among the words."""
    flag = "--dataset"
    after = [word for before, word in itertools.pairwise(argv) if before == flag]
    joined = [word.removeprefix(f"{flag}=") for word in argv if word.startswith(f"{flag}=")]
    return any("=" in value for value in (*after, *joined))


def _settle_output(found: argparse.Namespace, own: OutputFlag) -> None:
    """The one output root of several flags. What of them does nothing is added to `unused_flags`, for a note."""
    given, root = getattr(found, own.dest), found.output_root
    unused = []
    if found.dataset:
        unused += [f"{own.flag} {given} has no effect: each --dataset has its own output"] if given else []
    else:
        unused += [f"--output-root {root} has no effect: the output is {own.flag} {given}"] if given and root else []
        found.output_root = given or root or own.default
    setattr(found, own.dest, "")
    vars(found)["unused_flags"] = unused


def _is_shown(action: argparse.Action) -> bool:
    return action.help is not argparse.SUPPRESS


def _choices(action: argparse.Action) -> str:
    return ", ".join(map(str, action.choices or ()))


def with_known_spelling(argv: Iterable[str], flags: Iterable[str]) -> list[str]:
    """The same command line with the flags spelt as the parser has them, where `_` and `-` are all that differs."""
    flags = frozenset(flags)
    spelt = {flag.replace("_", "-"): flag for flag in flags}
    found: list[str] = []
    rest = iter(argv)
    for word in rest:
        name, equals, value = word.partition("=")
        dashed = name.replace("_", "-")
        if word == "--":
            return [*found, word, *rest]
        if name.startswith("--") and name not in flags and any(flag.startswith(dashed) for flag in spelt):
            found.append(f"{spelt.get(dashed, dashed)}{equals}{value}")
        else:
            found.append(word)
    return found


class Parser(argparse.ArgumentParser):
    """A root may be given by its position where a pipeline allows it."""

    def __init__(self, **how: Any) -> None:
        super().__init__(**{"formatter_class": _Formatter, **how})
        self._roots: list[argparse.Action] = []
        self._own_output: OutputFlag | None = None
        self._pipeline = ""
        self._request_of: Callable[[], argparse.ArgumentParser] | None = None
        self._presets: Presets = {}
        self._baselines: Presets = {}

    def add_root(self, name: str, metavar: str) -> None:
        """A root that is given by position unless its flag `--name` is."""
        dest = name.replace("-", "_")
        action = self.add_argument(dest, metavar=metavar, default=argparse.SUPPRESS, help=f"the same as --{name}")
        self._roots.append(action)

    def take_output(self, own: OutputFlag) -> None:
        """Has the pipeline's own flag of its output."""
        text = f"output of a single data set; it wins over --output-root (default: {own.default})"
        self.add_argument_group(OUTPUT).add_argument(own.flag, default="", metavar="ROOT", help=text)
        self._own_output = own

    def take_request(self, pipeline: str) -> None:
        """Has the flags of a request file, for the commands of a pipeline."""
        add_request_flags(self)
        self._pipeline = pipeline

    def take_presets(self, presets: Presets, baselines: Presets) -> None:
        """Has the flags of settings by a file of their own, by a preset, and by the name of another trainer."""
        add_preset_flags(self, presets, baselines)
        self._presets, self._baselines = presets, baselines

    def tell(self, told: Mapping[str, str]) -> None:
        """Has other words for flags in the help, by their dest; none: the flag is not shown."""
        for action in self._actions:
            action.help = (told.get(action.dest, action.help) or argparse.SUPPRESS) if action.help else action.help

    def share_request(self, other: Callable[[], argparse.ArgumentParser]) -> None:
        """Takes request files of another command too: flags that this one has alone say nothing here."""
        self._request_of = other

    def _flags_elsewhere(self) -> Iterable[argparse.Action]:
        return self._request_of()._actions if self._request_of is not None else ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        argv = with_known_spelling(sys.argv[1:] if args is None else args, self._option_string_actions)
        layers = settings_layers(argv, self._presets, self._baselines) if self._presets else []
        path = request_path(argv) if self._pipeline else ""
        if path:
            layers.append(read_request(path))
        places: dict[str, str] = {}
        defaults: dict[str, Any] = {}
        with ExitStack() as until_parsed:
            for layer in layers:
                # A file of settings says nothing of what the help does not show.
                known = self._actions if layer.path == path else [one for one in self._actions if _is_shown(one)]
                filling = filled(known, layer, argv, self._pipeline, self.prog, self._flags_elsewhere)
                at, said = until_parsed.enter_context(filling)
                places |= at
                defaults |= said
            found, unknown = self._parse(argv, namespace, defaults, defaults.get("dataset", ()))
        if layers:
            found.request_places = places
        return found, unknown

    def _parse(self, argv: list[str], namespace: Any, requested: Container[str], datasets: Sequence[str]) -> Any:
        """requested: dests of the flags that a request file gives."""
        has_inputs = _names_inputs(argv) or any("=" in name for name in datasets)
        for action in self._actions if has_inputs else ():
            action.required = action.required and action.dest != "input_root"
        for action in self._roots:
            flag = f"--{action.dest.replace('_', '-')}"
            is_given = any(arg == flag or arg.startswith(f"{flag}=") for arg in argv)
            action.required = not is_given and not (has_inputs and action.dest == "input_root")
            action.nargs = None if action.required else argparse.SUPPRESS
            if action.required and action.dest in requested:
                # Of both, what the command line gives by its place wins.
                action.required, action.nargs = False, argparse.OPTIONAL
        found, unknown = super().parse_known_args(argv, namespace)
        if isinstance(roots := vars(found).get("input_root"), list):
            found.input_root, *found.further_roots = roots or [""]
        if self._own_output is not None:
            _settle_output(found, self._own_output)
        if unknown and self._subparsers is None:
            # Here, and not by the parser of the whole program, whose help says nothing of them.
            self.error(
                f"unrecognized arguments: {' '.join(unknown)}{self._near(unknown[0], self._option_string_actions)}"
            )
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(choice) for choice in action.choices]
            known = f"choose from {', '.join(names)}" if len(names) <= _MOST_NAMED else "see the help for all"
            raise argparse.ArgumentError(action, f"there is no {value!r}; {self._near(value, names)[2:] or known}")

    @staticmethod
    def _near(given: object, names: Iterable[str]) -> str:
        near = difflib.get_close_matches(str(given).partition("=")[0], list(names), 1)
        return f"; did you mean {near[0]}?" if near else ""

    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\nsee {self.prog} --help\n")

    def format_usage(self) -> str:
        """What has to be given; the rest is [options]."""
        formatter = self._get_formatter()
        needed = [action for action in self._actions if action.required and action.option_strings]
        places = [action for action in self._actions if not action.option_strings]
        parts = [f"{action.option_strings[-1]} {action.metavar or unit_of(action)}" for action in needed]
        parts += [formatter._format_args(action, str(action.metavar or action.dest)) for action in places]
        optional = len(self._actions) > len(needed) + len(places)
        more = " ..." if self._subparsers is not None else " [options]" if optional else ""
        return f"usage: {' '.join([self.prog, *map(str, parts)])}{more}\n"

    def format_help(self) -> str:
        """Usage, what the command does, its positions, and its flags in groups."""
        formatter = self._get_formatter()
        formatter.add_text(self.description)
        places = [action for action in self._actions if not action.option_strings]
        for heading, actions in [("arguments", places), *grouped(a for a in self._actions if a.option_strings)]:
            formatter.start_section(heading)
            formatter.add_arguments(actions)
            formatter.end_section()
        formatter.add_text(self.epilog)
        return f"{self.format_usage()}\n{formatter.format_help()}"
