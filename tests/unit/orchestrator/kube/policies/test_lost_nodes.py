import dataclasses

import pytest

from orchestrator.kube.policies.lost_nodes import MARGIN_S, left_pods, lost_pods
from orchestrator.kube.state import NodeSeen, PodSeen

NODES = (NodeSeen("well", "True"), NodeSeen("silent", "Unknown"), NodeSeen("ill", "False"), NodeSeen("hidden", ""))
NOW_S = 1000.0


@pytest.mark.parametrize(
    ("node", "deleted_s", "is_lost"),
    [
        pytest.param("silent", NOW_S - MARGIN_S - 1, True, id="its node is silent and its time long over"),
        pytest.param("ill", NOW_S - MARGIN_S - 1, True, id="its node says that it is not ready"),
        pytest.param("gone", NOW_S - MARGIN_S - 1, True, id="its node is gone"),
        pytest.param("silent", NOW_S - MARGIN_S, False, id="not before the margin is over"),
        pytest.param("silent", NOW_S + 20, False, id="still within its grace"),
        pytest.param("silent", None, False, id="nobody has asked it to go: the node may come back"),
        pytest.param("well", NOW_S - 900, False, id="a kubelet that answers ends it itself"),
        pytest.param("", NOW_S - 900, False, id="on no node yet"),
        pytest.param("hidden", NOW_S - 900, False, id="of a node that may not be read nothing is known"),
    ],
)
def test_table(node, deleted_s, is_lost):
    pod = PodSeen("p", 1, 0, "Running", node, deleted_s=deleted_s)
    assert lost_pods([pod], NODES, NOW_S) == (("p",) if is_lost else ())
    assert not lost_pods([dataclasses.replace(pod, is_held=True)], NODES, NOW_S)


@pytest.mark.parametrize(
    ("node", "late_s", "is_left"),
    [("hidden", MARGIN_S + 1, True), ("hidden", MARGIN_S, False), ("silent", 900, False), ("well", 900, False)],
)
def test_a_pod_is_left_only_where_its_node_may_not_be_read(node, late_s, is_left):
    pod = PodSeen("p", 1, 0, "Running", node, deleted_s=NOW_S - late_s)
    assert left_pods([pod], NODES, NOW_S) == (("p",) if is_left else ())
