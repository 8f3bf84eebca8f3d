"""Environment variables that bound the thread pools of numeric and media libraries, and say how their threads wait."""

from __future__ import annotations

_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "TBB_NUM_THREADS",
    "OPENCV_FOR_THREADS_NUM",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)

PASSIVE_WAIT = {"OMP_WAIT_POLICY": "passive"}
"""Threads of OpenMP, torch's among them, that wait for each other sleep. As they come they spin, which costs no less on
idle cores, and on shared ones a multiple: a training step of two threads beside another process took 9 to 14 s spinning
and 1.2 to 1.7 s asleep. Read when libgomp is loaded.
"""


def thread_environment(num_threads: int) -> dict[str, str]:
    """Variables that hold the thread pools of a new process's numeric and media libraries to num_threads, and let them
    sleep while they wait.
    """
    if num_threads < 1:
        raise ValueError(f"a process needs at least 1 thread, not {num_threads}")
    return dict.fromkeys(_THREAD_VARIABLES, str(num_threads)) | PASSIVE_WAIT
