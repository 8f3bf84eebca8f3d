"""Settings of a process, and what its cgroup grants it."""

from pathlib import Path

import pytest

from services.base.errors import BadConfig
from services.base.process.cgroup import (
    granted_cores,
    granted_memory_bytes,
    num_cores_of,
    num_oom_kills,
    parse_cfs_quota,
    parse_cpu_max,
    parse_membership,
    parse_memory_limit,
)
from services.base.process.settings import Settings, settings_of
from services.base.process.threads import thread_environment


def test_nothing_set_gives_the_defaults() -> None:
    assert settings_of({"PATH": "/bin", "VISEMILL_TESTDATA": "x"}) == Settings()


def test_each_field_has_its_variable() -> None:
    found = settings_of(
        {
            "VISEMILL_LOG_LEVEL": "debug",
            "VISEMILL_CORES": "3",
            "VISEMILL_RPC_DEADLINE_S": "12.5",
            "VISEMILL_MAX_MESSAGE_BYTES": "2097152",
            "VISEMILL_TLS_CA": " /ca.pem ",
        }
    )
    assert found == Settings(
        log_level="debug", cores=3, rpc_deadline_s=12.5, max_message_bytes=2 << 20, tls_ca="/ca.pem"
    )


def test_an_empty_variable_counts_as_unset() -> None:
    assert settings_of({"VISEMILL_CORES": ""}) == Settings()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("VISEMILL_CORES", "two", "VISEMILL_CORES='two' must be a whole number"),
        ("VISEMILL_RPC_DEADLINE_S", "soon", "VISEMILL_RPC_DEADLINE_S='soon' must be a finite number"),
        ("VISEMILL_RPC_DEADLINE_S", "inf", "VISEMILL_RPC_DEADLINE_S='inf' must be a finite number"),
        ("VISEMILL_RPC_DEADLINE_S", "nan", "VISEMILL_RPC_DEADLINE_S='nan' must be a finite number"),
        ("VISEMILL_CORES", "-1", "cores must be at least 0"),
        ("VISEMILL_LOG_LEVEL", "loud", "log_level must be"),
        ("VISEMILL_LOG_FORMAT", "xml", "log_format must be"),
        ("VISEMILL_MAX_MESSAGE_BYTES", "9", "max_message_bytes must be at least"),
        ("VISEMILL_TLS_CERT", "/cert.pem", "tls_cert and tls_key belong together"),
    ],
)
def test_a_bad_value_is_a_bad_config_that_says_what_to_change(name: str, value: str, said: str) -> None:
    with pytest.raises(BadConfig, match="BAD_SETTING") as caught:
        settings_of({name: value})
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("text", "cores"),
    [("max 100000\n", None), ("150000 100000\n", 1.5), ("50000 100000", 0.5), ("200000", 2.0)],
)
def test_cpu_max_of_cgroup_v2(text: str, cores: float | None) -> None:
    assert parse_cpu_max(text) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1\n", None), ("0", None), ("250000\n", 2.5)])
def test_cfs_quota_of_cgroup_v1(quota: str, cores: float | None) -> None:
    assert parse_cfs_quota(quota, "100000\n") == cores


@pytest.mark.parametrize(
    ("text", "limit_bytes"), [("max\n", None), ("9223372036854771712\n", None), ("2147483648\n", 2 << 30)]
)
def test_memory_limits_of_both_versions(text: str, limit_bytes: int | None) -> None:
    assert parse_memory_limit(text) == limit_bytes


@pytest.mark.parametrize(
    ("affinity", "quotas", "cores"),
    [(8, [], 8), (8, [None, 2.0], 2), (8, [2.9], 2), (8, [0.5], 1), (1, [4.0], 1), (8, [4.0, None, 3.0], 3)],
)
def test_the_tightest_of_affinity_and_quotas_counts_in_whole_cores(
    affinity: int, quotas: list[float | None], cores: int
) -> None:
    assert num_cores_of(affinity, quotas) == cores


def test_membership_lists_each_controller_of_a_line() -> None:
    groups = parse_membership("4:cpu,cpuacct:/a/b\n2:memory:/m\n0::/u\n")
    assert {name: str(path) for name, path in groups.items()} == {
        "cpu": "/a/b",
        "cpuacct": "/a/b",
        "memory": "/m",
        "": "/u",
    }


def _write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_limits_of_the_group_and_of_those_above_it_count_in_v2(tmp_path: Path) -> None:
    root = _write(
        tmp_path / "cgroup",
        {
            "pod/cpu.max": "100000 100000\n",
            "pod/worker/cpu.max": "max 100000\n",
            "pod/memory.max": "1073741824\n",
            "pod/worker/memory.max": "max\n",
        },
    )
    membership = _write(tmp_path, {"self": "0::/pod/worker\n"}) / "self"
    assert granted_cores(root, membership) == 1
    assert granted_memory_bytes(root, membership) == 1 << 30


def test_limits_are_found_in_v1_though_the_path_is_the_hosts(tmp_path: Path) -> None:
    root = _write(
        tmp_path / "cgroup",
        {
            "cpu/cpu.cfs_quota_us": "100000\n",
            "cpu/cpu.cfs_period_us": "100000\n",
            "memory/memory.limit_in_bytes": "536870912\n",
        },
    )
    membership = _write(tmp_path, {"self": "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc\n"}) / "self"
    assert granted_cores(root, membership) == 1
    assert granted_memory_bytes(root, membership) == 512 << 20


def test_without_a_cgroup_the_affinity_mask_counts(tmp_path: Path) -> None:
    assert granted_cores(tmp_path / "none", tmp_path / "none") >= 1
    assert granted_memory_bytes(tmp_path / "none", tmp_path / "none") is None


def test_thread_pools_of_the_usual_libraries_are_held() -> None:
    environment = thread_environment(2)
    assert environment.pop("OMP_WAIT_POLICY") == "passive"
    assert set(environment.values()) == {"2"}
    assert {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"} <= set(environment)
    with pytest.raises(ValueError, match="at least 1 thread"):
        thread_environment(0)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("memory.events", "low 0\nhigh 0\nmax 9\noom 4\noom_kill 3\noom_group_kill 1\n"),
        ("memory/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n"),
    ],
)
def test_kills_for_want_of_memory_of_both_versions(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert num_oom_kills(tmp_path, tmp_path / "none") == 3


def test_a_group_that_does_not_say_has_killed_nothing(tmp_path: Path) -> None:
    (tmp_path / "memory.events").write_text("low 0\n")
    assert num_oom_kills(tmp_path, tmp_path / "none") == 0
