"""The one port of the house, taken before anything slow is done: a refusal comes at once."""

import errno
import socket

import psutil

from doorstep.trouble import Trouble

LOOPBACK = "127.0.0.1"


def reserve(port: int) -> socket.socket:
    """A socket bound to `port` on the loopback address (0: any free one), not listening yet.

    Until it listens callers are refused, so nobody waits on a house that is still starting.
    Raises Trouble that names the port and, where it can be seen, who has it.
    """
    reserved = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    # Connections of the house that ended a moment ago must not block the port for a minute.
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        reserved.bind((LOOPBACK, port))
    except OSError as error:
        reserved.close()
        raise _refused(port, error) from error
    except OverflowError:
        reserved.close()
        raise Trouble(f"{port} is no port: they go from 1 to 65535.") from None
    return reserved


def listen(reserved: socket.socket) -> None:
    """Begins to accept connections. Raises Trouble if another was faster."""
    try:
        reserved.listen(2048)
    except OSError as error:
        raise _refused(port_of(reserved), error) from error


def port_of(bound: socket.socket) -> int:
    number: int = bound.getsockname()[1]
    return number


def _refused(port: int, error: OSError) -> Trouble:
    advice = 'Choose another: --port N (make run ARGS="--port 8001").'
    if error.errno == errno.EADDRINUSE:
        return Trouble(f"Port {port} is taken{_by_whom(port)}.", advice)
    if error.errno == errno.EACCES:
        return Trouble(f"Port {port} is not allowed for this user: below 1024 needs root.", advice)
    return Trouble(f"Port {port} cannot be used: {error.strerror}.", advice)


def _by_whom(port: int) -> str:
    try:
        for connection in psutil.net_connections(kind="tcp"):
            if connection.status != psutil.CONN_LISTEN or not connection.pid:
                continue
            if connection.laddr and connection.laddr.port == port:
                return f" by {psutil.Process(connection.pid).name()} (process {connection.pid})"
    except psutil.Error:
        pass  # others' sockets are not everybody's to see
    return ""
