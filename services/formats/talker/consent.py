"""PURE: statements of consent to a talking head: who agreed to be shown speaking, what for, and since when.

A file, JSON or YAML, is one statement, or a list of them under `statements`; what is kept beside a head is such a list.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.base.errors import BadConfig
from services.formats.settings_file import settings_in

KEPT_FILE = "consent.json"
"""Beside a checkpoint, and in a bundle: the statements that its training was given."""
DIGEST_FACT, STATEMENTS_FACT = "consent", "consent_statements"
"""Names of what a checkpoint and a bundle's card carry: the digest, and the statements as KEPT_FILE has them."""
ENDINGS = (".json", ".yaml", ".yml")

_REQUIRED, _OPTIONAL = ("who", "what_for", "when"), ("until", "given_by")
_LIST = "statements"
_MOST_BYTES = 1 << 16
_MOST_CHARACTERS = 2000


@dataclass(frozen=True)
class Statement:
    """who: names of the persons' folders. what_for: in the words of whoever agreed. when: the day of it. until: the
    last day on which it holds; None: no end was set. given_by: who agreed, if not the persons themselves.

    Raises ValueError for what cannot be.
    """

    who: tuple[str, ...]
    what_for: str
    when: datetime.date
    until: datetime.date | None = None
    given_by: str = ""

    def __post_init__(self) -> None:
        if not self.who or not all(name.strip() for name in self.who):
            raise ValueError("who is empty: give the name of the person's folder, or a list of names")
        if not self.what_for.strip():
            raise ValueError("what_for is empty: say in a sentence what the head may be used for")
        if self.until is not None and self.until < self.when:
            raise ValueError(f"until {self.until} lies before when {self.when}: a consent ends after it was given")

    def to_plain(self) -> dict[str, Any]:
        """JSON-able, without what was not given."""
        plain: dict[str, Any] = {"who": list(self.who), "what_for": self.what_for, "when": self.when.isoformat()}
        plain |= {"until": self.until.isoformat()} if self.until else {}
        return plain | ({"given_by": self.given_by} if self.given_by else {})


