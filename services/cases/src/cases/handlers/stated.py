"""An account as a lender stated it, ready to be compared with what is stored."""

from dataclasses import dataclass

from cases.domain import case as domain
from cases.domain.account import Account
from cases.domain.person import Identities
from cases.store import accounts as stored
from cases.store import documents


@dataclass(frozen=True, slots=True)
class Stated:
    """An account as stated, with the identities of the people in it."""

    external_id: str
    account: Account
    identity: bytes
    related: tuple[bytes, ...]
    document: str
    content: bytes

    @property
    def numbered(self) -> bool:
        return self.account.debtor.number is not None

    @classmethod
    def of(
        cls, lender: str, external_id: str, account: Account, identities: Identities
    ) -> "Stated":
        number = account.debtor.number
        identity = (
            identities.of_account(lender, external_id)
            if number is None
            else identities.of_number(number)
        )
        related = tuple(
            identities.of_related(lender, external_id, each.role.value, each.name, each.phone or "")
            if each.number is None
            else identities.of_number(each.number)
            for each in account.related
        )
        document = documents.stated(account)
        content = documents.content(document, account, [identity, *related])
        return cls(external_id, account, identity, related, document, content)

    def returns(self, before: stored.Known | None) -> bool:
        """Whether this brings an account back that was recalled."""
        return before is not None and domain.is_back(
            self.account.as_of, known_as_of=before.as_of, recalled_at=before.recalled_at
        )
