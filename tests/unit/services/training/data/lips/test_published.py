"""Chinese-LiPS is asked for by its files, and by nobody who has not accepted its terms."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.training.data.lips.download_settings import LipsDownload
from services.training.data.lips.published import download_chinese_lips, wanted_of

TABLES = ["meta_train.csv", "meta_valid.csv", "meta_test.csv"]
PUBLISHED = [
    "README.md", "image.zip", "meta_all.csv", *TABLES, "meta_test.json", "processed_test.zip", "processed_train.zip",
    "processed_val.zip", "test.zip", "train.zip", "val.zip",
]  # fmt: skip


def test_a_part_is_the_tables_and_its_zips() -> None:
    mouths = ["processed_train.zip", "processed_val.zip", "processed_test.zip"]
    assert wanted_of("processed", PUBLISHED) == [*TABLES, *mouths]
    assert wanted_of("raw", PUBLISHED) == [*TABLES, "train.zip", "val.zip", "test.zip"]


def test_what_is_not_published_is_named() -> None:
    with pytest.raises(
        BadConfig, match=r"HUB_FILES.*has no processed_val\.zip in this revision, but README\.md, .*--revision"
    ):
        wanted_of("processed", [name for name in PUBLISHED if name != "processed_val.zip"])


def test_a_demo_corpus_is_not_mixed_with_it(tmp_path: Path) -> None:
    (tmp_path / "demo-corpus.json").write_text("{}")
    with pytest.raises(BadConfig, match=r"OUTPUT_EXISTS.*holds a demo corpus"):
        download_chinese_lips(LipsDownload(str(tmp_path), accept_licence=True), watch=None)  # type: ignore[arg-type]
