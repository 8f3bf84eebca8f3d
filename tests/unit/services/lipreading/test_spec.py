"""Settings of the stage, and which of them decide what is read."""

from typing import Any

import pytest

from services.lipreading.spec import SPEC, LipreadingConfig


@pytest.mark.parametrize("settings", [{"beam_width": 0}, {"max_frames": 0}])
def test_what_cannot_be_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="1 or more"):
        LipreadingConfig(**settings)


def test_where_the_bundle_lies_decides_nothing() -> None:
    assert SPEC.fingerprint(LipreadingConfig(bundle="a")) == SPEC.fingerprint(LipreadingConfig(bundle="b"))
    assert SPEC.fingerprint(LipreadingConfig(beam_width=1)) != SPEC.fingerprint(LipreadingConfig())
