"""The inbox: each message has its effect once, in order, and none is lost."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from doorbells import (
    HANDLERS,
    NOW,
    BellRungHere,
    ScriptedBus,
    broken_parcel,
    effects,
    make_effects,
    parcel,
    record,
)
from shared.bus import BusUnavailable
from shared.db import transaction
from shared.inbox import Consumer, Delivered, Handler
from shared.messages import Message
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from shared import inbox, parking


@pytest.fixture
def engine(plumbing_engine: Engine) -> Engine:
    make_effects(plumbing_engine)
    return plumbing_engine


@pytest.fixture
def bus() -> ScriptedBus:
    return ScriptedBus()


def consumer(
    engine: Engine, bus: ScriptedBus, handlers: Sequence[Handler[Any]] = HANDLERS, **options: Any
) -> Consumer:
    return Consumer(
        engine, bus, "bells", handlers, lambda: NOW, pause=lambda _seconds: None, **options
    )


def parked(engine: Engine) -> list[parking.ParkedMessage]:
    with transaction(engine) as session:
        return parking.list_parked(session)


def refusing(*knocks: int) -> list[Handler[Any]]:
    """Handlers that refuse some knocks."""

    def handle(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        record(session, delivered, now)
        for each in delivered:
            if each.event.knock in knocks:
                raise RuntimeError("nobody opens")

    return [Handler(BellRungHere, handle)]


def test_a_batch_has_its_effects_in_order_and_is_acknowledged(
    engine: Engine, bus: ScriptedBus
) -> None:
    bus.queued = [parcel(n) for n in range(5)]
    assert consumer(engine, bus).run_once() is True
    assert effects(engine) == [("nobody-home", n) for n in range(5)]
    assert bus.unacknowledged == []


def test_an_empty_queue_is_nothing_done(engine: Engine, bus: ScriptedBus) -> None:
    assert consumer(engine, bus).run_once() is False


@pytest.mark.parametrize("apart", [True, False], ids=["in later batches", "in one batch"])
def test_every_message_twice_has_its_effect_once(
    engine: Engine, bus: ScriptedBus, apart: bool
) -> None:
    sent = [parcel(n, key=f"door {n % 3}") for n in range(9)]
    worker = consumer(engine, bus)
    bus.queued = sent * 2
    if apart:
        bus.queued = list(sent)
        worker.run_once()
        bus.queued = list(sent)
    worker.run_once()
    assert sorted(effects(engine)) == sorted((f"door {n % 3}", n) for n in range(9))


def test_order_per_key_holds_across_types(engine: Engine, bus: ScriptedBus) -> None:
    bus.queued = [
        parcel(1, key="a"),
        parcel(2, key="b", type_="door.opened.v1"),
        parcel(3, key="a", type_="door.opened.v1"),
        parcel(4, key="b"),
        parcel(5, key="a"),
    ]
    consumer(engine, bus).run_once()
    done = effects(engine)
    assert [knock for key, knock in done if key == "a"] == [1, 3, 5]
    assert [knock for key, knock in done if key == "b"] == [2, 4]


def test_a_handler_never_gets_two_messages_of_one_key_at_once(
    engine: Engine, bus: ScriptedBus
) -> None:
    calls: list[list[str]] = []

    def watch(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        calls.append([each.message.subject for each in delivered])

    bus.queued = [parcel(n, key=f"door {n % 4}") for n in range(10)]
    consumer(engine, bus, [Handler(BellRungHere, watch)]).run_once()
    assert [len(call) for call in calls] == [4, 4, 2]
    assert all(len(set(call)) == len(call) for call in calls)


def test_only_the_guilty_message_of_a_batch_parks(engine: Engine, bus: ScriptedBus) -> None:
    bus.queued = [parcel(n, key=f"door {n}") for n in range(5)]
    consumer(engine, bus, refusing(3)).run_once()
    assert sorted(effects(engine)) == [(f"door {n}", n) for n in (0, 1, 2, 4)]
    (guilty,) = parked(engine)
    assert (guilty.key, guilty.attempts) == ("door 3", 3)
    assert guilty.error == "RuntimeError: nobody opens"
    assert bus.unacknowledged == []


def test_later_messages_of_a_parked_key_wait_behind_it(engine: Engine, bus: ScriptedBus) -> None:
    worker = consumer(engine, bus, refusing(1))
    bus.queued = [parcel(1, key="a"), parcel(2, key="b"), parcel(3, key="a")]
    worker.run_once()
    bus.queued = [parcel(4, key="a"), parcel(5, key="b")]
    worker.run_once()
    assert effects(engine) == [("b", 2), ("b", 5)]
    assert [(each.key, each.attempts) for each in parked(engine)] == [("a", 3), ("a", 0), ("a", 0)]


def test_a_parked_message_that_comes_again_changes_nothing(
    engine: Engine, bus: ScriptedBus
) -> None:
    sent = [parcel(1, key="a"), parcel(3, key="a")]
    worker = consumer(engine, bus, refusing(1))
    for _ in range(2):
        bus.queued = list(sent)
        worker.run_once()
    assert len(parked(engine)) == 2
    assert effects(engine) == []


@pytest.mark.parametrize(
    "body",
    [
        b"{not json",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"",
        b"[" * 100_000,
        b'{"specversion": "0.3"}',
        parcel(1).body.replace(b'"knock":1', b'"knock":"often"'),
        parcel(1).body.replace(b'"knock":1', b'"knocks":1'),
    ],
)
def test_a_message_nobody_can_read_parks_at_once(
    engine: Engine, bus: ScriptedBus, body: bytes
) -> None:
    bus.queued = [broken_parcel(body), parcel(2, key="elsewhere")]
    consumer(engine, bus).run_once()
    (guilty,) = parked(engine)
    assert guilty.attempts == 1
    assert effects(engine) == [("elsewhere", 2)]


def test_data_that_does_not_fit_is_explained_without_its_values(
    engine: Engine, bus: ScriptedBus
) -> None:
    sealed = parcel(1)
    body = sealed.body.replace(b'"knock":1', '"knock":"王小明"'.encode())
    bus.queued = [type(sealed)(sealed.id, sealed.type, sealed.key, body)]
    consumer(engine, bus).run_once()
    (guilty,) = parked(engine)
    assert "/knock: int_parsing" in guilty.error
    assert "王小明" not in guilty.error


def test_a_type_nothing_handles_parks_rather_than_vanishes(
    engine: Engine, bus: ScriptedBus
) -> None:
    bus.queued = [parcel(1, type_="roof.leaked.v1")]
    consumer(engine, bus).run_once()
    (guilty,) = parked(engine)
    assert "nothing here handles roof.leaked.v1" in guilty.error


def test_a_requeued_key_is_worked_off_in_order(engine: Engine, bus: ScriptedBus) -> None:
    bus.queued = [parcel(n, key="a") for n in (1, 2, 3)]
    consumer(engine, bus, refusing(1)).run_once()
    with transaction(engine) as session:
        assert parking.requeue(session, parking.list_parked(session)[2].message_id, now=NOW) == 3
    mended = consumer(engine, bus)
    bus.queued = [parcel(4, key="a")]
    while mended.run_once():
        mended._look_at_requeued = 0.0
    assert effects(engine) == [("a", n) for n in (1, 2, 3, 4)]
    assert parked(engine) == []


def test_a_requeued_message_that_fails_again_halts_its_key(
    engine: Engine, bus: ScriptedBus
) -> None:
    bus.queued = [parcel(1, key="a"), parcel(2, key="a")]
    worker = consumer(engine, bus, refusing(1))
    worker.run_once()
    with transaction(engine) as session:
        parking.requeue(session, parking.list_parked(session)[0].message_id, now=NOW)
    worker._look_at_requeued = 0.0
    assert worker.run_once() is True
    worker._look_at_requeued = 0.0
    assert worker.run_once() is False
    assert [(each.attempts, each.requeued_at) for each in parked(engine)] == [(4, None), (0, None)]
    assert effects(engine) == []


def test_a_message_behind_a_requeued_key_is_worked_off_too(
    engine: Engine, bus: ScriptedBus
) -> None:
    bus.queued = [parcel(1, key="a")]
    consumer(engine, bus, refusing(1)).run_once()
    with transaction(engine) as session:
        parking.requeue(session, parking.list_parked(session)[0].message_id, now=NOW)
        late = parcel(2, key="a")
        parking.park(session, late, error=parking.BEHIND, attempts=0, now=NOW)
    mended = consumer(engine, bus)
    while mended.run_once():
        mended._look_at_requeued = 0.0
    assert effects(engine) == [("a", 1), ("a", 2)]


def test_a_dropped_message_stays_on_record_and_frees_its_key(
    engine: Engine, bus: ScriptedBus
) -> None:
    bus.queued = [parcel(1, key="a"), parcel(2, key="a")]
    worker = consumer(engine, bus, refusing(1))
    worker.run_once()
    first = parked(engine)[0]
    with transaction(engine) as session:
        parking.drop(session, first.message_id, by="ops:mei", reason="sent by mistake", now=NOW)
    worker._look_at_requeued = 0.0
    worker.run_once()
    assert effects(engine) == [("a", 2)]
    with engine.connect() as connection:
        row = connection.execute(
            text("SELECT dropped_by, drop_reason FROM parked WHERE dropped_at IS NOT NULL")
        ).one()
    assert (row.dropped_by, row.drop_reason) == ("ops:mei", "sent by mistake")


def test_what_is_not_parked_can_not_be_shown_requeued_or_dropped(
    engine: Engine, bus: ScriptedBus
) -> None:
    ghost = parcel(1).id
    with transaction(engine) as session:
        for act in (
            lambda: parking.show(session, ghost),
            lambda: parking.requeue(session, ghost, now=NOW),
            lambda: parking.drop(session, ghost, by="x", reason="y", now=NOW),
        ):
            with pytest.raises(parking.NotParked):
                act()


def test_when_the_database_fails_the_batch_is_kept_and_nothing_parks(
    engine: Engine, bus: ScriptedBus
) -> None:
    failures = [OperationalError("select", {}, Exception("server closed the connection"))]

    def flaky(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        if failures:
            raise failures.pop()
        record(session, delivered, now)

    bus.queued = [parcel(1), parcel(2)]
    worker = consumer(engine, bus, [Handler(BellRungHere, flaky)])
    with pytest.raises(OperationalError):
        worker.run_once()
    assert len(bus.unacknowledged) == 2
    assert worker.run_once() is True
    assert effects(engine) == [("nobody-home", 1), ("nobody-home", 2)]
    assert bus.unacknowledged == []
    assert parked(engine) == []


def test_a_lost_acknowledgement_is_a_redelivery_without_effect(
    engine: Engine, bus: ScriptedBus
) -> None:
    bus.queued = [parcel(1)]
    worker = consumer(engine, bus)
    bus.fail_ack = BusUnavailable("gone")
    with pytest.raises(BusUnavailable):
        worker.run_once()
    bus.fail_ack = None
    assert worker.run_once() is True
    assert effects(engine) == [("nobody-home", 1)]
    assert bus.unacknowledged == []


def test_prepare_comes_before_the_transaction_and_lock_first_in_it(
    engine: Engine, bus: ScriptedBus
) -> None:
    steps: list[str] = []

    def prepare(messages: Sequence[Message]) -> None:
        steps.append(f"prepare {len(messages)}")

    def lock(session: Session, messages: Sequence[Message]) -> None:
        received = session.execute(text("SELECT count(*) FROM inbox")).scalar_one()
        steps.append(f"lock {len(messages)} after {received} received")

    bus.queued = [parcel(1), parcel(2, key="b")]
    consumer(engine, bus, prepare=prepare, lock=lock).run_once()
    assert steps == ["prepare 2", "lock 2 after 0 received"]


def test_effects_carry_on_the_trace_of_their_cause(engine: Engine, bus: ScriptedBus) -> None:
    from doorbells import BellRung

    from shared import outbox

    def answer(session: Session, delivered: Sequence[Delivered[Any]], now: datetime) -> None:
        outbox.add_many(
            session, [(each.message.subject, BellRung(knock=-1)) for each in delivered], now=now
        )

    traces = {
        "a": "00-11111111111111111111111111111111-1111111111111111-01",
        "b": "00-22222222222222222222222222222222-2222222222222222-01",
    }
    for key, trace in traces.items():
        sealed = parcel(1, key=key)
        message = Message.from_json(sealed.body)
        traced = Message(
            **{**{f: getattr(message, f) for f in message.__slots__}, "traceparent": trace}
        )
        bus.queued.append(type(sealed)(sealed.id, sealed.type, key, traced.to_json()))
    consumer(engine, bus, [Handler(BellRungHere, answer)]).run_once()
    with engine.connect() as connection:
        bodies = connection.execute(text("SELECT body FROM outbox")).scalars()
        found = {m.subject: m.traceparent for m in (Message.from_json(b.encode()) for b in bodies)}
    assert found == traces


def test_two_handlers_for_one_type_are_refused(engine: Engine, bus: ScriptedBus) -> None:
    with pytest.raises(ValueError, match=r"two handlers for bell\.rung\.v1"):
        consumer(engine, bus, [*HANDLERS, *HANDLERS])


def test_purge_forgets_only_the_old(engine: Engine, bus: ScriptedBus) -> None:
    from datetime import timedelta

    bus.queued = [parcel(1)]
    consumer(engine, bus).run_once()
    with transaction(engine) as session:
        assert inbox.purge(session, NOW) == 0
        assert inbox.purge(session, NOW + timedelta(seconds=1)) == 1


def test_two_queues_of_a_service_park_apart(engine: Engine) -> None:
    """They share one table and one key, and neither waits for what only the other can do."""

    def half(handlers: Sequence[Handler[Any]]) -> tuple[ScriptedBus, Consumer]:
        bus = ScriptedBus()
        return bus, consumer(engine, bus, handlers)

    opened = [handler for handler in HANDLERS if handler.type == "door.opened.v1"]
    bells, ringing = half(refusing(1))
    doors, opening = half(opened)
    bells.queued = [parcel(1, key="a")]
    ringing.run_once()
    doors.queued = [parcel(2, key="a", type_="door.opened.v1")]
    opening.run_once()
    assert effects(engine) == [("a", 2)], "a parked bell keeps no door shut"
    with transaction(engine) as session:
        parking.requeue(session, parked(engine)[0].message_id, now=NOW)
    opening._look_at_requeued = 0.0
    assert opening.run_once() is False
    assert [each.requeued_at for each in parked(engine)] == [NOW], "it is left to its own queue"
    _, mended = half([each for each in HANDLERS if each.type == BellRungHere.TYPE])
    mended.run_once()
    assert effects(engine) == [("a", 2), ("a", 1)]
    assert parked(engine) == []
