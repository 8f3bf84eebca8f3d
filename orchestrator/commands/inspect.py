"""Placeholder module body is replaced below."""

import argparse
from orchestrator.commands import Answer


def add_flags(parser: argparse.ArgumentParser) -> None: ...
def inspect(flags: argparse.Namespace) -> Answer:
    raise SystemExit(1)
