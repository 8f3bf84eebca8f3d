"""The store's whole suite against a real MinIO, from where pods reach it."""

import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
SUITE = ROOT / "tests" / "integration" / "test_store_suite.py"
LEAST_TESTS = 30


def test_the_suite_of_every_store_passes(cluster, store):
    environment = {
        **store.environment,
        "VISEMILL_TEST_S3_ENDPOINT": store.environment["AWS_ENDPOINT_URL_S3"],
        "VISEMILL_TEST_S3_BUCKET": store.new_bucket(),
    }
    argv = [sys.executable, "-m", "pytest", SUITE, "-k", "external", "-o", "addopts=", "-p", "no:cacheprovider"]
    said = cluster.run(*argv, environment=environment)
    told = re.search(r"(\d+) passed", said)
    assert told and int(told[1]) >= LEAST_TESTS, said[-3000:]
    assert not re.search(r"\d+ (skipped|xfailed|error)", said), said[-3000:]
