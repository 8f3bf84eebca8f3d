"""Prometheus and Grafana: behind switches, and only about metrics that exist."""

import json
import re
from collections.abc import Callable
from typing import Any

ON = {"monitoring": {name: {"enabled": True} for name in ("serviceMonitor", "prometheusRule", "dashboard")}}


def expressions(made: Any) -> list[str]:
    rules = made.one("PrometheusRule", "visemill")["spec"]["groups"][0]["rules"]
    dashboard = json.loads(made.one("ConfigMap", "visemill-dashboard")["data"]["visemill.json"])
    targets = [target for panel in dashboard["panels"] for target in panel["targets"]]
    return [rule["expr"] for rule in rules] + [target["expr"] for target in targets]


def test_nothing_of_it_is_there_unasked(chart: Callable[..., Any]) -> None:
    kinds = {one["kind"] for one in chart().objects}
    assert not kinds & {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert set(chart().all("ConfigMap")) == {"visemill-settings"}


def test_monitors_select_services_that_have_the_port(chart: Callable[..., Any]) -> None:
    made = chart(ON)
    monitors = made.all("ServiceMonitor")
    assert set(monitors) == set(made.all("Deployment"))
    for name, monitor in monitors.items():
        service = made.one("Service", name)
        assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
        assert monitor["spec"]["endpoints"][0]["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_queries_ask_for_metrics_that_are_served(chart: Callable[..., Any]) -> None:
    from services.base.process.metrics import CallMetrics

    served = {name for family in CallMetrics().registry.collect() for name in (family.name, f"{family.name}_total")}
    for expression in expressions(chart(ON)):
        for name in re.findall(r"visemill_\w+", re.sub(r'"[^"]*"', '""', expression)):
            assert re.sub("_(bucket|sum|count)$", "", name) in served, f"{name} in {expression}"


def test_alerts_say_what_to_do_and_are_of_one_namespace(chart: Callable[..., Any]) -> None:
    for rule in chart(ON).one("PrometheusRule", "visemill")["spec"]["groups"][0]["rules"]:
        assert 'namespace="media"' in rule["expr"], rule["alert"]
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert "{{" not in rule["annotations"]["summary"] or "$labels" in rule["annotations"]["summary"]


def test_the_dashboard_is_what_grafana_reads(chart: Callable[..., Any]) -> None:
    made = chart(ON).one("ConfigMap", "visemill-dashboard")
    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    dashboard = json.loads(made["data"]["visemill.json"])
    assert {"uid", "title", "panels", "templating", "schemaVersion"} <= set(dashboard)
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
