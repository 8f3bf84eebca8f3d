"""`python -m orchestrator.carried PID WORDS...`: the command line, in a process that ends with its starter, PID."""

from __future__ import annotations

import os
import sys

from orchestrator.cli import main
from services.base.child import die_with_parent
from services.base.errors import EXIT_INTERRUPTED

if __name__ == "__main__":
    die_with_parent()
    # It may have died before the kernel was asked.
    sys.exit(main(sys.argv[2:]) if os.getppid() == int(sys.argv[1]) else EXIT_INTERRUPTED)
