"""The one port: refused in words when it is taken, and silent until the house is ready."""

import socket

import psutil
import pytest
from doorstep import ports
from doorstep.trouble import Trouble


def test_a_taken_port_is_named_with_who_has_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        number = other.getsockname()[1]
        with pytest.raises(Trouble) as refused:
            ports.reserve(number)
    me = psutil.Process()
    assert f"Port {number} is taken by {me.name()} (process {me.pid})." == refused.value.sentence
    assert refused.value.advice is not None
    assert "--port" in refused.value.advice


def test_whoever_binds_all_addresses_has_it_too() -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        with pytest.raises(Trouble, match="is taken"):
            ports.reserve(other.getsockname()[1])


def test_a_reserved_port_refuses_until_it_listens() -> None:
    with ports.reserve(0) as reserved, socket.socket() as caller:
        address = ("127.0.0.1", ports.port_of(reserved))
        assert caller.connect_ex(address) != 0
        ports.listen(reserved)
        with socket.socket() as again:
            assert again.connect_ex(address) == 0


def test_of_two_that_reserved_the_same_port_the_slower_is_refused() -> None:
    with ports.reserve(0) as first, ports.reserve(ports.port_of(first)) as second:
        ports.listen(first)
        with pytest.raises(Trouble, match="is taken"):
            ports.listen(second)


@pytest.mark.parametrize("number", [-1, 65536, 10**12])
def test_what_is_no_port_is_said_so(number: int) -> None:
    with pytest.raises(Trouble, match="is no port"):
        ports.reserve(number)
