"""What a film of a head may be told."""

import pytest

from services.base.errors import BadConfig
from services.talker.infer_options import InferOptions


@pytest.mark.parametrize("missing", ["audio_path", "dataset_dir"])
def test_who_speaks_and_what_is_said_must_be_given(missing):
    given = {"audio_path": "a.wav", "dataset_dir": "dataset", "name": "" if missing == "dataset_dir" else "anna"}
    with pytest.raises(BadConfig) as found:
        InferOptions(**{**given, missing: ""})
    assert found.value.reason == "BAD_FLAGS"
