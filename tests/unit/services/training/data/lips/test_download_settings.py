"""A download goes into a folder of this machine."""

import pytest

from services.training.data.lips.download_settings import LipsDownload


@pytest.mark.parametrize("change", [{"output_dir": "s3://bucket/x"}, {"cache_dir": "s3://bucket/x"}])
def test_a_bucket_is_refused(change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="give a folder of this machine"):
        LipsDownload(**change)  # type: ignore[arg-type]


def test_it_goes_somewhere() -> None:
    with pytest.raises(ValueError, match="--output-dir"):
        LipsDownload(output_dir="")
