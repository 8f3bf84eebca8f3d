"""Two processes that begin one run at the same moment: on a cluster the second one joins, elsewhere it is refused."""

import threading
import time

import pytest

from orchestrator.pipelines.base import DataSet
from orchestrator.pipelines.grid.pipeline import PIPELINE
from orchestrator.runs.claim.claim import pin
from orchestrator.runs.claim.joining import pin_or_join
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.plan import Plan, Roots, make_plan
from services.base.errors import BadConfig
from services.base.run import paths
from services.base.run.manifest import ClipRow, ClipTable
from services.base.store.interface import Store
from services.base.store.open import open_store


@pytest.fixture
def outputs(tmp_path) -> Store:
    return open_store(str(tmp_path / "out"))


@pytest.fixture
def state(outputs: Store) -> Store:
    return open_store(f"{outputs.uri}/{paths.STATE_DIR}")


@pytest.fixture
def plan(outputs: Store, state: Store) -> Plan:
    table = ClipTable.of_rows([ClipRow("s1/a", "a", "s1", "s1/a.mpg", "train", 0, 0, 0, 100, "v", ())])
    identities = [{"name": "decode", "version": 1, "run_config": {}, "models": {}, "libraries": {}}]
    roots = Roots("/in", outputs.uri, state.uri)
    return make_plan(PIPELINE, DataSet(table, details={}), (("decode", {}),), identities, roots, 1, run="")


def test_a_run_that_nobody_has_begun_is_pinned(plan, state, outputs):
    pin_or_join(plan, state, outputs, joins=False)
    assert state.stat(paths.run_file(plan.spec.run)) is not None


def test_a_pinned_run_is_joined_while_another_process_has_the_output(plan, state, outputs):
    pin(plan, state, outputs)
    with Lease(outputs.uri, plan.spec.run):
        pin_or_join(plan, state, outputs, joins=True, patience_s=0.0)


def test_a_run_that_is_just_being_pinned_is_waited_for_and_the_wait_is_told(plan, state, outputs, capsys):
    is_held, may_end = threading.Event(), threading.Event()

    def other() -> None:
        with Lease(outputs.uri, plan.spec.run):
            is_held.set()
            time.sleep(0.7)
            pin(plan, state, outputs)
            may_end.wait(20)

    thread = threading.Thread(target=other)
    thread.start()
    try:
        assert is_held.wait(20)
        pin_or_join(plan, state, outputs, joins=True, patience_s=20.0)
        assert capsys.readouterr().err.count("waiting for it") == 1
    finally:
        may_end.set()
        thread.join()


@pytest.mark.parametrize("joins", [False, True])
def test_an_output_that_another_process_keeps_is_refused(plan, state, outputs, joins):
    with Lease(outputs.uri, "other"), pytest.raises(BadConfig, match="OUTPUT_IN_USE"):
        pin_or_join(plan, state, outputs, joins=joins, patience_s=0.6)
    assert state.stat(paths.run_file(plan.spec.run)) is None
