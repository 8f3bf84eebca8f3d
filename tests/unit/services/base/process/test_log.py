"""Log lines: what they carry, and what they never show."""

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from services.base.process import log


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root_logger() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_json_where_nobody_watches() -> None:
    stream = io.StringIO()
    log.setup(stream=stream)
    logging.getLogger("visemill.x").warning("frame %d is grey", 3)
    (line,) = _lines(stream)
    assert line["message"] == "frame 3 is grey"
    assert line["level"] == "warning"
    assert line["logger"] == "visemill.x"
    assert str(line["time"]).endswith("Z")


def test_lines_are_short_on_a_terminal() -> None:
    stream = Terminal()
    log.setup(stream=stream)
    with log.bound(shard=3, clip="s1/bbaf2n"):
        logging.getLogger("x").warning("grey")
    assert stream.getvalue().rstrip().endswith("warning grey (shard=3 clip=s1/bbaf2n)")


def test_the_environment_may_ask_for_json_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISEMILL_LOG_FORMAT", "json")
    stream = Terminal()
    log.setup(stream=stream)
    logging.getLogger("x").warning("grey")
    assert _lines(stream)[0]["message"] == "grey"


def test_what_is_bound_is_on_every_line_inside_and_on_none_after() -> None:
    stream = io.StringIO()
    log.setup(stream=stream)
    with log.bound(run="r", shard=1, attempt=2):
        with log.bound(clip="c"):
            logging.getLogger("x").warning("in", extra={"fields": {"seconds": 0.5}})
        logging.getLogger("x").warning("between")
    logging.getLogger("x").warning("after")
    inner, between, after = _lines(stream)
    assert {k: inner[k] for k in ("run", "shard", "attempt", "clip", "seconds")} == {
        "run": "r",
        "shard": 1,
        "attempt": 2,
        "clip": "c",
        "seconds": 0.5,
    }
    assert "clip" not in between
    assert between["shard"] == 1
    assert "shard" not in after


def test_a_field_cannot_replace_the_message() -> None:
    stream = io.StringIO()
    log.setup(stream=stream)
    logging.getLogger("x").warning("said", extra={"fields": {"message": "other"}})
    assert _lines(stream)[0]["message"] == "said"


def test_a_traceback_goes_with_its_line() -> None:
    stream = io.StringIO()
    log.setup(stream=stream)
    try:
        raise ValueError("inner")
    except ValueError:
        logging.getLogger("x").exception("failed")
    (line,) = _lines(stream)
    assert "ValueError: inner" in str(line["traceback"])


def test_setting_up_twice_does_not_double_lines() -> None:
    stream = io.StringIO()
    log.setup(stream=stream)
    log.setup(stream=stream)
    logging.getLogger("x").warning("once")
    assert len(_lines(stream)) == 1


def test_the_level_is_that_of_the_call_else_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISEMILL_LOG_LEVEL", "error")
    stream = io.StringIO()
    log.setup(stream=stream)
    logging.getLogger("x").warning("hidden")
    log.setup("warning", stream=stream)
    logging.getLogger("x").warning("shown")
    assert [line["message"] for line in _lines(stream)] == ["shown"]


def test_lines_go_to_standard_error_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    log.setup(stream=sys.stderr)
    logging.getLogger("x").warning("here")
    assert "here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("password=hunter2 x", "password=*** x"),
        ('{"secret_key": "abc def", "n": 1}', '{"secret_key": ***, "n": 1}'),
        ("AWS_SECRET_ACCESS_KEY=abc/def+1", "AWS_SECRET_ACCESS_KEY=***"),
        ("Authorization: Bearer abc.def", "Authorization: ***"),
        ("GET /o?X-Amz-Credential=AK&X-Amz-Signature=12ab&x=1", "GET /o?X-Amz-Credential=***&X-Amz-Signature=***&x=1"),
        ("at https://user:pass@host/x", "at https://***@host/x"),
    ],
)
def test_secrets_are_masked(text: str, shown: str) -> None:
    assert log.redact(text) == shown


@pytest.mark.parametrize("text", ["row 3: token='set'", "unknown token: sp", "s3://bucket/key", "a@b.c", "seconds=1.5"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert log.redact(text) == text


def test_values_of_secret_variables_are_masked_wherever_they_turn_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINIO_SECRET_KEY", "correct-horse")
    stream = io.StringIO()
    log.setup(stream=stream)
    logging.getLogger("x").warning("server said correct-horse", extra={"fields": {"detail": "correct-horse!"}})
    assert "correct-horse" not in stream.getvalue()


def test_short_values_and_ordinary_variables_are_no_secrets() -> None:
    assert log.secrets_of({"A_PASSWORD": "on", "HOME": "/home/somebody", "GITHUB_TOKEN": "0123456789"}) == (
        "0123456789",
    )


def test_fields_named_like_secrets_are_masked() -> None:
    stream = io.StringIO()
    log.setup(stream=stream)
    logging.getLogger("x").warning("opened", extra={"fields": {"secret_key": "abc", "bucket": "b"}})
    (line,) = _lines(stream)
    assert line["secret_key"] == "***"
    assert line["bucket"] == "b"


def test_a_warning_of_another_process_becomes_a_record_of_ours_with_its_fields() -> None:
    line = '{"time": "t", "level": "warning", "logger": "a.b", "message": "100% away", "clip": "s1/x"}'
    record = log.warned(line)
    assert record is not None
    assert (record.name, record.levelno, record.getMessage()) == ("a.b", logging.WARNING, "100% away")
    assert log.fields_of(record) == {"clip": "s1/x"}


@pytest.mark.parametrize(
    "line",
    [
        "WARNING: not ours",
        "{torn",
        '{"level": "warning"}',
        '{"level": "loud", "logger": "a", "message": "x"}',
        '{"level": 3, "logger": "a", "message": "x"}',
        '{"level": "info", "logger": "a", "message": "x"}',
    ],
)
def test_what_is_no_warning_of_a_json_log_stays_where_it_is(line: str) -> None:
    assert log.warned(line) is None
