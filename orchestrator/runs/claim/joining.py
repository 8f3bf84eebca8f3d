"""I/O: a run begins by pinning its plan under the output's lease, or joins one that goes on already."""

from __future__ import annotations

import sys
import time

from orchestrator.runs.claim.claim import is_pinned, pin
from orchestrator.runs.claim.lease import Lease
from orchestrator.runs.plan import Plan
from services.base.errors import BadConfig
from services.base.store.interface import Store

_POLL_S = 0.5


def pin_or_join(plan: Plan, state: Store, outputs: Store, *, joins: bool, patience_s: float = 60.0) -> None:
    """joins: a pinned run may be joined while it goes on, as on a cluster; who is just pinning it is waited for.

    Raises BadConfig: OUTPUT_IN_USE while another process has the output and this run is not pinned, and as pin does.
    """
    until_s, has_reported = time.monotonic() + patience_s, False
    while not (joins and is_pinned(plan, state, outputs)):
        try:
            with Lease(outputs.uri, plan.spec.run):
                pin(plan, state, outputs)
                return
        except BadConfig as error:
            if not joins or error.reason != "OUTPUT_IN_USE" or time.monotonic() >= until_s:
                raise
            if not has_reported:
                sys.stderr.write(f"{error.message}: waiting for it\n")
            has_reported = True
        time.sleep(_POLL_S)
    pin(plan, state, outputs)
