"""The table of commands: every command loads, help comes in groups, and `--help` imports nothing heavy."""

import argparse
import subprocess
import sys

import pytest

from orchestrator.cli.commands import COMMANDS, GROUPS, build_parser, overview

HEAVY = (
    "cv2", "google.protobuf", "grpc", "jinja2", "kubernetes", "minio", "numpy", "pyarrow", "rich", "shtab", "urllib3",
    "yaml",
)  # fmt: skip


def test_help_imports_no_heavy_module() -> None:
    code = (
        "import sys; from orchestrator.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit as ended: code = ended.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules], code, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[] 0\n" and done.stdout.startswith("usage: visemill COMMAND")


def test_a_command_is_filled_without_the_others() -> None:
    parser = build_parser("gc")
    assert parser.parse_args(["gc", "--dry-run"]).dry_run
    with pytest.raises(SystemExit):
        parser.parse_args(["doctor", "--root", "x"])


@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_overview_names_every_command_under_its_group_within_the_width(width: int) -> None:
    text = overview(width)
    listing = text[: text.index("examples:")]
    headings = [line[:-1] for line in listing.splitlines() if line.endswith(":") and not line.startswith(" ")]
    assert headings == list(GROUPS)
    for command in COMMANDS:
        section = listing[listing.index(f"\n{command.group}:\n") :]
        assert f"\n  {command.name} " in section
    assert max(map(len, listing.splitlines())) <= width


def parsers(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """All that have flags of their own."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [sub for action in below for one in action.choices.values() for sub in parsers(one)] or [parser]


@pytest.fixture(scope="module")
def leaves() -> list[argparse.ArgumentParser]:
    return parsers(build_parser())


def test_every_command_says_what_it_does_and_each_flag_has_a_help(leaves: list[argparse.ArgumentParser]) -> None:
    silent = [(leaf.prog, action.dest) for leaf in leaves for action in leaf._actions if not action.help]
    assert silent == [] and [leaf.prog for leaf in leaves if not leaf.description] == []


def test_usage_is_one_line_of_what_must_be_given(leaves: list[argparse.ArgumentParser]) -> None:
    usages = {leaf.prog: leaf.format_usage() for leaf in leaves}
    assert usages["visemill run grid"] == "usage: visemill run grid --input-root ROOT --output-root ROOT [options]\n"
    assert usages["visemill run sign"] == "usage: visemill run sign VIDEO_DIRECTORY OUTPUT_DIRECTORY [options]\n"
    assert usages["visemill doctor"] == "usage: visemill doctor [PIPELINE] [options]\n"
    assert all(usage.count("\n") == 1 for usage in usages.values())


# Words with a private meaning, and their plain ones in HOUSE style.
PRIVATE = {
    "door",
    "told",
    "tell",
    "stock",
    "carry",
    "carries",
    "carried",
    "said",
    "words",
    "mend",
    "whoever",
    "half-way",
}


def test_help_is_in_plain_words(leaves: list[argparse.ArgumentParser]) -> None:
    found = {}
    for text in [overview(100), *(leaf.format_help() for leaf in leaves)]:
        odd = PRIVATE & set(text.lower().replace(",", " ").replace(".", " ").replace(";", " ").split())
        if odd:
            found[text.splitlines()[0]] = odd
    assert found == {}
