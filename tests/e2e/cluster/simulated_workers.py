"""What workers would have committed, for pods of simulated nodes, which run nothing: until it is ended.

python simulated_workers.py NAMESPACE STATE_ROOT RUN, inside the cluster's network. A shard is committed when the pod
that carries it has come, through the store as a worker does it.
"""

import json
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from orchestrator.kube.api import KubeApi
from orchestrator.runs.claim.claim import pinned_spec
from services.base.run import paths
from services.base.run.sharding import parse_shards, part_of
from services.base.run.spec import ShardCommit
from services.base.store.open import open_store


def main(namespace: str, state_root: str, run: str) -> None:
    state, api = open_store(state_root), KubeApi(namespace=namespace)
    spec = pinned_spec(state, run)
    assert spec is not None

    def commit(shard: int) -> None:
        done = ShardCommit(shard, spec.digest, {}, {}, {"train": 1}, {"wall": 0.0})
        state.put(paths.done_file(run, shard, spec.num_shards), done.to_json())

    def shards_of(pod: dict[str, Any]) -> tuple[int, ...]:
        args = pod["spec"]["containers"][0]["args"]
        text, num_indexes = (args[args.index(flag) + 1] for flag in ("--shards", "--num-indexes"))
        listed = state.read(paths.list_file(run, text[1:])).decode() if text.startswith("@") else text
        index = int(pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"])
        return part_of(parse_shards(listed, spec.num_shards), index, int(num_indexes))

    seen: set[str] = set()
    under_way: deque[Future[None]] = deque()
    with ThreadPoolExecutor(8) as pool:
        while True:
            query = {"watch": True, "labelSelector": f"visemill.dev/run={run}", "timeoutSeconds": 300}
            for line in api.lines(f"/api/v1/namespaces/{namespace}/pods", query, silence_s=330.0):
                event = json.loads(line)
                name = event["object"]["metadata"].get("name")
                if event["type"] == "ADDED" and name not in seen:
                    seen.add(name)
                    under_way += [pool.submit(commit, shard) for shard in shards_of(event["object"])]
                while under_way and under_way[0].done():
                    under_way.popleft().result()


if __name__ == "__main__":
    main(*sys.argv[1:])
