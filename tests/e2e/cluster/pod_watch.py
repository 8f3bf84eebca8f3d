"""What became of a namespace's pods: every state that was told of, since a pod that has ended may be gone soon."""

import json
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self

INDEX = "batch.kubernetes.io/job-completion-index"


class PodWatch:
    """`with PodWatch(cluster, namespace) as watch:` keeps all states, in order, with the time they came."""

    def __init__(self, cluster: Any, namespace: str) -> None:
        words = ("kubectl", "get", "pods", "-n", namespace, "--watch", "-o", "json")
        self._process = cluster.start(*words)
        self._states: list[tuple[float, dict[str, Any]]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()
        self._reader.join(10)

    def states(self, pod: str) -> Iterator[dict[str, Any]]:
        """Of the pod of that name."""
        return (state for _, state in list(self._states) if state["metadata"]["name"] == pod)

    def conditions(self, pod: str) -> dict[str, str]:
        """Reason of each condition that it ever had as true."""
        return {
            one["type"]: one.get("reason", "")
            for state in self.states(pod)
            for one in state["status"].get("conditions", ())
            if one["status"] == "True"
        }

    def ended(self, pod: str) -> tuple[int, str] | None:
        """(exit code, reason) of its container."""
        for state in self.states(pod):
            for container in state["status"].get("containerStatuses", ()):
                if found := container["state"].get("terminated"):
                    return found["exitCode"], found.get("reason", "")
        return None

    def replaced_s(self, pod: dict[str, Any]) -> float | None:
        """When another pod of its index ran, or had already, by time.monotonic()."""
        index, name = pod["metadata"]["labels"][INDEX], pod["metadata"]["name"]
        since = pod["metadata"]["creationTimestamp"]
        for at_s, state in list(self._states):
            meta = state["metadata"]
            later = meta["labels"].get(INDEX) == index and meta["creationTimestamp"] >= since and meta["name"] != name
            if later and state["status"]["phase"] in ("Running", "Succeeded"):
                return at_s
        return None

    def _read(self) -> None:
        decoder, text = json.JSONDecoder(), ""
        for line in self._process.stdout:
            text += line
            # kubectl indents: an object ends where a line begins with its brace.
            if line.startswith("}"):
                self._states.append((time.monotonic(), decoder.decode(text)))
                text = ""
