"""How a flag may be spelt."""

import pytest

from orchestrator.cli.parsing.parser import with_known_spelling

FLAGS = ("--num-shards", "--data_root", "--no-cache", "--a_b", "--a-b")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--num_shards 3", "--num-shards 3"),
        ("--num_shards=a_b", "--num-shards=a_b"),
        ("--data-root x", "--data_root x"),
        ("--data_root x", "--data_root x"),
        ("--no_cache in_put", "--no-cache in_put"),
        ("--num_sh 3", "--num-sh 3"),
        ("--a_b --a-b", "--a_b --a-b"),
        ("--un_known -x_y", "--un_known -x_y"),
        ("x -- --num_shards", "x -- --num_shards"),
    ],
)
def test_a_flag_is_spelt_as_the_parser_has_it(line: str, expected: str) -> None:
    assert with_known_spelling(line.split(), FLAGS) == expected.split()
