"""A contact asked about afterwards: what came of it decides which of the counts it is part of."""

from dataclasses import replace

import pytest
from contact_rules.domain import Outcome, Result
from door_questions import only, pack_of, past, visit

ONE_MET = pack_of(
    "kind: cap\nparams:"
    " {match: {channel: [visit], outcome: [debtor_met, person_met]}, max: 1,"
    " window: {rolling_days: 7}}"
)
ONE_BUT_NOT_IN_VAIN = pack_of(
    "kind: cap\nparams:"
    " {match: {channel: [visit]}, exclude: [{outcome: [failed]}], max: 1,"
    " window: {rolling_days: 7}}"
)
MET_BEFORE = past("2026-04-01 12:00", Outcome.DEBTOR_MET)


@pytest.mark.parametrize("pack", [ONE_MET, ONE_BUT_NOT_IN_VAIN], ids=["match", "exclude"])
@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (None, Result.FAIL),  # still to come: the one that counts most is assumed
        (Outcome.DEBTOR_MET, Result.FAIL),
        (Outcome.NOBODY_MET, Result.PASS),
    ],
)
def test_its_outcome_decides_whether_it_is_counted(
    pack: object, outcome: Outcome | None, expected: Result
) -> None:
    contact = visit("2026-04-03 12:00", history=(MET_BEFORE,))
    assert only(replace(contact, outcome=outcome), pack).result is expected  # type: ignore[arg-type]
