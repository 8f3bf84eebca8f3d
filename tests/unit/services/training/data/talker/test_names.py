"""Names of persons are folders directly below a root, and nothing that leads elsewhere."""

import pytest

from services.training.data.talker.names import names_of


def test_names_are_a_line_each():
    assert names_of("a\nb-1.x") == ("a", "b-1.x") and names_of("") == ()


@pytest.mark.parametrize("name", ["..", "../a", "a/b", "/etc", ".hidden", "a b", "x" * 101])
def test_what_leads_elsewhere_is_refused(name):
    with pytest.raises(ValueError, match="person's folder"):
        names_of(f"a\n{name}")
