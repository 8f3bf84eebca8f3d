"""An orchestrator of one gang pass on a cluster, as a process that can be killed.

`gang_orchestrator.py run|resume STATE_ROOT NAMESPACE IMAGE NUM_RANKS RANKS_PER_POD [--min-ranks N] [--pods-gpus N]
[FLAG OF THE TOY...]`. Says what it does on standard error; exits with 0, or with the code of the failure.
"""

import argparse
import sys
from pathlib import Path

from orchestrator.kube.api import KubeApi
from orchestrator.kube.gang import KubeGang
from orchestrator.kube.settings import KubeSettings
from orchestrator.runs.gang.drive import drive
from services.base.run.passes import MapPass, gang_pass
from services.base.store.open import open_store

RUN, PASS = "toy", "train"
TOY = Path(__file__).resolve().parents[2] / "fakes" / "toy_gang.py"


def main():
    verb, root, namespace, image, num_ranks, ranks_per_pod, *flags = sys.argv[1:]
    parser = argparse.ArgumentParser()
    parser.add_argument("--min-ranks", type=int, default=0)
    parser.add_argument("--pods-gpus", type=int, default=0)
    own, flags = parser.parse_known_args(flags)
    gang = gang_pass(
        *(PASS, "toy", int(num_ranks), {}, [MapPass("map", "d" * 64, 1)]),
        ranks_per_pod=int(ranks_per_pod),
        identity={"any_num_ranks": True},
        min_ranks=own.min_ranks,
        min_ranks_after_s=3.0,
    )
    words = ["--state-root", root, "--run", RUN, "--pass", PASS, *flags]
    command = ["python3", "-c", TOY.read_text(), *words]
    settings = KubeSettings(namespace=namespace, image=image, pods_cpu=0.5, pods_gpus=own.pods_gpus)
    api = KubeApi("", namespace)
    state, wakes = open_store(root), verb == "resume"
    backend = KubeGang(gang, RUN, state, api, settings, 256, 512, command, lambda: False, wakes=wakes)
    failed = drive(backend, 3, lambda text: print(text, file=sys.stderr, flush=True))
    backend.close()
    if failed:
        print(failed.why, file=sys.stderr)
    return failed.exit_code if failed else 0


if __name__ == "__main__":
    sys.exit(main())
