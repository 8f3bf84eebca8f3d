"""What values.schema.json refuses, and that it refuses every value that it does not know."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

CHART = Path(__file__).resolve().parents[3] / "deploy" / "helm" / "visemill"
SCHEMA = json.loads((CHART / "values.schema.json").read_text())


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"service": {}}, "service"),
        ({"image": {"tags": "1"}}, "tags"),
        ({"services": {"landmark": {}}}, "landmark"),
        ({"services": {"landmarks": {"replica": 2}}}, "replica"),
        ({"services": {"landmarks": {"flags": {"numChild": 2}}}}, "numChild"),
        ({"services": {"landmarks": {"flags": {"backend": "dlip"}}}}, "backend"),
        ({"services": {"landmarks": {"flags": {"listen": ":1"}}}}, "listen"),
        ({"services": {"decode": {"flags": {"backend": "dlib"}}}}, "backend"),
        ({"services": {"decode": {"resources": {"limit": {}}}}}, "limit"),
        ({"services": {"decode": {"resources": {"limits": {"memory": "2 GB"}}}}}, "memory"),
        ({"services": {"decode": {"callers": ["Worker"]}}}, "callers"),
        ({"services": {"decode": {"needs": ["internet"]}}}, "needs"),
        ({"services": {"decode": {"autoscaling": {"maxReplicas": 0}}}}, "maxReplicas"),
        ({"runs": {"paralellism": 2}}, "paralellism"),
        ({"runs": {"imagePullPolicy": "Sometimes"}}, "imagePullPolicy"),
        ({"runs": {"podsGpus": 1}}, "runs.image"),
        ({"training": {"podsGpu": 1}}, "podsGpu"),
        ({"training": {"podsShmMib": "1Gi"}}, "podsShmMib"),
        ({"settings": {"loglevel": "debug"}}, "loglevel"),
        ({"remoteStages": ["records"]}, "remoteStages"),
        ({"s3": {"roots": ["bucket"]}}, "roots"),
        ({"minio": {"secretKey": "short"}}, "secretKey"),
        ({"fullnameOverride": "Big_Name"}, "fullnameOverride"),
    ],
)
def test_mistakes_are_refused_by_name(rendering: Callable[..., Any], values: dict[str, Any], word: str) -> None:
    assert word in rendering(values).error


@pytest.mark.parametrize(
    ("values", "remedy"),
    [
        ({"tls": {"enabled": True}}, "tls.existingSecret"),
        ({"tls": {"enabled": True, "certManager": {"enabled": True}}}, "issuerRef.name"),
        ({"minio": {"enabled": True, "secretKey": "12345678"}}, "minio.image"),
        ({"minio": {"enabled": True, "image": "m:1"}}, "minio.secretKey"),
        ({"services": {"lipreading": {"enabled": True}}}, "services.lipreading.flags.bundle"),
        ({"services": {"lipreading-zh": {"args": ["lipreading", "serve"]}}}, "services.lipreading-zh.flags.bundle"),
        ({"services": {"talker": {"enabled": True, "flags": {"heads": "/h"}}}}, "services.talker.flags.persons"),
        ({"s3": {"ephemeralRegistry": False}}, "s3.registry"),
        ({"s3": {"ephemeralRegistry": False}}, "s3.ephemeralRegistry: true"),
        ({"s3": {"ephemeralRegistry": False, "roots": ["/data"]}}, '["/data"]'),
    ],
)
def test_values_that_need_each_other_say_so(rendering: Callable[..., Any], values: dict[str, Any], remedy: str) -> None:
    assert remedy in rendering(values).error


def closed(node: Any, path: str = "") -> Iterator[str]:
    """Paths of objects with named properties that let others pass."""
    if isinstance(node, dict):
        if node.get("type") == "object" and "properties" in node and node.get("additionalProperties") is not False:
            yield path
        for name, below in node.items():
            yield from closed(below, f"{path}/{name}")
    elif isinstance(node, list):
        for index, below in enumerate(node):
            yield from closed(below, f"{path}/{index}")


def test_the_schema_is_one_and_closes_every_object() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert list(closed(SCHEMA)) == []


def test_every_value_of_the_file_is_known() -> None:
    for name in ("values.yaml", "values-trial.yaml"):
        jsonschema.validate(yaml.safe_load((CHART / name).read_text()), SCHEMA)


def test_every_value_has_a_default() -> None:
    """So that values.yaml is the whole list of what can be said of a service."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(SCHEMA["properties"]) - set(values) == {"global"}
    assert set(SCHEMA["definitions"]["service"]["properties"]) == set(values["defaults"])


def test_defaults_of_settings_and_runs_are_the_programs() -> None:
    import re

    from orchestrator.kube.settings import KubeSettings
    from services.base.process.settings import Settings

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for config, given in ((KubeSettings(), values["runs"]), (Settings(log_format="json"), values["settings"])):
        snake = {re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name): value for name, value in given.items()}
        assert {name: getattr(config, name) for name in snake} == snake
