"""A root holds either one run or named data sets, whichever came first, and whoever comes at the same moment."""

import dataclasses
from pathlib import Path

import pytest

from orchestrator.pipelines.base import DataSet
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.claim.claim import claim_of, pin
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.claim.named_sets import claim_name, listed, names_in
from orchestrator.runs.plan import Plan, Roots, make_plan
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow, ClipTable
from services.base.store.interface import Store
from services.base.store.open import open_store

IDENTITIES = [{"name": "decode", "version": 1, "run_config": {}, "models": {}, "libraries": {}}]


def planned(root: Path, name: str = "") -> Plan:
    """A run of one clip, which is called as its data set."""
    output = str(root / name) if name else str(root)
    rows = ClipTable.of_rows([ClipRow(f"s1/{name}", name, "s1", f"s1/{name}.mpg", "train", 0, 0, 0, 100, "v", ())])
    roots = Roots("/in", output, f"{output}/{paths.STATE_DIR}")
    plan = make_plan(PIPELINE, DataSet(rows), (("decode", {}),), IDENTITIES, roots, 1)
    return dataclasses.replace(plan, dataset=name, datasets_root=str(root))


def pinned(root: Path, name: str = "") -> Store:
    """The root, after a run was pinned in it."""
    plan = planned(root, name)
    pin(plan, open_store(f"{plan.spec.output_root}/{paths.STATE_DIR}"), open_store(plan.spec.output_root))
    return open_store(str(root))


def test_a_root_lists_the_data_sets_that_were_pinned_in_it(tmp_path):
    for name in ("zh-CN", "am", "am"):
        root = pinned(tmp_path / "out", name)
    assert names_in(root) == ["am", "zh-CN"]
    assert claim_of(root) is None
    assert claim_of(open_store(f"{root.uri}/am")) is not None


def test_an_output_of_one_run_has_no_names(tmp_path):
    assert names_in(pinned(tmp_path)) == []


def test_named_data_sets_are_refused_where_a_run_is_and_leave_no_marker(tmp_path):
    root = pinned(tmp_path)
    with pytest.raises(BadConfig, match=rf"ROOT_HOLDS_A_RUN: {tmp_path} is the output of a run.*--dataset am another"):
        pinned(tmp_path, "am")
    assert names_in(root) == []
    assert not (tmp_path / "am").exists()


def test_a_run_is_refused_where_named_data_sets_are_and_makes_no_claim(tmp_path):
    root = pinned(tmp_path, "am")
    with pytest.raises(BadConfig, match=rf"ROOT_HOLDS_DATASETS: {tmp_path} holds the data sets am,.*--dataset NAME"):
        pinned(tmp_path)
    assert claim_of(root) is None


def test_a_data_set_does_not_hold_others(tmp_path):
    pinned(tmp_path, "am")
    with pytest.raises(BadConfig, match="ROOT_HOLDS_A_RUN"):
        pinned(tmp_path / "am", "inner")


def test_names_that_differ_by_case_alone_are_refused(tmp_path):
    root = pinned(tmp_path, "Am")
    with pytest.raises(BadConfig, match=r"DUPLICATE_DATASET: .* holds data set 'Am', from which 'am' differs by case"):
        pinned(tmp_path, "am")
    assert names_in(root) == ["Am"]


def test_an_output_that_has_a_run_already_becomes_the_data_set_of_its_name(tmp_path):
    unnamed = dataclasses.replace(planned(tmp_path, "am"), dataset="")
    pin(unnamed, open_store(f"{tmp_path}/am/{paths.STATE_DIR}"), open_store(f"{tmp_path}/am"))
    assert names_in(pinned(tmp_path, "am")) == ["am"]


class Meanwhile:
    """A store in which somebody else writes a file just before ours is created."""

    def __init__(self, store: Store, other: str) -> None:
        self._store, self._other = store, other

    def create(self, name: str, data: bytes) -> bool:
        self._store.create(self._other, b"{}")
        return self._store.create(name, data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


def test_of_a_run_and_a_name_at_the_same_moment_neither_claims_what_the_other_has(tmp_path):
    root = open_store(str(tmp_path))
    with pytest.raises(BadConfig, match="ROOT_HOLDS_A_RUN"):
        claim_name(Meanwhile(root, paths.CLAIM), "am")
    assert names_in(root) == []
    root.delete(paths.CLAIM)
    plan = planned(tmp_path)
    with pytest.raises(BadConfig, match="ROOT_HOLDS_DATASETS"):
        pin(plan, open_store(plan.spec.output_root + "/" + paths.STATE_DIR), Meanwhile(root, f"{paths.DATASETS}am"))
    assert claim_of(root) is None


def test_two_names_are_leased_at_once_and_one_name_once(tmp_path):
    am, zh = str(tmp_path / "am"), str(tmp_path / "zh")
    with (
        Lease(am, "one"),
        Lease(zh, "two"),
        pytest.raises(BadConfig, match=r"OUTPUT_IN_USE.*run 'one'"),
        Lease(am, "three"),
    ):
        pass


@pytest.mark.parametrize(
    ("names", "text"), [(["a"], "a"), (["a", "b", "c"], "a, b, c"), (["a", "b", "c", "d"], "a, b, c and 1 more")]
)
def test_a_few_names_are_listed(names, text):
    assert listed(names) == text
