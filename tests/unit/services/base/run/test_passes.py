"""Passes of a run: names, order, digests; and a run of one map pass, which is written as ever."""

import json

import pytest

from services.base.errors import BadConfig
from services.base.run.passes import GangPass, GangPlan, MapPass, check_order, gang_pass, gangs_of, whole_digest
from services.base.run.spec import PinnedStage, RunSpec, run_spec_from_json

MAP = MapPass("map", "d" * 64, 4)
GANG = gang_pass("train", "toy", 4, {"lr": 0.1}, [MAP])


def spec(*gangs):
    stages = (PinnedStage("decode"),)
    return RunSpec("r", "grid", "d" * 64, stages, "/in", "/out", 4, 10, "c" * 64, {}, gangs=gangs)


def test_a_run_of_shards_alone_is_one_map_pass_and_its_file_names_no_other():
    assert spec().passes == (MAP,)
    assert "gangs" not in json.loads(spec().to_json())


def test_a_gang_survives_run_json():
    whole = spec(GANG, gang_pass("tune", "toy", 2, {}, [MAP, GANG], ranks_per_pod=2))
    assert run_spec_from_json(whole.to_json()) == whole
    assert [one.name for one in whole.passes] == ["map", "train", "tune"]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(gang_pass("train", "other", 4, {"lr": 0.1}, [MAP]), id="recipe"),
        pytest.param(gang_pass("train", "toy", 2, {"lr": 0.1}, [MAP]), id="ranks"),
        pytest.param(gang_pass("train", "toy", 4, {"lr": 0.2}, [MAP]), id="config"),
        pytest.param(gang_pass("train", "toy", 4, {"lr": 0.1}, [MapPass("map", "e" * 64, 4)]), id="what was before"),
    ],
)
def test_a_digest_is_of_what_decides_the_result(other):
    assert other.digest != GANG.digest


def test_where_ranks_run_decides_nothing():
    spread = gang_pass("train", "toy", 4, {"lr": 0.1}, [MAP], ranks_per_pod=2)
    assert (spread.digest, spread.num_pods) == (GANG.digest, 2)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "Train"},
        {"name": "map"},
        {"name": "a-name-of-seventeen"},
        {"num_ranks": 0},
        {"ranks_per_pod": 3},
        {"ranks_per_pod": 0},
    ],
)
def test_no_gang_is_made_that_cannot_be(fields):
    with pytest.raises(ValueError):
        GangPass(**{"name": "train", "recipe": "toy", "num_ranks": 4, "digest": "d" * 64, **fields})


@pytest.mark.parametrize("passes", [(GANG,), (MAP, GANG, GANG), (GANG, MAP)])
def test_passes_stand_in_an_order_that_can_be_carried_out(passes):
    with pytest.raises(ValueError):
        check_order(passes)


def test_a_run_file_with_a_gang_that_cannot_be_is_refused():
    fields = json.loads(spec(GANG).to_json())
    fields["gangs"][0]["num_ranks"] = 0
    with pytest.raises(BadConfig) as caught:
        run_spec_from_json(json.dumps(fields).encode())
    assert caught.value.reason == "BAD_RUN_FILE"


IDENTITY = {"version": 1, "run_config": {"lr": 0.1}, "models": {"vgg": "a" * 64}, "libraries": {"torch": "2"}}


def pinned(*plans, **changes):
    return gangs_of(plans, MAP, [{**IDENTITY, **changes}] * len(plans))


def test_gangs_are_pinned_with_what_their_recipe_says_decides_the_result():
    train, tune = pinned(GangPlan("train", "toy", {"lr": 0.1}, 4), GangPlan("tune", "toy", after=("map", "train")))
    assert (train.models, train.libraries, train.after) == ({"vgg": "a" * 64}, {"torch": "2"}, ("map",))
    assert tune.after == ("map", "train")
    for change in ({"version": 2}, {"run_config": {"lr": 0.2}}, {"models": {}}, {"libraries": {"torch": "3"}}):
        (other,) = pinned(GangPlan("train", "toy", {"lr": 0.1}, 4), **change)
        assert other.digest != train.digest


