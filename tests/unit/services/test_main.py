"""What entry points answer to command lines that cannot work: an exit code with a meaning and a line that says why."""

import json

import pytest

import services.__main__ as entry_points
from services.base.errors import BadConfig


def _refusal(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = entry_points.main(list(argv))
    said = json.loads(capsys.readouterr().err.splitlines()[-1])
    return code, said["reason"], said["message"]


@pytest.mark.parametrize(
    ("argv", "reason"),
    [
        (["decode", "once", "x.mpg", "--config", "{"], "BAD_FLAGS"),
        (["decode", "once", "x.mpg", "--config", "[]"], "BAD_FLAGS"),
        (["decode", "once", "x.mpg", "--config", '{"deocde": {}}'], "UNKNOWN_STAGE"),
        (["decode", "once", "x.mpg", "--clip", "{"], "BAD_FLAGS"),
        (["decode", "once", "x.mpg", "--clip", '{"zzz": 1}'], "UNKNOWN_SETTING"),
        (["decode", "once", "x.mpg", "--clip", '{"key": 1}'], "BAD_SETTING"),
        (["decode", "once", "x.mpg", "--clip", '{"key": ""}'], "BAD_SETTING"),
        (["decode", "once", "x.mpg", "--extra", "align"], "BAD_FLAGS"),
        (["decode", "describe", "--config", "nonsense"], "BAD_FLAGS"),
        (["decode", "describe", "--config", '{"decoed": {}}'], "UNKNOWN_STAGE"),
        (["decode", "describe", "--config", '{"decode": {"max_frames": "3"}}'], "BAD_SETTING"),
        (["decode", "describe", "--config", '{"decode": {"zzz": 3}}'], "UNKNOWN_SETTING"),
        (["records", "serve"], "NOT_SERVED"),
        (["nothing", "once", "x.mpg"], "UNKNOWN_STAGE"),
        (["decode", "nowhere"], "UNKNOWN_ENTRY_POINT"),
        (["decode,landmarks", "serve"], "ONE_STAGE"),
    ],
)
def test_settings_that_cannot_work_exit_78_with_a_reason(
    capsys: pytest.CaptureFixture[str], argv: list[str], reason: str
) -> None:
    assert _refusal(capsys, *argv)[:2] == (78, reason)


@pytest.mark.parametrize(
    "argv",
    [
        [],
        ["decode"],
        ["decode", "once"],
        ["decode", "once", "x.mpg", "--clip-time-s", "soon"],
        ["decode", "describe", "--nothing"],
        ["decode", "serve", "--nothing"],
        ["decode", "work"],
    ],
)
def test_command_lines_that_cannot_be_read_exit_64(capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    assert entry_points.main(argv) == 64
    assert "usage" in capsys.readouterr().err or not argv[1:]


def test_help_is_no_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry_points.main(["decode", "once", "--help"]) == 0
    assert entry_points.main(["--help"]) == 0


def test_a_bug_exits_70_and_leaves_its_traceback_in_the_log(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise RuntimeError("a bug of ours")

    monkeypatch.setattr(entry_points, "_run_entry_point", broken)
    code, reason, message = _refusal(capsys, "decode", "once", "x.mpg")
    assert (code, reason) == (70, "INTERNAL_ERROR")
    assert "a bug of ours" in message
    (record,) = caplog.records
    assert record.exc_info is not None and record.exc_info[0] is RuntimeError


@pytest.mark.parametrize(
    ("name", "reason"),
    [("jiwer", "LIBRARY_MISSING"), ("torch.nn", "LIBRARY_MISSING"), ("services.gone", "INTERNAL_ERROR")],
)
def test_a_library_that_is_missing_is_named_and_a_module_of_ours_is_a_bug(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, reason: str
) -> None:
    def broken(*_: object) -> int:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr(entry_points, "_run_entry_point", broken)
    code, found, message = _refusal(capsys, "decode", "once", "x.mpg")
    assert (code, found) == (78 if reason == "LIBRARY_MISSING" else 70, reason)
    assert name.partition(".")[0] in message


@pytest.mark.parametrize(
    ("names", "chain"),
    [
        (["decode"], ["decode"]),
        (["landmarks"], ["decode", "landmarks"]),
        (["records"], ["decode", "landmarks", "records"]),
        (["decode", "keypoints", "signfiles"], ["decode", "keypoints", "signfiles"]),
        (["decode", "landmarks", "records"], ["decode", "landmarks", "records"]),
    ],
)
def test_a_stage_comes_after_the_makers_of_what_it_reads(names: list[str], chain: list[str]) -> None:
    assert entry_points.with_makers(names) == chain


def test_a_remote_stage_needs_a_source_that_says_how_clips_are_decoded() -> None:
    with pytest.raises(BadConfig, match="NO_SOURCE"):
        entry_points.open_stage("landmarks", {}, "127.0.0.1:1", {"landmarks": {}})
    with pytest.raises(BadConfig, match="NOT_SERVED: records has no server"):
        entry_points.open_stage("records", {}, "127.0.0.1:1", {"decode": {}, "records": {}})
