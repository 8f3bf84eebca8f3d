"""The API client against a server on loopback that answers as Kubernetes does when it is not well."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from orchestrator.kube.api import KubeApi, Refused
from orchestrator.kube.job_manifest import RunId
from orchestrator.kube.jobs_client import KubeRunJobs
from orchestrator.kube.state import NodeSeen
from services.base.errors import BadConfig, Transient

pytest.importorskip("kubernetes")


class Answers(ThreadingHTTPServer):
    """answers: what is given to each request in turn, (status, body); the last again and again. asked: paths."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = [], []

    def next(self, path):
        self.asked.append(path)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.next(f"{self.command} {self.path}")
        if status == 0:
            self.connection.close()
            return
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    server = Answers()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def api(server, tmp_path, monkeypatch):
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "ours"}}],
        "current-context": "x",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    return KubeApi()


def status(code, reason, message="it is so"):
    return code, {"kind": "Status", "status": "Failure", "reason": reason, "message": message, "code": code}


def page(*names, more=""):
    return 200, {"items": [{"n": name} for name in names], "metadata": {"continue": more}}


def test_a_server_that_is_away_or_busy_is_asked_again(server, api):
    server.answers = [(0, b""), status(503, "ServiceUnavailable"), status(429, "TooManyRequests"), (200, {"a": 1})]
    assert api.request("GET", "/x") == {"a": 1}
    assert api.num_calls == 4


def test_patience_ends(server, api):
    server.answers = [status(503, "ServiceUnavailable", "starting")]
    with pytest.raises(Transient, match="starting") as raised:
        api.request("GET", "/x", patience_s=0.5)
    assert raised.value.reason == "CLUSTER_BUSY"
    server.answers = [(0, b"")]
    with pytest.raises(Transient, match="check the context") as raised:
        api.request("GET", "/x", patience_s=0)
    assert raised.value.reason == "CLUSTER_UNREACHABLE"


@pytest.mark.parametrize(
    ("answer", "reason", "remedy"),
    [
        (status(401, "Unauthorized"), "CLUSTER_LOGIN", "log in"),
        (status(403, "Forbidden", "jobs.batch is forbidden"), "CLUSTER_FORBIDDEN", "ask for these rights"),
        (status(403, "Forbidden", "exceeded quota: count/jobs.batch"), "CLUSTER_QUOTA", "raise the namespace's quota"),
        (status(404, "NotFound", 'namespaces "x" not found'), "NO_NAMESPACE", "--namespace"),
        (status(422, "Invalid", "spec.template: Invalid value"), "CLUSTER_REFUSED", "Invalid value"),
        ((400, b"<html>"), "CLUSTER_REFUSED", "html"),
    ],
)
def test_a_refusal_is_told_with_its_remedy(server, api, answer, reason, remedy):
    server.answers = [answer]
    with pytest.raises(BadConfig, match=remedy) as raised:
        api.request("GET", "/x")
    assert raised.value.reason == reason and api.num_calls == 1


def test_a_listing_is_read_page_by_page(server, api):
    server.answers = [page("a", "b", more="2"), page("c")]
    assert [item["n"] for item in api.items("/x")] == ["a", "b", "c"]
    assert "continue=2" in server.asked[1] and "limit=500" in server.asked[0]


def test_a_listing_that_the_server_has_forgotten_is_begun_anew(server, api):
    server.answers = [page("a", more="2"), status(410, "Expired"), page("a", more="3"), page("b")]
    assert [item["n"] for item in api.items("/x")] == ["a", "b"]


@pytest.fixture
def jobs(api):
    return KubeRunJobs(api, RunId("r", "s3://b/o"))


def test_a_job_that_is_there_is_not_made_again(server, jobs):
    server.answers = [status(409, "AlreadyExists")]
    assert jobs.create({}) is False
    server.answers = [(201, {})]
    assert jobs.create({}) is True
    assert server.asked[0] == "POST /apis/batch/v1/namespaces/ours/jobs"


def test_what_is_gone_is_deleted_and_what_is_gone_cannot_be_scaled(server, jobs):
    server.answers = [status(404, "NotFound", 'jobs.batch "j" not found')]
    jobs.delete("j")
    jobs.force_delete("p")
    assert jobs.nodes(["n"]) == []
    with pytest.raises(BadConfig, match="is gone"):
        jobs.scale("j", 2)


def test_events_that_may_not_be_read_tell_nothing(server, jobs):
    server.answers = [status(403, "Forbidden", "events is forbidden")]
    assert jobs.refusals("j") == []


def test_nodes_that_may_not_be_read_end_no_run(server, jobs):
    server.answers = [status(403, "Forbidden", 'nodes "n" is forbidden')]
    assert jobs.nodes(["n"]) == [NodeSeen("n", "")]


def test_a_watch_that_drops_or_is_gone_rings_again(server, jobs, monkeypatch):
    monkeypatch.setattr("orchestrator.kube.jobs_client._WATCH_AGAIN_S", 0.05)
    event = json.dumps({"type": "MODIFIED"}).encode() + b"\n"
    server.answers = [(200, event), status(410, "Expired"), (0, b""), status(503, "ServiceUnavailable"), (200, event)]
    job_watch = jobs.watch()
    try:
        assert job_watch.wait(5) and job_watch.wait(5)
        assert len(server.asked) >= 5 and "watch=true" in server.asked[0]
    finally:
        job_watch.close()


def test_a_log_that_is_not_there_is_told(server, jobs):
    server.answers = [status(404, "NotFound", 'pods "p" not found')]
    with pytest.raises(BadConfig, match="has no log"):
        list(jobs.logs("p", tail=5))
    server.answers = [(200, b"one\ntwo")]
    assert list(jobs.logs("p", tail=5)) == ["one", "two"]


@pytest.mark.parametrize("text", [None, "", "a: [", "words", "{clusters: [{name: c}], contexts: 3}"])
def test_without_a_cluster_the_remedy_is_told(monkeypatch, tmp_path, text):
    path = tmp_path / "kubeconfig"
    if text is not None:
        path.write_text(text)
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(BadConfig, match=f"KUBECONFIG={path} .*: set KUBECONFIG") as raised:
        KubeApi()
    assert raised.value.reason == "NO_CLUSTER"


def test_a_context_that_is_not_there_is_told(api):
    with pytest.raises(BadConfig, match="--context"):
        KubeApi("other")


def test_an_unknown_answer_is_left_to_the_caller(server, api):
    server.answers = [status(404, "NotFound", 'jobs.batch "j" not found')]
    with pytest.raises(Refused) as raised:
        api.request("GET", "/x")
    assert raised.value.reason == "NotFound"