def test_settings_that_the_machine_decides_are_pinned():
    (train,) = pinned(GangPlan("train", "toy", {"device": "auto"}), settled={"device": "cpu"})
    assert train.config == {"device": "cpu"}


def test_a_gang_after_a_pass_that_does_not_stand_before_it_is_refused():
    with pytest.raises(ValueError, match="give names that stand before it"):
        pinned(GangPlan("tune", "toy", after=("train",)), GangPlan("train", "toy"))


def test_a_run_of_one_pass_has_its_digest_and_one_of_several_that_of_all():
    (train,) = pinned(GangPlan("train", "toy"))
    assert whole_digest(MAP.digest, ()) == MAP.digest
    assert whole_digest(MAP.digest, [train]) not in (MAP.digest, train.digest)
    assert whole_digest("e" * 64, [train]) != whole_digest(MAP.digest, [train])


def test_the_number_of_ranks_is_no_part_of_a_digest_where_the_recipe_says_so():
    made = [gang_pass("train", "toy", n, {}, [MAP], identity={"any_num_ranks": True}) for n in (1, 2, 4)]
    assert len({gang.digest for gang in made}) == 1 and made[0].any_num_ranks


def test_how_few_ranks_may_go_on_is_no_part_of_a_digest_and_is_counted_in_whole_pods():
    free = {"any_num_ranks": True}
    made = [
        gang_pass("train", "toy", 8, {}, [MAP], ranks_per_pod=2, identity=free, min_ranks=least) for least in (0, 1, 3)
    ]
    assert len({gang.digest for gang in made}) == 1
    assert [gang.min_pods for gang in made] == [4, 1, 2]
    assert run_spec_from_json(spec(made[2]).to_json()).gangs == (made[2],)


@pytest.mark.parametrize(
    ("least", "after_s", "identity", "message"),
    [
        (5, 60.0, {"any_num_ranks": True}, "min_ranks is 5: give 1 to 4"),
        (-1, 60.0, {"any_num_ranks": True}, "min_ranks is -1"),
        (1, 0.0, {"any_num_ranks": True}, "min_ranks_after_s is 0: give more than 0"),
        (1, 60.0, {}, "what toy gives depends on the number of ranks: leave out min_ranks"),
    ],
)
def test_no_gang_goes_on_with_more_ranks_than_it_has_nor_where_their_number_counts(least, after_s, identity, message):
    with pytest.raises(ValueError, match=message):
        gang_pass("train", "toy", 4, {}, [MAP], identity=identity, min_ranks=least, min_ranks_after_s=after_s)


def test_a_result_lies_in_a_folder_of_its_pass_or_in_the_root_which_decides_nothing():
    folder, root = (pinned(GangPlan("train", "toy", at_root=at_root))[0] for at_root in (False, True))
    assert (folder.result_file("logs/a.log"), root.result_file("logs/a.log")) == ("train/logs/a.log", "logs/a.log")
    assert folder.digest == root.digest


def test_one_result_at_most_lies_in_the_root():
    plans = GangPlan("train", "toy", at_root=True), GangPlan("tune", "toy", at_root=True)
    with pytest.raises(ValueError, match="train and tune lie in one folder"):
        check_order([MAP, *pinned(*plans)])


def test_a_run_may_be_of_gang_passes_alone():
    alone = RunSpec("r", "toy", "d" * 64, (), "/in", "/out", 0, 3, "c" * 64, {}, gangs=(GANG,))
    assert run_spec_from_json(alone.to_json()) == alone


@pytest.mark.parametrize(("stages", "num_shards", "gangs"), [((), 0, ()), ((), 4, (GANG,)), (("decode",), 0, (GANG,))])
def test_a_run_has_shards_exactly_where_it_has_stages(stages, num_shards, gangs):
    pinned = tuple(map(PinnedStage, stages))
    with pytest.raises(ValueError, match="a run "):
        RunSpec("r", "toy", "d" * 64, pinned, "/in", "/out", num_shards, 3, "c" * 64, {}, gangs=gangs)
