"""A client of the RunService that has only the protos, and lives longer than its server.

python plain_lasting_client.py STUBS TARGET IN OUT [FLAG...]: submits a run and watches it to its end; a stream that
breaks off is taken up again. Says each change on standard error, and at last prints what became of it, both as JSON.
"""

import json
import sys
import time
from collections.abc import Iterator

sys.path.insert(0, sys.argv[1])

import grpc
from visemill.v1 import runs_pb2, runs_pb2_grpc

MOST_BREAKS = 60


def watched(stub: runs_pb2_grpc.RunServiceStub, run: runs_pb2.Run) -> Iterator[runs_pb2.Run]:
    """The run as it changes until it has ended; None for each time that the server went away."""
    for _ in range(MOST_BREAKS):
        try:
            for answer in stub.Watch(runs_pb2.WatchRequest(id=run.id, since_version=run.version), timeout=600):
                run = answer.run
                yield run
            return
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.UNAVAILABLE:
                raise
            yield None
            time.sleep(1)


def main() -> None:
    target, inputs, outputs, *flags = sys.argv[2:]
    limits = runs_pb2.RunLimits(clip_memory_mib=1000)
    request = runs_pb2.SubmitRequest(
        pipeline="grid", input_root=inputs, output_root=outputs, flags=flags, limits=limits
    )
    num_breaks = 0
    with grpc.insecure_channel(target) as channel:
        stub = runs_pb2_grpc.RunServiceStub(channel)
        run = stub.Submit(request, timeout=300, wait_for_ready=True).run
        for seen in watched(stub, run):
            num_breaks += seen is None
            run = seen or run
            told = {"phase": runs_pb2.RunPhase.Name(run.phase), "done": run.shards.done, "breaks": num_breaks}
            sys.stderr.write(json.dumps(told) + "\n")
            sys.stderr.flush()
        again = stub.Submit(request, timeout=300, wait_for_ready=True).run
        listed = [one.id for one in stub.List(runs_pb2.ListRequest(), timeout=30).runs]
    answer = {
        "id": run.id,
        "again": again.id,
        "listed": listed,
        "phase": runs_pb2.RunPhase.Name(run.phase),
        "why": run.why,
        "exit_code": run.exit_code,
        "shards": [run.shards.done, run.shards.total],
        "breaks": num_breaks,
        "ours": sorted(name for name in sys.modules if name.split(".")[0] in ("services", "orchestrator")),
    }
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
