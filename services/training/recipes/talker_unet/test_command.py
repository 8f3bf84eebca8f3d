"""The `test` entry point: a trained network paints what it has not seen, for its own sound and for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.training.data.talker.sync_data import Held
from services.training.recipes.talker.recognised import recognised_unet
from services.training.recipes.talker.trained import Trained
from services.training.recipes.talker_unet.frozen import frozen_syncnet
from services.training.recipes.talker_unet.judged import face_sets, lip_judge
from services.training.recipes.talker_unet.painted import painted
from services.training.recipes.talker_unet.pieces import new_network
from services.training.recipes.talker_unet.spec import RECIPE, UNetConfig
from services.training.recipes.talker_unet.test_settings import HeadTestSettings
from services.training.talker.face_vectors import FaceVectors
from services.training.talker.frechet import frechet_facts, frechet_lines
from services.training.talker.mouth_distance import distance_facts, distance_lines
from services.training.talker.networks.unet import UNet
from services.training.talker.paint_report import PaintTest, facts_of, lines_of

TRAINED = Trained(RECIPE, UNetConfig, new_network, recognised_unet, "mouth_weight")


def test_main(argv: Sequence[str]) -> int:
    """Raises VisemillError, whose class is the exit code."""
    return TRAINED.test(argv, __doc__, _found, HeadTestSettings)


def _found(
    config: UNetConfig, model: UNet, held: Sequence[Held], settings: HeadTestSettings
) -> tuple[Mapping[str, Any], Sequence[str]]:
    # A file that cannot be used is said before minutes of painting.
    lips = lip_judge(settings.landmark_model, settings.data_root) if settings.landmark_model else None
    vectors = FaceVectors(settings.inception_model) if settings.inception_model else None
    judged = replace(config, syncnet_checkpoint=settings.syncnet_checkpoint)
    syncnet = frozen_syncnet(judged, held[0].person.asr_model)
    clips = [painted(config, model, held, i, syncnet) for i in range(len(held))]
    seconds = clips[0].by_second() if len(clips) == 1 else ()
    names, sums = tuple(one.person.name for one in held), tuple(clip.total for clip in clips)
    found = PaintTest(names, sums, settings.seed, seconds)
    facts, lines = facts_of(found), lines_of(found)
    if lips is None:
        lines.append("where the lips are was not compared: --landmark-model FILE (PFLD's ONNX file) does it")
    else:
        distances = [lips.distances(model, one, config.seed) for one in held]
        facts["lip_distance"] = distance_facts(distances, settings.seed)
        lines += distance_lines(facts["lip_distance"])
    if vectors is None:
        lines.append("FID was not computed: --inception-model FILE (InceptionV3 as an ONNX file) does it")
    else:
        facts["fid"] = frechet_facts(face_sets(model, held, config.seed, vectors))
        lines += frechet_lines(facts["fid"])
    return facts, lines
