"""The network of a head, opened in this process or at a Triton server."""

from __future__ import annotations

from pathlib import Path

from services.base.errors import BadConfig
from services.formats.talker.head import HeadCard
from services.talker.network import Paint, open_here
from services.talker.spec import HeadConfig


def open_paint(config: HeadConfig, card: HeadCard) -> Paint:
    """On the server that the settings name, else here. Raises BadConfig as `open_here`, LIBRARY_MISSING, and as a
    server's model that is another does; Transient when no server answers.
    """
    if not config.triton:
        return open_here(Path(config.bundle), config.num_threads)
    name = config.triton_model or Path(config.bundle).name
    return open_far(config.triton, name, card, 1, config.triton_transport)


def open_far(target: str, name: str, card: HeadCard, num_in_flight: int, transport: str) -> Paint:
    """At a Triton server. Raises as `open_paint` does."""
    try:
        from services.talker.triton.network import open_served
    except ModuleNotFoundError as error:
        raise BadConfig("LIBRARY_MISSING", f"{error.name} is not installed: pip install 'visemill[triton]'") from error
    return open_served(target, name, card, num_in_flight, transport)
