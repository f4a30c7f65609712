"""The outbox: what is committed is published, in order, and nothing else is."""

import threading

import pytest
from doorbells import NOW, BellRung, ScriptedBus, knock_of, ring
from shared.bus import BusUnavailable
from shared.db import transaction
from shared.messages import Message
from shared.outbox import Relay
from sqlalchemy import Engine, text

from shared import outbox


@pytest.fixture
def bus() -> ScriptedBus:
    return ScriptedBus()


@pytest.fixture
def relay(plumbing_engine: Engine, bus: ScriptedBus) -> Relay:
    return Relay(plumbing_engine, bus, lambda: NOW, service="bells", batch=10)


def unpublished(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(
            connection.execute(
                text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            ).scalar_one()
        )


def test_events_are_published_in_order_and_marked(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    ring(plumbing_engine, *range(25))
    while relay.run_once():
        pass
    relay.close()
    assert [knock_of(each) for each in bus.published] == list(range(25))
    assert unpublished(plumbing_engine) == 0


def test_a_published_message_is_a_cloudevent_of_the_event(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    ring(plumbing_engine, 7, key="門牌七號")
    relay.run_once()
    relay.close()
    message = Message.from_json(bus.published[0].body)
    assert (message.type, message.subject, message.data) == (
        "bell.rung.v1",
        "門牌七號",
        {"knock": 7},
    )
    assert message.source == "/bell"
    assert message.time == NOW
    assert message.dataschema == "urn:doorstep:event:bell.rung.v1"
    assert message.id == bus.published[0].id


def test_a_transaction_that_rolls_back_announces_nothing(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    with (
        pytest.raises(RuntimeError, match="changed its mind"),
        transaction(plumbing_engine) as session,
    ):
        outbox.add(session, BellRung(knock=1), key="k", now=NOW)
        raise RuntimeError("changed its mind")
    assert relay.run_once() is False
    relay.close()
    assert bus.published == []


def test_the_relay_stops_at_the_first_unconfirmed_message_and_begins_there_again(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    ring(plumbing_engine, *range(6))
    bus.confirms = 2
    assert relay.run_once() is False
    assert unpublished(plumbing_engine) == 4
    bus.confirms = None
    bus.published.clear()
    assert relay.run_once() is True
    relay.close()
    assert [knock_of(each) for each in bus.published] == [2, 3, 4, 5]
    assert unpublished(plumbing_engine) == 0


def test_while_the_bus_is_away_rows_wait(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    ring(plumbing_engine, 1)
    bus.fail = BusUnavailable("gone")
    with pytest.raises(BusUnavailable):
        relay.run_once()
    assert unpublished(plumbing_engine) == 1
    bus.fail = None
    assert relay.run_once() is True
    relay.close()
    assert unpublished(plumbing_engine) == 0


def test_a_slow_transaction_with_a_smaller_number_is_not_skipped(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    with transaction(plumbing_engine) as slow:
        outbox.add(slow, BellRung(knock=1), key="slow", now=NOW)
        ring(plumbing_engine, 2, key="fast")
        relay.run_once()
        assert [knock_of(each) for each in bus.published] == [2]
    relay.run_once()
    relay.close()
    assert [knock_of(each) for each in bus.published] == [2, 1]


def test_one_relay_leads_and_another_takes_over(plumbing_engine: Engine, bus: ScriptedBus) -> None:
    leading = Relay(plumbing_engine, bus, lambda: NOW, service="bells")
    standby = Relay(plumbing_engine, bus, lambda: NOW, service="bells")
    leading.run_once()
    ring(plumbing_engine, 1)
    assert standby.run_once() is False
    assert bus.published == []
    leading.close()
    assert standby.run_once() is True
    standby.close()
    assert len(bus.published) == 1


def test_a_relay_whose_connection_died_leads_again(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    relay.run_once()
    ring(plumbing_engine, 1)
    with plumbing_engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    with pytest.raises(Exception, match="terminat"):
        relay.run_once()
    assert relay.run_once() is True
    relay.close()
    assert [knock_of(each) for each in bus.published] == [1]


def test_a_commit_with_events_wakes_the_relay_and_one_without_does_not(
    plumbing_engine: Engine, relay: Relay
) -> None:
    stopping = threading.Event()
    with transaction(plumbing_engine) as session:
        session.execute(text("SELECT 1"))
    assert not relay._woken.is_set()
    ring(plumbing_engine, 1)
    assert relay._woken.is_set()
    relay.wait(stopping, 1.0)
    assert not relay._woken.is_set()


def test_closing_an_unused_relay_twice_is_fine(relay: Relay) -> None:
    relay.close()
    relay.close()


def test_lag_counts_and_ages_what_waits(plumbing_engine: Engine) -> None:
    from datetime import timedelta

    with transaction(plumbing_engine) as session:
        assert outbox.lag(session, NOW) == (0, 0.0)
    ring(plumbing_engine, 1, 2)
    with transaction(plumbing_engine) as session:
        assert outbox.lag(session, NOW + timedelta(seconds=90)) == (2, 90.0)


def test_purge_takes_old_published_events_only(
    plumbing_engine: Engine, bus: ScriptedBus, relay: Relay
) -> None:
    from datetime import timedelta

    ring(plumbing_engine, 1)
    relay.run_once()
    relay.close()
    ring(plumbing_engine, 2)
    with transaction(plumbing_engine) as session:
        assert outbox.purge(session, NOW) == 0
        assert outbox.purge(session, NOW + timedelta(days=1)) == 1
    assert unpublished(plumbing_engine) == 1
