"""Settings of talkerfiles."""

import pytest

from services.records.talker.spec import SPEC, TalkerFilesConfig, fingerprint


@pytest.mark.parametrize(
    "values",
    [{"fps": 0}, {"fps": float("inf")}, {"frame_format": "bmp"}, {"parts": "frames"}, {"max_bridged_frames": -1}],
)
def test_settings_that_cannot_be_are_refused(values) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        TalkerFilesConfig(**values)


def test_the_preview_decides_no_byte_and_all_else_does() -> None:
    without = fingerprint(TalkerFilesConfig(preview=False))
    assert without == SPEC.fingerprint(TalkerFilesConfig())
    assert without.key_config.keys() == {"fps", "frame_format", "parts", "smooth", "max_bridged_frames"}
