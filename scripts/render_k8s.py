"""Writes k8s/: the chart with its default values, and submitted runs in the orchestrator's pod, as a kustomize base for
those who have only kubectl.
"""

import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
CHART = ROOT / "deploy" / "helm" / "visemill"
NAMESPACE = "visemill"
MADE = "# Made by `make docs` from deploy/helm/visemill; change that.\n"
# The namespace refuses what is not restricted, whoever puts it there.
RESTRICTED = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}
SHARED = {
    "ServiceAccount": "accounts",
    "Role": "accounts",
    "RoleBinding": "accounts",
    "ClusterRole": "accounts",
    "ClusterRoleBinding": "accounts",
    "PriorityClass": "priorities",
    "NetworkPolicy": "network",
    "ConfigMap": "settings",
}


def rendered() -> list[dict[str, Any]]:
    """The chart's objects, without its test."""
    argv = [str(ROOT / ".tools" / "helm"), "template", "visemill", str(CHART), "--namespace", NAMESPACE, "--no-hooks"]
    # Default values name no object store to keep submitted runs in.
    argv.append("--set=s3.ephemeralRegistry=true")
    answer = subprocess.run(argv, capture_output=True, text=True, check=True)
    return [made for made in yaml.safe_load_all(answer.stdout) if made]


def without_helm(made: Any) -> Any:
    """The same, without the labels that only Helm uses."""
    if isinstance(made, dict):
        kept = {name: without_helm(value) for name, value in made.items() if name != "helm.sh/chart"}
        if kept.get("app.kubernetes.io/managed-by") == "Helm":
            kept["app.kubernetes.io/managed-by"] = "kustomize"
        return kept
    return [without_helm(item) for item in made] if isinstance(made, list) else made


def file_of(made: dict[str, Any]) -> str:
    """One file a service; what is shared lies by its kind."""
    component = made["metadata"]["labels"]["app.kubernetes.io/component"]
    return f"{SHARED.get(made['kind'], component)}.yaml"


def main(folder: Path) -> int:
    """Writes every file below folder; others that lie there go."""
    files: dict[str, list[dict[str, Any]]] = defaultdict(list)
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": RESTRICTED}}
    files["namespace.yaml"].append(namespace)
    for made in map(without_helm, rendered()):
        files[file_of(made)].append(made)
    for held in files.values():
        held.sort(key=lambda made: (made["kind"], made["metadata"]["name"]))
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "namespace": NAMESPACE}
    files["kustomization.yaml"] = [{**head, "resources": sorted(files)}]
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.glob("*.yaml")) - {folder / name for name in files}:
        stale.unlink()
    for name, held in files.items():
        (folder / name).write_text(MADE + yaml.safe_dump_all(held, sort_keys=False, width=120, allow_unicode=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "k8s"))
