"""A person's folder has the same name on every system."""

import pytest

from services.formats.talker.names import is_folder_name


@pytest.mark.parametrize("name", ["obama", "May_2", "a.b-c", "x" * 100])
def test_plain_names_are_folders(name):
    assert is_folder_name(name)


@pytest.mark.parametrize("name", ["", ".hidden", "..", "a/b", "a b", "a\n", "x" * 101, "ä"])
def test_what_leads_elsewhere_or_is_no_name_everywhere_is_none(name):
    assert not is_folder_name(name)
