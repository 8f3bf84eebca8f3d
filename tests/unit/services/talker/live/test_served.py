"""A server's heads and persons are found by their names, opened once, and kept; its settings check themselves."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("onnx")

from talker_head import write_head, write_person

from services.base.errors import BadConfig, BadInput
from services.talker.live.served import Heads, HeadServeConfig


@pytest.fixture
def heads(tmp_path: Path) -> Heads:
    write_head(tmp_path / "heads" / "loud")
    write_person(tmp_path / "persons" / "ada")
    config = HeadServeConfig(heads=str(tmp_path / "heads"), persons=str(tmp_path / "persons"), num_streams=3)
    return Heads(config, {})


def test_what_was_opened_is_opened_once_and_callers_count_their_own_time(heads: Heads) -> None:
    one, other = heads.head("loud", "ada"), heads.head("loud", "ada")
    assert one.speaker.person is other.speaker.person and one.speaker.paint is other.speaker.paint
    assert one.speaker.seconds is not other.speaker.seconds
    assert one.card.asr == "mel"


def test_another_network_under_a_name_is_opened_anew(heads: Heads, tmp_path: Path) -> None:
    before = heads.head("loud", "ada")
    (tmp_path / "heads" / "loud").rename(tmp_path / "away")
    write_head(tmp_path / "heads" / "loud", share=0.25)
    after = heads.head("loud", "ada")
    assert after.card.digests["model"] != before.card.digests["model"]
    assert after.speaker.paint is not before.speaker.paint


@pytest.mark.parametrize("name", ["none", "", ".", "..", "../heads/loud", "/etc", "a\nb", "a" * 101])
def test_names_of_nothing_and_paths_are_refused_alike(heads: Heads, name: str) -> None:
    with pytest.raises(BadInput, match="NO_SUCH_HEAD"):
        heads.head(name, "ada")
    with pytest.raises(BadInput, match="NO_SUCH_PERSON"):
        heads.head("loud", name)


def test_a_head_says_nothing_without_the_consent_of_who_is_shown(heads: Heads, tmp_path: Path) -> None:
    write_person(tmp_path / "persons" / "bert")
    with pytest.raises(BadConfig, match="CONSENT_OF_OTHERS"):
        heads.head("loud", "bert")
    (tmp_path / "heads" / "loud" / "consent.json").unlink()
    with pytest.raises(BadConfig, match="CONSENT_MISSING"):
        heads.head("loud", "ada")


def test_a_server_waits_for_its_folders(heads: Heads, tmp_path: Path) -> None:
    for need in heads.needs():
        need.check()
    (tmp_path / "persons").rename(tmp_path / "away")
    with pytest.raises(BadConfig, match="ROOT_MISSING"):
        heads.needs()[1].check()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"persons": ""}, "give --heads and --persons"),
        ({"num_streams": -1}, "num_streams -1"),
        ({"max_sound_s": 0.0}, "max_sound_s 0.0 over 0"),
        ({"backend": "triton"}, "give --triton HOST:PORT"),
        ({"triton": "nowhere"}, "--triton"),
    ],
)
def test_settings_that_cannot_be_are_refused(values: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        HeadServeConfig(**{"heads": "h", "persons": "p", **values})
    assert HeadServeConfig(heads="h", persons="p", num_streams=3).most_calls == 3
