"""Keys of a test run: who signs tokens, who signs approvals, and where their public halves are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from shared.auth import Role, mint
from shared.clock import Clock
from shared.ids import new_id
from shared.keys import Signer, make_key

DEFAULT_LENDER = "northbank"


@dataclass(frozen=True, slots=True)
class Keys:
    """A key pair for bearer tokens and one for approvals; the JWKS files hold the public halves."""

    token_key: Path
    token_jwks: Path
    approval_key: Path
    approval_jwks: Path
    service_token: Path
    """A file with the bearer token of a service, good for years."""

    @classmethod
    def make(cls, directory: Path) -> Keys:
        """New keys, their files in `directory`."""
        made = cls(
            token_key=directory / "token-key.pem",
            token_jwks=directory / "token-keys.json",
            approval_key=directory / "approval-key.pem",
            approval_jwks=directory / "approval-keys.json",
            service_token=directory / "service-token",
        )
        for key, jwks in (
            (made.token_key, made.token_jwks),
            (made.approval_key, made.approval_jwks),
        ):
            make_key(key)
            jwks.write_text(json.dumps(Signer(key).public_jwks()))
        made.service_token.write_text(
            mint(
                made.tokens,
                subject="cases",
                role=Role.SERVICE,
                now=datetime(2026, 1, 1, tzinfo=UTC),
                lifetime=timedelta(days=3650),
            )
        )
        return made

    @property
    def tokens(self) -> Signer:
        """Signs bearer tokens."""
        return Signer(self.token_key)

    @property
    def approvals(self) -> Signer:
        """Signs approvals as contact-rules does."""
        return Signer(self.approval_key)


@dataclass(frozen=True, slots=True)
class TokenMint:
    """Makes bearer tokens that the services of a test accept."""

    keys: Keys
    clock: Clock

    def __call__(
        self,
        role: Role | str = Role.OPS,
        *,
        lender: str | None = None,
        agent: UUID | None = None,
        subject: str | None = None,
        lifetime: timedelta = timedelta(days=3650),
        token_id: str | None = None,
    ) -> str:
        """A token of `role`. A lender's names `northbank` and an agent's some agent if not told."""
        role = Role(role)
        if role is Role.LENDER and lender is None:
            lender = DEFAULT_LENDER
        if role is Role.AGENT and agent is None:
            agent = new_id()
        return mint(
            self.keys.tokens,
            subject=subject or f"{lender or agent or 'house'} {role.value}",
            role=role,
            now=self.clock(),
            lifetime=lifetime,
            lender=lender,
            agent=agent,
            token_id=token_id,
        )

    def header(self, role: Role | str = Role.OPS, *, lender: str | None = None) -> dict[str, str]:
        """The request header with such a token."""
        return {"Authorization": f"Bearer {self(role, lender=lender)}"}
