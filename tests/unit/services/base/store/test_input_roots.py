"""Several input roots as one store: names relative to the first, all others absolute, and nothing outside them."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig, BadInput
from services.base.store.input_roots import open_inputs


@pytest.fixture
def roots(tmp_path: Path) -> tuple[Path, Path]:
    for name, text in (("a/x/one.wav", "1"), ("b/two.wav", "22"), ("b/deep/three.wav", "333"), ("c/secret", "s")):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "a", tmp_path / "b"


def test_each_file_is_read_by_its_name(roots: tuple[Path, Path], tmp_path: Path) -> None:
    store = open_inputs([str(root) for root in roots], must_exist=True)
    two = str(roots[1] / "two.wav")
    assert (store.read("x/one.wav"), store.read(two), store.read(two, 1, 1)) == (b"1", b"22", b"2")
    assert store.stat(two) is not None and store.stat(two).name == two and store.stat(two).size_bytes == 2
    assert store.stat(str(roots[1] / "none")) is None
    assert store.local_path(two) == roots[1] / "two.wav"
    store.fetch(two, tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"22"
    # Names in the listing are those by which its files are read.
    assert [entry.name for entry in store.list()] == ["x/one.wav"]
    assert [entry.name for entry in store.list(f"{roots[1]}/deep/")] == [f"{roots[1]}/deep/three.wav"]
    assert store.uri == str(roots[0])


def test_what_lies_in_no_root_is_refused(roots: tuple[Path, Path], tmp_path: Path) -> None:
    store = open_inputs([str(root) for root in roots])
    (roots[1] / "link").symlink_to(tmp_path / "c" / "secret")
    for name in (
        f"{tmp_path}/c/secret",
        f"{roots[1]}2/x",
        "s3://bucket/x",
        f"{roots[1]}/../c/secret",
        f"{roots[1]}/link",
    ):
        with pytest.raises(BadInput):
            store.read(name)


def test_a_root_may_be_named_by_a_link_and_the_inner_one_of_two_is_asked(
    roots: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(roots[1])
    store = open_inputs([str(roots[0]), str(tmp_path), str(tmp_path / "link")])
    assert store.read(f"{tmp_path}/link/two.wav") == store.read(f"{roots[1]}/two.wav") == b"22"


def test_a_single_root_is_its_own_store_and_one_that_is_missing_is_named(roots: tuple[Path, Path]) -> None:
    assert open_inputs([str(roots[0])]).read("x/one.wav") == b"1"
    with pytest.raises(BadConfig, match="no folder"):
        open_inputs([str(roots[0]), f"{roots[1]}-gone"], must_exist=True)
