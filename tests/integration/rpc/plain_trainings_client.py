"""A client that has nothing of ours but the protos' stubs: python plain_trainings_client.py STUBS TARGET DATA OUT.

Submits a training twice, watches it for a while, cancels it, submits it again and watches it to its end, each watch
from where the one before broke off; prints what it saw as JSON.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
import visemill.v1
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from visemill.v1 import runs_pb2, training_pb2, training_pb2_grpc

FLAGS = ["--num_epochs=24", "--batch_frames=12", "--num_ranks=1", "--num_workers=1", "--num_threads=1"]
FLAGS += ["--log_every=1", "--average_last_n=0"]


def refusal(call: object, request: object) -> str:
    """The reason of a call that must fail."""
    try:
        call(request, timeout=300)  # type: ignore[operator]
    except grpc.RpcError as error:
        info = error_details_pb2.ErrorInfo()
        rpc_status.from_call(error).details[0].Unpack(info)
        return info.reason
    return ""


def main() -> None:
    target, data, outputs = sys.argv[2:]
    request = training_pb2.SubmitTrainingRequest(
        recipe="grid-ctc", data_root=data, checkpoint_dir=outputs, preset="cpu", flags=FLAGS
    )
    elsewhere = training_pb2.SubmitTrainingRequest(recipe="grid-ctc", data_root="/etc", checkpoint_dir=outputs)
    metrics: list[training_pb2.TrainingMetrics] = []
    messages: list[str] = []
    since_version = 0
    with grpc.insecure_channel(target) as channel:
        stub = training_pb2_grpc.TrainingServiceStub(channel)

        def watch() -> grpc.Future:
            since = {"since_version": since_version, "since_metric": metrics[-1].number if metrics else 0}
            return stub.WatchTraining(training_pb2.WatchTrainingRequest(id=training.run.id, **since), timeout=300)

        training = stub.SubmitTraining(request, timeout=300).training
        again = stub.SubmitTraining(request, timeout=300).training
        phases = []
        for cancels in (True, False):
            answers = watch()
            for answer in answers:
                metrics += answer.metrics
                messages += [message.text for message in answer.messages]
                since_version = answer.training.run.version
                if cancels and metrics:
                    answers.cancel()
                    break
            if cancels:
                stub.CancelTraining(training_pb2.CancelTrainingRequest(id=training.run.id), timeout=30)
                for answer in watch():
                    metrics += answer.metrics
                    since_version = answer.training.run.version
                stub.SubmitTraining(request, timeout=300)
            phases.append(runs_pb2.RunPhase.Name(answer.training.run.phase))
            progress = answer.training.progress
            phases.append([progress.step, progress.generation, progress.finished])
        got = stub.GetTraining(training_pb2.GetTrainingRequest(id=training.run.id), timeout=30).training
        listed = stub.ListTrainings(training_pb2.ListTrainingsRequest(checkpoint_dir=outputs), timeout=30).trainings
        kept = stub.ListCheckpoints(training_pb2.ListCheckpointsRequest(id=training.run.id), timeout=30).checkpoints
        answer = {
            "id": training.run.id,
            "again": again.run.id,
            "phases": phases,
            "numbers": [one.number for one in metrics],
            "steps": [one.values["step"] for one in metrics if "loss" in one.values],
            "epochs": [one.values["epoch"] for one in metrics if "val_cer" in one.values],
            "messages": messages,
            "got": [got.recipe, got.num_ranks, got.progress.step, got.progress.values["epoch"]],
            "listed": [one.run.id for one in listed],
            "checkpoints": [[one.step, one.uri, one.sha256, one.size_bytes, one.values["step"]] for one in kept],
            "elsewhere": refusal(stub.SubmitTraining, elsewhere),
            "unknown": refusal(stub.GetTraining, training_pb2.GetTrainingRequest(id="none")),
            "stubs": visemill.v1.__file__,
            "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator")),
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
