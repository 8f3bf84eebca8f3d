"""`python -m orchestrator.cli.child_main PID WORDS...`: the command line, in a process that ends with PID."""

from __future__ import annotations

import os
import sys

from orchestrator.cli.main import main
from services.base.errors import EXIT_INTERRUPTED
from services.base.sandbox.child import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    # It may have died before the kernel was asked.
    sys.exit(main(sys.argv[2:]) if os.getppid() == int(sys.argv[1]) else EXIT_INTERRUPTED)
