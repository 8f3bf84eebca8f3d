"""Numbers of stages, as the process that supervises them shows them."""

from prometheus_client import generate_latest

from services.base.media.audio import AudioFacts
from services.base.media.video import DecodeFacts
from services.base.process.metrics import PROCESS
from services.base.sandbox.stage_metrics import StageMetrics
from services.base.stage.clip_pass import DonePart, FactsPart
from services.base.stage.metric import StageMetric
from services.base.stage.spec import StageSpec

BATCHES = StageMetric("visemill_test_items", "Items.", (1.0, 10.0))
PICTURES = StageSpec(
    "p", 1, object, ("media",), ("frames",), metrics=(StageMetric("visemill_test_pictures", "P.", fact="num_frames"),)
)
SOUND = StageSpec(
    "s", 1, object, ("media",), ("waveform",), metrics=(StageMetric("visemill_test_seconds", "S.", fact="duration_s"),)
)
LOOKS = StageSpec("l", 1, object, ("frames",), ("seen",), metrics=(BATCHES,))


def shown(name):
    return PROCESS.get_sample_value(name)


def test_they_are_at_zero_from_the_start_and_count_what_each_stream_and_stage_tells():
    of_stages = StageMetrics([PICTURES, SOUND, LOOKS])
    assert (shown("visemill_test_pictures_total"), shown("visemill_test_items_count")) == (0, 0)
    of_stages.count(FactsPart(DecodeFacts(7)))
    of_stages.count(FactsPart(AudioFacts(16_000, 1.5)))
    of_stages.count(DonePart({"p": 0.25}), [(BATCHES.name, 4.0), (BATCHES.name, 40.0)])
    assert (shown("visemill_test_pictures_total"), shown("visemill_test_seconds_total")) == (7, 1.5)
    text = generate_latest(PROCESS).decode()
    assert 'visemill_test_items_bucket{le="10.0"} 1.0' in text and "visemill_test_items_count 2.0" in text
    again = StageMetrics([PICTURES])
    again.count(FactsPart(DecodeFacts(1)))
    assert shown("visemill_test_pictures_total") == 8, "a second child of the process adds to the same"


def test_what_no_spec_here_owns_is_not_shown():
    StageMetrics([]).count(DonePart({}), [("visemill_test_unknown", 1.0)])
    assert "visemill_test_unknown" not in generate_latest(PROCESS).decode()
