"""What is said once, however often it is found."""

from __future__ import annotations

from collections.abc import Callable

_COMPARED = 120


class SayOnce:
    """say_once(text) says it unless the like was said. Use from one thread."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._said: set[str] = set()

    def __call__(self, text: str) -> None:
        """Counts and names within a message change while the trouble stays: they do not make it another."""
        self._once("".join(letter for letter in text if not letter.isdigit())[:_COMPARED], text)

    def exactly(self, text: str) -> None:
        """The same, where each number counts."""
        self._once(text, text)

    def _once(self, shape: str, text: str) -> None:
        if shape not in self._said:
            self._said.add(shape)
            self._say(text)
