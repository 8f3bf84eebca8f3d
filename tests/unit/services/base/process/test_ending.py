"""Ending processes: all are asked, and who does not listen is killed."""

import subprocess
import sys

import pytest

from services.base.process.ending import end_all, shell_code

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
LISTENING = "import signal; print(flush=True); signal.pause()"


@pytest.mark.parametrize(("returncode", "code"), [(0, 0), (75, 75), (-9, 137), (-15, 143)])
def test_a_signal_is_told_as_shells_tell_it(returncode, code):
    assert shell_code(returncode) == code


def test_only_who_does_not_listen_is_killed():
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for code in (LISTENING, STUBBORN)
    ]
    for process in processes:
        assert process.stdout.readline()
    killed = []

    def kill(process):
        killed.append(process)
        process.kill()

    end_all(processes, 0.5, kill)
    assert [process.returncode for process in processes] == [-15, -9]
    assert killed == [processes[1]]
    for process in processes:
        process.stdout.close()
