"""A mark is written into metadata, and read back of whatever a file says of itself."""

import json

import pytest

from services.formats.talker.mark import MARK_ASSERTION, SOURCE_TYPE, Mark, manifest_of, mark_in, metadata_of

MARK = Mark("0.1.0", "a" * 64, "b" * 64, "2026-11-29T18:00:00Z")


def test_a_mark_is_read_back_also_where_a_container_writes_keys_in_capitals() -> None:
    written = metadata_of(MARK)
    assert "synthetic" in written["comment"]
    assert mark_in(written) == MARK
    assert mark_in({name.upper(): value for name, value in written.items()}) == MARK


def described(**changed: str) -> str:
    plain = {"form": "visemill-mark", "version": "1", "head": "", "consent": "", "made_at": "2026-11-29T18:00:00Z"}
    return json.dumps(plain | changed)


def test_a_mark_without_a_consent_that_is_known_is_one() -> None:
    assert mark_in({"description": described()}) is not None


@pytest.mark.parametrize(
    "description",
    ["", "a holiday", "[" * 5000, "{}", "7", '{"form": "visemill-mark"}', described(form="other"),
     described(version="1\x1b[2J"), described(head="no"), described(made_at="now")],
)  # fmt: skip
def test_what_others_write_there_is_no_mark(description: str) -> None:
    assert mark_in({"description": description}) is None


def test_a_manifest_says_that_a_network_has_made_parts_of_it() -> None:
    actions, own = manifest_of(MARK, "film.mp4")["assertions"]
    (action,) = actions["data"]["actions"]
    assert (action["action"], action["digitalSourceType"]) == ("c2pa.created", SOURCE_TYPE)
    assert (own["label"], own["data"]["head"]) == (MARK_ASSERTION, MARK.head)
