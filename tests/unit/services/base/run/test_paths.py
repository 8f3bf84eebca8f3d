import pytest

from services.base.run.paths import MOST_NAME_BYTES, short_name, sidecar_file


@pytest.mark.parametrize(("stem", "ending"), [("bbaf2n", ".record"), ("x" * 255, ""), ("ü" * 120, ".landmarks.npz")])
def test_a_name_that_a_disk_takes_stays(stem: str, ending: str) -> None:
    assert short_name(stem, ending) == stem + ending


@pytest.mark.parametrize("stem", ["x" * 248, "ü" * 130, "안" * 90])
def test_a_longer_one_is_cut_and_stays_apart_from_its_neighbours(stem: str) -> None:
    names = {short_name(stem + last, ".landmarks.npz") for last in ("", "a", "b")}
    assert len(names) == 3
    assert all(len(name.encode()) <= MOST_NAME_BYTES and name.endswith(".landmarks.npz") for name in names)
    assert all(name.startswith(stem[:30]) for name in names)


def test_a_sidecar_lies_below_its_clips_key() -> None:
    assert sidecar_file("r", "s1/bbaf2n", "preview.jpg") == "runs/r/sidecars/s1/bbaf2n/preview.jpg"
    long = sidecar_file("r", f"s1/{'क़' * 60}", "preview.jpg")
    assert max(len(part.encode()) for part in long.split("/")) <= MOST_NAME_BYTES
