"""Settings of a head that speaks."""

import pytest

from services.base.stage.config import config_from_mapping
from services.talker.spec import SPEC, HeadConfig


@pytest.mark.parametrize(
    "value",
    [
        *({"start_frame": -1}, {"blend": "soft"}, {"silence": "loud"}, {"codec": "mjpeg"}, {"num_threads": -1}),
        *({"triton": "nowhere"}, {"triton_model": "a"}, {"triton_transport": "mail"}),
    ],
)
def test_what_cannot_be_is_refused(value):
    with pytest.raises(ValueError, match=next(iter(value))):
        HeadConfig(**value)


def test_where_files_lie_decides_nothing():
    one = config_from_mapping(HeadConfig, {"bundle": "a", "person": "b"})
    assert SPEC.fingerprint(one) == SPEC.fingerprint(HeadConfig())
    assert SPEC.fingerprint(HeadConfig(start_frame=3)) != SPEC.fingerprint(HeadConfig())
    served = SPEC.fingerprint(HeadConfig(triton="a:1", triton_model="b"))
    assert served == SPEC.fingerprint(HeadConfig(triton="c:1")) != SPEC.fingerprint(HeadConfig())
    assert "onnxruntime" not in served.libraries
