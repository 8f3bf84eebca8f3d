"""A checkpoint says what it was made with, and a network is asked beside controls that know nothing."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from services.base.errors import BadConfig  # noqa: E402
from services.training.checkpoint.file import Checkpoint  # noqa: E402
from services.training.checkpoint.progress import Progress  # noqa: E402
from services.training.data.talker.person import Person  # noqa: E402
from services.training.data.talker.sync_data import Held  # noqa: E402
from services.training.recipes.talker_syncnet.test_command import TRAINED, measured  # noqa: E402

FACTS = {"recipe": "talker-syncnet", "asr": "mel", "resolution": "160", "width": "0.25", "seed": "3"}


def checkpoint(facts: dict) -> Checkpoint:
    return Checkpoint({}, {}, {}, Progress(), facts)


def test_the_checkpoint_says_what_the_network_is():
    config, asr_model = TRAINED.config_of(checkpoint(FACTS), "best_model.pt")
    assert (config.resolution, config.width, config.seed, asr_model) == ("160", 0.25, 3, "mel")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [({**FACTS, "recipe": "grid-ctc"}, "OTHER_RECIPE"), ({}, "OTHER_NETWORK"),
     ({"recipe": "talker-syncnet"}, "CHECKPOINT_DAMAGED"), ({**FACTS, "width": "wide"}, "CHECKPOINT_DAMAGED")],
)  # fmt: skip
def test_a_checkpoint_of_something_else_is_refused(facts, reason):
    with pytest.raises(BadConfig, match=reason):
        TRAINED.config_of(checkpoint(facts), "best_model.pt")


class Knowing(torch.nn.Module):
    """Stands for a network that has learnt it all: its vectors are the frames' own numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(100, 64, generator=torch.Generator().manual_seed(1)))
        self.network = self

    def faces(self, faces_B3HW: "torch.Tensor") -> "torch.Tensor":
        return self._of((faces_B3HW[:, 0, 0, 0] * 255).round().long())

    def sounds(self, sounds_BCHW: "torch.Tensor") -> "torch.Tensor":
        return self._of(sounds_BCHW.reshape(len(sounds_BCHW), 16, 512)[:, 8, 0].long())

    def _of(self, numbers_B: "torch.Tensor") -> "torch.Tensor":
        return torch.nn.functional.normalize(self.weight[numbers_B])


def held(name: str, num: int = 60) -> Held:
    crops = np.zeros((num, 168, 168, 3), np.uint8)
    crops[:] = np.arange(num, dtype=np.uint8)[:, None, None, None]
    rows = np.repeat(np.arange(num, dtype=np.float32)[:, None], 512, axis=1)
    person = Person(name, "mel", crops, rows, np.ones(num, np.bool_), np.ones(num, np.bool_), name)
    return Held(person, tuple(range(num)))


def test_a_network_that_knows_is_right_and_its_controls_are_not():
    with torch.inference_mode():
        found = measured(Knowing(), [held("a"), held("b")], 1)
    assert all(one.frames_right == one.frames and one.offset_frames == 0 for one in found.own)
    assert all(abs(one.frames_right / one.frames - 0.5) < 0.1 for one in found.permuted)
    assert [one.offset_frames for one in found.late] == [5, 5]
    assert found.other is not None and found.names == ("a", "b")
