"""The services of the chart, as its values name them."""

from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "visemill"
SERVICES = tuple(sorted(yaml.safe_load((CHART / "values.yaml").read_text())["services"]))


def only(*kept: str) -> dict[str, bool]:
    """Values of a chart that holds no other services."""
    return {f"services.{name}.enabled": False for name in SERVICES if name not in kept}
