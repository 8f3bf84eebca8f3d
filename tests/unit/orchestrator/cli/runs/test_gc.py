"""Which artifacts `visemill gc` removes."""

from orchestrator.cli.runs.gc import over_the_cap
from services.base.store.interface import Entry


def test_the_oldest_artifacts_go_first_until_the_rest_fits():
    entries = [Entry(f"a{i}", 10, str(age)) for i, age in enumerate([300, 100, 200])]
    assert [e.name for e in over_the_cap(entries, 30)] == []
    assert [e.name for e in over_the_cap(entries, 15)] == ["a1", "a2"]
    assert [e.name for e in over_the_cap(entries, 0)] == ["a1", "a2", "a0"]


def test_ages_are_those_of_last_modified_where_versions_tell_none():
    ages = {"a": 300, "b": 100, "c": 200}
    entries = [Entry(name, 10, "0cc175b9c0f1b6a831c399e2697726", "file", age) for name, age in ages.items()]
    assert [e.name for e in over_the_cap(entries, 15)] == ["b", "c"]
    digits_only = [Entry("new", 10, "9" * 32, "file", 200), Entry("old", 10, "1" * 32, "file", 100)]
    assert [e.name for e in over_the_cap(digits_only, 10)] == ["old"]
