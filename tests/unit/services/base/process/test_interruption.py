"""A signal is noted and asked for; afterwards signals do what they did before."""

import os
import signal
import subprocess
import sys

from services.base.process.interruption import interruption

TWICE = """
import os, signal
from services.base.process.interruption import interruption
with interruption(second_ends=True) as asked:
    for _ in range(2):
        os.kill(os.getpid(), signal.SIGINT)
    print("went on")
"""


def test_a_signal_is_noted():
    before = signal.getsignal(signal.SIGTERM)
    with interruption() as asked:
        assert not asked()
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        assert asked()
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_second_one_may_end_the_process_at_once():
    done = subprocess.run([sys.executable, "-c", TWICE], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (130, b"")
