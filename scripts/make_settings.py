"""Writes docs/settings.md, and what the chart's values.schema.json knows of flags and settings, from the program."""

import argparse
import dataclasses
import json
import re
import sys
import typing
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from orchestrator.cli import serve as run_serve  # noqa: E402
from orchestrator.kube.settings import KubeSettings  # noqa: E402
from services.audio import rpc as audio  # noqa: E402
from services.base.process.settings import Settings  # noqa: E402
from services.base.rpc.config import ListenConfig, ServeConfig  # noqa: E402
from services.base.store.s3.client import VARIABLES  # noqa: E402
from services.decode import rpc as decode  # noqa: E402
from services.features import rpc as features  # noqa: E402
from services.features.tts import rpc as speech  # noqa: E402
from services.landmarks import rpc as landmarks  # noqa: E402
from services.lipreading import rpc as lipreading  # noqa: E402
from services.talker.live import rpc as talker  # noqa: E402

PAGE = Path("docs/settings.md")
SCHEMA = Path("deploy/helm/visemill/values.schema.json")
SERVERS = {
    "audio": audio.add_serve_flags,
    "decode": decode.add_serve_flags,
    "landmarks": landmarks.add_serve_flags,
    "features": features.add_serve_flags,
    "lipreading": lipreading.add_serve_flags,
    "talker": talker.add_serve_flags,
    "speech": speech.add_serve_flags,
    "orchestrator": run_serve.add_flags,
}
# What the chart says itself, and by which of its values.
OF_THE_CHART = {
    "tls_ca": "tls",
    "tls_cert": "tls",
    "tls_key": "tls",
    "tls_client_ca": "tls",
    "listen": "services.NAME.ports.grpc",
    "metrics_listen": "services.NAME.ports.metrics",
    "health_listen": "services.NAME.ports.health",
    "port_file": "",
    "registry": "s3.registry",
    "namespace": "",
    "context": "",
}


@dataclasses.dataclass(frozen=True)
class Row:
    """One setting. kind: a type, or the values that it may have."""

    name: str
    kind: Any
    default: object
    help: str

    @property
    def camel(self) -> str:
        return re.sub(r"_(\w)", lambda found: found[1].upper(), self.name)

    def value(self, below: str) -> str:
        """Its place among the chart's values."""
        name = OF_THE_CHART.get(self.name, f"{below}.{self.camel}")
        return f"`{name}`" if name else ""

    @property
    def flag(self) -> str:
        return f"`--{self.name.replace('_', '-')}`"

    @property
    def variable(self) -> str:
        return f"`VISEMILL_{self.name.upper()}`"

    @property
    def shown(self) -> str:
        return "" if self.default in ("", None, []) else f"`{json.dumps(self.default).strip(chr(34))}`"

    @property
    def schema(self) -> dict[str, Any]:
        if typing.get_origin(self.kind) is typing.Literal or isinstance(self.kind, tuple | list):
            return {"enum": list(typing.get_args(self.kind) or self.kind)}
        if self.kind is list:
            return {"type": "array", "items": {"type": "string"}}
        return {"type": {int: "integer", float: "number", bool: "boolean"}.get(self.kind, "string")}


def of_dataclass(config: type) -> list[Row]:
    hints = typing.get_type_hints(config)
    fields = dataclasses.fields(config)
    return [Row(f.name, hints[f.name], f.default, f.metadata.get("help", "")) for f in fields]


def of_server(name: str) -> list[Row]:
    parser = argparse.ArgumentParser()
    SERVERS[name](parser)
    # Answers in JSON, and what runs get, are said elsewhere.
    other = {"help", "output", "cluster"} | ({row.name for row in of_dataclass(KubeSettings)})
    return [row_of(action) for action in parser._actions if action.dest not in other]


