"""What a container says of pictures and times: cases after public bug reports, all in one opened pass.

The one of 2400x1920 px takes ten seconds: its size is what the case is about.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from products import Made, made_in

from orchestrator.pipelines.grid.options import GridOptions, stages
from services.__main__ import STAGES
from services.base.media.clip import Clip, Media
from services.base.stage.clip_pass import BoundStage, ClipPass
from services.base.stage.config import config_from_argv, config_from_mapping
from services.base.stage.spec import ClipJob
from services.formats.example import decode_example
from services.records.grid.quality import SERIOUS

Carry = Callable[[str], Made]


def opened(argv: Sequence[str] = ()) -> ClipPass:
    made = []
    for name, values in stages(config_from_argv(GridOptions, argv, "grid")):
        spec = importlib.import_module(f"{STAGES[name]}.spec").SPEC
        stage = importlib.import_module(f"{STAGES[name]}.stage")
        made.append(BoundStage(spec, stage.open_stage(config_from_mapping(spec.config, values))))
    return ClipPass(made)


@pytest.fixture(scope="module")
def carry(testdata: Path) -> Carry:
    clip_pass, made = opened(), dict[str, Made]()

    def carried(name: str) -> Made:
        folder, stem = name.split("/")
        root = testdata / "data" / "cases" / "grid" / folder
        if name not in made:
            align = (root / "alignments" / "s1" / f"{stem}.align").read_bytes()
            clip = Clip(f"s1/{stem}", stem, "s1", f"s1/{stem}.mpg")
            job = ClipJob(clip, Media.of_file(root / "s1" / f"{stem}.mpg"), {"align": align})
            made[name] = made_in(clip_pass.run(job, {}))
        return made[name]

    return carried


def crops(product: Made) -> np.ndarray:
    features = decode_example(product.payload)
    (num_frames,) = features["input_len"]
    return np.frombuffer(features["frames"][0], np.uint8).reshape(75, -1)[:num_frames].astype(np.int16)


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("00_control/bbaf2n", ()),
        ("01_pixel_aspect/own_square", ()),
        ("01_pixel_aspect/own_dvd", ()),
        ("02_frame_rate/own_50fps", ("OTHER_RATE", "SHORT_CLIP")),
        ("04_two_videos/own_strip_first", ("SEVERAL_VIDEOS",)),
        ("05_edit_list/own_editlist", ()),
        ("06_claimed_length/own_claims", ()),
    ],
)
def test_the_same_face_at_the_same_times(carry, name: str, flags: tuple[str, ...]) -> None:
    found, control = crops(carry(name)), crops(carry("00_control/bbaf2n"))
    assert carry(name).flags == flags
    assert np.abs(found - control[: len(found)]).mean() <= 4


def test_pixel_aspects_and_choices_are_told(carry) -> None:
    assert carry("01_pixel_aspect/own_dvd").quality["picture"]["pixel_aspect"] == "64:45"
    two = carry("04_two_videos/own_strip_first").quality["picture"]
    assert (two["stream_index"], two["num_video_streams"]) == (1, 2)
    assert carry("05_edit_list/own_editlist").quality["decode"]["num_hidden"] == 75


def test_a_claimed_length_is_no_fact(carry) -> None:
    quality = carry("06_claimed_length/own_claims").quality
    assert (quality["duration_s"], quality["align_ticks_per_s"]) == (3.0, 25_000)


def test_a_hole_is_told_with_its_place_and_what_follows_stays_at_its_time(carry) -> None:
    product = carry("03_missing_frames/own_gap")
    assert product.quality["timing"]["holes"] == [[25, 15]]
    assert "LONG_HOLE" in product.flags
    found, control = crops(product), crops(carry("00_control/bbaf2n"))
    # Held frames draw the window's smoothed path a little: close, and closer than any other place.
    off = [np.abs(found[45:70] - control[45 + by : 70 + by]).mean() for by in (0, -3, 3)]
    assert off[0] < 6 and off[0] == min(off)


def test_a_face_on_its_side_is_a_serious_flag(carry) -> None:
    assert carry("10_turned/own_side90").flags == ("FACE_TURNED",)
    assert "FACE_TURNED" in SERIOUS
