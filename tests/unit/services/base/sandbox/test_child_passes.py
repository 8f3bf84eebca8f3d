"""The passes that a child keeps open: stages that are alike in several are opened once."""

from collections.abc import Mapping
from typing import Any

from services.base.sandbox.child import MOST_PASSES, Passes
from services.base.stage.clip_pass import BoundStage
from services.base.stage.spec import StageSpec


class Opener:
    """Counts what is opened; a stage whose name begins with `decode` makes the frames."""

    def __init__(self) -> None:
        self.opened: list[tuple[str, Mapping[str, Any], str | None]] = []

    def __call__(
        self, name: str, config: Mapping[str, Any], target: str | None, configs: Mapping[str, Mapping[str, Any]]
    ) -> BoundStage:
        del configs
        self.opened.append((name, config, target))
        spec = StageSpec(name, 1, dict, (), ("frames" if name.startswith("decode") else name,))
        return BoundStage(spec, lambda *_: None)

    def count(self, name: str) -> int:
        return [opened[0] for opened in self.opened].count(name)


def stages(sampling: str, **landmarks: Any) -> list[list[Any]]:
    return [["decode", {"sampling": sampling}], ["landmarks", landmarks]]


def test_a_pass_with_another_sampling_opens_its_decoder_and_no_model() -> None:
    opener = Opener()
    passes = Passes(opener, {})
    for sampling in ("all", "grid", "steady", "decimate", "all", "grid", "steady", "decimate"):
        passes.open(stages(sampling))
    assert opener.count("landmarks") == 1
    assert opener.count("decode") == 8, "of four samplings in turn three are kept"


def test_a_pass_with_another_model_opens_that_model() -> None:
    opener = Opener()
    passes = Passes(opener, {})
    passes.open(stages("all", backend="mediapipe"))
    passes.open(stages("all", backend="dlib"))
    assert (opener.count("decode"), opener.count("landmarks")) == (1, 2)


def test_a_stage_that_no_kept_pass_needs_is_let_go() -> None:
    opener = Opener()
    passes = Passes(opener, {})
    for number in range(MOST_PASSES + 1):
        passes.open(stages("all", backend=number))
    passes.open(stages("grid", backend=0))
    assert opener.count("landmarks") == MOST_PASSES + 2
    assert opener.count("decode") == 2


def test_a_stage_at_a_server_goes_with_the_decoding_that_is_asked_of_it() -> None:
    opener = Opener()
    passes = Passes(opener, {"landmarks": "there:1"})
    passes.open(stages("all"))
    passes.open(stages("grid"))
    assert [opened for opened in opener.opened if opened[0] == "landmarks"] == [("landmarks", {}, "there:1")] * 2
