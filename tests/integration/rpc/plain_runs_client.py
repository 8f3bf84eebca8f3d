"""A client that has nothing of ours but the protos' stubs: python plain_runs_client.py STUBS TARGET IN OUT.

Submits a run twice, watches it, reads it, lists it, cancels it when it has ended, and is refused another plan; prints
what it saw as JSON.
"""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
import visemill.v1
from google.rpc import error_details_pb2
from grpc_status import rpc_status
from visemill.v1 import runs_pb2, runs_pb2_grpc


def refusal(call: object, request: object) -> dict[str, str]:
    """Code, reason and message of a call that must fail."""
    try:
        call(request, timeout=300)  # type: ignore[operator]
    except grpc.RpcError as error:
        info = error_details_pb2.ErrorInfo()
        rpc_status.from_call(error).details[0].Unpack(info)
        return {"code": error.code().name, "reason": info.reason, "message": error.details()}
    return {}


def main() -> None:
    target, inputs, outputs = sys.argv[2:]
    request = runs_pb2.SubmitRequest(
        pipeline="grid",
        input_root=inputs,
        output_root=outputs,
        flags=["--num-shards=2"],
        limits=runs_pb2.RunLimits(num_workers=1),
    )
    other = runs_pb2.SubmitRequest(pipeline="grid", input_root=inputs, output_root=outputs, flags=["--num-shards=3"])
    elsewhere = runs_pb2.SubmitRequest(pipeline="grid", input_root="/", output_root="/x")
    with grpc.insecure_channel(target) as channel:
        stub = runs_pb2_grpc.RunServiceStub(channel)
        run = stub.Submit(request, timeout=600).run
        again = stub.Submit(request, timeout=600).run
        while_running = refusal(stub.Submit, other)
        watched = list(stub.Watch(runs_pb2.WatchRequest(id=run.id), timeout=600))
        late = list(stub.Watch(runs_pb2.WatchRequest(id=run.id, since_version=watched[0].run.version), timeout=300))
        got = stub.Get(runs_pb2.GetRequest(id=run.id), timeout=10).run
        listed = stub.List(runs_pb2.ListRequest(), timeout=10).runs
        answer = {
            "id": run.id,
            "again": again.id,
            "digest": run.digest,
            "phases": [runs_pb2.RunPhase.Name(w.run.phase) for w in watched],
            "versions": [w.run.version for w in watched],
            "shards": [w.run.shards.done for w in watched],
            "messages": [m.text for w in watched for m in w.messages],
            "late_messages": [m.text for w in late for m in w.messages],
            "ended": got == watched[-1].run == late[-1].run,
            "exit_code": got.exit_code,
            "records": dict(got.summary.records),
            "clips": [got.clips.done, got.clips.total],
            "listed": [r.id for r in listed],
            "cancelled": runs_pb2.RunPhase.Name(stub.Cancel(runs_pb2.CancelRequest(id=run.id), timeout=10).run.phase),
            "while_running": while_running,
            "other_plan": refusal(stub.Submit, other),
            "elsewhere": refusal(stub.Submit, elsewhere),
            "unknown": refusal(stub.Get, runs_pb2.GetRequest(id="none")),
            "stubs": visemill.v1.__file__,
            "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator")),
        }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
