"""Ports of loopback that a test may give to a server by number."""

import contextlib
import socket


def reserved_ports(count: int) -> list[int]:
    """Ports of loopback for servers that cannot be told to take port 0 and say which they got.

    A connection of ours leaves each in TIME_WAIT for a minute: the system hands it to nobody meanwhile, and a server
    that binds it by number, with SO_REUSEADDR as servers do, gets it.
    """
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        ports = [int(listener.getsockname()[1]) for listener in listeners]
        for listener, port in zip(listeners, ports, strict=True):
            with socket.create_connection(("127.0.0.1", port)) as client:
                accepted, _ = listener.accept()
                # Whoever closes first keeps the port in TIME_WAIT.
                accepted.close()
                client.recv(1)
    return ports
