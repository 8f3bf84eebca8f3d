"""The table of backends: names lead to entries of that name, whose parts are there."""

import importlib.util

import pytest

from services.base.stage.spec import ByName
from services.landmarks.backends import BACKENDS, LandmarkBackend, backend_named
from services.landmarks.models import PINNED, known_files
from services.landmarks.spec import SPEC, LandmarksConfig


@pytest.mark.parametrize("name", BACKENDS)
def test_an_entry_is_of_its_name_and_all_that_it_names_is_there(name: str) -> None:
    backend = backend_named(name)
    assert backend.name == name
    assert importlib.util.find_spec(backend.opens.target.partition(":")[0])
    assert {file.name for file in backend.files} <= set(known_files())
    assert all(getattr(LandmarksConfig(), setting) == "" for setting in backend.settings.values())
    assert set(backend.settings) <= {file.name for file in backend.files}
    assert set(backend.libraries) <= set(SPEC.libraries)


def test_the_files_of_all_stages_come_first_and_each_once() -> None:
    assert list(known_files())[: len(PINNED)] == list(PINNED)


def test_a_topology_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"backend made: no topology 'round'; there are ibug-68"):
        LandmarkBackend("made", "round", (), (), ByName("made:open"))
