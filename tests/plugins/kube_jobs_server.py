"""An API server on loopback that keeps Jobs and pods, and lets a test do what a cluster would do with a new Job."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME = "2026-01-01T00:00:00Z"


class Cluster(ThreadingHTTPServer):
    """Jobs, each worked on by `work` before the first look at it. num_busy: answers of 503 before any other."""

    daemon_threads = True

    def __init__(self, work) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.work = work
        self.jobs: dict[str, dict] = {}
        self.pods: list[dict] = []
        self.deleted: list[str] = []
        self.num_busy = 0
        self.lock = threading.Lock()

    def answer(self, method, path, body):
        with self.lock:
            name = path.partition("?")[0].rpartition("/")[2]
            if "watch=" in path:
                return 404, {}
            if self.num_busy:
                self.num_busy -= 1
                return 503, {"kind": "Status", "reason": "ServiceUnavailable", "message": "starting"}
            if method == "POST":
                body["metadata"]["creationTimestamp"] = TIME
                self.jobs[body["metadata"]["name"]] = body
                self.work(self, body)
                return 201, body
            if method == "DELETE":
                self.deleted.append(name)
                self.jobs.pop(name, None)
                return 200, {}
            if method == "PATCH":
                self.jobs[name]["spec"].update(body["spec"])
                return 200, self.jobs[name]
            if "/nodes/" in path:
                ready = {"type": "Ready", "status": "True"}
                return 200, {"metadata": {"name": name}, "status": {"conditions": [ready]}}
            return 200, {"items": list(self.jobs.values()) if name == "jobs" else self.pods, "metadata": {}}


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.server.answer(self.command, self.path, json.loads(data) if data else {})
        answer = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PATCH = do_DELETE = _answer

    def log_message(self, *_):
        pass


@contextmanager
def serving(folder, monkeypatch):
    """Gives what starts a cluster whose Jobs are worked on so, and makes it the one of the current context."""
    started = []

    def start(work):
        server = Cluster(work)
        started.append(server)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{server.server_port}"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u", "namespace": "ours"}}],
            "current-context": "x",
        }
        (folder / "kubeconfig").write_text(json.dumps(config))
        monkeypatch.setenv("KUBECONFIG", str(folder / "kubeconfig"))
        return server

    try:
        yield start
    finally:
        for server in started:
            server.shutdown()
            server.server_close()
