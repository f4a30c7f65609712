"""The service as a whole: what it is made of, what it announces, and who may use its routes."""

import pytest
from plans import events
from plans.consumers import HANDLERS, AccountReceived, CaseClosed, CaseOpened
from plans.settings import PlansSettings
from plans_house import AS_OF, Debt, House
from pydantic import ValidationError
from shared.auth import Role
from shared.http.routes import routes_of
from shared.messages import Event

PUBLISHED = sorted(Event.__subclasses__(), key=lambda event: getattr(event, "TYPE", ""))
OURS = [event for event in PUBLISHED if event.__module__ == "plans.events"]


@pytest.mark.parametrize("event", OURS, ids=lambda event: event.TYPE)
def test_every_example_is_such_an_event(event: type[Event]) -> None:
    assert event.model_validate(event.EXAMPLE).model_dump(mode="json") == event.EXAMPLE
    with pytest.raises(ValidationError):
        event.model_validate(event.EXAMPLE | {"mood": "grim"})


def test_five_events_are_announced() -> None:
    assert {event.TYPE for event in OURS} == {
        "plans.plan-activated.v1",
        "plans.plan-completed.v1",
        "plans.plan-cancelled.v1",
        "plans.payment-received.v1",
        "plans.account-paid.v1",
    }
    assert events.PlanActivated in OURS


def test_what_is_read_of_others_events_is_what_they_send() -> None:
    debt = Debt()
    sent = [
        (AccountReceived, debt.stated()),
        (CaseOpened, debt.opened()),
        (CaseClosed, debt.closed(AS_OF)),
    ]
    assert {handler.model for handler in HANDLERS} == {model for model, _ in sent}
    for model, event in sent:
        model.model_validate(event.model_dump(mode="json"))


def test_every_route_says_who_may_use_it(edge: House) -> None:
    readers = {Role.LENDER, Role.OPS, Role.COMPLIANCE, Role.AUDITOR, Role.SERVICE, Role.ADMIN}
    writers = {Role.LENDER, Role.OPS, Role.ADMIN}
    expected = {
        ("POST", "/v1/quotes"): set(Role),
        ("POST", "/v1/plans"): writers,
        ("GET", "/v1/plans"): readers,
        ("GET", "/v1/plans/{plan_id}"): readers,
        ("POST", "/v1/plans/{plan_id}/consent"): writers,
        ("POST", "/v1/plans/{plan_id}/cancel"): writers,
        ("POST", "/v1/payments"): writers,
        ("GET", "/v1/accounts/{external_id}/ledger"): readers,
    }
    found = {
        (method, route.path): set(route.roles)
        for route in routes_of(edge.service.app)._all
        for method in route.methods
        if route.roles is not None
    }
    assert found == expected


@pytest.mark.parametrize("path", ["/v1/plans", "/v1/accounts/NB-1/ledger"])
@pytest.mark.parametrize("authorization", ["", "Bearer nonsense", "Basic bm9ydGg6YmFuaw=="])
def test_nothing_is_shown_without_a_token(edge: House, path: str, authorization: str) -> None:
    answer = edge.client.get(path, headers={"Authorization": authorization})
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"


def test_an_expired_token_is_none(edge: House) -> None:
    edge.clock.advance(days=3651)
    assert edge.client.get("/v1/plans").status_code == 401


def test_the_documentation_is_open_and_tells_the_conventions(edge: House) -> None:
    document = edge.ok(edge.client.get("/openapi.json", headers={"Authorization": ""}))
    assert document["servers"] == [{"url": "/plans"}]
    assert "Directive 2008/48/EC" in document["info"]["description"]
    body = document["paths"]["/v1/payments"]["post"]["requestBody"]["content"]
    kinds = body["application/json"]["schema"]["oneOf"]
    assert kinds[0] == {"$ref": "#/components/schemas/PaymentBody"}
    assert kinds[1]["items"] == {"$ref": "#/components/schemas/PaymentBody"}


def test_it_is_ready_on_a_migrated_database(house: House) -> None:
    assert house.ok(house.client.get("/readyz"))["status"] == "ready"


def test_building_touches_neither_database_nor_bus(edge: House) -> None:
    assert [loop.name for loop in edge.service.loops] == [
        "plans relay",
        "plans consumer",
        "plans housekeeping",
    ]
    assert edge.service.offer_lifetime.days == 14
    edge.service.close()
    edge.service.close()


def test_with_its_database_away_it_is_not_ready_and_says_so_politely(edge: House) -> None:
    assert edge.client.get("/readyz").status_code == 503
    answer = edge.client.get("/v1/plans")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANS_DATABASE_URL", "postgresql://u:p@h/plans")
    monkeypatch.setenv("PLANS_TOKEN_KEYS", "keys.json")
    monkeypatch.setenv("PLANS_OFFER_DAYS", "7")
    assert PlansSettings().offer_days == 7  # type: ignore[call-arg]
    monkeypatch.setenv("PLANS_OFFER_DAYS", "0")
    with pytest.raises(ValidationError):
        PlansSettings()  # type: ignore[call-arg]
