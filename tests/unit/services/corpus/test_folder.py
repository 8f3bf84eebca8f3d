"""Files of a corpus: made once, whole, and again only where they are missing or other than they were."""

from pathlib import Path

from services.corpus.folder import MARKER, Planned, write_files


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    made: list[str] = []

    def planned(name: str) -> Planned:
        return Planned(f"a/{name}", lambda: made.append(name) or name.encode())  # type: ignore[func-returns-value]

    files = [planned("one"), planned("two"), planned("three")]
    first = write_files(tmp_path, files, {"seed": 1}, None)
    (tmp_path / "a" / "two").write_bytes(b"other")
    (tmp_path / "a" / "three").unlink()
    told: list[tuple[int, int]] = []
    assert write_files(tmp_path, files, {"seed": 1}, lambda *call: told.append(call)) == first
    assert made == ["one", "two", "three", "two", "three"]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert [file.path for file in first] == ["a/one", "a/three", "a/two"]
    assert (tmp_path / "a" / "two").read_bytes() == b"two"
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == sorted(
        [MARKER, "one", "two", "three"]
    )
