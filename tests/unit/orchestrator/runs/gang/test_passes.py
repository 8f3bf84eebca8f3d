"""The gang passes of a run in order, over a backend that commits what it is asked for."""

import contextlib

import pytest

from orchestrator.runs.actions import Fail
from orchestrator.runs.gang.decision import GangState, Generation, Start
from orchestrator.runs.gang.passes import execute_gangs
from services.base.run.passes import MapPass, gang_pass
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store
from services.base.worker.pass_log import GangWriter, PassLog

MAP = MapPass("map", "d" * 64, 1)
TRAIN = gang_pass("train", "toy", 2, {}, [MAP])
TUNE = gang_pass("tune", "toy", 2, {}, [MAP, TRAIN])
ORDER = RunSpec(
    "r", "toy", MAP.digest, (PinnedStage("decode"),), "/in", "/out", 1, 1, "c" * 64, {}, gangs=(TRAIN, TUNE)
)


class Backend:
    """A gang whose generation is over as soon as it has started: with a result, or with an exit code."""

    def __init__(self, stores, gang, codes) -> None:
        self._stores, self._gang, self._codes = stores, gang, codes
        self._generations: list[Generation] = []
        self.closed = False

    def observe(self):
        log = PassLog(self._stores[0], "r", self._gang.name).read()
        return GangState(log, tuple(self._generations), since=1 if self._generations else 0)

    def apply(self, action):
        if not isinstance(action, Start):
            return
        code = self._codes.pop(0) if self._codes else 0
        if not code:
            writer = GangWriter(*self._stores, "r", self._gang.name, action.generation)
            with writer.output("weights.bin") as file:
                file.write(self._gang.name.encode())
                file.commit()
            writer.finish(1)
        self._generations.append(Generation(action.generation, "ended", {0: code}, ended_s_ago=100.0))

    def wait(self, at_most_s):
        pass

    def close(self):
        self.closed = True


class Run:
    def __init__(self, folder) -> None:
        self.stores = open_store(folder / "state"), open_store(folder / "out")
        self.opened: list[tuple[str, Backend]] = []
        self.said: list[str] = []

    def carry(self, **codes):
        def open_backend(gang):
            backend = Backend(self.stores, gang, codes.get(gang.name, []))
            self.opened.append((gang.name, backend))
            return backend

        return execute_gangs(ORDER, *self.stores, open_backend, contextlib.nullcontext, 2, self.said.append, "process")

    @property
    def names(self):
        return [name for name, _ in self.opened]


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def test_each_is_driven_published_and_closed_before_the_next(run):
    assert run.carry() is None
    assert run.names == ["train", "tune"] and all(backend.closed for _, backend in run.opened)
    assert {entry.name for entry in run.stores[1].list()} == {"train/weights.bin", "tune/weights.bin"}


def test_it_says_what_holds_the_ranks_here(run):
    run.carry()
    assert run.said[0] == "pass train: 2 ranks in 2 processes"


def test_one_that_fails_ends_the_run_and_later_it_goes_on_there(run):
    failed = run.carry(tune=[78])
    assert failed == Fail("pass tune: a rank ended with 78, a setting that cannot work", 78)
    assert [entry.name for entry in run.stores[1].list()] == ["train/weights.bin"]
    run.opened.clear()
    assert run.carry() is None
    assert run.names == ["tune"]


def test_a_run_whose_passes_are_published_has_nothing_to_do(run):
    assert run.carry() is None
    run.opened.clear()
    assert run.carry() is None
    assert run.opened == []


def test_a_result_that_is_lost_is_made_again_and_those_after_it_stay(run):
    assert run.carry() is None
    run.stores[1].delete("train/weights.bin")
    run.opened.clear()
    assert run.carry() is None
    assert run.names == ["train"]
    assert run.stores[1].read("train/weights.bin") == b"train"
