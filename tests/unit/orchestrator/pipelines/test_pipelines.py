import importlib.util

import pytest

from orchestrator.pipelines import PIPELINES
from orchestrator.pipelines.lookup import pipeline_of
from services.base.errors import BadConfig


@pytest.mark.parametrize("name", sorted(PIPELINES))
def test_every_pipeline_of_the_table_is_a_module_of_its_own(name: str) -> None:
    assert PIPELINES[name] == f"orchestrator.pipelines.{name.replace('-', '_')}.pipeline"
    assert importlib.util.find_spec(PIPELINES[name]) is not None


def test_an_unknown_pipeline_is_an_error_that_knows_better() -> None:
    with pytest.raises(BadConfig, match="did you mean 'grid'"):
        pipeline_of("gird")
