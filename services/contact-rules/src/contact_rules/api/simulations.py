"""Routes of simulations: what a draft would deny and allow, before anybody approves it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field
from shared.db import transaction
from shared.http import Answer, AwareTime, Body, Flag
from shared.paging import Listing
from shared.problems import FieldError, Language, Words, invalid, invalid_fields

from contact_rules.api.pack_drafts import Watcher, Writer
from contact_rules.api.served import ContactRulesService, FirstTime, Part, Served, Spoken
from contact_rules.domain import Verdict
from contact_rules.domain.simulation import Change, Tally
from contact_rules.handlers.simulate import (
    NoSuchSimulation,
    ask_for_simulation,
    cancel_simulation,
)
from contact_rules.handlers.start_simulations import Simulations
from contact_rules.store import simulations
from contact_rules.store.simulations import Simulation, SimulationState

router = APIRouter(tags=["simulations"])


class SimulationBody(Body):
    """What is tried on what."""

    draft_id: UUID | None = Field(default=None, description="The version that is tried.")
    version_id: UUID | None = Field(default=None, description="The same, by its other name.")
    from_: AwareTime = Field(alias="from", description="The first decision's time.")
    to: AwareTime | None = Field(
        default=None, description="Decisions before this time; left out: until now."
    )
    planned: Flag = Field(default=True, description="Also on the visits planned now.")


class BecauseAnswer(Answer):
    """A rule that makes the difference."""

    rule: str
    pack: str
    result: str
    measured: int | str | None
    limit: int | str | None
    message: str


class ExampleAnswer(Answer):
    """One decision, or one planned visit, that comes out otherwise."""

    decision_id: UUID
    visit_id: UUID
    lender: str
    region: str = Field(examples=["TW-TPE"])
    starts_at: datetime
    decided: Verdict = Field(description="What was decided then.")
    before: Verdict = Field(description="What the rules say today, without the draft.")
    after: Verdict = Field(description="What they would say with it.")
    because: Sequence[BecauseAnswer] = Field(
        description="Those of the draft where it becomes harder, of the rules before where easier."
    )

    @classmethod
    def of(cls, data: Mapping[str, Any], language: Language) -> "ExampleAnswer":
        because = [
            BecauseAnswer(**(each | {"message": each["message"][language]}))
            for each in data["because"]
        ]
        return cls(**(dict(data) | {"because": because}))


Counts = Mapping[Change, int]


class ResultAnswer(Answer):
    """What was found so far: complete once the simulation is done."""

    decisions: int = Field(description="Decisions tried.")
    planned: int = Field(description="Planned visits tried.")
    unconcerned: int = Field(description="Of these, asked by the same packs with or without it.")
    otherwise: int = Field(
        description="Decided then as today's rules would not decide, with or without the draft."
    )
    unreadable: int = Field(description="Decisions whose question can't be read any more.")
    changes: Counts = Field(
        description="`newly_denied`, `newly_allowed` and `newly_review` are decisions, `revoked`"
        " planned visits that would lose their approval."
    )
    by_rule: Mapping[str, Counts]
    by_lender: Mapping[str, Counts]
    by_region: Mapping[str, Counts]
    examples: Mapping[Change, Sequence[ExampleAnswer]]

    @classmethod
    def of(cls, tally: Tally, language: Language) -> "ResultAnswer":
        data = tally.data()
        examples = {
            change: [ExampleAnswer.of(each, language) for each in several]
            for change, several in data["examples"].items()
        }
        return cls(**(data | {"examples": examples}))


class SimulationAnswer(Answer):
    """How far a simulation is."""

    id: UUID
    version_id: UUID
    from_: datetime = Field(alias="from")
    to: datetime
    planned: bool
    state: SimulationState
    total: int
    done: int
    rate: float | None = Field(description="Decisions a second, lately.")
    seconds_left: int | None = Field(description="At that rate.")
    error: str | None
    asked_by: str
    asked_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, simulation: Simulation) -> "SimulationAnswer":
        return cls(**_shown(simulation))


class WholeSimulationAnswer(SimulationAnswer):
    """A simulation and what it found."""

    result: ResultAnswer


@router.post("/v1/simulations", status_code=202, response_model=SimulationAnswer)
def create_simulation(
    request: Request, service: Served, caller: Writer, once: FirstTime, body: SimulationBody
) -> Response:
    """Try a draft on the decisions of a period, and on the visits planned now.

    Each decision is asked again with its facts and the person's ledger as it stood, by today's
    rules and by the same with the draft as if it had always been in force. It runs in the
    background, after live decisions. Once it is done, the draft is `simulated`. One runs at a time.
    """
    now = service.clock()
    version_id = _version(body)
    to = now if body.to is None else min(body.to, now)
    if body.from_ >= to:
        raise invalid(
            "/from",
            "not_before",
            Words("must be before `to`, and in the past", "必须早于 `to` 且在过去"),
        )
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        simulation = ask_for_simulation(
            session, version_id, body.from_, to, now, planned=body.planned, by=caller.subject
        )
        where = f"{request.scope.get('root_path', '')}/v1/simulations/{simulation.id}"
        answer = once.answer(
            session, 202, SimulationAnswer.of(simulation), headers={"Location": where}
        )
    _wake(service)
    return answer


@router.get("/v1/simulations")
def list_simulations(
    service: Served,
    _caller: Watcher,
    page: Part,
    state: SimulationState | None = None,
    version_id: Annotated[UUID | None, Query(description="Of this draft only.")] = None,
) -> Listing[SimulationAnswer]:
    """Simulations, the newest first."""
    after = page.after(datetime, UUID)
    with transaction(service.engine) as session:
        found = simulations.page(
            session,
            state=state,
            version_id=version_id,
            after=None if after is None else (after[0], after[1]),
            limit=page.fetch,
        )
    shown, following = page.cut(found, lambda one: (one.asked_at, one.id))
    return Listing(items=[SimulationAnswer.of(each) for each in shown], next=following)


@router.get("/v1/simulations/{simulation_id}")
def get_simulation(
    simulation_id: UUID, service: Served, _caller: Watcher, language: Spoken
) -> WholeSimulationAnswer:
    """How far it is, and what it found so far: totals, by rule, lender and region, with examples.

    A planned visit counts as `revoked` as it would be revoked: of several, those approved first
    are kept first.
    """
    with transaction(service.engine) as session:
        simulation = simulations.find(session, simulation_id)
    if simulation is None:
        raise NoSuchSimulation
    result = ResultAnswer.of(Tally.of(simulation.result or {}), language)
    return WholeSimulationAnswer(**_shown(simulation), result=result)


@router.post("/v1/simulations/{simulation_id}/cancel", response_model=SimulationAnswer)
def cancel_one_simulation(
    simulation_id: UUID, service: Served, _caller: Writer, once: FirstTime
) -> Response:
    """Stop it; what it found so far stays to be read. Its draft stays what it was."""
    with transaction(service.engine) as session:
        if (stored := once.answered(session)) is not None:
            return stored
        simulation = cancel_simulation(session, simulation_id, service.clock())
        return once.answer(session, 200, SimulationAnswer.of(simulation))


def _version(body: SimulationBody) -> UUID:
    named = {each for each in (body.draft_id, body.version_id) if each is not None}
    if len(named) == 1:
        return named.pop()
    code, words = (
        ("missing", Words("is missing: say which draft is tried", "缺少该字段：请指明所模拟的草案"))
        if not named
        else ("contradicts", Words("names another than `version_id`", "与 `version_id` 不一致"))
    )
    raise invalid_fields([FieldError("/draft_id", code, words)])


def _shown(simulation: Simulation) -> dict[str, Any]:
    rate = (simulation.position or {}).get("rate")
    left = None
    if simulation.state is SimulationState.RUNNING and rate:
        left = round(max(simulation.total - simulation.done, 0) / rate)
    return {
        "id": simulation.id,
        "version_id": simulation.version_id,
        "from": simulation.from_at,
        "to": simulation.to_at,
        "planned": simulation.planned,
        "state": simulation.state,
        "total": simulation.total,
        "done": simulation.done,
        "rate": None if rate is None else round(rate, 1),
        "seconds_left": left,
        "error": simulation.error,
        "asked_by": simulation.asked_by,
        "asked_at": simulation.asked_at,
        "started_at": simulation.started_at,
        "ended_at": simulation.ended_at,
    }


def _wake(service: ContactRulesService) -> None:
    for loop in service.loops:
        if isinstance(loop, Simulations):
            loop.wake()
