"""Which packs a contact is judged by, where the question names none: surely, or in doubt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from reference_rules.asked import day_of
from reference_rules.choosing import Maybe, all_of, any_of

Pack = Mapping[str, Any]
Json = Mapping[str, Any]


def reference_packs(packs: Iterable[Pack], body: Json, on: date) -> dict[str, bool]:
    """The names of the packs to ask; True for those that are surely to be asked, False for those
    of which nobody knows whether the contact is where they hold."""
    in_force = {_name(pack): pack for pack in packs if _in_force(pack, on)}
    asked: dict[str, bool] = {}
    covered = False
    place = body.get("place")
    for name, pack in in_force.items():
        answer: Maybe = False
        if pack["applies"] == "always":
            answer = True
        elif pack["applies"] in ("jurisdiction", "overlay") and _is_business_of(pack, body):
            covers = pack.get("covers")
            here, home = (_lies_in(covers, body.get(where)) for where in ("place", "residence"))
            answer = True if covers is None else any_of([here, home])
            if pack["applies"] == "overlay" and pack["lender"] != body.get("lender"):
                answer = False
            if pack["applies"] == "jurisdiction":
                covered = covered or (home if place is None else here) is True
        if answer is not False:
            asked[name] = answer is True
    if not covered:
        asked |= {n: True for n, pack in in_force.items() if pack["applies"] == "fallback"}
    for sure in (False, True):  # what is brought for sure is asked for sure
        for name in [name for name, known in asked.items() if known is sure]:
            _bring(in_force, name, sure, asked, body)
    return asked


def _bring(
    in_force: Mapping[str, Pack], name: str, sure: bool, asked: dict[str, bool], body: Json
) -> None:
    """The packs that stand beside this one, and those beside them."""
    for id_ in in_force[name].get("extends") or []:
        for other, pack in in_force.items():
            known = asked.get(other)
            if pack["id"] != id_ or not _is_business_of(pack, body):
                continue
            if known is None or (sure and not known):
                asked[other] = sure
            if known is None or known is not sure:
                _bring(in_force, other, sure, asked, body)


def _name(pack: Pack) -> str:
    return f"{pack['id']}@{pack['version']}"


def _in_force(pack: Pack, on: date) -> bool:
    from_, to = pack.get("effective_from"), pack.get("effective_to")
    return (from_ is None or day_of(from_) <= on) and (to is None or on <= day_of(to))


def _is_business_of(pack: Pack, body: Json) -> bool:
    """Is it about such collectors, and about any of the debts? A product nobody knows may be."""
    covers = pack.get("covers") or {}
    if "collectors" in covers and body["collector"]["class"] not in covers["collectors"]:
        return False
    products = [debt.get("product") for debt in body["debts"]]
    return "products" not in covers or any(
        product is None or product in covers["products"] for product in products
    )


def _lies_in(covers: Json | None, where: Json | None) -> Maybe:
    """None: the country is right, and which part of it is not known."""
    if covers is None or where is None or where.get("country") != covers["country"]:
        return False
    answers: list[Maybe] = []
    for part in ("region", "city"):
        if covers.get(part) is not None:
            known = where.get(part)
            answers.append(None if known is None else known == covers[part])
    return all_of(answers)
