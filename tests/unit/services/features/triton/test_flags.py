"""Flags survive the way to the service's own command line."""

import argparse

import pytest

from services.features.triton.flags import add_actions, argv_of, networks_of


def parse(argv):
    parser = argparse.ArgumentParser()
    add_actions(parser.add_subparsers(dest="action", required=True))
    return parser.parse_args(argv)


@pytest.mark.parametrize(
    "argv",
    [
        ["list"],
        ["list", "models"],
        ["verify", "models", "--server", "127.0.0.1:8001"],
        ["export", "models"],
        ["export", "-odd name", "--network", "semantic", "--network", "inception_v3", "--no-warm-up", "--kind", "gpu"],
        ["export", "models", "--weights", "a b.pth", "--seed", "7", "--preferred-batch-sizes", "1,2"],
    ],
)
def test_what_was_given_is_given_on(argv):
    if "-odd name" in argv:
        argv = [*(w for w in argv if w != "-odd name"), "--", "-odd name"]
    flags = parse(argv)
    assert parse(argv_of(flags)) == flags


def test_a_network_may_be_named_first_and_stays_one():
    assert networks_of(parse(["export", "ave", "models"])) == ["ave"]
    assert networks_of(parse(["export", "ave", "models", "--network", "ave", "--network", "semantic"])) == [
        *("ave", "semantic")
    ]
    assert networks_of(parse(["export", "hubert", "models", "--network", "wenet"])) == ["hubert", "wenet"]
    assert networks_of(parse(["export", "models"])) == []
    assert networks_of(parse(argv_of(parse(["export", "ave", "models"])))) == ["ave"]
