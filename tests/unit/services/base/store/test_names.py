"""Names of files as absolute paths and URIs."""

import pytest

from services.base.store.names import below, is_absolute, normal


@pytest.mark.parametrize(
    ("root", "path", "name"),
    [
        ("/a", "/a/b", "b"),
        ("/a/", "/a/b/", "b/"),
        ("/a", "/ab", None),
        ("/", "/a/b", "a/b"),
        ("/a", "/a", ""),
        ("s3://b", "s3://b/k/x", "k/x"),
        ("s3://b/k", "s3://b/kx", None),
        ("/a", "a/b", None),
    ],
)
def test_below(root: str, path: str, name: str | None) -> None:
    assert below(root, path) == name


def test_absolute_and_normal_names() -> None:
    assert [is_absolute(name) for name in ("/a", "s3://b/k", "a/b", "")] == [True, True, False, False]
    assert normal("/a/./b/../c") == "/a/c"
    assert normal("s3://b/k/../../../x") == "s3://b/x"
    assert normal("s3://b/k/..") == "s3://b"
