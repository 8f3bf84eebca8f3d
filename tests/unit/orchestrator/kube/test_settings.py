"""Flags of a cluster: command line, then environment, then defaults."""

import argparse

import pytest

from orchestrator.cli.options import add_kube_flags
from orchestrator.kube.pod_manifest import Toleration
from orchestrator.kube.settings import KubeSettings, kube_settings
from services.base.errors import BadConfig


def parsed(*words, environment=None, names=()):
    parser = argparse.ArgumentParser()
    add_kube_flags(parser, *names)
    return kube_settings(vars(parser.parse_args(words)), environment or {})


def test_nothing_given_is_the_defaults():
    assert parsed() == KubeSettings()


@pytest.mark.parametrize(
    ("words", "environment", "parallelism"),
    [
        (["--parallelism", "9"], {"VISEMILL_PARALLELISM": "7"}, 9),
        ([], {"VISEMILL_PARALLELISM": "7"}, 7),
        ([], {"VISEMILL_PARALLELISM": ""}, 4),
    ],
)
def test_a_flag_is_stronger_than_the_environment(words, environment, parallelism):
    assert parsed(*words, environment=environment).parallelism == parallelism


TRAINING = {
    "VISEMILL_IMAGE": "r/visemill-worker:1",
    "VISEMILL_TRAINING_IMAGE": "r/visemill-training:1",
    "VISEMILL_PODS_CPU": "1",
    "VISEMILL_TRAINING_PODS_CPU": "8",
    "VISEMILL_QUEUE": "team",
    "VISEMILL_NAMESPACE": "ours",
    "VISEMILL_TRAINING_NAMESPACE": "theirs",
}


@pytest.mark.parametrize(
    ("image", "given", "expected"),
    [
        ("visemill-training", {}, ("r/visemill-training:1", 8.0, "team", "ours")),
        ("visemill-training", {"pods_cpu": 3.0, "image": "x:2"}, ("x:2", 3.0, "team", "ours")),
        ("visemill-worker", {}, ("r/visemill-worker:1", 1.0, "team", "ours")),
    ],
)
def test_pods_that_train_have_variables_of_their_own_and_flags_win(image, given, expected):
    made = kube_settings(given, TRAINING, image)
    assert (made.image, made.pods_cpu, made.queue, made.namespace) == expected


def test_a_variable_that_cannot_be_is_named():
    with pytest.raises(BadConfig, match="VISEMILL_TRAINING_PODS_GPUS='two' must be a whole number"):
        kube_settings({}, {"VISEMILL_TRAINING_PODS_GPUS": "two", "VISEMILL_PODS_GPUS": "1"}, "visemill-training")


def test_a_command_with_few_flags_still_has_what_the_environment_says():
    settings = parsed("--namespace", "a", names=("namespace",), environment={"VISEMILL_IMAGE": "x:1"})
    assert (settings.namespace, settings.image) == ("a", "x:1")


def test_lists_are_comma_separated():
    pods = parsed(
        *("--image", "x:1", "--s3-secret", "a, b", "--node-selector", "k=v,zone=1"),
        *("--tolerations", "gpu:NoSchedule,team=a,any", "--models-claim", "m", "--pods-cpu", "1.5"),
    ).pods(2000)
    assert pods.env_from == ("a", "b") and pods.node_selector == {"k": "v", "zone": "1"}
    assert pods.tolerations == (Toleration("gpu", effect="NoSchedule"), Toleration("team", "a"), Toleration("any"))
    assert (pods.models_claim, pods.cpu, pods.memory_mib) == ("m", 1.5, 2000)


def test_none_is_no_secret_and_no_spread():
    pods = parsed("--s3-secret", "none", "--spread-by", "none").pods(100)
    assert pods.env_from == () and pods.spread_by == ""


def test_the_image_is_of_this_version_unless_it_is_named():
    assert parsed().pods(100).image.startswith("visemill-worker:")


@pytest.mark.parametrize(
    ("settings", "first_mib", "max_mib"),
    [
        (KubeSettings(), 3072, 12288),
        (KubeSettings(pods_memory_mib=500), 500, 2000),
        (KubeSettings(pods_memory_mib=500, pods_max_memory_mib=700), 500, 700),
        (KubeSettings(pods_memory_mib=500, pods_max_memory_mib=100), 500, 500),
    ],
)
def test_memory_follows_from_the_limit_on_a_clip(settings, first_mib, max_mib):
    assert (settings.first_memory_mib(2048), settings.max_memory_mib(2048)) == (first_mib, max_mib)


@pytest.mark.parametrize(
    ("words", "same"),
    [
        ([], True),
        (["--namespace", "b", "--parallelism", "9", "--job-keep-s", "1"], True),
        (["--pods-memory-mib", "3072"], True),
        (["--pods-memory-mib", "4000"], False),
        (["--image", "x:2"], False),
        (["--node-selector", "k=v"], False),
    ],
)
def test_other_pods_have_another_digest(words, same):
    assert (parsed(*words).digest(2048) == KubeSettings().digest(2048)) == same


@pytest.mark.parametrize(
    ("words", "environment", "said"),
    [
        (["--parallelism", "0"], {}, "--parallelism must be from 1"),
        (["--pods-cpu", "0"], {}, "0.05 cores"),
        (["--pods-memory-mib", "3"], {}, "--pods-memory-mib must be 64 or more, not 3"),
        (["--pods-max-memory-mib", "63"], {}, "--pods-max-memory-mib must be 64 or more"),
        (["--pods-shm-mib", "-1"], {}, "--pods-shm-mib must not be negative"),
        (
            ["--pods-shm-mib", "900", "--pods-memory-mib", "900"],
            {},
            "--pods-shm-mib must be less than --pods-memory-mib",
        ),
        (["--job-keep-s", "-1"], {}, "--job-keep-s must not be negative"),
        (["--node-selector", "x"], {}, "KEY=VALUE"),
        (["--tolerations", "a:Never"], {}, "NoExecute"),
        ([], {"VISEMILL_PARALLELISM": "many"}, "VISEMILL_PARALLELISM='many' must be a whole number"),
    ],
)
def test_what_cannot_be_is_refused(words, environment, said):
    with pytest.raises(BadConfig, match=said):
        parsed(*words, environment=environment)
