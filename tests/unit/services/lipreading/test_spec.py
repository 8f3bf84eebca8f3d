"""Settings of the stage, and which of them decide what is read."""

from typing import Any

import pytest

from services.lipreading.spec import SPEC, LipreadingConfig


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"beam_width": -1}, "1 or more"),
        ({"rescoring": 1.5}, "0 to 1"),
        ({"rescoring": -0.5}, "0 to 1"),
        ({"max_frames": 0}, "1 or more"),
        ({"backend": "torch"}, "onnxruntime, triton"),
        ({"backend": "triton"}, "give --triton HOST:PORT"),
        ({"backend": "triton", "triton": "http://host:8001"}, "--triton 'http://"),
        ({"triton_transport": "smoke"}, "auto, grpc, shared-memory"),
    ],
)
def test_what_cannot_be_is_refused(settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        LipreadingConfig(**settings)


def test_a_language_model_without_a_beam_is_refused() -> None:
    with pytest.raises(ValueError, match="give 2 or more"):
        LipreadingConfig(lm="a.arpa", beam_width=1)


def test_where_the_bundle_lies_decides_nothing() -> None:
    assert SPEC.fingerprint(LipreadingConfig(bundle="a")) == SPEC.fingerprint(LipreadingConfig(bundle="b"))
    for changed in (LipreadingConfig(beam_width=1), LipreadingConfig(rescoring=0.0)):
        assert SPEC.fingerprint(changed) != SPEC.fingerprint(LipreadingConfig())


def test_a_server_decides_what_is_read_wherever_it_listens() -> None:
    one, other = (LipreadingConfig(backend="triton", triton=f"{host}:8001") for host in "ab")
    assert SPEC.fingerprint(one) == SPEC.fingerprint(other)
    assert SPEC.fingerprint(one) != SPEC.fingerprint(LipreadingConfig())
    assert "onnxruntime" not in (SPEC.fingerprint(one).libraries or ())


def test_the_share_of_a_language_model_decides_and_without_one_nothing_of_it() -> None:
    first = LipreadingConfig(lm="a.arpa")
    assert SPEC.fingerprint(first) == SPEC.fingerprint(LipreadingConfig(lm="b.arpa"))
    assert SPEC.fingerprint(first) != SPEC.fingerprint(LipreadingConfig(lm="a.arpa", lm_weight=0.4))
    assert SPEC.fingerprint(first) != SPEC.fingerprint(LipreadingConfig(lm="a.arpa", lm_bonus=0.1))
    assert SPEC.fingerprint(LipreadingConfig(lm_weight=0.4)) == SPEC.fingerprint(LipreadingConfig())
