"""A client of the TrainingService that has only the protos.

python plain_training_client.py STUBS TARGET submit RECIPE DATA_ROOT CHECKPOINT_DIR [FLAG...], or … cancel ID: prints
what became of it as JSON.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from visemill.v1 import runs_pb2, training_pb2, training_pb2_grpc


def main() -> None:
    target, verb, *words = sys.argv[2:]
    with grpc.insecure_channel(target) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)
        if verb == "submit":
            recipe, data, checkpoints, *flags = words
            request = training_pb2.SubmitTrainingRequest(
                recipe=recipe, data_root=data, checkpoint_dir=checkpoints, flags=flags
            )
            training = stub.SubmitTraining(request, timeout=300, wait_for_ready=True).training
        else:
            training = stub.CancelTraining(training_pb2.CancelTrainingRequest(id=words[0]), timeout=300).training
    answer = {
        "id": training.run.id,
        "phase": runs_pb2.RunPhase.Name(training.run.phase),
        "num_ranks": training.num_ranks,
        "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator")),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
