"""Several runs of one process, side by side: each is watched by a thread, and works in processes of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from services.base.process.interruption import interruption

_Result = TypeVar("_Result")


def num_at_once(num_runs: int, num_asked: int, num_cores: int, memory_bytes: int | None, clip_memory_mib: int) -> int:
    """How many runs of one worker each are carried out at a time: as many as are asked for.

    num_asked: 0: one a core, and no more than memory holds where each fills its limit. memory_bytes: None: unknown.
    """
    if num_asked:
        return max(1, min(num_asked, num_runs))
    fitting = num_cores if memory_bytes is None else memory_bytes // (clip_memory_mib << 20)
    return max(1, min(num_cores, fitting, num_runs))


def side_by_side(
    calls: Mapping[str, Callable[[Callable[[], bool]], _Result]],
    num_threads: int,
    begins: Callable[[str, int], None],
    *,
    second_ends: bool = False,
) -> dict[str, _Result]:
    """What the calls return, by their names: so many at a time, and begun in their order. Each is given what says
    whether SIGINT or SIGTERM asks all to end; those that had not begun by then are left out. Of the main thread.

    begins: is told a name, and how many have begun with it. second_ends: of an interruption, see `interruption`.
    """
    num_begun = 0
    with interruption(second_ends=second_ends) as is_interrupted:

        def one(name: str, call: Callable[[Callable[[], bool]], _Result]) -> list[_Result]:
            nonlocal num_begun
            if is_interrupted():
                return []
            num_begun += 1
            begins(name, num_begun)
            return [call(is_interrupted)]

        with ThreadPoolExecutor(num_threads, thread_name_prefix="run") as threads:
            futures: dict[str, Future[list[_Result]]] = {n: threads.submit(one, n, call) for n, call in calls.items()}
    return {name: result for name, future in futures.items() for result in future.result()}
