"""Who may see a submitted run, cancel it and retry it."""

from __future__ import annotations

from dataclasses import dataclass

# Of callers, and of runs, where no certificate is asked for.
ANONYMOUS = ""


@dataclass(frozen=True)
class Owners:
    """is_mutual: callers show certificates, and a run belongs to the subject of the one that it was submitted with.
    operators: subjects that every run is open to.
    """

    is_mutual: bool = False
    operators: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.operators and not self.is_mutual:
            raise ValueError(
                f"--operator {self.operators[0]} needs mutual TLS, without which nobody has a subject: "
                "give --tls-client-ca too, or leave it out"
            )
        if ANONYMOUS in self.operators:
            raise ValueError("--operator '' names nobody: give the subject of a certificate, such as CN=alice")

    def may(self, caller: str, owner: str) -> bool:
        """Whether a run is open to a caller. A run that was submitted without certificates is the operators'."""
        return not self.is_mutual or caller in self.operators or (caller != ANONYMOUS and caller == owner)
