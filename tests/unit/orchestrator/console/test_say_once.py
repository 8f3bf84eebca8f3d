"""What is said again, and what is not."""

from orchestrator.console.say_once import SayOnce


def test_the_like_is_said_once_whatever_its_numbers():
    said = []
    say_once = SayOnce(said.append)
    for text in ("3 pods: Unschedulable", "4 pods: Unschedulable", "1 pods: OOMKilled"):
        say_once(text)
    assert said == ["3 pods: Unschedulable", "1 pods: OOMKilled"]


def test_where_each_number_counts_only_the_same_is_said_once():
    said = []
    say_once = SayOnce(said.append)
    for text in ("p-1 ended with 70", "p-2 ended with 70", "p-1 ended with 70"):
        say_once.exactly(text)
    assert said == ["p-1 ended with 70", "p-2 ended with 70"]
