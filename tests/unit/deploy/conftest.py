"""The chart as helm renders it, with whatever values a test gives."""

import functools
import json
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
CHART = ROOT / "deploy" / "helm" / "visemill"
HELM = ROOT / ".tools" / "helm"
NAMESPACE = "media"


@dataclass(frozen=True)
class Rendered:
    """Objects of one rendering, or why there is none."""

    objects: tuple[dict[str, Any], ...]
    error: str = ""

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Those of a kind, by name."""
        return {made["metadata"]["name"]: made for made in self.objects if made["kind"] == kind}

    def one(self, kind: str, name: str) -> dict[str, Any]:
        return self.all(kind)[name]

    def pods(self) -> dict[str, dict[str, Any]]:
        """Pod specs by the name of what makes the pod."""
        templates = {name: made["spec"]["template"]["spec"] for name, made in self.all("Deployment").items()}
        return templates | {name: made["spec"] for name, made in self.all("Pod").items()}


@functools.cache
def _rendered(release: str, values: str) -> Rendered:
    argv = [str(HELM), "template", release, str(CHART), "--namespace", NAMESPACE, "--values", "-"]
    answer = subprocess.run(argv, input=values, capture_output=True, text=True, check=False)
    if answer.returncode:
        return Rendered((), answer.stderr)
    return Rendered(tuple(made for made in yaml.safe_load_all(answer.stdout) if made))


@pytest.fixture(scope="session")
def rendering() -> Callable[..., Rendered]:
    """Values -> what helm makes of them, a refusal included. Values that name no store keep runs in the pod."""
    if not HELM.exists():
        pytest.skip("no .tools/helm: run `python scripts/fetch_tools.py`")

    def render(values: dict[str, Any] | None = None, release: str = "visemill") -> Rendered:
        whole = values or {}
        whole = {**whole, "s3": {"ephemeralRegistry": True, **whole.get("s3", {})}}
        return _rendered(release, json.dumps(whole))

    return render


@pytest.fixture(scope="session")
def chart(rendering: Callable[..., Rendered]) -> Callable[..., Rendered]:
    """Values -> the objects."""

    def objects(values: dict[str, Any] | None = None, release: str = "visemill") -> Rendered:
        made = rendering(values, release)
        assert not made.error, made.error
        return made

    return objects
