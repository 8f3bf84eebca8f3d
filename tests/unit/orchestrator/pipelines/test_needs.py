"""What a pipeline needs of a machine, where it says nothing itself."""

from orchestrator.pipelines.needs import StageNeed, stage_needs


def test_every_stage_is_a_need_with_its_defaults() -> None:
    found = stage_needs(("decode", "records"))
    assert [(need.name, need.what, need.is_needed) for need in found] == [
        ("decode", StageNeed("decode"), True),
        ("records", StageNeed("records"), True),
    ]
