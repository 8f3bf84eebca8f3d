"""Whose features are learnt from: those asked for, hubert, or the only ones that all persons have."""

import pytest

from services.base.errors import BadConfig
from services.training.data.talker.asr_choice import chosen_model


@pytest.mark.parametrize(
    ("there", "asked", "expected"),
    [
        ({"a": {"ave", "hubert"}}, "", "hubert"),
        ({"a": {"ave", "hubert"}}, "ave", "ave"),
        ({"a": {"ave", "mel"}, "b": {"mel"}}, "", "mel"),
    ],
)
def test_one_is_chosen(there, asked, expected):
    assert chosen_model({name: frozenset(models) for name, models in there.items()}, asked) == expected


@pytest.mark.parametrize(
    ("there", "asked", "said"),
    [
        ({"a": {"ave"}, "b": {"mel"}}, "ave", "b has no aud_ave.npy"),
        ({"a": {"ave", "mel"}}, "", "aud_ave.npy, aud_mel.npy"),
        ({"a": set()}, "", "in common: none"),
    ],
)
def test_what_is_missing_is_named(there, asked, said):
    with pytest.raises(BadConfig, match=said):
        chosen_model({name: frozenset(models) for name, models in there.items()}, asked)
