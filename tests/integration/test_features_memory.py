"""A processor short of memory, for real: the kernel refuses what goes over a limit, and batches become smaller."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="such limits on memory are Linux's")
ROOT = Path(__file__).resolve().parents[2]

# Frames of a full batch, then a limit that leaves `spare` MiB over what the loaded network holds.
PROGRAM = """
import ctypes, json, resource, sys
import numpy as np
from services.base.errors import BadInput
from services.features.batching.batcher import AdaptiveBatcher
from services.features.spec import FeaturesConfig
from services.features.runtimes.torch import TorchModel

spare_bytes = int(sys.argv[1]) << 20
model = TorchModel(FeaturesConfig(device="cpu"))
frames = np.random.default_rng(0).integers(0, 256, (4, 299, 299, 3), dtype=np.uint8)
alone = np.concatenate([model(frames[i : i + 1]) for i in range(4)])
# What was freed is given back, and holes that stay in the heap are filled, or a frame might fit there.
ctypes.CDLL(None).malloc_trim(0)


def limit(spare_bytes):
    with open("/proc/self/status") as status:
        held_bytes = next(int(line.split()[1]) << 10 for line in status if line.startswith("VmData"))
    resource.setrlimit(resource.RLIMIT_DATA, (held_bytes + spare_bytes, resource.getrlimit(resource.RLIMIT_DATA)[1]))


limit(0)
filling = []
try:
    while True:
        filling.append(np.empty(1 << 18, np.uint8))
except MemoryError:
    pass
limit(spare_bytes)
batcher = AdaptiveBatcher(4, "the network")
try:
    pieces = batcher.run(model, frames, "clip")
except BadInput as error:
    print(json.dumps({"reason": error.reason}))
else:
    same = bool(np.array_equal(np.concatenate(pieces), alone))
    print(json.dumps({"pieces": [len(piece) for piece in pieces], "same": same}))
"""


def run(spare_mib: int) -> dict[str, object]:
    argv = [sys.executable, "-c", PROGRAM, str(spare_mib)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=ROOT, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_a_batch_shrinks_until_it_fits() -> None:
    assert run(2000) == {"pieces": [4], "same": True}
    # A frame takes 16 to 28 MiB, and four over 64.
    short = run(48)
    assert sum(short["pieces"]) == 4 and max(short["pieces"]) < 4  # type: ignore[arg-type, call-overload]


def test_a_single_frame_that_does_not_fit_ends_its_clip() -> None:
    assert run(1) == {"reason": "OUT_OF_MEMORY"}
