"""SIGTERM is noted, and means what it did before once the training is over."""

import os
import signal

from services.training.engine.ending import EndRequest


def test_a_request_is_noted_and_the_handler_of_before_comes_back():
    before = signal.getsignal(signal.SIGTERM)
    with EndRequest() as end:
        assert not end.is_asked
        os.kill(os.getpid(), signal.SIGTERM)
        assert end.is_asked
    assert signal.getsignal(signal.SIGTERM) == before