def row_of(action: argparse.Action) -> Row:
    kind: Any = action.choices or action.type or str
    if isinstance(action, argparse._AppendAction):
        kind = list
    elif isinstance(action, argparse.BooleanOptionalAction):
        kind = bool
    text = re.sub(r"\s*\(default: .*\)$", "", action.help or "")
    return Row(action.dest, kind, action.default, text)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    heads = list(heads)
    yield f"| {' | '.join(heads)} |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def flags_table(rows: Iterable[Row], value: str) -> Iterator[str]:
    cells = ((row.flag, row.value(value), row.shown, row.help) for row in rows)
    return table(("flag", "chart", "default", "meaning"), cells)


def page() -> Iterator[str]:
    yield "# Settings\n"
    yield "Made by `make docs` from the program. Flags of `visemill` itself: [cli.md](cli.md). In the chart, names are"
    yield "in camelCase, and `values.schema.json` refuses any that is not here.\n"
    yield "## Every process, from its environment\n"
    cells = ((row.variable, row.value("settings"), row.shown, row.help) for row in of_dataclass(Settings))
    yield from table(("variable", "chart", "default", "meaning"), cells)
    yield "## The object store\n"
    yield "In the chart they come from the Secret that `s3.existingSecret` names.\n"
    yield from table(("variable", "meaning"), ((f"`{name}`", text) for name, text in VARIABLES.items()))
    listen = {row.name for row in of_dataclass(ListenConfig)}
    common = {row.name for row in of_dataclass(ServeConfig)}
    yield "## Every server\n"
    yield "`python -m services STAGE serve` and `visemill serve`. The chart gives `--drain-s` what"
    yield "`terminationGracePeriodS` leaves, and `--allow-root` what `s3.roots` says.\n"
    yield from flags_table((row for row in of_server("decode") if row.name in listen), "services.NAME.flags")
    yield "## Every stage's server\n"
    own = (row for row in of_server("decode") if row.name in (common | {"allow_root"}) - listen)
    yield from flags_table(own, "services.NAME.flags")
    for name in SERVERS:
        known = listen if name == "orchestrator" else common | {"allow_root"}
        yield f"## The server of {name}\n"
        yield from flags_table((row for row in of_server(name) if row.name not in known), f"services.{name}.flags")
    yield "## Runs on Kubernetes\n"
    yield "Flags of `visemill run … --cluster kube`; the chart gives them to the orchestrator, as variables. For the"
    yield "pods of trainings VISEMILL_TRAINING_<NAME>, in the chart the same name below `training`, wins over that of"
    yield "all runs. VISEMILL_POD_LIBRARIES=torch==VERSION, in the chart `training.torch`, is the version in the image"
    yield "of trainings, where they are planned by an orchestrator without torch.\n"
    rows = of_dataclass(KubeSettings)
    kube_cells = ((row.flag, row.variable, row.value("runs"), row.shown, row.help) for row in rows)
    yield from table(("flag", "variable", "chart", "default", "meaning"), kube_cells)


def definition(rows: Iterable[Row]) -> dict[str, Any]:
    named = {row.camel: row.schema for row in rows if row.name not in OF_THE_CHART}
    return {"type": "object", "additionalProperties": False, "properties": named}


def schema(text: str) -> str:
    """values.schema.json with what it says of settings and flags made anew."""
    whole = json.loads(text)
    definitions = whole["definitions"]
    for name in SERVERS:
        definitions[f"flags-{name}"] = definition(of_server(name))
    definitions["settings"] = definition(of_dataclass(Settings))
    definitions["runs"] = definition(of_dataclass(KubeSettings))
    torch = Row("torch", str, "", "")
    definitions["training"] = definition([torch, *of_dataclass(KubeSettings)])
    return json.dumps(whole, indent=2) + "\n"


def main(target: Path) -> int:
    """Writes both below target, the repository or a scratch folder."""
    made = {PAGE: "\n".join(page()), SCHEMA: schema((ROOT / SCHEMA).read_text())}
    for name, text in made.items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT))
