"""Who a debtor is: the same human or firm across accounts and lenders, without storing the number.

A person is recognised by a keyed hash (HMAC-SHA256) of the identity number. Without the key, a
stolen table can't be turned back into numbers by trying them all. Two lenders' accounts meet in
one person only through that hash; neither sees that the other is there.
"""

import hmac
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import ClassVar, Final

from cases.domain.refusal import Refusal

KEY_BYTES: Final = 32


class IdKind(StrEnum):
    """What kind of number identifies somebody."""

    NATIONAL = "national"
    PASSPORT = "passport"
    RESIDENCE = "residence"
    COMPANY = "company"
    OTHER = "other"


class NotAnIdNumber(Refusal):
    """The number can't tell one person from another."""

    code: ClassVar[str] = "not_an_id_number"

    def __init__(self) -> None:
        super().__init__(
            "The identity number looks like a placeholder. Leave it out when it is not known:"
            " the same placeholder on many accounts would make one person of many.",
            "证件号码疑似占位符。不知道时请省略：多个账户使用同一占位符会被误认为同一人。",
        )


@dataclass(frozen=True, slots=True)
class IdNumber:
    """An identity number, normalised. ``country`` is who issued it (ISO 3166-1), "" = not known."""

    kind: IdKind
    country: str
    number: str

    @property
    def ending(self) -> str:
        """What may be shown of it."""
        return self.number[-4:] if len(self.number) >= 8 else self.number[-1:]


_NOT_ALNUM: Final = re.compile(r"[^0-9A-Z]+")
_PLACEHOLDERS: Final = frozenset({"123456", "1234567", "12345678", "123456789", "1234567890"})


def id_number(kind: IdKind, country: str, number: str) -> IdNumber:
    """The number as it is compared: full-width forms folded, capitals, letters and digits only.

    So "a12345-6789", "Ａ１２３４５６７８９" and "A123456789" are one. Raises `NotAnIdNumber`
    for what is left too short, without a digit, or plainly made up.
    """
    plain = _NOT_ALNUM.sub("", unicodedata.normalize("NFKC", number).upper())
    if (
        len(plain) < 4
        or not any(sign.isdigit() for sign in plain)
        or len(set(plain)) == 1
        or plain in _PLACEHOLDERS
    ):
        raise NotAnIdNumber
    return IdNumber(kind, country, plain)


class Identities:
    """Makes the identities persons are recognised by, with the house's secret key.

    The key must never change: with another key everybody is a stranger again. Raises `ValueError`
    for a key shorter than 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < KEY_BYTES:
            msg = f"the identity key has {len(key)} bytes; it needs at least {KEY_BYTES}"
            raise ValueError(msg)
        self._key = key

    def of_number(self, number: IdNumber) -> bytes:
        """32 bytes, the same for every lender that knows this number."""
        return self._hash("number", number.kind.value, number.country, number.number)

    def of_account(self, lender: str, external_id: str) -> bytes:
        """32 bytes for a debtor known only by one lender's account: never merged with anybody."""
        return self._hash("account", lender, external_id)

    def of_related(self, lender: str, external_id: str, role: str, name: str, phone: str) -> bytes:
        """32 bytes for somebody named beside an account, without a number of their own."""
        return self._hash("related", lender, external_id, role, name, phone)

    def _hash(self, *parts: str) -> bytes:
        # Length before each part: no two lists of parts make the same bytes.
        message = b"".join(
            len(part).to_bytes(4, "big") + part for part in (part.encode("utf-8") for part in parts)
        )
        return hmac.digest(self._key, message, sha256)
