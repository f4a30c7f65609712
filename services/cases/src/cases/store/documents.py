"""How an account is written down: the columns it states, and what is compared to see a change."""

from collections.abc import Sequence
from datetime import UTC
from hashlib import sha256
from typing import Any

from cases.domain.account import Account
from cases.domain.person import IdNumber
from cases.store.recordset import dumps


def stated(account: Account) -> str:
    """What an account states, as a JSON object of columns."""
    debtor = account.debtor
    return dumps(
        {
            "as_of": account.as_of.astimezone(UTC),
            "product": account.product.value,
            "currency": account.currency,
            "principal": account.balance.principal,
            "interest": account.balance.interest,
            "fees": account.balance.fees,
            "overdue": account.overdue,
            "due_since": account.due_since,
            "annual_rate": account.annual_rate,
            "opened_on": account.opened_on,
            "calendar": account.calendar,
            "debtor": {
                "name": debtor.name,
                "born_on": debtor.born_on,
                "language": debtor.language,
                **_number(debtor.number),
            },
            "contacts": [
                {"channel": each.channel.value, "value": each.value} for each in account.contacts
            ],
            "related": [
                {
                    "role": each.role.value,
                    "name": each.name,
                    "phone": each.phone,
                    "born_on": each.born_on,
                    **_number(each.number),
                }
                for each in account.related
            ],
            "history": [
                {"due_on": each.due_on, "due": each.due, "paid": each.paid}
                for each in account.history
            ],
            "extra": account.extra,
        }
    )


def completed(document: str, **columns: Any) -> str:
    """The JSON object ``document`` with more columns."""
    return f"{document[:-1]},{dumps(columns)[1:]}"


def content(document: str, account: Account, identities: Sequence[bytes]) -> bytes:
    """32 bytes that differ when anything an account states differs.

    ``identities`` are those of the debtor and the related persons: numbers go in by their keyed
    hashes, because a plain hash of one could be tried out.
    """
    digest = sha256(document.encode())
    for address in account.addresses:
        digest.update(repr(address).encode())
        if address.city is not None:
            digest.update(f"city {address.city}\n".encode())
    for identity in identities:
        digest.update(identity)
    return digest.digest()


def _number(number: IdNumber | None) -> dict[str, str | None]:
    """What is kept of an identity number: never the number."""
    if number is None:
        return {"id_kind": None, "id_country": None, "id_ending": None}
    return {
        "id_kind": number.kind.value,
        "id_country": number.country or None,
        "id_ending": number.ending,
    }
