"""What the stage's settings may be, and which of them decide what."""

import pytest

from services.records.tts.spec import SPEC, TtsFilesConfig


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"storage": "npz"}, "storage must be one of npy, arrow, both"),
        ({"quality_policy": "keep"}, "quality_policy must be one of flag, quarantine"),
        ({"max_codes": 0}, "max_codes must be 1 or more"),
        ({"max_text_tokens": 0}, "max_text_tokens must be 1 or more"),
        ({"max_silent_share": 1.5}, "max_silent_share must be from 0 to 1"),
        ({"max_clipped_share": float("nan")}, "max_clipped_share must be from 0 to 1"),
        ({"duration_tolerance_s": float("inf")}, "duration_tolerance_s must be 0 or more and finite"),
    ],
)
def test_a_value_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TtsFilesConfig(**settings)


def test_pyarrow_decides_bytes_only_where_it_writes_them():
    assert SPEC.fingerprint(TtsFilesConfig()).libraries == ("numpy",)
    assert SPEC.fingerprint(TtsFilesConfig(storage="both")).libraries == ("numpy", "pyarrow")
    assert SPEC.fingerprint(TtsFilesConfig()) != SPEC.fingerprint(TtsFilesConfig(storage="arrow"))
