"""Flags of a head: the document's names and defaults, and contradictions that are told before any work."""

import pytest

from orchestrator.pipelines.talker.head.options import HeadOptions, HeadTestOptions, UnifiedOptions
from services.base.errors import BadConfig
from services.base.stage.fields import fields_of


def test_flags_and_defaults_are_the_documents():
    flags = {flag: field for field in fields_of(HeadOptions) for flag in (field.flag, *field.aliases)}
    documented = {
        "--name": "", "--dataset-dir": "dataset", "--checkpoint-dir": "checkpoint", "--save-dir": "", "--batchsize": 8,
        "--epochs": 100, "--lr": 0.001, "--train-syncnet": False, "--syncnet-checkpoint-path": "",
        "--use-syncnet": False, "--syncnet-checkpoint": "", "--continue-training": False, "--see-res": False,
    }  # fmt: skip
    assert {flag: flags[flag].default for flag in documented} == documented
    assert flags["--num-epochs"] is flags["--epochs"] and flags["--batch-size"] is flags["--batchsize"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"use_syncnet": True}, "--use-syncnet is given without --syncnet-checkpoint"),
        ({"train_syncnet": True, "syncnet_checkpoint_path": "a"}, "a head has one SyncNet"),
        ({"train_syncnet": True, "use_syncnet": True, "syncnet_checkpoint": "a"}, "a head has one SyncNet"),
        ({"syncnet_checkpoint_path": "a", "syncnet_checkpoint": "b"}, "a head has one SyncNet"),
    ],
)
def test_flags_that_contradict_each_other_are_refused(given, said):
    with pytest.raises(BadConfig, match=said):
        HeadOptions(**given)


@pytest.mark.parametrize(
    "given", [{"num_epochs": 0}, {"syncnet_epochs": 0}, {"width": 2.0}, {"syncnet_batch_size": 4}, {"names": "../a"}]
)
def test_what_no_training_can_be_is_refused_before_the_first(given):
    with pytest.raises(ValueError, match=r"num_epochs|syncnet_epochs|width|batch_size|names"):
        HeadOptions(**given)


def test_both_networks_are_of_one_size_and_of_one_sound():
    options = HeadOptions(names="a", asr="mel", resolution="160", width=0.5, num_epochs=7)
    syncnet, unet = options.syncnet("d", ("a",)), options.unet("d", ("a",), "s.pt")
    assert (syncnet.resolution, syncnet.width, syncnet.asr) == (unet.resolution, unet.width, unet.asr)
    assert (syncnet.num_epochs, unet.num_epochs, unet.syncnet_checkpoint, unet.use_syncnet) == (100, 7, "s.pt", True)
    assert not options.unet("d", ("a",)).use_syncnet


def test_what_judges_the_head_is_handed_on():
    judged = {"vgg19": "v", "perceptual_weight": 0.5, "temporal_weight": 0.25, "landmark_model": "l.onnx"}
    unet = HeadOptions(names="a", **judged).unet("d", ("a",))
    assert {name: getattr(unet, name) for name in judged} == judged


def test_the_unified_script_is_of_one_person_and_of_ave():
    options = UnifiedOptions(names="May")
    assert (options.asr, options.train_syncnet) == ("ave", True)
    with pytest.raises(BadConfig, match="one --name"):
        UnifiedOptions()
    with pytest.raises(BadConfig, match="which head"):
        HeadTestOptions()
