"""Makes every derived file again in a scratch folder and shows each that differs. Exits 1 on a difference."""

import difflib
import functools
import operator
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def stubs(python: str, scratch: Path) -> dict[Path, Path]:
    """Committed file -> the one made again."""
    subprocess.run([python, str(ROOT / "scripts" / "make_protos.py"), str(scratch)], check=True)
    made = sorted(scratch.glob("visemill/v1/*_pb2*"))
    committed = sorted((ROOT / "protos").glob("visemill/v1/*_pb2*"))
    pairs = {ROOT / "protos" / path.relative_to(scratch): path for path in made}
    return pairs | {path: scratch / path.relative_to(ROOT / "protos") for path in committed}


def cli_reference(scratch: Path) -> dict[Path, Path]:
    """docs/cli.md is the command line's own help."""
    target = scratch / "cli.md"
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_cli_reference.py"), str(target)], check=True)
    return {ROOT / "docs" / "cli.md": target}


def settings(scratch: Path) -> dict[Path, Path]:
    """docs/settings.md and the chart's schema know the program's flags."""
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_settings.py"), str(scratch)], check=True)
    names = ("docs/settings.md", "deploy/helm/visemill/values.schema.json")
    return {ROOT / name: scratch / name for name in names}


def metrics(scratch: Path) -> dict[Path, Path]:
    """docs/metrics.md is what the registries describe."""
    target = scratch / "metrics.md"
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_metrics_reference.py"), str(target)], check=True)
    return {ROOT / "docs" / "metrics.md": target}


def package_table(scratch: Path) -> dict[Path, Path]:
    """The table in docs/architecture.md is what the packages say of themselves."""
    target = scratch / "architecture.md"
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_package_table.py"), str(target)], check=True)
    return {ROOT / "docs" / "architecture.md": target}


def manifests(scratch: Path) -> dict[Path, Path]:
    """k8s/ is the chart with its default values."""
    made = scratch / "k8s"
    subprocess.run([sys.executable, str(ROOT / "scripts" / "render_k8s.py"), str(made)], check=True)
    names = {path.name for folder in (made, ROOT / "k8s") for path in folder.iterdir()}
    return {ROOT / "k8s" / name: made / name for name in names}


def image_lists(scratch: Path) -> dict[Path, Path]:
    """What images install is what pyproject.toml asks for and constraints.txt pins."""
    made = scratch / "images"
    subprocess.run([sys.executable, str(ROOT / "scripts" / "make_image_requirements.py"), str(made)], check=True)
    return {ROOT / "deploy" / "images" / path.name: path for path in made.iterdir()}


def main(protoc_python: str) -> int:
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        made_here = [
            make(scratch) for make in (cli_reference, settings, metrics, package_table, manifests, image_lists)
        ]
        pairs = functools.reduce(operator.or_, made_here, stubs(protoc_python, scratch))
        for committed, made in sorted(pairs.items()):
            then = committed.read_text().splitlines() if committed.exists() else []
            now = made.read_text().splitlines() if made.exists() else []
            if then != now or committed.exists() != made.exists():
                differences += 1
                name = str(committed.relative_to(ROOT))
                sys.stdout.write(
                    "\n".join(difflib.unified_diff(then, now, name, "made again", lineterm="", n=1)) + "\n"
                )
    remedy = "run `make protos docs` and commit" if differences else "all derived files are up to date"
    sys.stdout.write(f"{len(pairs)} derived files, {differences} differ: {remedy}\n")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
