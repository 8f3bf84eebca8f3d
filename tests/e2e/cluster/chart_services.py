"""The services of the chart, as its values name them."""

from pathlib import Path

import yaml

CHART = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "visemill"
_VALUES = yaml.safe_load((CHART / "values.yaml").read_text())["services"]
SERVICES = tuple(sorted(name for name, values in _VALUES.items() if values.get("enabled", True)))
"""Those that are on by default."""


def only(*kept: str) -> dict[str, bool]:
    """Values of a chart that holds no other services."""
    return {f"services.{name}.enabled": False for name in _VALUES if name not in kept}
