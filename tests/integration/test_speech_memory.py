"""A real lack of memory, as the kernel refuses it, is met by smaller batches and costs no clip."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch", reason="the features extra is not installed")

# Wide in the fronts of the voice alone: 16 channels at once of 127 bins and 65 frames are .5 MB a clip, twice over.
MODEL = """
w2v_bert: {hidden_size: 256, num_attention_heads: 2, intermediate_size: 24, num_layers: 1}
semantic_codec: {codebook_size: 64, hidden_size: 256, codebook_dim: 4, vocos_dim: 8, vocos_intermediate_dim: 12}
gpt:
  model_dim: 12
  condition_module: {output_size: 128, linear_units: 12, attention_heads: 2, num_blocks: 1, perceiver_mult: 2}
  emo_condition_module: {output_size: 8, linear_units: 12, attention_heads: 1, num_blocks: 1, perceiver_mult: 2}
"""
SCRIPT = """
import json, re, resource, sys
import numpy as np
from pathlib import Path
from services.features.tts.fitting import FittingExtractor
from services.features.tts.opening import open_extractor
from services.features.tts.spec import SpeechConfig
config = SpeechConfig(config=sys.argv[1], hf_cache_dir=str(Path(sys.argv[1]).parent), device="cpu")
extractor = FittingExtractor(open_extractor(config), 1 << 20)
clips = [np.random.default_rng(i).standard_normal((130, 160)).astype(np.float32) for i in range(40)]
(one,) = extractor(clips[:1], ["one"])
used = int(re.search(r"VmData:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) << 10
limit = used + (int(sys.argv[2]) << 20)
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
made = extractor(clips, ["many"] * len(clips))
off = float(np.abs(made[0].condition_KD - one.condition_KD).max() / one.condition_KD.std())
same = bool((made[0].codes_L == one.codes_L).all())
print(json.dumps({"num": len(made), "num_splits": made[0].num_splits, "off": off, "same_codes": same}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits of data are Linux's")
def test_a_batch_that_the_kernel_gives_no_memory_for_is_halved(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(MODEL)
    argv = [sys.executable, "-c", SCRIPT, str(tmp_path / "config.yaml"), "50"]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["num"] == 40
    assert answer["num_splits"] >= 1
    assert answer["same_codes"]
    assert answer["off"] < 1e-4
    assert "do not fit into memory" in done.stderr
