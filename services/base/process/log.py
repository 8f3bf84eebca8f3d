"""Structured logs on standard error: JSON lines, or short lines for people when it is a terminal.

Every line carries what is bound around it: run, shard, attempt, clip. Secrets are masked on the way out.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from typing import Any, TextIO

from services.base.process.settings import settings

_BOUND: ContextVar[Mapping[str, Any]] = ContextVar("visemill_log_fields", default={})  # noqa: B039 - never mutated
_MASK = "***"
# A plain "token" is a word of a transcript here, so only a token that grants something counts.
_WORDS = (
    r"secret|passw(?:or)?d|credential|authorization|amz-signature|private[-_]?key|api[-_]?key|access[-_]?key"
    r"|(?:session|access|auth|api|refresh|security|bearer)[-_]?token"
)
_SECRET_NAME = re.compile(_WORDS, re.IGNORECASE)
_SECRET_VARIABLE = re.compile(_WORDS + r"|_TOKEN$", re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"""([\w.-]*(?:{_WORDS})[\w.-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|(?:(?:bearer|basic)\s+)?[^\s&,;"'}}]+)""",
    re.IGNORECASE,
)
_USERINFO = re.compile(r"(?<=://)[^/@\s]+(?=@)")


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """The text without what looks like a secret (`password=…`, `https://user:pass@…`) and without the given values."""
    for secret in secrets:
        text = text.replace(secret, _MASK)
    return _USERINFO.sub(_MASK, _ASSIGNED.sub(rf"\1{_MASK}", text))


def secrets_of(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Values of variables whose names say that they are secret; longest first, short ones left out."""
    values = {value for name, value in environment.items() if _SECRET_VARIABLE.search(name) and len(value) >= 8}
    return tuple(sorted(values, key=lambda value: (-len(value), value)))


@contextlib.contextmanager
def bound(**fields: Any) -> Iterator[None]:
    """Adds fields to every log line inside the block, in this thread or task."""
    before = _BOUND.get()
    _BOUND.set({**before, **fields})
    try:
        yield
    finally:
        _BOUND.set(before)


def fields_of(record: logging.LogRecord) -> dict[str, Any]:
    """What is bound, then the record's own `extra={"fields": {...}}`."""
    own = getattr(record, "fields", None)
    merged = {**getattr(record, "bound", {}), **(own if isinstance(own, Mapping) else {})}
    return {name: _MASK if _SECRET_NAME.search(name) else value for name, value in merged.items()}


def warned(line: str) -> logging.LogRecord | None:
    """What a line of another process's JSON log says, if it is a warning or worse; its fields go into the record's."""
    if not line.startswith("{"):
        return None
    try:
        fields = json.loads(line)
        level = logging.getLevelNamesMapping()[fields.pop("level").upper()]
        name, message = fields.pop("logger"), fields.pop("message")
    except (ValueError, KeyError, AttributeError):
        return None
    if level < logging.WARNING:
        return None
    fields.pop("time", None)
    record = logging.LogRecord(str(name), level, "", 0, str(message), None, None)
    record.fields = fields
    return record


class _Bind(logging.Filter):
    """Takes what is bound when the line is made: the handler may format it elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.bound = _BOUND.get()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC, RFC 3339), level, logger, message, the fields, traceback if any."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, Any] = {
            "time": time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage(), self._secrets),
        }
        for name, value in fields_of(record).items():
            line.setdefault(name, redact(value, self._secrets) if isinstance(value, str) else value)
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info), self._secrets)
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """`12:34:56 warning message (shard=3 clip=s1/bbaf2n)`, and a traceback if any."""

    def __init__(self, secrets: tuple[str, ...] = ()) -> None:
        super().__init__()
        self._secrets = secrets

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        fields = " ".join(f"{name}={value}" for name, value in fields_of(record).items())
        line = f"{time} {record.levelname.lower()} {record.getMessage()}" + (f" ({fields})" if fields else "")
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return redact(line, self._secrets)


def setup(level: str | None = None, stream: TextIO | None = None) -> None:
    """Sends the root logger to stream (standard error). level: else VISEMILL_LOG_LEVEL. Raises BadConfig."""
    values = settings()
    out = sys.stderr if stream is None else stream
    as_json = values.log_format == "json" or (values.log_format == "auto" and not out.isatty())
    secrets = secrets_of(os.environ)
    handler = logging.StreamHandler(out)
    handler.setFormatter(JsonFormatter(secrets) if as_json else TextFormatter(secrets))
    handler.addFilter(_Bind())
    root = logging.getLogger()
    for old in list(root.handlers):
        if getattr(old, "visemill", False):
            root.removeHandler(old)
    handler.visemill = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel((level or values.log_level).upper())
