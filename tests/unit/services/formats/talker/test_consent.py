"""Statements of consent: what a file may say, and whom it lets be shown."""

from datetime import date

import pytest

from services.base.errors import BadConfig
from services.formats.talker.consent import Consent, consent_in, example, joined, missing

TODAY = date(2026, 11, 29)
YAML = b"who: obama\nwhat_for: a lecture\nwhen: 2026-01-02\n"


def test_yaml_and_json_of_one_statement_are_the_same_consent() -> None:
    as_json = b'\xef\xbb\xbf{"who": ["obama"], "what_for": "a lecture", "when": "2026-01-02"}'
    assert consent_in(YAML, "a.yaml") == consent_in(as_json, "a.json")
    assert consent_in(YAML, "a.yaml").digest == consent_in(as_json, "a.json").digest


def test_what_is_kept_is_a_file_that_may_be_given_again() -> None:
    consent = joined(
        [consent_in(YAML, ""), consent_in(YAML.replace(b"obama", b"[anna, ben]") + b"until: 2027-01-01", "")]
    )
    assert consent_in(consent.text.encode(), "consent.json") == consent
    assert [statement.who for statement in consent.statements] == [("obama",), ("anna", "ben")]


def test_the_example_of_a_refusal_is_a_statement_that_holds() -> None:
    refused = missing("training a head", ["obama", "anna"], TODAY)
    assert (refused.reason, refused.exit_code) == ("CONSENT_MISSING", 78)
    assert "--consent" in refused.message
    assert example(["obama", "anna"], TODAY) in refused.message
    consent_in(example(["obama", "anna"], TODAY).encode(), "").require(["anna", "obama"], TODAY)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"who: obama\nwhen: 2026-01-02", "it lacks what_for"),
        (YAML + b"untill: 2027-01-01", "the key 'untill'"),
        (YAML + b"who: anna", "2 times"),
        (YAML.replace(b"obama", b"[]"), "who is empty"),
        (YAML.replace(b"obama", b"{a: b}"), "who is"),
        (YAML.replace(b"a lecture", b"''"), "what_for is empty"),
        (YAML.replace(b"a lecture", b"7"), "what_for is 7"),
        (YAML.replace(b"2026-01-02", b"yesterday"), "when is 'yesterday'"),
        (YAML.replace(b"2026-01-02", b"20260102"), "when is"),
        (YAML + b"until: 2025-01-01", "lies before"),
        (b"statements: []", "no statement"),
        (b"statements: [7]", "7 is no statement"),
        (b"statements: []\nwho: obama", "stands alone"),
        (b"- a list", "must be a mapping"),
        (b"\xff\xfe\x00", "utf-8"),
        (b"#" * 70000, "at most 65536"),
    ],
)  # fmt: skip
def test_what_is_no_statement_is_refused_and_told_why(text: bytes, told: str) -> None:
    with pytest.raises(BadConfig, match="BAD_CONSENT") as refused:
        consent_in(text, "consent.yaml")
    assert told in refused.value.message
    assert "consent.yaml" in refused.value.message


@pytest.mark.parametrize(
    ("names", "today", "reason"),
    [
        (["obama"], TODAY, ""),
        (["obama"], date(2026, 12, 31), ""),
        (["obama"], date(2027, 1, 1), "CONSENT_EXPIRED"),
        (["obama"], date(2026, 1, 1), "CONSENT_NOT_YET"),
        (["obama", "anna"], TODAY, "CONSENT_OF_OTHERS"),
        ([], TODAY, ""),
    ],
)
def test_a_consent_holds_for_whom_it_names_and_while_it_lasts(names: list[str], today: date, reason: str) -> None:
    consent = consent_in(YAML + b"until: 2026-12-31", "")
    if not reason:
        consent.require(names, today)
        return
    with pytest.raises(BadConfig, match=reason):
        consent.require(names, today)


def test_a_renewed_statement_beside_an_expired_one_holds() -> None:
    old, new = consent_in(YAML + b"until: 2026-02-01", ""), consent_in(YAML, "")
    joined([old, new]).require(["obama"], TODAY)


def test_a_consent_of_nobody_cannot_be() -> None:
    with pytest.raises(ValueError, match="no statement"):
        Consent(())
