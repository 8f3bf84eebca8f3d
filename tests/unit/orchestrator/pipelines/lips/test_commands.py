"""The shared commands, and a corpus to try."""

from orchestrator.cli.commands import build_parser
from orchestrator.pipelines.lips.commands import COMMANDS


def test_a_run_takes_the_data_sets_flags_in_both_spellings() -> None:
    words = ["run", "lips", "--data_root", "d", "--output-root", "o", "--accept_licence", "--source", "processed"]
    flags = build_parser("run").parse_args(words)
    assert (flags.accept_licence, flags.source, flags.num_shards) == (True, "processed", 64)
    assert COMMANDS.corpus
