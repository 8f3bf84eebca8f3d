"""A product is counted as it comes, and kept as a file or as a folder of files."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig, BadInput
from services.base.stage.product import ProductFile
from services.base.worker.once import SavedProduct

TREE = (("frames/0.jpg", b"jpeg", "image/jpeg"), ("frames/1.jpg", b"jpg", "image/jpeg"), ("aud.npy", b"", "x/npy"))


def files(*named):
    for name, data, *media_type in named:
        yield ProductFile(name, (data[:1], data[1:]), *media_type)


def below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_it_is_counted_where_nothing_is_kept() -> None:
    product = SavedProduct(None)
    product.take("tree", files(*TREE))
    assert product.facts() == {"num_bytes": 7, "num_files": 3, "media_types": {"image/jpeg": 2, "x/npy": 1}}
    assert product.path is None


def test_a_tree_is_a_folder_and_a_single_file_that_file(tmp_path: Path) -> None:
    product = SavedProduct(tmp_path / "new" / "0-clip")
    product.take("tree", files(*TREE))
    assert product.path == tmp_path / "new" / "0-clip.tree"
    assert below(product.path) == {name: data for name, data, _ in TREE}
    product.take("tree", files(("example.pb", b"record")))
    assert product.path.read_bytes() == b"record" and product.facts()["num_files"] == 1
    assert [path.name for path in product.path.parent.iterdir()] == ["0-clip.tree"]


def test_nothing_is_kept_of_one_that_fails_on_its_way(tmp_path: Path) -> None:
    def torn():
        yield from files(*TREE)
        raise BadInput("TORN", "the clip ends here")

    product = SavedProduct(tmp_path / "0-clip")
    with pytest.raises(BadInput, match="TORN"):
        product.take("tree", torn())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "/outside", "a//b", "a/../../outside"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="BAD_NAME"):
        SavedProduct(tmp_path / "made" / "0-clip").take("tree", files((name, b"x")))
    assert list(tmp_path.rglob("outside")) == [] and not Path("/outside").exists()


def test_a_folder_that_takes_no_file_is_named_with_its_flag(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BadConfig, match=rf"NOT_SAVED: --save {tmp_path / 'file'} takes no file \(.*\): give a folder"):
        SavedProduct(tmp_path / "file" / "0-clip").take("tree", files(*TREE))
