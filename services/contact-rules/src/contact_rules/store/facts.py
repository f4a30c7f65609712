"""Saves and finds what is known of persons. Nothing here changes a row; ends are rows too."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlmodel import Session

from contact_rules.domain.known import Known
from contact_rules.domain.question_data import consent_of, fact_of
from contact_rules.store.tables import UUIDS

_STANDING: Final = text(
    "SELECT f.id, f.person_id, f.record, f.lender, f.debts, f.data, f.recorded_at"
    " FROM known_fact f WHERE f.person_id = ANY(:persons) AND NOT EXISTS"
    " (SELECT FROM known_fact_end e WHERE e.fact_id = f.id OR e.reference = f.reference)"
    " ORDER BY f.person_id, f.recorded_at, f.id"
).bindparams(bindparam("persons", type_=UUIDS))


def standing(session: Session, persons: Sequence[UUID]) -> dict[UUID, list[Known]]:
    """What stands about each person, the oldest first; one statement for all.

    To decide by it, hold the persons' locks from an earlier statement (`persons.lock`).
    """
    found: dict[UUID, list[Known]] = {person: [] for person in persons}
    for row in session.execute(_STANDING, {"persons": list(persons)}):
        read = fact_of if row.record == "fact" else consent_of
        found[row.person_id].append(
            Known(row.id, read(row.data), row.lender, frozenset(row.debts), row.recorded_at)
        )
    return found
