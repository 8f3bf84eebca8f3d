"""The recipe's settings and ranks are the options, and what cannot be is refused."""

import pytest

from orchestrator.pipelines.talker_unet.options import UNetOptions, gangs


def test_the_data_are_named_by_their_whole_path_and_the_ranks_are_those_asked_for():
    (gang,) = gangs(UNetOptions(data_root="dataset", num_ranks=4, ranks_per_pod=2))
    assert gang.config["data_root"].startswith("/") and (gang.num_ranks, gang.ranks_per_pod) == (4, 2)


def test_what_the_recipe_refuses_is_refused():
    with pytest.raises(ValueError, match="width"):
        UNetOptions(width=3.0)
