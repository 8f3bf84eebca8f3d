"""What is given of how a network is served, and what its exporter decides."""

import argparse

import pytest

from services.base.errors import BadConfig
from services.triton.config import Serving
from services.triton.flags import add_bundle_flags, add_serving_flags, bundle_argv, serving_argv, serving_of


def parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("repository")
    parser.add_argument("--seed", type=int, default=0)
    add_serving_flags(parser)
    add_bundle_flags(parser)
    return parser.parse_args(words)


def test_only_what_is_given_is_given_on() -> None:
    assert serving_argv(parse("models")) == [] and serving_of(parse("models")) == Serving()
    flags = parse("models", "--max-batch-size", "32", "--no-warm-up")
    assert serving_argv(flags) == ["--max-batch-size=32", "--no-warm-up"]
    assert serving_of(flags) == Serving(max_batch_size=32, warm_up=False)
    usual = {"max_batch_size": 8, "preferred_batch_sizes": ""}
    assert serving_of(flags, usual) == Serving(max_batch_size=32, preferred_batch_sizes="", warm_up=False)


def test_a_bundle_goes_with_its_name_and_how_it_is_served() -> None:
    assert bundle_argv(parse("models"), ["seed"]) == []
    flags = parse("models", "--bundle", "lipreader", "--kind", "gpu")
    assert bundle_argv(flags, ["seed"]) == ["--bundle=lipreader", "--name=", "--kind=gpu", "--", "models"]


@pytest.mark.parametrize("words", [("--name", "english"), ("--bundle", "lipreader", "--seed", "1")])
def test_what_means_nothing_for_it_is_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(BadConfig, match=r"BAD_FLAGS: --(name|seed) is of a"):
        bundle_argv(parse("models", *words), ["seed"])
