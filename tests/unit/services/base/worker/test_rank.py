"""Where a rank stands by its environment, and what it may read and commit."""

import threading

import pytest

from services.base.errors import BadConfig, Transient
from services.base.run.passes import MapPass, gang_pass
from services.base.run.spec import PinnedStage, RunSpec
from services.base.store.open import open_store
from services.base.worker.rank import Rank, RankPlace, place_of

PLACE = {
    "RANK": "3",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "1",
    "MASTER_ADDR": "host-0",
    "MASTER_PORT": "29500",
    "VISEMILL_GENERATION": "2",
}
MAP = MapPass("map", "d" * 64, 1)
TRAIN = gang_pass("train", "toy", 2, {}, [MAP])
TUNE = gang_pass("tune", "toy", 1, {}, [MAP, TRAIN])
ALONE = gang_pass("alone", "toy", 1, {}, [MAP])


def test_a_rank_finds_the_others_by_its_environment():
    assert place_of(PLACE) == RankPlace(3, 4, 1, "host-0", 29500, 2)
    assert place_of({**PLACE, "VISEMILL_MASTER_FD": "7"}).master_fd == 7
    assert place_of({**PLACE, "LOCAL_WORLD_SIZE": "2"}).local_world_size == 2


@pytest.mark.parametrize(
    "change",
    [
        {"RANK": "4"},
        {"RANK": "-1"},
        {"LOCAL_RANK": "4"},
        {"VISEMILL_GENERATION": "0"},
        {"MASTER_PORT": "http"},
        {"WORLD_SIZE": ""},
    ],
)
def test_an_environment_that_says_nothing_sensible_is_refused(change):
    with pytest.raises(BadConfig, match="does not say where this rank stands") as caught:
        place_of({**PLACE, **change})
    assert caught.value.reason == "BAD_RANK"


@pytest.mark.parametrize("name", sorted(PLACE))
def test_every_variable_is_needed(name):
    with pytest.raises(BadConfig, match=name):
        place_of({key: value for key, value in PLACE.items() if key != name})


@pytest.fixture
def rank_of(tmp_path):
    outputs, state = open_store(tmp_path / "out"), open_store(tmp_path / "state")
    stages = (PinnedStage("decode"),)
    spec = RunSpec("r", "toy", MAP.digest, stages, "/in", "/out", 1, 1, "c" * 64, {}, gangs=(TRAIN, TUNE, ALONE))

    def make(rank=0, generation=1, gang=TRAIN):
        place = RankPlace(rank, gang.num_ranks, 0, "127.0.0.1", 1, generation)
        return Rank(spec, gang, place, state, outputs)

    return make


def test_every_rank_restores_what_its_generation_began_with(rank_of):
    first = rank_of()
    assert first.restore() is None
    first.checkpoint(5, b"five")
    second = rank_of(generation=2)
    second.checkpoint(10, b"ten")
    assert rank_of(rank=1, generation=2).restore() == second.restore() == (5, b"five")


def test_a_rank_waits_until_rank_0_has_begun(rank_of):
    rank_of().checkpoint(5, b"five")
    waiting = rank_of(rank=1, generation=2)
    begins = threading.Timer(0.1, lambda: rank_of(generation=2))
    begins.start()
    assert waiting.restore() == (5, b"five")
    begins.join()


def test_a_rank_of_a_generation_that_was_never_begun_ends_when_a_newer_has(rank_of):
    rank_of(generation=3)
    with pytest.raises(Transient) as caught:
        rank_of(rank=1, generation=2).restore()
    assert caught.value.reason == "GENERATION_SUPERSEDED"


def test_only_rank_0_commits(rank_of):
    with pytest.raises(ValueError, match="rank 1 commits nothing"):
        rank_of(rank=1).checkpoint(5, b"five")


def test_what_was_measured_up_to_a_checkpoint_lies_beside_it(rank_of):
    rank = rank_of()
    rank.checkpoint(5, b"five")
    rank.measured(b'{"step": 5}\n')
    assert rank._state.read("runs/r/passes/train/metrics.jsonl") == b'{"step": 5}\n'
    with pytest.raises(ValueError, match="rank 0 does"):
        rank_of(rank=1).measured(b"")


def test_a_pass_reads_the_results_of_those_that_it_comes_after(rank_of):
    train = rank_of()
    with train.output("weights.bin") as file:
        file.write(b"w")
        file.commit()
    train.finish(9)
    assert rank_of(gang=TUNE).result_of("train") == {"weights.bin": "train/weights.bin"}
    with pytest.raises(BadConfig) as caught:
        rank_of(gang=ALONE).result_of("train")
    assert caught.value.reason == "NO_PASS"