@dataclass(frozen=True)
class Consent:
    """One statement or more. Raises ValueError for none."""

    statements: tuple[Statement, ...]

    def __post_init__(self) -> None:
        if not self.statements:
            raise ValueError("there is no statement in it")

    @property
    def text(self) -> str:
        """As KEPT_FILE has it; the same for the same statements, however they were written."""
        plain = [statement.to_plain() for statement in self.statements]
        return json.dumps({_LIST: plain}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"

    @property
    def digest(self) -> str:
        """sha256 of text, hex."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def facts(self) -> dict[str, str]:
        """What a checkpoint carries of it."""
        return {DIGEST_FACT: self.digest, STATEMENTS_FACT: self.text}

    def require(self, names: Collection[str], today: datetime.date) -> None:
        """That each of these persons agreed, and that it holds today.

        Raises BadConfig CONSENT_OF_OTHERS, CONSENT_EXPIRED, CONSENT_NOT_YET.
        """
        for name in sorted(names):
            about = [statement for statement in self.statements if name in statement.who]
            if not about:
                named = sorted({one for statement in self.statements for one in statement.who})
                raise BadConfig(
                    "CONSENT_OF_OTHERS",
                    f"the consent is about {_few(named)}, and not about {name}: add a statement whose `who` names "
                    f"{name}, or leave that person out by --name",
                )
            begun = [statement for statement in about if statement.when <= today]
            if not begun:
                first = min(statement.when for statement in about)
                raise BadConfig("CONSENT_NOT_YET", f"the consent of {name} holds from {first}, and today is {today}")
            if not any(statement.until is None or statement.until >= today for statement in begun):
                last = max(statement.until for statement in begun if statement.until)
                raise BadConfig(
                    "CONSENT_EXPIRED",
                    f"the consent of {name} held until {last}, and today is {today}: ask again, and give the new "
                    "statement by --consent",
                )


def example(names: Collection[str], today: datetime.date) -> str:
    """A statement about these persons, as a file of YAML."""
    return f"who: [{', '.join(sorted(names))}]\nwhat_for: the use that was agreed to, in a sentence\nwhen: {today}\n"


def missing(what: str, names: Collection[str], today: datetime.date) -> BadConfig:
    """The refusal of what needs a consent, such as "training a head", where none is there."""
    few = sorted(names)[:3] or ["NAME"]
    return BadConfig(
        "CONSENT_MISSING",
        f"{what} needs the consent of the person who is shown ({_few(sorted(names)) or 'NAME'}): write a statement, "
        f"such as consent.yaml below, and give it by --consent consent.yaml\n{example(few, today)}",
    )


def consent_in(data: bytes, file: str) -> Consent:
    """Of the bytes of a file. file: its name, for messages. Raises BadConfig BAD_CONSENT."""
    try:
        if len(data) > _MOST_BYTES:
            raise ValueError(f"it has {len(data)} bytes, where a statement has at most {_MOST_BYTES}")
        found = {name: setting.value for name, setting in settings_in(data.decode("utf-8-sig")).items()}
        if _LIST not in found:
            return Consent((_statement(found),))
        if len(found) > 1 or not isinstance(found[_LIST], list):
            raise ValueError(f"{_LIST} is a list of statements, and stands alone")
        return Consent(tuple(_statement(one) for one in found[_LIST]))
    except ValueError as error:
        raise BadConfig(
            "BAD_CONSENT", f"{file} is no statement of consent: {error}. It has {_rule()}, in JSON or YAML"
        ) from error


def consent_at(path: str, read: Callable[[str], bytes], names_in: Callable[[str], Iterable[str]]) -> Consent:
    """Of a file, or of all statements in a folder, by name. read: a file, whole. names_in: of the files of a folder.

    Raises BadConfig NO_CONSENT_FILE, BAD_CONSENT, and what read and names_in raise.
    """
    if path.lower().endswith(ENDINGS):
        return consent_in(read(path), path)
    files = sorted(name for name in names_in(path) if name.lower().endswith(ENDINGS))
    if not files:
        raise BadConfig(
            "NO_CONSENT_FILE",
            f"--consent {path} is no file that ends in {', '.join(ENDINGS)}, and no folder with such files: give one",
        )
    folder = path.rstrip("/")
    return joined(consent_in(read(f"{folder}/{name}"), name) for name in files)


def joined(parts: Iterable[Consent]) -> Consent:
    """All their statements. Raises ValueError for none."""
    return Consent(tuple(statement for part in parts for statement in part.statements))


def _statement(plain: Any) -> Statement:
    if not isinstance(plain, Mapping):
        raise ValueError(f"{plain!r:.60} is no statement")
    for name in plain:
        if name not in (*_REQUIRED, *_OPTIONAL):
            raise ValueError(f"it has the key {name!r:.60}, which no statement has")
    for name in _REQUIRED:
        if name not in plain:
            raise ValueError(f"it lacks {name}")
    until = plain.get("until")
    return Statement(
        _names(plain["who"]),
        _words("what_for", plain["what_for"]),
        _day("when", plain["when"]),
        None if until is None else _day("until", until),
        _words("given_by", plain.get("given_by") or ""),
    )


def _names(value: Any) -> tuple[str, ...]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"who is {value!r:.60}: give the name of the person's folder, or a list of names")
    return tuple(_words("who", name) for name in names)


def _words(name: str, value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MOST_CHARACTERS:
        raise ValueError(f"{name} is {value!r:.60}: give a text of at most {_MOST_CHARACTERS} characters")
    return value.strip()


def _day(name: str, value: Any) -> datetime.date:
    try:
        if len(str(value)) != len("2026-11-29"):
            raise ValueError
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"{name} is {value!r:.60}: give a day as 2026-11-29") from None


def _rule() -> str:
    return f"the keys {', '.join(_REQUIRED)}, and may have {' and '.join(_OPTIONAL)}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
