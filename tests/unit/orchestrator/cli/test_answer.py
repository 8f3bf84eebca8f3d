"""Answers about several data sets as one."""

import argparse

import pytest

from orchestrator.cli.answer import Answer, answer_of_each, answer_of_error, combined
from services.base.errors import BadConfig

CLEAN, QUARANTINED = Answer("fine", {"run": "r"}), Answer("some", {"run": "q"}, 3)
REFUSED = answer_of_error(BadConfig("INPUT_CHANGED", "a file is gone"))
STOPPED = Answer("not finished", {"run": "s"}, 130)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"a": CLEAN}, 0),
        ({"a": QUARANTINED, "b": CLEAN}, 3),
        ({"a": QUARANTINED, "b": REFUSED, "c": CLEAN}, 78),
        ({"a": CLEAN, "b": STOPPED}, 130),
    ],
)
def test_the_exit_code_is_the_worst(answers, code):
    answer = combined(answers, [])
    assert answer.exit_code == answer.data["exit_code"] == code
    assert [one["dataset"] for one in answer.data["datasets"]] == list(answers)


def test_each_answer_stands_under_its_name_and_those_without_one_are_named():
    answer = combined({"a": CLEAN, "b": REFUSED}, ["c"])
    assert answer.text.splitlines() == [
        "data set a:",
        "fine",
        "data set b:",
        "visemill: INPUT_CHANGED: a file is gone",
        "2 data sets, by exit code: a 0, b 78; interrupted before c",
    ]
    assert answer.data["datasets"][1]["error"]["reason"] == "INPUT_CHANGED"
    assert answer.data["not_begun"] == ["c"]


def test_of_many_the_last_line_counts_and_names_the_first_of_each_code():
    answers = {f"n{i}": REFUSED if i == 7 else CLEAN for i in range(10_000)}
    last = combined(answers, []).text.splitlines()[-1]
    assert last == "10000 data sets, by exit code: 0 for n0 and 9998 more, 78 for n7"


def refuse():
    raise BadConfig("INPUT_CHANGED", "a file is gone")


def test_one_that_fails_keeps_none_of_the_others_from_their_turn(capsys):
    flags = argparse.Namespace(quiet=False, progress="text")
    answer = answer_of_each({"a": lambda: QUARANTINED, "b": refuse, "c": lambda: CLEAN}, flags)
    assert [one["exit_code"] for one in answer.data["datasets"]] == [3, 78, 0]
    assert capsys.readouterr().err == "data set a (1 of 3)\ndata set b (2 of 3)\ndata set c (3 of 3)\n"


def test_an_interruption_is_of_the_whole():
    answer = answer_of_each({"a": lambda: STOPPED, "b": lambda: CLEAN, "c": refuse}, argparse.Namespace())
    assert (answer.exit_code, answer.data["not_begun"]) == (130, ["b", "c"])
    assert "interrupted before b, c" in answer.text
