"""All that a network's child is asked comes from one thread, in turn, to its end."""

import threading

from services.base.worker.windows import ChildInThread


class Child:
    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []

    def start(self) -> None:
        self.calls.append(("start", threading.current_thread().name))

    def close(self) -> None:
        self.calls.append(("close", threading.current_thread().name))


def test_it_is_started_and_closed_in_the_thread_that_asks_it() -> None:
    child = Child()
    network = ChildInThread(child, "network")  # type: ignore[arg-type]
    network.start()
    answers = [network.submit(lambda i=i: (i, threading.current_thread().name)) for i in range(3)]  # type: ignore[misc]
    network.close()
    names = {name for _, name in child.calls} | {answer.result()[1] for answer in answers}
    assert len(names) == 1 and threading.current_thread().name not in names
    assert [what for what, _ in child.calls] == ["start", "close"]
    assert [answer.result()[0] for answer in answers] == [0, 1, 2]
