"""I/O: requests to a Kubernetes API server as plain JSON; the only module that imports `kubernetes`.

Its client finds the server and proves who we are. Answers stay dicts: typed models of 5,000 pods take seconds to build.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import urllib3
import yaml
from kubernetes import config
from kubernetes.client.api_client import ApiClient
from kubernetes.client.configuration import Configuration

from services.base.errors import BadConfig, Transient, VisemillError
from services.base.process.retry import Retryable, retry_with_timeout

CONNECT_LIMIT_S = 5.0
READ_LIMIT_S = 60.0
PATCH = "application/merge-patch+json"
_PAGE = 500
_OWN_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
# What its reader raises on a file that is missing, or holds something else.
_NO_KUBECONFIG = (config.ConfigException, yaml.YAMLError, OSError, LookupError, TypeError, ValueError, AttributeError)
_RETRIED = {408, 425, 429, 500, 502, 503, 504}

Json = dict[str, Any]


class Refused(Exception):
    """An answer that the caller gives a meaning. reason: Kubernetes' own word: NotFound, AlreadyExists, Expired, …"""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message


class KubeApi:
    """One API server and a namespace in it. Safe for several threads. num_calls: requests sent, tries included."""

    def __init__(self, context: str = "", namespace: str = "") -> None:
        """By $KUBECONFIG or ~/.kube/config, else as the pod that this is. Raises BadConfig NO_CLUSTER."""
        settings, found = _settings(context)
        # urllib3's own retries would be silent; ours are logged.
        settings.retries = False
        self._client = ApiClient(settings)
        self.server = str(settings.host)
        self.namespace = namespace or found or "default"
        self.num_calls = 0
        self.now_s = 0.0
        self._counting = threading.Lock()

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
        patience_s: float = 60.0,
    ) -> Json:
        """The answer's object. Raises Refused, BadConfig, or Transient once patience_s have gone."""

        def attempt() -> Json:
            response = self._send(method, path, query or {}, body, content_type, READ_LIMIT_S)
            return self._json(method, path, response)

        return retry_with_timeout(attempt, patience_s=patience_s)

    def items(self, path: str, query: Mapping[str, Any] | None = None, *, patience_s: float = 60.0) -> list[Json]:
        """All of a listing, page by page; begun anew when the server has forgotten where it was."""
        found: list[Json] = []
        place = ""
        while True:
            params = {**(query or {}), "limit": _PAGE, **({"continue": place} if place else {})}
            try:
                page = self.request("GET", path, query=params, patience_s=patience_s)
            except Refused as refused:
                if refused.reason != "Expired" or not place:
                    raise
                found, place = [], ""
                continue
            found += page["items"]
            place = page["metadata"].get("continue", "")
            if not place:
                return found

    def lines(self, path: str, query: Mapping[str, Any], *, silence_s: float) -> Iterator[str]:
        """A stream's lines as they come, one attempt; ends with it. Raises Refused, BadConfig, Transient."""
        try:
            response = self._send("GET", path, query, None, "application/json", silence_s)
            if response.status >= 300:
                self._json("GET", path, response)
            pending = b""
            try:
                for piece in response.response.stream(1 << 16):
                    *whole, pending = (pending + piece).split(b"\n")
                    yield from (line.decode(errors="replace") for line in whole)
                if pending:
                    yield pending.decode(errors="replace")
            except urllib3.exceptions.HTTPError as error:
                raise self._unreachable("GET", path, error) from error
            finally:
                response.response.close()
        except Retryable as again:
            raise again.outcome from again.__cause__

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Json | None,
        content_type: str,
        read_limit_s: float,
    ) -> Any:
        with self._counting:
            self.num_calls += 1
        params = self._client.param_serialize(
            method,
            path,
            query_params=[(name, _text(value)) for name, value in query.items()],
            header_params={"Accept": "application/json", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
        )
        try:
            return self._client.call_api(*params, _request_timeout=(CONNECT_LIMIT_S, read_limit_s))
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(method, path, error) from error

    def _json(self, method: str, path: str, response: Any) -> Json:
        try:
            data = response.read()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise self._unreachable(method, path, error) from error
        if response.headers.get("Date"):
            self.now_s = parsedate_to_datetime(response.headers["Date"]).timestamp()
        try:
            answer = json.loads(data) if data else {}
        except ValueError:
            answer = {"message": data[:200].decode(errors="replace")}
        if response.status < 300 and isinstance(answer, dict):
            return answer
        raise judge(response.status, answer, f"{method} {path} at {self.server}")

    def _unreachable(self, method: str, path: str, error: Exception) -> Retryable | VisemillError:
        what = f"{self.server} does not answer {method} {path}: {error}"
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return BadConfig(
                "CLUSTER_CERTIFICATE", f"{what}; the kubeconfig's certificate-authority is not this server's"
            )
        return Retryable(Transient("CLUSTER_UNREACHABLE", f"{what}; check the context and the network"))


def judge(status: int, answer: Mapping[str, Any], what: str) -> Exception:
    """What a refusal means: Retryable where time may heal it, Refused where the caller knows, else BadConfig."""
    reason, message = str(answer.get("reason", "")), str(answer.get("message", ""))
    text = f"{message or f'status {status}'} ({what})"
    if status in _RETRIED:
        return Retryable(Transient("CLUSTER_BUSY", f"the API server answered {status} {reason}: {text}; retry later"))
    if status == 404 and "namespaces" in message:
        return BadConfig("NO_NAMESPACE", f"{text}: create the namespace, or check --namespace")
    if status in (404, 409, 410):
        return Refused("Expired" if status == 410 else reason, message)
    if status == 401:
        return BadConfig("CLUSTER_LOGIN", f"{text}: log in to the cluster again, or check --context")
    if status == 403 and "quota" in message:
        return BadConfig("CLUSTER_QUOTA", f"{text}: raise the namespace's quota, or remove old Jobs")
    if status == 403:
        return BadConfig("CLUSTER_FORBIDDEN", f"{text}: ask for these rights, or check --namespace and --context")
    return BadConfig("CLUSTER_REFUSED", f"the API server refuses it: {text}")


def _settings(context: str) -> tuple[Configuration, str]:
    """(settings of the client, namespace of the context or of this pod)."""
    settings = Configuration()
    # The client looks at the variable once, when it is imported.
    file = os.environ.get("KUBECONFIG") or None
    try:
        if not context and not file and os.environ.get("KUBERNETES_SERVICE_HOST"):
            config.load_incluster_config(client_configuration=settings)
            return settings, _OWN_NAMESPACE.read_text().strip() if _OWN_NAMESPACE.exists() else ""
        config.load_kube_config(file, context or None, settings, persist_config=False)
        contexts, current = config.list_kube_config_contexts(file)
        chosen = next((c for c in contexts if c["name"] == context), current)
    except _NO_KUBECONFIG as error:
        where, why = f"KUBECONFIG={file}" if file else "~/.kube/config", " ".join(str(error).split())
        if file and not any(Path(part).is_file() for part in file.split(os.pathsep)):
            why = "there is no such file"
        raise BadConfig(
            "NO_CLUSTER",
            f"no cluster can be found by {where} ({why}): set KUBECONFIG, check --context, or run within a cluster",
        ) from error
    return settings, str(chosen["context"].get("namespace", ""))


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
