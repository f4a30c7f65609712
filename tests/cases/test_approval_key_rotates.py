"""The key that signs approvals changes and visits are still scheduled; a withdrawn one is none."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from cases.consumers import fetch_missing_keys, handlers, lock
from cases_house import House
from delivery import Parked, deliver
from shared.keys import KeySet, Signer, make_key


def test_approvals_of_the_new_key_and_of_the_old_one_schedule_until_it_is_withdrawn(
    house: House, tmp_path: Path
) -> None:
    old = house.keys.approvals
    make_key(tmp_path / "new.pem")
    new = Signer(tmp_path / "new.pem")
    path = tmp_path / "approval-keys.json"
    path.write_text(json.dumps(old.public_jwks()))
    published = KeySet(path)
    debts = [house.debt(f"YS-{at}", debtor={"name": "M", "id_number": f"A1{at:07d}9"})
             for at in range(4)]  # fmt: skip
    visits = [house.ask(debt) for debt in debts]

    def arrives(visit: UUID, key: Path) -> str:
        house.keys = replace(house.keys, approval_key=key)
        deliver(
            house.engine,
            handlers(published),
            house.approval(visit),
            clock=house.clock,
            lock=lock,
            prepare=fetch_missing_keys(published),
        )
        return str(house.visit(visit)["status"])

    before, after = house.keys.approval_key, tmp_path / "new.pem"
    assert arrives(visits[0], before) == "scheduled"
    path.write_text(json.dumps(new.public_jwks(old.public_jwks())))
    assert arrives(visits[1], after) == "scheduled"
    assert arrives(visits[2], before) == "scheduled"
    path.write_text(json.dumps(new.public_jwks()))
    with pytest.raises(Parked):
        arrives(visits[3], before)
    assert house.visit(visits[3])["status"] == "requested"
