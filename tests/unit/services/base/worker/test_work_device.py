"""A run's device is pinned with it: a worker keeps to it, and a run pinned without goes on only where it began."""

import dataclasses

import pytest

from orchestrator.pipelines.base import DataSet
from orchestrator.pipelines.sign.pipeline import PIPELINE
from orchestrator.runs.plan import Roots, make_plan
from services.base.errors import BadConfig
from services.base.run.manifest import ClipRow, ClipTable
from services.base.run.spec import PinnedStage, RunSpec
from services.base.worker.fingerprint import identity_of
from services.base.worker.work import check_identities
from services.features import spec
from services.features.spec import SPEC, FeaturesConfig

SPECS = {"features": SPEC}


def machine_with(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    monkeypatch.setattr(spec, "chosen_device", lambda asked: device if asked == "auto" else asked)


def pinned(device: str = "") -> RunSpec:
    """Planned on this machine, for workers of that device."""
    identity = identity_of(SPEC, FeaturesConfig(), device).to_dict()
    rows = ClipTable.of_rows([ClipRow("a.mp4", "a", "", "a.mp4", "train", 0, 0, 0, 9, "v")])
    roots = Roots("/in", "/out", "/out/.visemill")
    return make_plan(PIPELINE, DataSet(rows), [("features", {})], [identity], roots, 1).spec


def without_device(spec: RunSpec) -> RunSpec:
    """As runs were pinned before the device was part of them."""
    return dataclasses.replace(spec, stages=(PinnedStage("features", {}, spec.stages[0].models),))


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_the_plan_holds_the_device_and_its_digest_differs(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    machine_with(monkeypatch, "cpu")
    spec = pinned(device)
    assert spec.stages[0].config == {"device": device}
    assert (spec.digest == pinned("cpu").digest) is (device == "cpu")


def test_what_auto_means_on_the_workers_machine_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    machine_with(monkeypatch, "cpu")
    spec = pinned()
    machine_with(monkeypatch, "cuda")
    (identity,) = check_identities(spec, SPECS)
    assert identity.key_config["device"] == "cpu"


@pytest.mark.parametrize(("began", "now"), [("cpu", "cuda"), ("cuda", "cpu")])
def test_a_run_of_before_goes_on_only_on_its_device(monkeypatch: pytest.MonkeyPatch, began: str, now: str) -> None:
    machine_with(monkeypatch, began)
    spec = without_device(pinned())
    assert check_identities(spec, SPECS)[0].key_config["device"] == began
    machine_with(monkeypatch, now)
    with pytest.raises(BadConfig, match=f"pinned without its device, and here that is features device {now}") as error:
        check_identities(spec, SPECS)
    assert error.value.reason == "DEVICE_UNKNOWN"
